"""Renders a phantom: images by sequence, label maps, disc centres and the truth by level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import fft

from data.synth import phantom_spine, phantom_surroundings
from data.synth.phantom_anatomy import build
from data.synth.phantom_canal import canal_of, smooth_curve
from data.synth.phantom_canvas import Canvas, smooth
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
    fov = phantom.fov_mm if fov_mm is None else fov_mm
    pixel = fov / size
    steps = (np.arange(size, dtype=np.float32) + 0.5) * np.float32(pixel)
    left, top = phantom.place[0] * fov, phantom.place[1] * fov
    both = {"t1": phantom.look.t1, "t2": phantom.look.t2}
    canvas = Canvas(
        x=(steps - np.float32(left))[None, :],
        y=(steps - np.float32(top))[:, None],
        pixel_mm=pixel,
        z=offset_mm,
        seed=phantom.seed,
        protocols={name: both[name] for name in sequences},
    )
    midline, place = painted(canvas, phantom)
    bones = midline.at(offset_mm)
    centres = {}
    for name, disc in bones.discs.items():
        x, y = disc.centre() + np.array([left, top])
        if 0 <= x < fov and 0 <= y < fov:
            centres[name] = (float(x / pixel - 0.5), float(y / pixel - 0.5))
    return Rendered(
        images={name: _acquire(canvas, phantom, place, name) for name in sequences},
        labels=LABEL[canvas.parts],
        parts=canvas.parts,
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
    phantom_spine.paint_canal(canvas, phantom, canal)
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


def _acquire(canvas: Canvas, phantom: Phantom, place: Field, name: str) -> Picture:
    """Coil sensitivity, saturation band, a limited k-space and Rician noise."""
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
    slice_key = round(canvas.z * 100) + 100_000
    return measured(image * gain, look, [phantom.seed, *name.encode(), slice_key])


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
