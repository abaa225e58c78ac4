"""Whether a disc shows any texture, or was painted over or lost.

Every measured image has noise, so that neighbouring pixels seldom have the same value, even in a
dark disc; paint and lost blocks have no other. A slice of few grey levels repeats values
everywhere, so a disc is held against the rest of its own slice.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]

_CORE = 0.6
"""Part of the outline, around its middle, that is looked at: its edge may lie outside the paint."""
_FLAT = 0.5
"""Share of equal neighbours from which a disc has no texture; `finetune.reliance` measures it."""
_BEYOND = 0.3
"""How much larger that share must be than in the slice around the spine."""
_SPREAD = 0.05
"""Range of the core's greys (10th to 90th percentile), in shares of the slice's, up to which it can
be paint: a disc whose signal is clipped at white repeats a value too, but darkens to its rim."""
_FEWEST = 6
"""Pixels of the core below which nothing is said."""


def textureless(pixels: npt.ArrayLike, outline: Floats, around: Floats) -> bool:
    """Whether the pixels within an outline are all but constant.

    Args:
        pixels: the slice as it is stored, (rows, columns); not resampled.
        outline: of the disc, (n, 2) as (x, y) in pixels of the slice.
        around: points (m, 2) of the column, whose box is what the disc is held against.
    """
    from skimage.draw import polygon

    if len(outline) < 3:
        return False
    values = np.asarray(pixels, np.float32)
    middle = outline.mean(0)
    core = middle + _CORE * (outline - middle)
    rows, columns = polygon(core[:, 1], core[:, 0], (values.shape[0], values.shape[1] - 1))
    if len(rows) < _FEWEST:
        return False
    same = np.diff(values, axis=1) == 0
    low, high = np.percentile(values[rows, columns], (10, 90))
    darkest, brightest = np.percentile(values, (1, 99))
    if high - low > _SPREAD * max(float(brightest - darkest), 1e-6):
        return False
    flat = float(same[rows, columns].mean())
    (left, top), (right, bottom) = around.min(0).astype(int), around.max(0).astype(int) + 1
    beside = same[max(top, 0) : bottom, max(left, 0) : right]
    return flat >= _FLAT and flat >= float(beside.mean() if beside.size else 0.0) + _BEYOND
