"""Planes, and turning slices upright.

Patient coordinates are DICOM's: x to the left, y to the back, z to the head (LPS). After
``upright`` an image is shown as radiologists look at it:

===========  ====================  ===================
plane        rows run              columns run
===========  ====================  ===================
sagittal     head to feet          front to back
axial        front to back         right to left
coronal      head to feet          right to left
===========  ====================  ===================

that is, in a sagittal image the head is up and the front is on the left. Slices of other, truly
oblique planes are left as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from radixgpt.reading.frame import Orientation, Vector
from radixgpt.study import Plane

_LEAST_COSINE = 0.7  # about 45 degrees: discs of the lumbosacral junction are tilted by up to 40

_NORMAL_AXIS = {0: Plane.SAGITTAL, 1: Plane.CORONAL, 2: Plane.AXIAL}
_UPRIGHT: dict[Plane, tuple[Vector, Vector]] = {
    Plane.SAGITTAL: ((0.0, 1.0, 0.0), (0.0, 0.0, -1.0)),
    Plane.CORONAL: ((1.0, 0.0, 0.0), (0.0, 0.0, -1.0)),
    Plane.AXIAL: ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)),
}
"""Wanted direction of rows (growing column) and of columns (growing row)."""

_LETTERS = {
    "L": (1.0, 0.0, 0.0),
    "R": (-1.0, 0.0, 0.0),
    "P": (0.0, 1.0, 0.0),
    "A": (0.0, -1.0, 0.0),
    "H": (0.0, 0.0, 1.0),
    "F": (0.0, 0.0, -1.0),
}


def normal(orientation: Orientation) -> npt.NDArray[np.float64]:
    """Unit vector across the slices: row direction x column direction."""
    return np.cross(orientation[:3], orientation[3:])


def plane_of(orientation: Orientation) -> Plane:
    """The anatomical plane that the slices are closest to; unknown if none is close."""
    along = np.abs(normal(orientation))
    axis = int(along.argmax())
    return _NORMAL_AXIS[axis] if along[axis] >= _LEAST_COSINE else Plane.UNKNOWN


def orientation_of_letters(values: tuple[str, ...]) -> Orientation | None:
    """Directions from patient orientation letters such as P, F (PS3.3 C.7.6.1.1.1)."""
    if len(values) != 2 or not all(value[:1] in _LETTERS for value in values):
        return None
    row, column = (_LETTERS[value[0]] for value in values)
    if abs(float(np.dot(row, column))) > 0:
        return None
    return (*row, *column)


@dataclass(frozen=True)
class Turn:
    """How slices are turned upright: first swapped over the diagonal, then flipped."""

    swap: bool
    flip_rows: bool
    flip_columns: bool

    def pixels(self, slices: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Turn the last two axes; a view."""
        turned = np.swapaxes(slices, -1, -2) if self.swap else slices
        if self.flip_rows:
            turned = turned[..., ::-1, :]
        return turned[..., ::-1] if self.flip_columns else turned

    def back(self, point: tuple[float, float], shape: tuple[int, int]) -> tuple[float, float]:
        """The (x, y) of a point of a turned slice in the slice as it was.

        Args:
            point: column and row, pixel centres at integers.
            shape: (rows, columns) of the turned slice.
        """
        x = shape[1] - 1 - point[0] if self.flip_columns else point[0]
        y = shape[0] - 1 - point[1] if self.flip_rows else point[1]
        return (y, x) if self.swap else (x, y)

    def spacing(self, spacing: tuple[float, float]) -> tuple[float, float]:
        """(row, column) spacing of the turned slices."""
        return (spacing[1], spacing[0]) if self.swap else spacing

    def orientation(self, orientation: Orientation) -> Orientation:
        """Direction cosines of the turned slices."""
        a, b, c, d, e, f = orientation
        row, column = ((d, e, f), (a, b, c)) if self.swap else ((a, b, c), (d, e, f))
        if self.flip_columns:
            row = (-row[0], -row[1], -row[2])
        if self.flip_rows:
            column = (-column[0], -column[1], -column[2])
        return (*row, *column)

    def position(
        self,
        position: Vector,
        orientation: Orientation,
        spacing: tuple[float, float],
        shape: tuple[int, int],
    ) -> Vector:
        """Where the first pixel of a turned slice lies.

        Args:
            position: of the first pixel before.
            orientation: direction cosines before.
            spacing: (row, column) before, millimetres.
            shape: (rows, columns) before.
        """
        along_rows, along_columns = np.asarray(orientation[:3]), np.asarray(orientation[3:])
        point = np.asarray(position, dtype=np.float64)
        # After a swap the old rows are the new columns, so the flips change places.
        flips = (self.flip_rows, self.flip_columns)
        reverse_rows, reverse_columns = flips[::-1] if self.swap else flips
        if reverse_columns:
            point = point + (shape[1] - 1) * spacing[1] * along_rows
        if reverse_rows:
            point = point + (shape[0] - 1) * spacing[0] * along_columns
        return float(point[0]), float(point[1]), float(point[2])


def upright(orientation: Orientation) -> Turn:
    """How slices of this orientation are turned upright."""
    wanted = _UPRIGHT.get(plane_of(orientation))
    if wanted is None:
        return Turn(False, False, False)
    row, column = np.asarray(orientation[:3]), np.asarray(orientation[3:])
    to_row, to_column = (np.asarray(vector) for vector in wanted)
    swap = abs(float(column @ to_row)) > abs(float(row @ to_row))
    if swap:
        row, column = column, row
    return Turn(swap, bool(column @ to_column < 0), bool(row @ to_row < 0))
