"""Agreement, discrimination, calibration, and intervals by study: what grades are judged by.

Plain functions of arrays, so that data, training and evaluation judge alike.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.intp]


def quadratic_kappa(truth: npt.ArrayLike, stated: npt.ArrayLike, grades: int) -> float:
    """Cohen's kappa with quadratic weights (Cohen 1968) for grades 0 to ``grades`` - 1.

    Returns:
        1 for perfect agreement, about 0 for chance; nan where all of one side is one grade and
        so is the other.
    """
    seen = np.zeros((grades, grades))
    np.add.at(seen, (np.asarray(truth, int), np.asarray(stated, int)), 1)
    n = seen.sum()
    steps = np.arange(grades)
    weight = (steps[:, None] - steps[None, :]) ** 2
    chance = np.outer(seen.sum(1), seen.sum(0)) / n
    expected = float((weight * chance).sum())
    return float("nan") if expected == 0 else 1 - float((weight * seen).sum()) / expected


def within_one(truth: npt.ArrayLike, stated: npt.ArrayLike) -> float:
    """Share of grades that are right or off by one."""
    return float((np.abs(np.asarray(truth, int) - np.asarray(stated, int)) <= 1).mean())


def balanced_accuracy(truth: npt.ArrayLike, stated: npt.ArrayLike) -> float:
    """Mean recall over the grades that occur in the truth."""
    right = np.asarray(truth) == np.asarray(stated)
    return float(np.mean([right[np.asarray(truth) == g].mean() for g in np.unique(truth)]))


def auroc(
    present: npt.ArrayLike, score: npt.ArrayLike, within: npt.ArrayLike | None = None
) -> float:
    """Area under the ROC curve by ranks (Mann-Whitney), ties counted half; nan for one class.

    Args:
        present: truth of each row.
        score: of each row; larger means more likely present.
        within: group of each row, from 0. Only rows of one group are ranked against each other,
            as scores of different models must be: pooled over the folds of a cross-validation,
            even a constant would score below one half (Airola et al., 2011).
    """
    truth, scores = np.asarray(present, bool), np.asarray(score, float)
    groups = np.zeros(len(truth), np.intp) if within is None else np.asarray(within, np.intp)
    order = np.lexsort((scores, groups))
    ranked, values, places = truth[order], scores[order], groups[order]
    # Where another value or group begins, and the mean rank of the rows that share one.
    first = np.flatnonzero(np.append(True, (np.diff(values) != 0) | (np.diff(places) != 0)))
    sizes = np.diff(np.append(first, len(values)))
    ranks = np.repeat(first + (sizes + 1) / 2, sizes)
    rows = np.bincount(places)
    positive = np.bincount(places[ranked], minlength=len(rows))
    below = np.cumsum(rows) - rows
    summed = np.bincount(places[ranked], ranks[ranked], minlength=len(rows))
    won = summed - positive * below - positive * (positive + 1) / 2
    pairs = float((positive * (rows - positive)).sum())
    return float(won.sum() / pairs) if pairs else float("nan")


def average_precision(present: npt.ArrayLike, score: npt.ArrayLike) -> float:
    """Area under the precision-recall curve as a step function; nan without a positive.

    Rows of equal score come in together, so a constant score gives the prevalence.
    """
    truth = np.asarray(present, bool)
    if not truth.any():
        return float("nan")
    order = np.argsort(-np.asarray(score, float), kind="stable")
    ranked, scores = truth[order], np.asarray(score, float)[order]
    last = np.append(np.flatnonzero(np.diff(scores)), len(scores) - 1)
    found = np.cumsum(ranked)[last]
    gained = np.diff(found, prepend=0) / truth.sum()
    return float((gained * found / (last + 1)).sum())


def brier(present: npt.ArrayLike, chance: npt.ArrayLike) -> float:
    """Mean squared error of a probability (Brier 1950), 0 best."""
    return float(np.mean((np.asarray(chance, float) - np.asarray(present, float)) ** 2))


class Bin(NamedTuple):
    """A bin of a calibration curve: mean confidence, share that was right, and how many."""

    confidence: float
    right: float
    rows: int


def reliability(confidence: npt.ArrayLike, right: npt.ArrayLike, bins: int = 10) -> list[Bin]:
    """The calibration curve over equal, right-closed bins of (0, 1]; empty bins are left out."""
    sure = np.asarray(confidence, float)
    good = np.asarray(right, float)
    place = np.clip(np.ceil(sure * bins).astype(int) - 1, 0, bins - 1)
    return [
        Bin(float(sure[here].mean()), float(good[here].mean()), int(here.sum()))
        for here in (place == b for b in np.unique(place))
    ]


def expected_calibration_error(
    confidence: npt.ArrayLike, right: npt.ArrayLike, bins: int = 10
) -> float:
    """Mean gap between confidence and accuracy over the bins of :func:`reliability`."""
    curve = reliability(confidence, right, bins)
    rows = sum(b.rows for b in curve)
    return float(sum(abs(b.right - b.confidence) * b.rows / rows for b in curve))


def intervals(
    studies: Sequence[Hashable] | npt.NDArray[np.generic],
    figures: Callable[[Rows], npt.ArrayLike],
    *,
    draws: int = 1000,
    seed: int = 0,
) -> npt.NDArray[np.float64]:
    """95 % bootstrap intervals of several figures on the same draws of whole studies.

    Args:
        studies: the study of each row; what sorts and compares.
        figures: figures of a choice of rows, always as many; a draw on which one is nan does not
            count for it.
        draws: how many resamples.
        seed: of the resampling.

    Returns:
        (figures, 2) lower and upper ends; nan where every draw was.
    """
    rng = np.random.default_rng(seed)
    _, study_of = np.unique(np.asarray(studies), return_inverse=True)
    rows = np.split(np.argsort(study_of, kind="stable"), np.cumsum(np.bincount(study_of))[:-1])
    values = np.array(
        [
            figures(np.concatenate([rows[k] for k in rng.integers(len(rows), size=len(rows))]))
            for _ in range(draws)
        ],
        float,
    )
    ends = [
        np.percentile(known, (2.5, 97.5)) if len(known) else (np.nan, np.nan)
        for known in (column[~np.isnan(column)] for column in values.T)
    ]
    return np.array(ends, float).reshape(-1, 2)


def interval(
    studies: Sequence[Hashable] | npt.NDArray[np.generic],
    figure: Callable[[Rows], float],
    *,
    draws: int = 1000,
    seed: int = 0,
) -> tuple[float, float]:
    """95 % bootstrap interval of one figure, as :func:`intervals` makes it."""
    low, high = intervals(studies, lambda rows: [figure(rows)], draws=draws, seed=seed)[0]
    return float(low), float(high)
