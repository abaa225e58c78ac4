"""A picture's fingerprint: knows the same picture again, and shows nothing of it.

The 64 signs of its lowest cosine frequencies against their median (a perceptual hash, Zauner
2010). Resized, windowed or stored anew, a picture keeps all but a few of them; two people's share
about half.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

_SIDE, _LOW = 32, 8
NEAR = 8
"""Bits of 64 by which two prints of one picture may differ."""


def print_of(pixels: npt.ArrayLike) -> str:
    """The fingerprint of a slice (rows, columns), 16 hexadecimal digits; empty for a blank one."""
    from PIL import Image
    from scipy.fft import dctn

    values = np.asarray(pixels, np.float32)
    low, high = np.percentile(values, (1, 99))
    if not high > low:
        return ""
    scaled = np.clip((values - low) / (high - low), 0, 1).astype(np.float32)
    small = Image.fromarray(scaled).resize((_SIDE, _SIDE), Image.Resampling.BOX)
    waves = dctn(np.asarray(small, float), norm="ortho")[:_LOW, :_LOW].ravel()
    waves[0] = 0.0  # the mean grey tells nothing
    bits = waves > np.median(waves)
    return f"{int(''.join('1' if bit else '0' for bit in bits), 2):016x}"


def near(
    own: Iterable[str], values: npt.NDArray[np.uint64], rows: npt.NDArray[np.int64]
) -> set[int]:
    """The cases that have a picture of one's own.

    Args:
        own: fingerprints of the open study's pictures.
        values: (n,) fingerprints of all cases.
        rows: (n,) the case of each.
    """
    found: set[int] = set()
    for text in own:
        if text:
            apart = np.bitwise_count(values ^ np.uint64(int(text, 16)))
            found.update(rows[apart <= NEAR].tolist())
    return found
