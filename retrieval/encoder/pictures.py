"""What an encoder is shown: checks and sizes of the pictures of one place."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch import Tensor
from torch.nn import functional

from radixgpt.errors import InputError
from retrieval.encoder import Floats, Views

SEQUENCES = ("t2", "t1", "grey")
_DARK = -1.0
_LEAST = 8
"""Fewer rows or columns show nothing."""


def checked(views: Views) -> dict[str, Floats]:
    """The pictures of a place in the order of SEQUENCES.

    Raises:
        InputError: no picture, an unknown sequence, different sizes, or values that aren't numbers.
    """
    mend = "Give t2, t1 or grey pictures of one size with values from -1 to 1."
    unknown = sorted(set(views) - set(SEQUENCES))
    if unknown or not views:
        what = (
            f"The sequence '{unknown[0][:20]}' is not known" if unknown else "There is no picture"
        )
        raise InputError(f"{what}.", mend)
    found = {name: np.asarray(views[name], np.float32) for name in SEQUENCES if name in views}
    shapes = {picture.shape for picture in found.values()}
    if len(shapes) > 1:
        raise InputError("The pictures of one place differ in size.", mend)
    shape = shapes.pop()
    if len(shape) != 2 or min(shape) < _LEAST:
        raise InputError(f"A picture of shape {shape} can't be looked at.", mend)
    if not all(np.isfinite(picture).all() for picture in found.values()):
        raise InputError("A picture holds values that are not numbers.", mend)
    return found


def fitted(picture: Tensor, crop: Sequence[int], side: int) -> Tensor:
    """Bring a picture (1, rows, columns) to one of the two sizes that the network knows.

    What has a crop's proportions becomes a crop; everything else is letterboxed into a square, with
    the dark of the air around it.

    Args:
        picture: in [-1, 1].
        crop: rows and columns of a crop of a disc.
        side: of the square that whole slices are shown in.
    """
    rows, columns = picture.shape[1:]
    if abs(rows * crop[1] / (columns * crop[0]) - 1) < 0.02:
        return _resized(picture, crop[0], crop[1])
    unit = side / max(rows, columns)
    high, wide = max(1, round(rows * unit)), max(1, round(columns * unit))
    small = _resized(picture, high, wide)
    top, left = (side - high) // 2, (side - wide) // 2
    edges = (left, side - wide - left, top, side - high - top)
    return functional.pad(small, edges, value=_DARK)


def _resized(picture: Tensor, rows: int, columns: int) -> Tensor:
    if tuple(picture.shape[1:]) == (rows, columns):
        return picture
    return functional.interpolate(
        picture[None], size=(rows, columns), mode="bilinear", antialias=True
    )[0]


def squared(picture: Floats) -> Floats:
    """A grey picture padded with dark to a square, so that nothing is cut off its longer side."""
    rows, columns = picture.shape
    side = max(rows, columns)
    out: Floats = np.full((side, side), _DARK, np.float32)
    top, left = (side - rows) // 2, (side - columns) // 2
    out[top : top + rows, left : left + columns] = picture
    return out
