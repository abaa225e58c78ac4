"""Whether two series show the same spine: do their borders lie alike?

T1 and T2 have other greys, but the borders of bodies, discs and canal lie in the same places. Both
slices are brought to the size and place of their discs, so that another field of view does not
matter.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from tools.column import Column

Floats = npt.NDArray[np.floating]

UNLIKE = 0.4
"""Correlation of the borders below which a reader is asked to look. Of the development patients'
pairs of T1 and T2 none lies below, of the training patients' 3 %, of pairs of two patients 79 % and
87 % (`python -m finetune.same_spine`)."""
UNLIKE_TEXT = (
    "Two series may not show the same spine: what has borders in one has them elsewhere in the "
    "other. Check that both are of this patient."
)
_SIDE = 128
_STEP = 14.0
"""Pixels from disc to disc where borders are compared."""
_LOWEST = 5
_FEWEST = 4
_MOVED = 6
"""Pixels by which one is moved against the other, in search of the best fit."""
_RIM = 16


def alike(
    first: npt.NDArray[np.float32],
    column: Column,
    second: npt.NDArray[np.float32],
    other: Column,
) -> float | None:
    """The best correlation of the borders of two framed slices, -1 to 1; None where unclear.

    Args:
        first: a frame, (SIZE, SIZE), as the column network saw it.
        column: what was found in it.
        second: another frame.
        other: what was found in that.
    """
    borders = _borders(first, column), _borders(second, other)
    if borders[0] is None or borders[1] is None:
        return None
    inner = borders[0][_RIM:-_RIM, _RIM:-_RIM].ravel()
    moves = range(-_MOVED, _MOVED + 1)
    found = []
    for down in moves:
        for right in moves:
            moved = borders[1][
                _RIM + down : _SIDE - _RIM + down, _RIM + right : _SIDE - _RIM + right
            ]
            found.append(np.corrcoef(inner, moved.ravel())[0, 1])
    best = float(np.nanmax(found)) if np.isfinite(found).any() else None
    return best


def doubt(pairs: Sequence[tuple[npt.NDArray[np.float32], Column]]) -> bool:
    """Whether two of several series look like different spines."""
    for i, (frame, column) in enumerate(pairs):
        for second, other in pairs[i + 1 :]:
            value = alike(frame, column, second, other)
            if value is not None and value < UNLIKE:
                return True
    return False


def _borders(frame: npt.NDArray[np.float32], column: Column) -> Floats | None:
    centres = np.array([d.centre for d in column.discs[:_LOWEST] if d is not None], float)
    if len(centres) < _FEWEST:
        return None
    step = float(np.median(np.hypot(*np.diff(centres, axis=0).T))) / _STEP
    if step <= 0:
        return None
    smooth = ndimage.gaussian_filter(frame, 0.5 * step) if step > 1 else frame
    first = centres.mean(0)[::-1] - step * _SIDE / 2
    cut = ndimage.affine_transform(
        smooth, (step, step), first, output_shape=(_SIDE, _SIDE), order=1, cval=-1
    )
    cut = ndimage.gaussian_filter(cut, 1.0)
    steep = np.hypot(ndimage.sobel(cut, 0), ndimage.sobel(cut, 1))
    return np.asarray(steep / (ndimage.gaussian_filter(steep, 6) + 0.02))
