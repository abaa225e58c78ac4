"""Renders a phantom: images by sequence, label maps, disc centres and the truth by level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import fft

from data.synth import phantom_spine, phantom_surroundings
from data.synth.phantom_anatomy import build
from data.synth.phantom_canal import canal_of, smooth_curve
from data.synth.phantom_canvas import Canvas, smooth
from data.synth.phantom_curve import sideways
from data.synth.phantom_parameters import Look, Phantom
from data.synth.phantom_shapes import Bones
from data.synth.phantom_signal import Array
from data.synth.phantom_spine import Part
from data.synth.phantom_surroundings import Field
from data.synth.phantom_truth import Truth, truth

Picture: TypeAlias = npt.NDArray[np.float32]
SequenceName: TypeAlias = Literal["t1", "t2"]

LABEL = np.zeros(len(Part), np.uint8)
LABEL[[Part.BODY, Part.POSTERIOR]] = 1
LABEL[Part.DISC] = 2
LABEL[Part.SAC] = 3
"""Label of each part."""
_PEDICLES_MM = 8.5
"""From the midline to where an average adult's pedicles begin."""
_PLANE_MM = 1.0
"""Distance of the planes in which a curved phantom is looked up."""


@dataclass(frozen=True)
class Rendered:
    """One sagittal slice of a phantom. The front of the body is at the left.

    Attributes:
        images: float32 signal by sequence, shape (size, size), in the units of the proton density.
        labels: uint8, shape (size, size): 0 background, 1 vertebra, 2 disc, 3 spinal canal, as in
            the SPIDER masks: a vertebra is its body and its posterior elements, the canal is the
            dural sac, and the sacrum is background.
        parts: uint8, shape (size, size), codes of :class:`Part`, which also tell the sacrum and
            the posterior elements.
        disc_centres: (x, y) in pixels by level, pixel centres at integers; discs whose centre lies
            in the image only.
        truth: what holds for the whole phantom, by disc.
        spacing: (row, column) distance of pixel centres in millimetres.
    """

    images: dict[str, Picture]
    labels: npt.NDArray[np.uint8]
    parts: npt.NDArray[np.uint8]
    disc_centres: dict[str, tuple[float, float]]
    truth: dict[str, Truth]
    spacing: tuple[float, float]


def render(
    phantom: Phantom,
    sequences: Sequence[SequenceName] = ("t1", "t2"),
    size: int = 384,
    fov_mm: float | None = None,
    offset_mm: float = 0.0,
) -> Rendered:
    """Render one sagittal slice.

    Args:
        phantom: what to render.
        sequences: which weightings.
        size: rows and columns.
        fov_mm: side of the square image in millimetres; the phantom's own when None.
        offset_mm: distance from the midline. Away from it the bodies get shallower, the sac
            closes, and pedicles and foramina take the place of the spinous processes.
    """
    return slices_of(phantom, sequences, size, (offset_mm,), fov_mm)[0]


def slices_of(
    phantom: Phantom,
    sequences: Sequence[SequenceName],
    size: int,
    offsets: Sequence[float],
    fov_mm: float | None = None,
) -> list[Rendered]:
    """Render parallel sagittal slices, each as :func:`render` does.

    A phantom without a sideways curve is painted in the plane of each slice. One with a curve is
    painted in planes of its uncurved self, 1 mm apart, and each row of a slice is looked up in the
    planes beside which it lies after the shift of its height.
    """
    fov = phantom.fov_mm if fov_mm is None else fov_mm
    if not phantom.curve_deg:
        made = []
        for z in offsets:
            canvas = _canvas(phantom, sequences, size, fov, z)
            midline, place = painted(canvas, phantom)
            signal = {name: _received(canvas, phantom, place, name) for name in sequences}
            shift = np.zeros(size, np.float64)
            made.append(_rendered(phantom, midline, fov, z, shift, signal, canvas.parts))
        return made
    midline = build(phantom)
    steps = _canvas(phantom, sequences, size, fov, 0.0).y[:, 0].astype(np.float64)
    shift = sideways(phantom, midline).shift(steps)
    local = np.stack([z - shift for z in offsets]) / _PLANE_MM  # of each row, in planes
    signals = [{name: np.zeros((size, size), np.float32) for name in sequences} for _ in offsets]
    parts = np.zeros((len(offsets), size, size), np.uint8)
    for k in range(int(np.floor(local.min())), int(np.ceil(local.max())) + 1):
        share = np.clip(1 - np.abs(local - k), 0, 1).astype(np.float32)
        if not share.any():
            continue
        canvas = _canvas(phantom, sequences, size, fov, k * _PLANE_MM)
        _, place = painted(canvas, phantom)
        received = {name: _received(canvas, phantom, place, name) for name in sequences}
        for i, signal in enumerate(signals):
            rows = share[i] > 0
            for name in sequences:
                signal[name][rows] += share[i][rows, None] * received[name][rows]
            nearest = np.rint(local[i]) == k
            parts[i][nearest] = canvas.parts[nearest]
    return [
        _rendered(phantom, midline, fov, z, shift, signal, own)
        for z, signal, own in zip(offsets, signals, parts, strict=True)
    ]


def _canvas(
    phantom: Phantom, sequences: Sequence[SequenceName], size: int, fov: float, z: float
) -> Canvas:
    pixel = fov / size
    steps = (np.arange(size, dtype=np.float32) + 0.5) * np.float32(pixel)
    left, top = phantom.place[0] * fov, phantom.place[1] * fov
    both = {"t1": phantom.look.t1, "t2": phantom.look.t2}
    return Canvas(
        x=(steps - np.float32(left))[None, :],
        y=(steps - np.float32(top))[:, None],
        pixel_mm=pixel,
        z=z,
        seed=phantom.seed,
        protocols={name: both[name] for name in sequences},
    )


def _rendered(
    phantom: Phantom,
    midline: Bones,
    fov: float,
    z: float,
    shift: npt.NDArray[np.float64],
    signal: Mapping[SequenceName, Array],
    parts: npt.NDArray[np.uint8],
) -> Rendered:
    """Measure the signal; ``shift`` is how far each row lies aside."""
    size = parts.shape[0]
    pixel = fov / size
    left, top = phantom.place[0] * fov, phantom.place[1] * fov
    centres = {}
    for name, middle in midline.discs.items():
        row = int(np.clip((middle.centre()[1] + top) / pixel, 0, size - 1))
        disc = midline.at(z - float(shift[row])).discs.get(name)
        if disc is None:
            continue
        x, y = disc.centre() + np.array([left, top])
        if 0 <= x < fov and 0 <= y < fov:
            centres[name] = (float(x / pixel - 0.5), float(y / pixel - 0.5))
    key = round(z * 100) + 100_000
    return Rendered(
        images={
            name: measured(one, phantom.look, [phantom.seed, *name.encode(), key])
            for name, one in signal.items()
        },
        labels=LABEL[parts],
        parts=parts,
        disc_centres=centres,
        truth=truth(phantom, midline),
        spacing=(pixel, pixel),
    )


def painted(canvas: Canvas, phantom: Phantom) -> tuple[Bones, Field]:
    """Paint a canvas whole: the bones in the midline, and where its pixels lie against them."""
    midline = build(phantom)
    bones, canal = midline.at(canvas.z), canal_of(phantom, midline, canvas.z)
    place = phantom_surroundings.field(canvas, phantom, midline, smooth_curve(midline))
    phantom_surroundings.paint(canvas, phantom, midline, place)
    # Pedicles close the canal to the sides. Arches and spinous processes lie behind it and never
    # cover the sac, which else would be less deep than the truth says.
    arches_first = abs(canvas.z) < _PEDICLES_MM * phantom.scale
    if arches_first:
        phantom_spine.paint_posterior(canvas, phantom, canal)
    phantom_spine.paint_canal(canvas, phantom, canal)
    if not arches_first:
        phantom_spine.paint_posterior(canvas, phantom, canal)
    phantom_spine.paint_discs(canvas, phantom, bones)
    phantom_spine.paint_bodies(canvas, phantom, bones)
    return midline, place


def coil(canvas: Canvas, phantom: Phantom, place: Field) -> Array:
    """Sensitivity of the surface coil in every pixel."""
    depth = np.maximum(-place.skin, 0)
    near = 0.35 + 0.95 / (1 + (depth / np.float32(phantom.look.coil_depth_mm)) ** 2)
    gain: Array = near * (1 + canvas.texture("coil", (60.0, 0.08)))
    return gain


def _received(canvas: Canvas, phantom: Phantom, place: Field, name: str) -> Array:
    """What the coil receives of a canvas: its sensitivity, and the saturation band."""
    look, image = phantom.look, canvas.images[name]
    size = image.shape[0]
    middle = np.linspace(-1, 1, size, dtype=np.float32)[:, None]
    gain = coil(canvas, phantom, place) * np.clip(1.05 - 0.3 * middle**4, 0.3, 1)
    if look.band == "follows":
        gain = gain * (1 - 0.8 * smooth(place.front, 10, 26))
    elif look.band == "straight":
        edge = float(canvas.x.min()) * 0.25 - 0.75 * 45 * phantom.scale
        inside = smooth(canvas.x, edge + 4, edge - 4) * smooth(canvas.x, edge - 80, edge - 70)
        gain = gain * (1 - 0.88 * inside)
    received: Array = image * gain
    return received


def measured(signal: Array, look: Look, key: Sequence[int]) -> Picture:
    """A square image as a scanner gives it: a limited k-space, and Rician noise.

    Args:
        signal: what every pixel would answer, (size, size).
        look: the acquired frequencies and the signal-to-noise ratio.
        key: seeds the noise.
    """
    size = signal.shape[0]
    rows, columns = (min(size, n) for n in look.matrix)
    spectrum = fft.fftshift(fft.fft2(signal.astype(np.float32)))
    reference = float(np.percentile(signal, 95))
    noise = np.random.default_rng(key).standard_normal((2, size, size), dtype=np.float32)
    spread = np.float32(reference / look.snr * np.sqrt(signal.size / 2)) * np.float32(1.4)
    spectrum = spectrum + (noise[0] + 1j * noise[1]) * spread
    result: Picture = np.abs(
        fft.ifft2(fft.ifftshift(spectrum * _kept(size, rows)[:, None] * _kept(size, columns)))
    ).astype(np.float32)
    return result


def _kept(size: int, count: int) -> Array:
    """Weights of the acquired frequencies along one axis: a mild Hamming window, 0 outside."""
    place = np.arange(size, dtype=np.float32) - size // 2
    window = 0.62 + 0.38 * np.cos(np.pi * np.clip(place / (count / 2), -1, 1))
    kept: Array = np.where(np.abs(place) <= count / 2, window**0.6, 0).astype(np.float32)
    return kept
