"""The families of metrics: those of texts are defined here, those of content beside."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

import numpy as np

from eval.adapters.families import ADAPTERS
from eval.batch.block import Block
from eval.batch.content import CONCEPTS, CONCEPTS_LISTED, FINDINGS, RADGRAPH
from eval.batch.family import Family, Figure, Shared, mean_of, means
from eval.text import bleu, chrf, cider, meteor, rouge, tokens
from eval.text.bleu import Matches
from eval.text.ngrams import Floats
from radixgpt.errors import MissingPackageError, RadixError


def _needs(what: str, package: str) -> Callable[[Shared], RadixError | None]:
    """A check that the package which ``what`` needs is installed."""

    def missing(_: Shared) -> RadixError | None:
        if find_spec(package) is not None:
            return None
        return MissingPackageError(
            f"{what}: no {package}.", "Install it: pip install -e '.[eval]' -c lock.txt."
        )

    return missing


def _bleu_rows(name: str) -> Callable[[Block, Shared], Floats]:
    def rows(block: Block, _: Shared) -> Floats:
        found = bleu.match(*block.texts(name), block.item_of, counted=block.counts(name, 4))
        return np.column_stack([found.correct, found.guess, found.candidate, found.reference])

    return rows


def _matches(sums: Floats) -> Matches:
    return Matches(sums[:, :4], sums[:, 4:8], sums[:, 8], sums[:, 9])


def _bleu(order: int) -> Figure:
    return lambda sums: bleu.coco(_matches(sums))[:, order]


def _sacre(*, effective: bool) -> Figure:
    return lambda sums: bleu.sacre(_matches(sums), effective=effective)


def _sacre_signature(_: Shared) -> str:
    from sacrebleu.metrics.bleu import BLEU

    metric = BLEU()
    metric.num_refs = -1  # as many as a study has
    return f"{metric.get_signature()}|study:eff:yes"


def _coco_rows(block: Block, shared: Shared) -> Floats:
    mine, theirs = block.texts("coco")
    counted = block.counts("coco", 4)
    common = rouge.longest_common(mine, theirs, block.item_of)
    return means(
        {
            "coco_rouge_l": rouge.coco(mine, theirs, block.item_of, common),
            "cider": cider.score(
                mine, counted[0], theirs, counted[1], block.item_of, shared.frequencies
            ),
        }
    )


def _rouge_rows(name: str) -> Callable[[Block, Shared], Floats]:
    def rows(block: Block, _: Shared) -> Floats:
        mine, theirs = block.texts(name)
        common = rouge.longest_common(mine, theirs, block.item_of)
        return means(rouge.f_scores(mine, theirs, block.item_of, common))

    return rows


def _meteor_rows(block: Block, _: Shared) -> Floats:
    program = meteor.program()
    cut = [[tokens.coco(text) for text in pair.references] for pair in block.pairs]
    return np.array(
        [
            program.statistics(tokens.coco(pair.candidate), references)
            for pair, references in zip(block.pairs, cut, strict=True)
        ]
    ).reshape(-1, meteor.STATISTICS)


def _chrf_rows(block: Block, _: Shared) -> Floats:
    found = chrf.statistics(*block.texts("characters"), block.item_of)
    return found.reshape(len(block), -1)


def _chrf(sums: Floats) -> Floats:
    return chrf.score(sums.reshape(len(sums), 3, chrf.ORDERS))


_COCO = "tok:ptb|case:lower|punct:dropped"
FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        Family(
            "bleu",
            _bleu_rows("coco"),
            {f"bleu_{order + 1}": _bleu(order) for order in range(4)},
            f"flavour:coco|refs:closest|{_COCO}|corpus:pooled",
        ),
        Family(
            "sacrebleu",
            _bleu_rows("mteval"),
            {"sacrebleu": _sacre(effective=False)},
            _sacre_signature,
            own={"sacrebleu": _sacre(effective=True)},
            missing=_needs("sacreBLEU", "sacrebleu"),
        ),
        Family(
            "coco",
            _coco_rows,
            {"rouge_l_coco": mean_of(0), "cider": mean_of(1)},
            f"flavour:coco|beta:1.2|cider:d,sigma 6|idf:references of this corpus|{_COCO}",
        ),
        Family(
            "rouge",
            _rouge_rows("rouge"),
            {"rouge_1": mean_of(0), "rouge_2": mean_of(1), "rouge_l": mean_of(2)},
            "flavour:rouge-score|measure:f1|tok:a-z0-9|stem:no|corpus:mean",
        ),
        Family(
            "rouge_stemmed",
            _rouge_rows("rouge_stemmed"),
            {
                "rouge_1_stemmed": mean_of(0),
                "rouge_2_stemmed": mean_of(1),
                "rouge_l_stemmed": mean_of(2),
            },
            "flavour:rouge-score|measure:f1|tok:a-z0-9|stem:porter|corpus:mean",
            missing=_needs("stemmed ROUGE", "nltk"),
        ),
        Family(
            "chrf",
            _chrf_rows,
            {"chrf": _chrf},
            "flavour:sacrebleu|nc:6|nw:0|beta:2|space:no|case:mixed|eff:yes|corpus:pooled",
        ),
        Family(
            "meteor",
            _meteor_rows,
            {"meteor": meteor.score},
            f"flavour:meteor-1.5|lang:en|norm:yes|refs:best|{_COCO}|corpus:pooled",
            missing=lambda _: meteor.missing(),
            close=meteor.close,
        ),
        FINDINGS,
        RADGRAPH,
        CONCEPTS,
        CONCEPTS_LISTED,
        *ADAPTERS,
    )
}
"""All families by name."""
