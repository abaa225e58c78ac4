"""Whether a generator covers what it learned from, or has collapsed to a few modes.

Real crops are sorted into bins by k-means in the features of our own disc grader. Of a set as large
as that of other real crops, the share that falls into each bin should be the real share: the number
of statistically different bins (Richardson and Weiss, NeurIPS 2018). Beside it, how unlike two made
crops of one condition are, against two real discs of that condition.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]
BINS = 20
_SEED = 11
_Z = 1.96


@dataclass(frozen=True)
class Coverage:
    """How a set fills the bins of real crops.

    Attributes:
        different: bins whose share differs from the real one beyond chance (two-sided, 5 %).
        empty: bins in which nothing falls.
        bins: how many there are.
    """

    different: int
    empty: int
    bins: int


def coverage(real: Floats, made: Floats, bins: int = BINS) -> Coverage:
    """Hold how a set fills the bins against how the real set does.

    Args:
        real: features (n, d), which make the bins.
        made: features (m, d).
        bins: k of k-means; about ten real crops a bin are wanted.
    """
    from sklearn.cluster import KMeans

    found = KMeans(bins, random_state=_SEED, n_init=3).fit(np.asarray(real, np.float64))
    first = np.bincount(found.labels_, minlength=bins)
    second = np.bincount(found.predict(np.asarray(made, np.float64)), minlength=bins)
    n, m = len(real), len(made)
    pooled = (first + second) / (n + m)
    error = np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    apart = np.abs(first / n - second / m)
    different = int((apart > _Z * np.maximum(error, 1e-12)).sum())
    return Coverage(different, int((second == 0).sum()), bins)


def unlike(images: npt.NDArray[np.floating]) -> float:
    """Mean of 1 - correlation over all pairs of crops (n, rows, columns): 0 where all are one."""
    flat = np.asarray(images, np.float64).reshape(len(images), -1)
    flat = flat - flat.mean(1, keepdims=True)
    flat /= np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-9)
    pairs = flat @ flat.T
    return float(1 - pairs[np.triu_indices(len(flat), 1)].mean())
