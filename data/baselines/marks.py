"""How a baseline is marked: figures with intervals by patient, and its calibration curve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from data.baselines.models import Floats, Ints
from radixgpt import statistics

Split = Literal["cross-validation", "development"]
DRAWS = 1000
_METRICS = {
    "two": ("AUROC", "AUPRC", "Brier", "ECE"),
    "more": ("quadratic kappa", "within one", "balanced accuracy", "Brier", "ECE"),
}
LOWER_IS_BETTER = frozenset({"Brier", "ECE"})
"""Figures of which less is better; of all others more is."""
MAIN = ("AUROC", "quadratic kappa")
"""The figure that a finding is judged by first."""
NO_SKILL = {"AUROC": 0.5, "quadratic kappa": 0.0}
"""What guessing gives."""


@dataclass(frozen=True)
class Mark:
    """One row of the table.

    Attributes:
        split: ``cross-validation`` by patient within the training part, or ``development``.
        value, low, high: the figure with its 95 % interval by patient; None where there is none.
        discs, patients: how many were marked; ``positive``: discs with the finding, None where
            there are more than two grades.
        reason: why there is no value, or no interval.
    """

    finding: str
    metric: str
    model: str
    value: float | None
    low: float | None
    high: float | None
    split: Split
    patients: int
    discs: int
    positive: int | None
    reason: str = ""

    def as_row(self) -> dict[str, str | float | int | None]:
        """For a table."""
        return asdict(self)


def metrics_for(count: int) -> tuple[str, ...]:
    """The figures for a finding of so many grades, the main one first."""
    return _METRICS["two" if count == 2 else "more"]


def stated(chances: Floats) -> Ints:
    """The likeliest grade of each row; of two, present from one half."""
    if chances.shape[1] == 2:
        return (chances[:, 1] >= 0.5).astype(np.int64)
    best: Ints = chances.argmax(axis=1)
    return best


def figures(grades: Ints, chances: Floats, folds: Ints) -> list[float]:
    """The figures of :func:`metrics_for`, in its order; nan where undefined.

    Args:
        grades: (n,), from 0.
        chances: (n, count) probabilities. Brier sums over the grades where there are more than two
            (Brier 1950); ECE is of the stated grade.
        folds: (n,) the fold whose model gave the row its probabilities.
    """
    count = chances.shape[1]
    said = stated(chances)
    sure = chances[np.arange(len(said)), said]
    error = statistics.expected_calibration_error(sure, said == grades)
    if count == 2:
        return [
            statistics.auroc(grades, chances[:, 1], folds),
            statistics.average_precision(grades, chances[:, 1]),
            statistics.brier(grades, chances[:, 1]),
            error,
        ]
    return [
        statistics.quadratic_kappa(grades, said, count),
        statistics.within_one(grades, said),
        statistics.balanced_accuracy(grades, said),
        statistics.brier(np.eye(count)[grades], chances) * count,
        error,
    ]


def main_figure(grades: Ints, chances: Floats, folds: Ints) -> float:
    """The first of the figures: AUROC, or quadratic kappa."""
    if chances.shape[1] == 2:
        return statistics.auroc(grades, chances[:, 1], folds)
    return statistics.quadratic_kappa(grades, stated(chances), chances.shape[1])


def mark(
    finding: str,
    split: Split,
    grades: Ints,
    chances: Mapping[str, Floats | str],
    patients: Sequence[str],
    folds: Ints,
    *,
    count: int,
    seed: int,
    draws: int = DRAWS,
) -> list[Mark]:
    """Mark all models of one finding on the same draws of patients.

    Args:
        finding: its kind.
        split: which rows these are.
        grades: (n,), from 0.
        chances: of each model the probabilities, or why there are none.
        patients: (n,) who is drawn.
        folds: (n,) the fold that each row was held out in; all alike in the development part.
        count: of grades.
        seed: of the draws.
        draws: how many.
    """
    there = {name: c for name, c in chances.items() if not isinstance(c, str)}
    metrics = metrics_for(count)

    def all_figures(rows: npt.NDArray[np.intp]) -> Floats:
        own, place = grades[rows], folds[rows]
        return np.concatenate([figures(own, c[rows], place) for c in there.values()])

    values: dict[str, Floats] = {}
    if there and len(grades):
        plain = all_figures(np.arange(len(grades)))
        ends = statistics.intervals(patients, all_figures, draws=draws, seed=seed)
        each = np.column_stack([plain, ends]).reshape(len(there), len(metrics), 3)
        values = dict(zip(there, each, strict=True))
    positive = int((grades > 0).sum()) if count == 2 else None
    rows: list[Mark] = []
    for name, found in chances.items():
        for place, metric in enumerate(metrics):
            three = values[name][place] if name in values else (np.nan, np.nan, np.nan)
            value, low, high = (None if np.isnan(v) else round(float(v), 4) for v in three)
            reason = found if isinstance(found, str) else _why(value, grades)
            rows.append(
                Mark(
                    finding,
                    metric,
                    name,
                    value,
                    low,
                    high,
                    split,
                    len(set(patients)),
                    len(grades),
                    positive,
                    reason,
                )
            )
    return rows


def _why(value: float | None, grades: Ints) -> str:
    if value is not None:
        return ""
    if not len(grades):
        return "no disc is graded for it"
    return "all discs have the same grade"


def curve(grades: Ints, chances: Floats) -> list[dict[str, float | int]]:
    """The calibration curve: of the chance of a finding, or of the stated grade's confidence."""
    if chances.shape[1] == 2:
        bins = statistics.reliability(chances[:, 1], grades)
    else:
        said = stated(chances)
        bins = statistics.reliability(chances[np.arange(len(said)), said], said == grades)
    return [
        {"chance": round(b.confidence, 4), "share": round(b.right, 4), "discs": b.rows}
        for b in bins
    ]
