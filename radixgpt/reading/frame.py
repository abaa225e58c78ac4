"""One slice on its way into a series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from radixgpt.reading.facts import Facts

Vector = tuple[float, float, float]
LAST = 1 << 31
"""Place within the study of a series that the source gives no number."""

_MOST_INTERCEPT = 1e30  # beyond it, float32 may overflow

Orientation = tuple[float, float, float, float, float, float]


@dataclass(frozen=True)
class Frame:
    """One slice with all that decides where it belongs.

    Attributes:
        pixels: stored values, shape (rows, columns), integers or float32.
        series: key of the series that the source says it belongs to.
        instance: remapped SOP instance UID.
        number: the source's place of the slice within its series.
        order: the source's place of the series within the study.
        slope, intercept: of the modality transform (PS3.3 C.11.1).
        inverted_from: for MONOCHROME1 the stored value that is darkest, else None.
        spacing: (row, column) distance of pixel centres in millimetres.
        position: patient coordinates in millimetres (LPS) of the first pixel.
        orientation: row and column direction cosines.
        stated_gap: distance of neighbouring slices in millimetres as the source says.
        split: echo time, b-value, stack: slices that differ in any of it are never one series.
        window: (centre, width) of stored values after the modality transform.
        facts: what the source says of the image.
        warnings: what was mended or can't be trusted.
    """

    pixels: npt.NDArray[Any]
    series: str
    instance: str
    number: int = 0
    order: int = 0
    slope: float = 1.0
    intercept: float = 0.0
    inverted_from: int | None = None
    spacing: tuple[float, float] | None = None
    position: Vector | None = None
    orientation: Orientation | None = None
    stated_gap: float | None = None
    split: tuple[float | str | None, ...] = ()
    window: tuple[float, float] | None = None
    facts: Facts = field(default_factory=Facts)
    warnings: tuple[str, ...] = ()

    @property
    def placed(self) -> bool:
        """Whether it is known where the slice lies."""
        return self.position is not None and self.orientation is not None

    @property
    def finite(self) -> bool:
        """Whether its values can't but be finite numbers: integers after the transform."""
        return self.pixels.dtype.kind in "iu" and abs(self.intercept) < _MOST_INTERCEPT

    def write_values(self, target: npt.NDArray[np.float32], turned: npt.NDArray[Any]) -> None:
        """Write pixels after the modality transform, larger is brighter, in one pass a step.

        Args:
            target: where they go.
            turned: a view of ``pixels`` of the same shape.
        """
        if self.inverted_from is not None:
            np.subtract(self.inverted_from, turned, out=target, dtype=np.float32, casting="unsafe")
        else:
            target[:] = turned
        if self.slope != 1.0:
            target *= self.slope
        if self.intercept != 0.0:
            target += self.intercept


def orientation_of(values: Sequence[float] | None) -> Orientation | None:
    """Direction cosines made exact, or None if they are no pair of orthogonal unit vectors.

    Headers round them; a length or an angle that is off by more than two percent is not rounding.
    """
    return None if values is None or len(values) != 6 else _exact(tuple(values))


@lru_cache(maxsize=64)
def _exact(values: tuple[float, ...]) -> Orientation | None:
    """As above, remembered, since the slices of a series share their direction."""
    row, column = np.asarray(values[:3]), np.asarray(values[3:])
    lengths = float(np.linalg.norm(row)), float(np.linalg.norm(column))
    if any(abs(length - 1) > 0.02 for length in lengths) or abs(float(row @ column)) > 0.02:
        return None
    row = row / lengths[0]
    column = column - (column @ row) * row
    column = column / np.linalg.norm(column)
    a, b, c, d, e, f = (float(v) for v in (*row, *column))
    return a, b, c, d, e, f
