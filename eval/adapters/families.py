"""The adapters as families of metrics, and their settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from eval import radgraph
from eval.adapters import process
from eval.adapters.process import Adapter
from eval.batch.block import Block
from eval.batch.family import Family, Figure, Shared, mean_of, means
from eval.text.ngrams import Floats
from radixgpt.errors import RadixError, SettingsError

NAMES = ("bertscore", "radgraph_xl", "chexbert", "ratescore", "green")
LABELS = 14
"""CheXbert's observations; the last is that there is none."""
FIVE = (1, 4, 5, 7, 9)
"""Cardiomegaly, edema, consolidation, atelectasis and pleural effusion."""


def adapters(pythons: str = "", models: str = "") -> dict[str, Adapter]:
    """The adapters by name from two settings.

    Args:
        pythons: the interpreter of all adapters, or ``NAME=PATH`` with commas between.
        models: ``NAME=MODEL`` with commas between, the model a folder or a name of the hub; of
            BERTScore ``MODEL@LAYER`` for another layer than its authors'.

    Raises:
        SettingsError: a name is no adapter.
    """
    python_of = _by_name(pythons, "adapter_python", lone=True)
    model_of = _by_name(models, "adapter_models", lone=False)
    found = {}
    for name in NAMES:
        model, _, layer = model_of.get(name, "").partition("@")
        given = {"model": model, "layer": layer}
        options = {key: value for key, value in given.items() if value}
        found[name] = Adapter(python_of.get(name, ""), options)
    return found


def _by_name(text: str, setting: str, *, lone: bool) -> dict[str, str]:
    if lone and text and "=" not in text:
        return dict.fromkeys(NAMES, text)
    found = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, there, value = part.partition("=")
        if not there or name not in NAMES or not value:
            raise SettingsError(
                f"'{part[:60]}' of {setting} names no adapter.",
                f"Write NAME=VALUE, commas between, with a name of {', '.join(NAMES)}.",
            )
        found[name] = value
    return found


def _family(
    name: str,
    rows: Callable[[Sequence[Any]], Floats],
    figures: Mapping[str, Figure],
    signature: str,
) -> Family:
    """A family whose rows come from the results of a worker."""

    def adapter(shared: Shared) -> Adapter:
        return shared.adapters.get(name, Adapter())

    def of(block: Block, shared: Shared) -> Floats:
        references = [pair.references for pair in block.pairs]
        worker = process.running(name, adapter(shared))
        return rows(worker.results(block.candidates, references))

    def missing(shared: Shared) -> RadixError | None:
        try:
            process.running(name, adapter(shared))
        except RadixError as error:
            return error
        process.close(name)  # the workers of the run start their own
        return None

    return Family(
        name,
        of,
        figures,
        lambda shared: f"{signature}|{process.version(name, adapter(shared))}",
        missing=missing,
        close=lambda: process.close(name),
        on_request=True,
    )


def _bertscore_rows(results: Sequence[Any]) -> Floats:
    scores = np.array(results, float).reshape(-1, 3)
    return means({name: scores[:, place] for place, name in enumerate("prf")})


def _plain_rows(results: Sequence[Any]) -> Floats:
    """Scores, and whether there is one: a null counts for nothing, not for 0."""
    scores = np.array([np.nan if value is None else value for value in results], float)
    known = ~np.isnan(scores)
    return np.column_stack([np.where(known, scores, 0.0), known])


def _radgraph_rows(results: Sequence[Any]) -> Floats:
    scores = {variant: np.zeros(len(results)) for variant in radgraph.VARIANTS}
    for place, (candidate, references) in enumerate(results):
        mine = radgraph.parse(candidate, "an annotation of radgraph_xl")
        for reference in references:
            theirs = radgraph.parse(reference, "an annotation of radgraph_xl")
            for variant, value in radgraph.score(mine, theirs).items():
                scores[variant][place] = max(scores[variant][place], value)
    return means(scores)


def _chexbert_rows(results: Sequence[Any]) -> Floats:
    """Of each observation whether it is in both, in the candidate, in the reference."""
    labels = np.array(results, float).reshape(-1, 2, LABELS)
    mine, theirs = labels[:, 0], labels[:, 1]
    return np.concatenate([mine * theirs, mine, theirs], axis=1)


def _chexbert_f1(which: Sequence[int], *, macro: bool) -> Figure:
    """F1 of some observations; of a single one that nobody states it is 0, as scikit-learn's."""

    def figure(sums: Floats) -> Floats:
        both, mine, theirs = (sums.reshape(-1, 3, LABELS)[:, k][:, list(which)] for k in range(3))
        if not macro:
            both, mine, theirs = (part.sum(axis=1, keepdims=True) for part in (both, mine, theirs))
        total = mine + theirs
        f1: Floats = np.divide(2 * both, total, out=np.zeros_like(both), where=total > 0)
        mean: Floats = f1.mean(axis=1)
        return mean

    return figure


ADAPTERS = (
    _family(
        "bertscore",
        _bertscore_rows,
        {f"bertscore_{name}": mean_of(k) for k, name in enumerate(("precision", "recall", "f1"))},
        "flavour:bert-score|idf:no|rescaled:no|refs:best|corpus:mean",
    ),
    _family(
        "radgraph_xl",
        _radgraph_rows,
        {f"radgraph_xl_{name}": mean_of(place) for place, name in enumerate(radgraph.VARIANTS)},
        "RadGraph-F1 (radgraph-xl)|case:lower, radcliq as written|refs:best|corpus:mean",
    ),
    _family(
        "chexbert",
        _chexbert_rows,
        {
            f"chexbert_{kind}_f1_{len(which)}": _chexbert_f1(which, macro=kind == "macro")
            for kind in ("micro", "macro")
            for which in (range(LABELS), FIVE)
        },
        "observations:chest|uncertain:positive|refs:first|corpus:pooled",
    ),
    _family(
        "ratescore",
        _plain_rows,
        {"ratescore": mean_of(0)},
        "no entities:0.5|refs:best|corpus:mean",
    ),
    _family(
        "green",
        _plain_rows,
        {"green": mean_of(0)},
        "no answer:left out|refs:best|corpus:mean",
    ),
)
