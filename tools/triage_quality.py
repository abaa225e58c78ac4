"""How good a slice or radiograph is: its size, sharpness, noise, contrast, clipping, lost parts.

Computed from the pixels alone, without a network. What is beyond a line is named; the lines are
those that hardly a slice of the training part passes (``finetune/triage_figures.py``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from radixgpt.study import Quality
from tools import triage_signal

Floats = npt.NDArray[np.float32]

SMALL = 240
"""Longer side below which an image is called small: a lumbar disc has some ten rows then."""
NOISY = 0.05
"""Standard deviation of the noise, in shares of the span of the greys."""
BLURRED = 0.55
"""Fine over coarse detail below which an image is blurred, or was enlarged."""
FEW_GREYS = 40
"""Grey levels between the darkest and the brightest percent below which contrast is lost."""
CLIPPED = 0.12
"""Share of the pixels at the brightest value above which bright parts are lost."""

_MAD = 0.6745
"""Median absolute deviation of a normal distribution with standard deviation 1."""


@dataclass(frozen=True)
class Measures:
    """What is measured of one image.

    Attributes:
        side: the larger of rows and columns.
        noise: of the finest diagonal detail (Donoho and Johnstone 1994), in shares of the span.
        sharpness: spread of the finest detail over that of the next coarser.
        greys: distinct values between the 1st and the 99th percentile, at most 256.
        clipped: share of the pixels at the brightest value.
    """

    side: int
    noise: float
    sharpness: float
    greys: int
    clipped: float


def measure(pixels: Floats) -> Measures:
    """Measure one image (rows, columns) of any range."""
    low, high = (float(v) for v in np.percentile(pixels, (1, 99)))
    span = max(high - low, 1e-6)
    x = (pixels.astype(np.float32) - low) / span
    rows, columns = (side // 2 * 2 for side in x.shape)
    even = x[:rows, :columns]
    diagonal = (even[::2, ::2] - even[1::2, ::2] - even[::2, 1::2] + even[1::2, 1::2]) / 2
    shown = even[::2, ::2] > 0.05  # air has no signal, and often was set to nothing
    some = diagonal[shown] if shown.sum() > 500 else diagonal.ravel()
    one, two = ndimage.gaussian_filter(x, 1), ndimage.gaussian_filter(x, 2)
    fine, coarse = float((x - one).std()), float((one - two).std())
    between = pixels[(pixels >= low) & (pixels <= high)]
    steps = np.unique(np.round((between - low) / span * 255)) if between.size else np.zeros(1)
    return Measures(
        max(pixels.shape),
        float(np.median(np.abs(some)) / _MAD) if some.size else 0.0,  # one row or column has none
        fine / max(coarse, 1e-6),
        len(steps),
        float((pixels >= pixels.max()).mean()),
    )


def judge(pixels: Floats) -> Quality:
    """What limits one image (rows, columns)."""
    seen = measure(pixels)
    limits = []
    if seen.side < SMALL:
        limits.append(f"small ({pixels.shape[0]} x {pixels.shape[1]} pixels)")
    if seen.noise > NOISY:
        limits.append("noisy")
    elif seen.sharpness < BLURRED:
        limits.append("blurred or enlarged")
    if seen.greys < FEW_GREYS:
        limits.append("few grey levels")
    if seen.clipped > CLIPPED:
        limits.append("bright parts clipped")
    if lost := triage_signal.lost_part(pixels):
        limits.append(f"{lost} empty")
    return Quality(tuple(limits))
