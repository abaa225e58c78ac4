"""How grades are marked: agreement, discrimination, calibration, and intervals by study."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.integer]
Floats = npt.NDArray[np.floating]


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


def auroc(present: npt.ArrayLike, score: npt.ArrayLike) -> float:
    """Area under the ROC curve by ranks (Mann-Whitney), ties counted half; nan for one class."""
    truth = np.asarray(present, bool)
    positive, negative = int(truth.sum()), int((~truth).sum())
    if not positive or not negative:
        return float("nan")
    _, inverse, counts = np.unique(np.asarray(score), return_inverse=True, return_counts=True)
    upto = np.cumsum(counts)
    ranks = (upto - (counts - 1) / 2)[inverse]
    return float((ranks[truth].sum() - positive * (positive + 1) / 2) / (positive * negative))


def expected_calibration_error(
    confidence: npt.ArrayLike, right: npt.ArrayLike, bins: int = 10
) -> float:
    """Mean gap between confidence and accuracy over equal, right-closed bins of (0, 1]."""
    sure = np.asarray(confidence, float)
    good = np.asarray(right, float)
    place = np.clip(np.ceil(sure * bins).astype(int) - 1, 0, bins - 1)
    gaps = [
        abs(good[place == b].mean() - sure[place == b].mean()) * (place == b).mean()
        for b in np.unique(place)
    ]
    return float(np.sum(gaps))


def interval(
    studies: Sequence[int],
    figure: Callable[[npt.NDArray[np.intp]], float],
    *,
    draws: int = 1000,
    seed: int = 0,
) -> tuple[float, float]:
    """95 % bootstrap interval that draws whole studies.

    Args:
        studies: the study of each row.
        figure: figure of a choice of rows; draws on which it is nan are left out.
        draws: how many resamples.
        seed: of the resampling.
    """
    rng = np.random.default_rng(seed)
    rows = {s: np.flatnonzero(np.asarray(studies) == s) for s in sorted(set(studies))}
    keys = list(rows)
    values = []
    for _ in range(draws):
        picked = rng.integers(len(keys), size=len(keys))
        values.append(figure(np.concatenate([rows[keys[k]] for k in picked])))
    low, high = np.nanpercentile(values, (2.5, 97.5))
    return float(low), float(high)
