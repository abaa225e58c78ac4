"""Pictures as vision-language models are shown them: 8-bit grey with square pixels, and no more.

A bitmap is made of an array, so that nothing of a file or a header can travel with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tools.captioner.pictures import Picture

if TYPE_CHECKING:
    from PIL.Image import Image

LARGEST = 1024
"""Longest side in pixels; a larger picture is made smaller."""
_GAP = 8
"""Black columns between two pictures that are laid side by side."""


def of(picture: Picture) -> Image:
    """The bitmap of a picture; a crop's pixels are square already."""
    geometry = None if picture.level else picture.series.geometry
    return bitmap(picture.pixels, geometry.spacing if geometry else None)


def bitmap(pixels: npt.ArrayLike, spacing: tuple[float, float] | None = None) -> Image:
    """A bitmap of grey values.

    Args:
        pixels: (rows, columns), 0 black to 1 white.
        spacing: (row, column) millimetres of its pixels; None means square pixels.

    Returns:
        Mode ``L``, square pixels, no side longer than :data:`LARGEST`.
    """
    from PIL import Image

    values = np.rint(np.clip(np.asarray(pixels, np.float32), 0, 1) * 255).astype(np.uint8)
    made = Image.fromarray(values)
    row, column = spacing or (1.0, 1.0)
    finer = min(row, column)
    high, wide = values.shape[0] * row / finer, values.shape[1] * column / finer
    scale = min(1.0, LARGEST / max(high, wide))
    size = (max(1, round(wide * scale)), max(1, round(high * scale)))
    return made if size == made.size else made.resize(size, Image.Resampling.BICUBIC)


def beside(bitmaps: Sequence[Image]) -> Image:
    """One bitmap of several, side by side, as high as the highest; for models that take one."""
    from PIL import Image

    height = max(one.height for one in bitmaps)
    level = [
        one
        if one.height == height
        else one.resize((max(1, round(one.width * height / one.height)), height))
        for one in bitmaps
    ]
    wide = sum(one.width for one in level) + _GAP * (len(level) - 1)
    sheet = Image.new("L", (wide, height))
    left = 0
    for one in level:
        sheet.paste(one, (left, 0))
        left += one.width + _GAP
    return sheet


def squared(given: Image) -> Image:
    """A bitmap on a black square, so that a model that stretches pictures does not stretch it."""
    from PIL import Image

    side = max(given.size)
    sheet = Image.new("L", (side, side))
    sheet.paste(given, ((side - given.width) // 2, (side - given.height) // 2))
    return sheet


def png(given: Image) -> bytes:
    """A bitmap as PNG: header, pixels and end, and no other chunk."""
    buffer = BytesIO()
    given.save(buffer, format="PNG")
    return buffer.getvalue()
