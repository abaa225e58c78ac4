"""How alike two pictures are once one is laid over the other.

Both are shrunk to squares of 64 pixels. Their details (what is left without the smooth part, over
its local strength) are compared at scales of 0.90 to 1.10 in both directions and at every shift, by
the product of their Fourier transforms; at the best place the grey values are compared as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import fft, ndimage

SIDE = 64
Grey = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

_SMOOTH = 2.0  # pixels
_FLOOR = 3.0  # grey values: noise in black parts stays weak
_SCALES = (0.92, 0.96, 1.0, 1.04, 1.08)
_FINER = (-0.02, 0.02)
_EDGE = 6  # pixels that a shift may bring in from outside


@dataclass(frozen=True)
class Likeness:
    """How alike two pictures are.

    Attributes:
        detail: correlation of details at the best place, -1 to 1.
        grey: correlation of grey values there.
    """

    detail: float
    grey: float


def details(grey: Grey) -> Floats:
    """Local contrast of a square of grey values, with mean 0 and length 1."""
    values = grey.astype(np.float32)
    rough = values - ndimage.gaussian_filter(values, _SMOOTH)
    strength = np.sqrt(ndimage.gaussian_filter(rough**2, 2 * _SMOOTH))
    return _unit(np.asarray(rough / (strength + _FLOOR), np.float32))


def at_best_shift(one: Floats, other: Floats) -> float:
    """Correlation of two details, not scaled, at their best shift: quick, and low for crops."""
    spectrum = np.conj(fft.rfft2(one)) * fft.rfft2(other)
    return float(fft.irfft2(spectrum, s=(SIDE, SIDE)).max())


def likeness(one: Grey, other: Grey) -> Likeness:
    """Compare two squares of grey values of shape (64, 64)."""
    spectrum = np.conj(fft.rfft2(details(one)))
    second = details(other)
    place = _best(spectrum, second, [(y, x) for y in _SCALES for x in _SCALES])
    near = [(place[1] + y, place[2] + x) for y in (0.0, *_FINER) for x in (0.0, *_FINER)]
    detail, scale_y, scale_x, down, right = _best(spectrum, second, near)
    laid = np.roll(_scaled(other.astype(np.float32), scale_y, scale_x), (-down, -right), (0, 1))
    inner = slice(_EDGE, SIDE - _EDGE)
    grey = _unit(one[inner, inner].astype(np.float32)) * _unit(laid[inner, inner])
    return Likeness(detail, float(grey.sum()))


def _best(
    spectrum: npt.NDArray[np.complex64], details: Floats, scales: list[tuple[float, float]]
) -> tuple[float, float, float, int, int]:
    """Correlation, scales and shift at which details fit best."""
    stack = _unit(np.stack([_scaled(details, y, x) for y, x in scales]))
    fits = fft.irfft2(spectrum * fft.rfft2(stack), s=(SIDE, SIDE))
    where = int(fits.argmax())
    index, down, right = (int(part) for part in np.unravel_index(where, fits.shape))
    half = SIDE // 2
    down, right = ((part + half) % SIDE - half for part in (down, right))
    return float(fits.flat[where]), *scales[index], down, right


def _scaled(square: Floats, scale_y: float, scale_x: float) -> Floats:
    return np.asarray(_scaling(scale_y) @ square @ _scaling(scale_x).T, np.float32)


@lru_cache(maxsize=64)
def _scaling(scale: float) -> Floats:
    """The matrix that scales 64 values about their middle, linear between them."""
    middle = (SIDE - 1) / 2
    places = np.clip((np.arange(SIDE) - middle) / scale + middle, 0, SIDE - 1)
    low = np.minimum(places.astype(int), SIDE - 2)
    part = (places - low).astype(np.float32)
    matrix = np.zeros((SIDE, SIDE), np.float32)
    matrix[np.arange(SIDE), low] = 1 - part
    matrix[np.arange(SIDE), low + 1] += part
    return matrix


def _unit(values: Floats) -> Floats:
    """Values with mean 0 and length 1 over the last two axes."""
    centred = values - values.mean(axis=(-2, -1), keepdims=True)
    length = np.sqrt((centred**2).sum(axis=(-2, -1), keepdims=True))
    return np.asarray(centred / (length + 1e-6), np.float32)
