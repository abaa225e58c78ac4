"""The one preprocessing of slices: training and inference both go through here.

A slice is brought to square pixels, scaled to [-1, 1] by percentiles, and letterboxed into a
square frame. :class:`Frame` keeps the way back to the slice's own pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Frame:
    """A slice as a network sees it.

    Attributes:
        pixels: float32 (size, size) in [-1, 1].
        scale: (x, y) frame pixels per slice pixel.
        offset: (x, y) frame coordinates of the slice's first pixel.
    """

    pixels: Array
    scale: tuple[float, float]
    offset: tuple[float, float]

    def to_slice(self, points: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Frame coordinates (n, 2) as (x, y) to slice coordinates."""
        return (np.asarray(points, float).reshape(-1, 2) - self.offset) / self.scale

    def to_frame(self, points: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Slice coordinates (n, 2) as (x, y) to frame coordinates."""
        return np.asarray(points, float).reshape(-1, 2) * self.scale + self.offset


def standardise(pixels: npt.ArrayLike) -> Array:
    """Scale a slice to [-1, 1] by its 1st and 99.5th percentile; a constant slice becomes -1."""
    values = np.asarray(pixels, np.float32)
    low, high = np.percentile(values, (1, 99.5))
    if not high > low:
        return np.full(values.shape, -1, np.float32)
    scaled: Array = np.clip((values - low) / (high - low), 0, 1).astype(np.float32) * 2 - 1
    return scaled


def resize(pixels: Array, rows: int, columns: int) -> Array:
    """Resize (rows, columns) float32 with area averaging, pixel areas aligned."""
    from PIL import Image

    image = Image.fromarray(np.ascontiguousarray(pixels, np.float32))
    resampled = image.resize(
        (columns, rows),
        Image.Resampling.BOX if rows < pixels.shape[0] / 2 else Image.Resampling.BILINEAR,
    )
    return np.asarray(resampled, np.float32)


def frame(pixels: npt.ArrayLike, size: int, spacing: tuple[float, float] | None = None) -> Frame:
    """Frame one slice.

    Args:
        pixels: (rows, columns), any range.
        size: side of the frame in pixels.
        spacing: (row, column) distance of pixel centres in millimetres; None means square pixels.
    """
    values = standardise(pixels)
    rows, columns = values.shape
    high, wide = (rows * spacing[0], columns * spacing[1]) if spacing else (rows, columns)
    unit = size / max(high, wide)
    new_rows, new_columns = max(1, round(high * unit)), max(1, round(wide * unit))
    out = np.full((size, size), -1, np.float32)
    top, left = (size - new_rows) // 2, (size - new_columns) // 2
    out[top : top + new_rows, left : left + new_columns] = resize(values, new_rows, new_columns)
    scale = (new_columns / columns, new_rows / rows)
    # Pixel centres are at integers on both sides.
    offset = (left + scale[0] / 2 - 0.5, top + scale[1] / 2 - 0.5)
    return Frame(out, scale, offset)
