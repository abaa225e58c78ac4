"""Predictions scored: figures with intervals by patient, and what the probes show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from eval.batch.output import as_json, hash_of
from eval.batch.scoring import Score
from eval.bench.definition import TaskName, definition
from eval.bench.folder import Bench
from eval.bench.marking import Marking, mark
from eval.run.registry import Probe
from eval.statistics import bootstrap, by_study, sign_flip
from radixgpt import __version__
from radixgpt.errors import CaseError


@dataclass(frozen=True)
class Reliance:
    """What one probe shows.

    Attributes:
        probe: which.
        value: the main metric on it.
        fall: mean score of the studies as they are, less that on the probe.
        p: of the sign-flip test on the studies' scores.
        refused: of the studies that are answered as they are, the share without an answer on it.
        passed: whether the score falls by more than chance gives, or the studies are refused.
    """

    probe: str
    value: float
    fall: float
    p: float
    refused: float
    passed: bool


@dataclass(frozen=True)
class Result:
    """A task scored.

    Attributes:
        task: which.
        main: the metric that systems are ranked by.
        scores: all metrics, the main one first.
        reliance: by probe; empty where none was given.
    """

    task: TaskName
    main: str
    scores: list[Score]
    reliance: list[Reliance]


def score(
    bench: Bench,
    task: TaskName,
    predictions: Path,
    probes: Mapping[Probe, Path],
    *,
    draws: int = 1000,
    seed: int = 0,
) -> Result:
    """Score a file of predictions, and what it says on probes.

    Raises:
        CaseError: a file can't be used, or the task has no probes.
    """
    what = definition().tasks[task]
    unknown = [str(probe) for probe in probes if probe not in what.probes]
    if unknown:
        raise CaseError(
            f"The task {task} has no probe {', '.join(unknown)}.",
            f"It has {', '.join(map(str, what.probes)) or 'none'}.",
        )
    real = mark(bench, task, predictions)
    names = [what.main, *(name for name in real.figures if name != what.main)]
    summed = by_study(real.groups, real.rows)
    scores: list[Score] = []
    for name in names:
        figure = real.figures[name]
        low, high = bootstrap(summed, figure, draws=draws, seed=seed)
        value = float(figure(summed.sum(axis=0, keepdims=True))[0])
        better = "smaller" if name.startswith("findings_") else "larger"
        scores.append(Score(name, value, low, high, len(summed), better, real.signature))
    reliance = [
        _reliance(probe, real, mark(bench, task, path), what.main, seed)
        for probe, path in probes.items()
    ]
    return Result(task, what.main, scores, reliance)


def _reliance(probe: Probe, real: Marking, probed: Marking, main: str, seed: int) -> Reliance:
    found = sign_flip(real.own, probed.own, seed=seed)
    # What is refused as it is can't be told from what is refused for its images.
    answered = ~real.refused
    refused = float(probed.refused[answered].mean()) if answered.any() else 0.0
    value = float(probed.figures[main](probed.rows.sum(axis=0, keepdims=True))[0])
    what = definition()
    falls = found.difference > 0 and found.p <= what.p
    return Reliance(
        str(probe),
        value,
        found.difference,
        found.p,
        refused,
        bool(falls or refused >= what.refused_share),
    )


def as_file(bench: Bench, result: Result, predictions: Path, probes: Mapping[Probe, Path]) -> str:
    """The result as JSON, with what is needed to make it again."""
    what = definition()
    return as_json(
        {
            "benchmark": f"{what.name} {what.version}",
            "built": bench.sha256,
            "software": f"radixgpt {__version__}",
            "task": str(result.task),
            "main": result.main,
            "predictions": hash_of(predictions),
            "probes": {str(probe): hash_of(path) for probe, path in probes.items()},
            "scores": [asdict(one) for one in result.scores],
            "reliance": [asdict(one) for one in result.reliance],
            "mean_fall": float(np.mean([one.fall for one in result.reliance]))
            if result.reliance
            else None,
        }
    )
