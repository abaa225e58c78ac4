"""The canvas that a phantom is painted on: one grey image a sequence, and a map of the parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import fft

from data.synth.phantom_signal import Array, Protocol, Tissue, Value, spin_echo

Window: TypeAlias = tuple[slice, slice]
_KNOT_MM = 10.0  # textures a knot apart are independent


def smooth(x: Array, low: float, high: float) -> Array:
    """A soft step from 0 at ``low`` to 1 at ``high`` (either may be the larger)."""
    share = np.clip((x - np.float32(low)) / np.float32(high - low), 0, 1)
    step: Array = share * share * (3 - 2 * share)
    return step


def bell(x: Array, width: float) -> Array:
    """A Gaussian of height 1 and standard deviation ``width``."""
    scaled = x * np.float32(1 / width)
    result: Array = np.exp(np.float32(-0.5) * scaled * scaled)
    return result


@dataclass
class Canvas:
    """Images under way.

    Attributes:
        x: column vector positions in millimetres, shape (1, size); ``y`` shape (size, 1).
        pixel_mm: distance of pixel centres.
        z: distance of the slice from the midline.
        seed: of the textures.
        protocols: acquisition by sequence.
        images: signal by sequence, shape (size, size).
        parts: code of the part that fills most of each pixel.
    """

    x: Array
    y: Array
    pixel_mm: float
    z: float
    seed: int
    protocols: Mapping[str, Protocol]
    images: dict[str, Array] = field(default_factory=dict)
    parts: npt.NDArray[np.uint8] = field(default_factory=lambda: np.zeros((0, 0), np.uint8))

    def __post_init__(self) -> None:
        shape = (self.y.shape[0], self.x.shape[1])
        self.parts = np.zeros(shape, np.uint8)
        self.images = {name: np.zeros(shape, np.float32) for name in self.protocols}
        self._textures: dict[tuple[str, tuple[tuple[float, float], ...]], Array] = {}
        radius = fft.fftfreq(shape[0], self.pixel_mm).astype(np.float32)[:, None] ** 2
        self._frequency2 = radius + fft.rfftfreq(shape[1], self.pixel_mm).astype(np.float32) ** 2

    @property
    def whole(self) -> Window:
        """The window of the whole canvas."""
        return (slice(None), slice(None))

    def grid(self, window: Window) -> tuple[Array, Array]:
        """Positions (x, y) of a window's pixels, both of its shape."""
        x, y = np.broadcast_arrays(self.x[:, window[1]], self.y[window[0]])
        return x, y

    def around(self, x: float, y: float, half: float) -> Window | None:
        """The window ``half`` millimetres around a point; None where it misses the canvas."""
        left, top = float(self.x[0, 0]), float(self.y[0, 0])
        bounds = []
        for centre, start, count in ((y, top, self.y.shape[0]), (x, left, self.x.shape[1])):
            first = max(0, int((centre - half - start) / self.pixel_mm))
            last = min(count, int((centre + half - start) / self.pixel_mm) + 2)
            if first >= last:
                return None
            bounds.append(slice(first, last))
        return (bounds[0], bounds[1])

    def paint(
        self, window: Window, cover: Array, tissue: Tissue, part: int | None = None, gain: Value = 1
    ) -> None:
        """Lay a tissue over a window, opaque where ``cover`` is 1, as ``part`` where over 1/2."""
        for name, protocol in self.protocols.items():
            image = self.images[name][window]
            image += cover * (gain * spin_echo(tissue, protocol) - image)
        if part is not None:
            self.parts[window][cover > 0.5] = part

    def fill(
        self,
        window: Window,
        distance: Array,
        tissue: Tissue,
        part: int | None = None,
        gain: Value = 1,
        soft: float = 1.2,
    ) -> None:
        """Paint the inside of a signed distance with an edge ``soft`` pixels wide."""
        cover = np.clip(0.5 - distance / np.float32(soft * self.pixel_mm), 0, 1)
        self.paint(window, cover.astype(np.float32), tissue, part, gain)

    def texture(self, name: str, *scales: tuple[float, float]) -> Array:
        """Smooth noise over the whole canvas, the sum of ``(size in mm, amplitude)``.

        It changes slowly from slice to slice, and is the same for every sequence.
        """
        if (name, scales) in self._textures:
            return self._textures[name, scales]
        knot, share = divmod(self.z / _KNOT_MM, 1.0)
        total = self._knot(name, int(knot), scales) * np.float32(np.cos(share * np.pi / 2))
        if share > 0:
            total = total + self._knot(name, int(knot) + 1, scales) * np.float32(
                np.sin(share * np.pi / 2)
            )
        self._textures[name, scales] = total
        return total

    def _knot(self, name: str, knot: int, scales: tuple[tuple[float, float], ...]) -> Array:
        rng = np.random.default_rng([self.seed, *name.encode(), knot + 1000])
        shape = self.parts.shape
        white = fft.rfft2(rng.standard_normal(shape, dtype=np.float32))
        total = np.zeros(shape, np.float32)
        for size, amplitude in scales:
            kernel = np.exp(np.float32(-2 * (np.pi * size) ** 2) * self._frequency2)
            kernel[0, 0] = 0
            made = fft.irfft2(white * kernel, s=shape)
            total += np.float32(amplitude / float(made.std() + 1e-9)) * made
        return total
