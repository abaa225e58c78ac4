"""Intervals and comparisons by study.

A figure is a function of sums over studies: of a mean, the sums of the scores and of the pairs; of
corpus BLEU, the sums of matches, guesses and lengths. A bootstrap draws studies and adds their
rows, so a figure is never computed from the texts again.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Figure = Callable[[Floats], Floats]
"""Sums (draws, k) to figures (draws,)."""

DRAWS = 1000
FLIPS = 10_000


def by_study(studies: Sequence[Hashable], rows: Floats) -> Floats:
    """Add up the rows (n, k) of each study: (studies, k), in order of first appearance."""
    place = {study: i for i, study in enumerate(dict.fromkeys(studies))}
    index = np.fromiter((place[study] for study in studies), np.int64, len(studies))
    added = np.zeros((len(place), rows.shape[1]))
    np.add.at(added, index, rows)
    return added


def mean_of(sums: Floats) -> Floats:
    """The mean from sums of scores (column 0) and of pairs (column 1); nan without pairs."""
    top, pairs = sums[:, 0], sums[:, 1]
    means: Floats = np.divide(top, pairs, out=np.full(len(sums), np.nan), where=pairs > 0)
    return means


def bootstrap(
    rows: Floats, figure: Figure, *, draws: int = DRAWS, seed: int = 0, level: float = 0.95
) -> tuple[float, float]:
    """Percentile interval (Efron 1979) of a figure when studies are drawn with replacement.

    Args:
        rows: (studies, k), what each study adds to the sums.
        figure: sums to the figure; draws on which it is nan are left out.
        draws: resamples.
        seed: of the resampling.
        level: coverage.

    Returns:
        Lower and upper end; nan where no draw gives a figure.
    """
    return interval(figure(resampled(rows, draws=draws, seed=seed)), level=level)


def resampled(rows: Floats, *, draws: int = DRAWS, seed: int = 0) -> Floats:
    """Sums (draws, k) of studies drawn with replacement from rows (studies, k)."""
    n = len(rows)
    rng = np.random.default_rng(seed)
    sums = np.zeros((draws, rows.shape[1]))
    for k in range(draws if n else 0):
        times = np.bincount(rng.integers(n, size=n), minlength=n)
        sums[k] = times @ rows
    return sums


def interval(values: Floats, *, level: float = 0.95) -> tuple[float, float]:
    """Percentile interval of figures of draws; those that are nan are left out."""
    known = values[~np.isnan(values)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.percentile(known, (50 * (1 - level), 50 * (1 + level)))
    return float(low), float(high)


@dataclass(frozen=True)
class Comparison:
    """Two systems on the same studies.

    Attributes:
        difference: mean score of the first less that of the second.
        p: two-sided sign-flip p-value, (hits + 1) / (flips + 1).
        studies: how many studies both have.
    """

    difference: float
    p: float
    studies: int


def sign_flip(
    first: npt.ArrayLike, second: npt.ArrayLike, *, flips: int = FLIPS, seed: int = 0
) -> Comparison:
    """Paired randomisation test (Fisher 1935) on the scores of the same studies.

    Were the systems alike, each study's difference could as well have the other sign. A hit is a
    flip whose mean difference is at least as far from 0 as the one observed.

    Raises:
        ValueError: the two differ in length, or are empty.
    """
    difference = np.asarray(first, float) - np.asarray(second, float)
    if difference.ndim != 1 or not len(difference):
        raise ValueError("give one score a study, of at least one study, for both systems")
    observed = abs(float(difference.sum()))
    rng = np.random.default_rng(seed)
    hits, left = 0, flips
    step = max(1, 4_000_000 // len(difference))
    while left:
        now = min(step, left)
        signs = rng.integers(0, 2, size=(now, len(difference)), dtype=np.int8) * 2 - 1
        sums = np.abs(signs @ difference)
        hits += int((sums >= observed * (1 - 1e-12) - 1e-15).sum())
        left -= now
    return Comparison(float(difference.mean()), (hits + 1) / (flips + 1), len(difference))


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """P-values adjusted for their number (Holm 1979), in the order given."""
    ranked = sorted(p_values, key=lambda name: p_values[name])
    adjusted: dict[str, float] = {}
    largest = 0.0
    for rank, name in enumerate(ranked):
        largest = max(largest, min(1.0, (len(ranked) - rank) * p_values[name]))
        adjusted[name] = largest
    return {name: adjusted[name] for name in p_values}
