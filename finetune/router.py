"""Trains and marks the embedded router: ``python -m finetune.router`` (``--score`` only marks).

It learns from the train utterances alone; strength, temperature and the threshold of asking back
come from cross-validation within them. ``python -m finetune.router_compare`` marks it against the
candidates that do not ship.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydantic import JsonValue

from eval import routing
from eval.routing import Turn, Utterance
from finetune import router_candidates as candidates
from finetune.router_data import known_words, previous_of, samples
from radixgpt.weights import WEIGHTS, load_card, write_manifest
from tools.router.model import INTENTS, Classifier, Vectors, load_vectors
from tools.router.route import Router, from_classifier, load_router

SEED = 7
FOLDS = 5
VERSION = "1.0"
DIMENSIONS = 128
FRESH = (
    "Fresh part, written after the router and its train part were finished; its errors were not "
    "read, so nothing was changed for them (`--part fresh`):"
)
STRENGTHS = (3.0, 5.0, 10.0)
Floats = npt.NDArray[np.float64]


def predictor(router: Router) -> routing.Predict:
    """The router as the judge calls it."""

    def predict(text: str, after: Turn | None) -> routing.Call:
        call = router.route(text, previous_of(after)).call
        return routing.Call(call.tool, call.args)

    return predict


def vectors() -> Vectors:
    """The word vectors that ship."""
    return load_vectors(load_card("router"))


@cache
def hybrid(utterances: tuple[Utterance, ...], strength: float) -> Classifier:
    """The classifier that ships, trained on some utterances with their variants."""
    table = vectors()
    known = known_words(utterances) | frozenset(table.row)
    found = samples(utterances, known=known, variants=True, seed=SEED)
    return replace(candidates.fit_text(found, strength, vectors=table), words=known)


Fit = Callable[[tuple[Utterance, ...], float], Router]
"""Trains a router on some utterances, with a strength."""


def fit_hybrid(utterances: tuple[Utterance, ...], strength: float) -> Router:
    """The router that ships, without its temperature; it never asks back."""
    return from_classifier(hybrid(utterances, strength), 0.0)


def folds(number: int) -> list[tuple[list[int], list[int]]]:
    """Seeded splits of utterance numbers into those to learn from and those held out."""
    order = np.random.default_rng(SEED).permutation(number)
    parts = [set(part.tolist()) for part in np.array_split(order, FOLDS)]
    return [([i for i in range(number) if i not in part], sorted(part)) for part in parts]


Train = Callable[[tuple[Utterance, ...]], Router]


def cross_validate(
    train: Train, utterances: Sequence[Utterance]
) -> tuple[list[routing.Mark], list[float]]:
    """Marks and confidences of every train utterance by a router that did not learn it."""
    marks: list[routing.Mark] = []
    confidences: list[float] = []
    for learn, held_out in folds(len(utterances)):
        router = train(tuple(utterances[i] for i in learn))
        for i in held_out:
            route = router.route(utterances[i].text, previous_of(utterances[i].after))
            call = routing.Call(route.call.tool, route.call.args)
            marks.append(routing.Mark(utterances[i], call))
            confidences.append(route.confidence)
    return marks, confidences


def temperature(utterances: Sequence[Utterance], strength: float) -> float:
    """The temperature of least cross-validated negative log-likelihood of the intents."""
    from scipy.optimize import minimize_scalar

    logs: list[Floats] = []
    right: list[int] = []
    for learn, held_out in folds(len(utterances)):
        classifier = hybrid(tuple(utterances[i] for i in learn), strength)
        held = [utterances[i] for i in held_out]
        for s in samples(held, known=classifier.words, variants=False, seed=SEED):
            found = candidates.masked(s.slots, s.before, s.pending)
            chances = classifier.probabilities(found, s.slots.masked)
            logs.append(np.log(np.array(list(chances.values())) + 1e-12))
            right.append(INTENTS.index(s.intent))
    scores, rows = np.stack(logs), np.arange(len(right))

    def loss(log_t: float) -> float:
        scaled = scores / np.exp(log_t)
        return float(np.mean(np.logaddexp.reduce(scaled, axis=1) - scaled[rows, right]))

    return float(np.exp(minimize_scalar(loss, bounds=(-2, 2), method="bounded").x))


def threshold(marks: Sequence[routing.Mark], confidences: Sequence[float]) -> float:
    """The confidence up to which a call is more often wrong than right, so that asking is better.

    The share of right calls is fitted as a rising function of the confidence (isotonic
    regression); 0 if it is above one half everywhere.
    """
    from sklearn.isotonic import IsotonicRegression

    right = [float(m.right) for m in marks]
    share = IsotonicRegression().fit_transform(list(confidences), right)
    doubtful = [c for c, s in zip(confidences, share, strict=True) if s <= 0.5]
    return round(max(doubtful, default=0.0), 3)


def accuracy(marks: Sequence[routing.Mark]) -> float:
    """Share of right calls."""
    return float(np.mean([m.right for m in marks]))


def best_strength(fit: Fit, utterances: Sequence[Utterance]) -> tuple[float, float]:
    """The strength of highest cross-validated accuracy, and that accuracy."""
    tried: list[tuple[float, float]] = []
    for strength in STRENGTHS:
        marks, _ = cross_validate(partial(_with_strength, fit, strength), utterances)
        tried.append((accuracy(marks), -strength))
    found, negative = max(tried)
    return -negative, found


def _with_strength(fit: Fit, strength: float, utterances: tuple[Utterance, ...]) -> Router:
    return fit(utterances, strength)


def ship(folder: Path) -> None:
    """Train the router that ships and write its folder."""
    from safetensors.numpy import save_file

    learn = routing.load("train")
    strength, developed = best_strength(fit_hybrid, learn)
    warm = temperature(learn, strength)
    classifier = replace(hybrid(learn, strength), temperature=warm)
    marks, confidences = cross_validate(
        lambda some: from_classifier(replace(hybrid(some, strength), temperature=warm), 0.0), learn
    )
    ask = threshold(marks, confidences)
    assert classifier.dense is not None
    save_file(
        {
            "weights": classifier.weights.astype(np.float16),
            "dense": classifier.dense.astype(np.float16),
            "bias": classifier.bias,
            "frequency": classifier.vocabulary.weight.astype(np.float16),
        },
        folder / "router.safetensors",
    )
    listed = {
        "features": list(classifier.vocabulary.column),
        "words": sorted(known_words(learn)),
    }
    text = json.dumps(listed, ensure_ascii=False, separators=(",", ":"))
    (folder / "vocabulary.json").write_text(text + "\n", encoding="utf-8")
    _manifest(
        folder,
        labels=list(INTENTS),
        thresholds={"ask_back": ask},
        temperature=round(warm, 4),
        strength=strength,
        seed=SEED,
        utterances=len(learn),
        cross_validated=round(developed, 4),
    )
    print(f"strength {strength:g}, temperature {warm:.2f}, asks back below {ask:.2f}")
    print(f"cross-validated on the train part: {developed:.1%}")


def _manifest(folder: Path, **extra: JsonValue) -> None:
    names = ("router.safetensors", "vocabulary.json", "words.safetensors", "words.txt")
    write_manifest(
        folder,
        files=tuple(name for name in names if (folder / name).is_file()),
        name="radixgpt-router",
        version=VERSION,
        licence="Apache-2.0",
        summary="Tells which tool an utterance asks for.",
        **extra,
    )


def distil(folder: Path) -> None:
    """Make the word vectors anew; the router must be trained again after it."""
    from safetensors.numpy import save_file

    table = candidates.distil(dimensions=DIMENSIONS)
    folder.mkdir(parents=True, exist_ok=True)
    save_file({"vectors": table.table}, folder / "words.safetensors")
    (folder / "words.txt").write_text("\n".join(table.row) + "\n", encoding="utf-8")
    _manifest(folder)


def write_card(folder: Path) -> None:
    """Mark the shipped router and fill in the template of its card."""
    card = load_card("router")
    marks = routing.score(routing.mark(routing.load("test"), predictor(load_router())))
    fresh = ""
    if (routing.UTTERANCES / "fresh.yaml").is_file():
        again = routing.score(routing.mark(routing.load("fresh"), predictor(load_router())))
        fresh = f"{FRESH}\n\n{routing.table(again)}"
    table = load_vectors(card)
    thresholds = card.manifest.thresholds
    assert isinstance(thresholds, dict)
    text = (Path(__file__).with_name("router_card.md")).read_text(encoding="utf-8")
    filled = text.format(
        intents=len(INTENTS),
        words=len(table.row),
        dimensions=table.dimensions,
        megabytes=sum((folder / name).stat().st_size for name in card.manifest.files) / 1e6,
        utterances=card.value("utterances"),
        seed=card.value("seed"),
        cross_validated=card.value("cross_validated"),
        temperature=card.value("temperature"),
        ask_back=thresholds["ask_back"],
        number=marks.number,
        test=routing.table(marks),
        fresh=fresh,
    )
    (folder / "card.md").write_text(filled, encoding="utf-8")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--score", action="store_true", help="mark the shipped router only")
    parser.add_argument("--card", action="store_true", help="with --score, write the card anew")
    parser.add_argument("--distil", action="store_true", help="make the word vectors anew first")
    parser.add_argument("--part", choices=("train", "test", "fresh"), default="test")
    parser.add_argument("--errors", action="store_true", help="list what was wrong")
    asked = parser.parse_args()
    if not asked.score:
        if asked.distil:
            distil(WEIGHTS / "router")
        ship(WEIGHTS / "router")
        write_card(WEIGHTS / "router")
        return
    if asked.card:
        write_card(WEIGHTS / "router")
    marks = routing.mark(routing.load(asked.part), predictor(load_router()))
    print(routing.table(routing.score(marks)))
    if asked.errors:
        for m in marks:
            if not m.right:
                print(f"{m.utterance.text} -> {m.predicted.canonical()}")


if __name__ == "__main__":
    main()
