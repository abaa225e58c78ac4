"""Whether a slice holds signal, and all over: blank, noise and lost parts, without a network."""

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
_FLAT = 0.02
"""Span of the grey values of a flat row or column, in shares of the slice's own."""
_LOST_ROWS, _LOST_COLUMNS = 0.15, 0.35
"""Share of the rows or columns beyond which a flat part at one edge is no margin.

Of good lumbar slices at most 9.6% of the rows and 27.2% of the columns, air behind the back, are
flat at an edge (``finetune/triage_figures.py``).
"""
_ONE_SIDED = 0.15
"""By how much it must be wider than the flat part at the other edge; bars on both are a margin."""
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


def lost_part(pixels: npt.NDArray[np.float32]) -> str:
    """Which part of a slice (rows, columns) holds no signal, as in ``lower 50%``; empty if none.

    A part is lost when it reaches across the whole slice from one edge, is flat, and is wider than
    margins are and than what is flat at the other edge.
    """
    for axis, most, names in (
        (0, _LOST_ROWS, ("upper", "lower")),
        (1, _LOST_COLUMNS, ("left", "right")),
    ):
        first, last = flat_sides(pixels, axis)
        if max(first, last) > most and abs(first - last) > _ONE_SIDED:
            return f"{names[int(last > first)]} {max(first, last):.0%}"
    return ""


def flat_sides(pixels: npt.NDArray[np.float32], axis: int) -> tuple[float, float]:
    """Shares of the rows (axis 0) or columns (1) that are flat at the start and at the end."""
    low, high = np.percentile(pixels, (0.5, 99.5))
    spans = pixels.max(1 - axis) - pixels.min(1 - axis)
    flat = spans <= _FLAT * max(float(high) - float(low), 1e-6)
    if flat.all():
        return 0.0, 0.0
    return int(np.argmin(flat)) / len(flat), int(np.argmin(flat[::-1])) / len(flat)


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
