"""How alike two pictures are once one is laid over the other.

Both are shrunk to squares of 64 pixels. Their details (what is left without the smooth part, over
its local strength) are compared at scales of 0.84 to 1.16 in both directions and at every shift, by
the product of their Fourier transforms. At the best place, details and grey values are compared
where the pictures overlap.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np
import numpy.typing as npt
from scipy import fft, ndimage

SIDE = 64
Grey = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Spectra = npt.NDArray[np.complex64]

_SMOOTH = 2.0  # pixels
_FLOOR = 3.0  # grey values: noise in black parts stays weak
_SCALES = (0.84, 0.88, 0.92, 0.96, 1.0, 1.04, 1.08, 1.12, 1.16)
_FINER = (0.02, 0.01)
_LEAST_OVERLAP = 0.5

_ROUGH_SIDE = SIDE // 2
_ROUGH_SCALES = (0.88, 0.96, 1.04, 1.12)
_BLOCK = 64


@dataclass(frozen=True)
class Likeness:
    """How alike two pictures are.

    Attributes:
        detail: correlation of details where they overlap at the best place, -1 to 1.
        grey: correlation of grey values there.
    """

    detail: float
    grey: float


def details(grey: npt.NDArray[np.uint8] | Floats, smooth: float = _SMOOTH) -> Floats:
    """Local contrast of a square of grey values, with mean 0 and length 1."""
    values = grey.astype(np.float32)
    rough = values - ndimage.gaussian_filter(values, smooth)
    strength = np.sqrt(ndimage.gaussian_filter(rough**2, 2 * smooth))
    return _unit(np.asarray(rough / (strength + _FLOOR), np.float32))


def likeness(one: Grey, other: Grey) -> Likeness:
    """Compare two squares of grey values of shape (64, 64)."""
    first, second = details(one), details(other)
    spectrum = np.conj(fft.rfft2(first))
    place = _best(spectrum, second, [*product(_SCALES, _SCALES)])
    for step in _FINER:
        near = (-step, 0.0, step)
        around = [(place.scale_y + y, place.scale_x + x) for y, x in product(near, near)]
        place = max(place, _best(spectrum, second, around), key=lambda one: one.fit)
    rows, columns = place.of_other()
    inside = np.ix_(_within(rows), _within(columns))
    if first[inside].size < _LEAST_OVERLAP * first.size:
        return Likeness(0.0, 0.0)
    return Likeness(
        _correlation(first[inside], _at(second, rows, columns)[inside]),
        _correlation(one.astype(np.float32)[inside], _at(other, rows, columns)[inside]),
    )


@dataclass(frozen=True)
class _Place:
    """How the other picture lies on the first.

    Attributes:
        fit: correlation of details over the whole square, what lies outside taken round.
        scale_y, scale_x: of the other picture, about its middle.
        down, right: shift after scaling, pixels.
    """

    fit: float
    scale_y: float
    scale_x: float
    down: int
    right: int

    def of_other(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Row and column of the other picture under each row and column of the first."""
        middle = (SIDE - 1) / 2
        places = np.arange(SIDE, dtype=np.float64) - middle
        return (
            (places + self.down) / self.scale_y + middle,
            (places + self.right) / self.scale_x + middle,
        )


def _best(spectrum: Spectra, second: Floats, scales: Sequence[tuple[float, float]]) -> _Place:
    """The scales and the shift at which details fit best."""
    stack = _unit(np.stack([_scaled(second, y, x) for y, x in scales]))
    fits = fft.irfft2(spectrum * fft.rfft2(stack), s=(SIDE, SIDE))
    where = int(fits.argmax())
    index, down, right = (int(part) for part in np.unravel_index(where, fits.shape))
    half = SIDE // 2
    down, right = ((part + half) % SIDE - half for part in (down, right))
    return _Place(float(fits.flat[where]), *scales[index], down, right)


def _within(places: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    return (places >= 0) & (places <= SIDE - 1)


def _at(
    square: npt.NDArray[np.uint8] | Floats,
    rows: npt.NDArray[np.float64],
    columns: npt.NDArray[np.float64],
) -> Floats:
    """Values of a square at the crossings of rows and columns, linear between pixels."""
    grid = np.meshgrid(rows.clip(0, SIDE - 1), columns.clip(0, SIDE - 1), indexing="ij")
    return np.asarray(ndimage.map_coordinates(square.astype(np.float32), grid, order=1))


def _correlation(one: Floats, other: Floats) -> float:
    first, second = one - one.mean(), other - other.mean()
    length = np.sqrt(float((first**2).sum()) * float((second**2).sum()))
    return float((first * second).sum() / (length + 1e-9))


class Roughly:
    """Compares many squares quickly: at half the size and sixteen scales."""

    def __init__(self, greys: Sequence[Grey]) -> None:
        halves = [_halved(grey) for grey in greys]
        self._details = [details(half, _SMOOTH / 2) for half in halves]
        spectra = [np.conj(fft.rfft2(one)) for one in self._details]
        self._spectra = np.asarray(spectra, np.complex64)

    def following(self, place: int) -> npt.NDArray[np.float32]:
        """Correlation of the details of one square with those of each that follows it."""
        scaled = [
            _scaled(self._details[place], y, x) for y, x in product(_ROUGH_SCALES, _ROUGH_SCALES)
        ]
        own = fft.rfft2(_unit(np.stack(scaled)))
        found = [np.empty(0, np.float32)]
        for block in self._blocks(place + 1):
            fits = fft.irfft2(block[:, None] * own, s=(_ROUGH_SIDE, _ROUGH_SIDE))
            found.append(fits.max(axis=(1, 2, 3)).astype(np.float32))
        return np.concatenate(found)

    def _blocks(self, start: int) -> Iterator[Spectra]:
        for begin in range(start, len(self._spectra), _BLOCK):
            yield self._spectra[begin : begin + _BLOCK]


def _halved(grey: Grey) -> Floats:
    whole = grey.reshape(_ROUGH_SIDE, 2, _ROUGH_SIDE, 2).astype(np.float32)
    return np.asarray(whole.mean(axis=(1, 3)), np.float32)


def _scaled(square: Floats, scale_y: float, scale_x: float) -> Floats:
    side = len(square)
    scaling_x = _scaling(round(scale_x, 3), side)
    return np.asarray(_scaling(round(scale_y, 3), side) @ square @ scaling_x.T, np.float32)


@lru_cache(maxsize=256)
def _scaling(scale: float, side: int) -> Floats:
    """The matrix that scales values about their middle, linear between them."""
    middle = (side - 1) / 2
    places = np.clip((np.arange(side) - middle) / scale + middle, 0, side - 1)
    low = np.minimum(places.astype(int), side - 2)
    part = (places - low).astype(np.float32)
    matrix = np.zeros((side, side), np.float32)
    matrix[np.arange(side), low] = 1 - part
    matrix[np.arange(side), low + 1] += part
    return matrix


def _unit(values: Floats) -> Floats:
    """Values with mean 0 and length 1 over the last two axes."""
    centred = values - values.mean(axis=(-2, -1), keepdims=True)
    length = np.sqrt((centred**2).sum(axis=(-2, -1), keepdims=True))
    return np.asarray(centred / (length + 1e-6), np.float32)
