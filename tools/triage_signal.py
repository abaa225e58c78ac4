"""Whether a slice holds any signal at all: blank and noise, told without a network."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from tools.framing import resize, standardise

SMALLEST = 100
"""Rows and columns below which a slice is not graded: a disc would be some four pixels high."""

_LONGEST = 384
"""Slices are brought down to this side first, so that the measures mean the same for all."""
_DETAIL = 0.01
_BUSY = 0.05
_ALIKE = 0.35
_COARSE = 0.2


def verdict(pixels: npt.NDArray[np.float32]) -> Literal["blank", "noise"] | None:
    """Name what is wrong with a slice (rows, columns), or None.

    Blank: hardly a pixel differs from its surroundings, as in a constant, a gradient, or a frame
    around nothing (the margin does not count). Noise: neighbouring pixels are not alike and
    nothing is left when blocks are averaged. Real slices lie far from both (lumbar MR: at least a
    third of the pixels, a correlation of 0.9, and 0.4 of the variance).
    """
    values: npt.NDArray[np.float32] = np.asarray((standardise(pixels) + 1) / 2, np.float32)
    longest = max(values.shape)
    if longest > _LONGEST:
        rows, columns = (max(1, round(side * _LONGEST / longest)) for side in values.shape)
        values = resize(values, rows, columns)
    variance = float(values.var())
    if variance == 0:
        return "blank"
    detail = np.abs(values - ndimage.gaussian_filter(values, 2))
    inner = detail[tuple(slice(side // 10, side - side // 10) for side in detail.shape)]
    if float((inner > _DETAIL).mean()) < _BUSY:
        return "blank"
    if correlation(values) < _ALIKE and coarse_share(values) < _COARSE:
        return "noise"
    return None


def correlation(values: npt.NDArray[np.float32]) -> float:
    """Mean correlation of pixels that touch, along rows and columns."""
    centred = values - values.mean()
    variance = float((centred**2).mean())
    down = float((centred[1:] * centred[:-1]).mean()) if len(values) > 1 else 0.0
    along = float((centred[:, 1:] * centred[:, :-1]).mean()) if values.shape[1] > 1 else 0.0
    return (down + along) / (2 * variance)


def coarse_share(values: npt.NDArray[np.float32]) -> float:
    """Share of the variance that is left when 16 x 16 blocks of the slice are averaged."""
    rows, columns = (side // 16 for side in values.shape)
    if not rows or not columns:
        return 1.0
    cut = values[: rows * 16, : columns * 16]
    blocks = cut.reshape(16, rows, 16, columns).mean((1, 3))
    return float(blocks.var() / values.var())
