"""How far made-up images are from real ones, in the features of an encoder that is named with them.

FID: Heusel et al. 2017. KID: Binkowski et al. 2018, the one for small sets. Precision and recall:
Kynkaanniemi et al. 2019. All compare sets of feature vectors; a figure means something only beside
that of real against other real images.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import linalg

from radixgpt.errors import InputError

Floats = npt.NDArray[np.floating]
_FEWEST = 4


def _check(real: Floats, made: Floats) -> None:
    if real.ndim != 2 or made.ndim != 2 or real.shape[1] != made.shape[1]:
        raise InputError(
            "Real and made features are of different shapes.",
            "Give (n, d) and (m, d) of one encoder.",
        )
    if min(len(real), len(made)) < _FEWEST:
        raise InputError(
            f"{min(len(real), len(made))} images are too few to compare.",
            f"Give {_FEWEST} or more.",
        )


def fid(real: Floats, made: Floats) -> float:
    """Squared Frechet distance of two normal distributions with the sets' means and covariances.

    It is biased upwards for small sets: the smaller the sets, the larger it gets.

    Args:
        real: (n, d).
        made: (m, d).

    Raises:
        InputError: other shapes, or too few rows.
    """
    _check(real, made)
    a, b = np.asarray(real, np.float64), np.asarray(made, np.float64)
    first, second = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    # The trace of the root of a product of two covariances, by way of a symmetric matrix.
    values, axes = linalg.eigh(np.atleast_2d(first))
    root = (axes * np.sqrt(np.clip(values, 0, None))) @ axes.T
    inner = linalg.eigvalsh(root @ np.atleast_2d(second) @ root)
    overlap = np.sqrt(np.clip(inner, 0, None)).sum()
    apart = float(((a.mean(0) - b.mean(0)) ** 2).sum())
    total = float(np.trace(np.atleast_2d(first)) + np.trace(np.atleast_2d(second)))
    return max(0.0, apart + total - 2 * float(overlap))


def kid(real: Floats, made: Floats) -> float:
    """Unbiased squared maximum mean discrepancy with the kernel (x y / d + 1)^3.

    Args:
        real: (n, d).
        made: (m, d).

    Raises:
        InputError: other shapes, or too few rows.
    """
    _check(real, made)
    a, b = np.asarray(real, np.float64), np.asarray(made, np.float64)

    def kernel(x: Floats, y: Floats) -> Floats:
        powered: Floats = (x @ y.T / x.shape[1] + 1) ** 3
        return powered

    def within(x: Floats) -> float:
        whole = kernel(x, x)
        return float(whole.sum() - np.trace(whole)) / (len(x) * (len(x) - 1))

    return within(a) + within(b) - 2 * float(kernel(a, b).mean())


def precision_recall(real: Floats, made: Floats, nearest: int = 3) -> tuple[float, float]:
    """Share of the made images that lie among the real ones, and of the real among the made.

    Args:
        real: (n, d).
        made: (m, d).
        nearest: an image's reach is the distance to its so many-th neighbour in its own set.

    Raises:
        InputError: other shapes, or too few rows.
    """
    _check(real, made)
    return _covered(made, real, nearest), _covered(real, made, nearest)


def _covered(points: Floats, by: Floats, nearest: int) -> float:
    own = _distances(by, by)
    reach = np.sort(own, axis=1)[:, min(nearest, len(by) - 1)]  # place 0 is the image itself
    return float((_distances(points, by) <= reach[None, :]).any(1).mean())


def _distances(a: Floats, b: Floats) -> Floats:
    x, y = np.asarray(a, np.float64), np.asarray(b, np.float64)
    squared = (x**2).sum(1)[:, None] + (y**2).sum(1)[None, :] - 2 * x @ y.T
    found: Floats = np.sqrt(np.clip(squared, 0, None))
    return found


@dataclass(frozen=True)
class Copies:
    """Whether made images are copies of images that were learned from.

    Attributes:
        line: correlation from which an image counts as a copy: that of the 99th percentile of
            real images' nearest neighbours among other patients' images.
        share: of the made images that are beyond it.
        nearest: correlation of each made image with its nearest training image.
    """

    line: float
    share: float
    nearest: tuple[float, ...]


def copies(
    made: Floats, learned: Floats, patients: npt.ArrayLike, *, quantile: float = 0.99
) -> Copies:
    """Look for memorised images by the correlation of their pixels.

    Args:
        made: (m, pixels).
        learned: (n, pixels) images that were learned from.
        patients: (n,) of whom; real images are compared across patients only.
        quantile: of the real images' correlations that no made image should pass.

    Raises:
        InputError: other shapes, or too few rows.
    """
    _check(learned, made)
    whose = np.asarray(patients)
    if len(np.unique(whose)) < 2:
        raise InputError(
            "All images are one patient's.",
            "Give images of several: copies are told across patients.",
        )
    a, b = _standard(made), _standard(learned)
    between = b @ b.T
    between[whose[:, None] == whose[None, :]] = -1
    line = float(np.quantile(between.max(1), quantile))
    nearest = (a @ b.T).max(1)
    return Copies(line, float((nearest > line).mean()), tuple(float(v) for v in nearest))


def _standard(images: Floats) -> Floats:
    flat = np.asarray(images, np.float64).reshape(len(images), -1)
    flat = flat - flat.mean(1, keepdims=True)
    found: Floats = flat / np.linalg.norm(flat, axis=1, keepdims=True).clip(1e-9)
    return found
