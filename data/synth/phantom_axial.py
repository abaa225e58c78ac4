"""Axial slices of a phantom, tilted along a disc as a technician plans them, with exact truth.

The phantom is painted in parallel sagittal planes across the body; each axial pixel is looked up in
the plane that it lies in. Over the thickness of the slice several depths are averaged, which is its
partial volume.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import map_coordinates

from data.synth.phantom_anatomy import build
from data.synth.phantom_canvas import Canvas
from data.synth.phantom_curve import sideways
from data.synth.phantom_parameters import Phantom
from data.synth.phantom_render import LABEL, Picture, SequenceName, coil, measured, painted
from data.synth.phantom_shapes import DiscSpace
from data.synth.phantom_spine import Part
from data.synth.phantom_truth import Truth, truth
from radixgpt.errors import LevelError

THICKNESS_MM = 4.0
_DEPTHS = (-1.2, 0.0, 1.2)
"""Millimetres above the middle of the slice at which it is looked up."""
_BEHIND_MM = 22.0
"""From the middle of the disc to that of the field of view, towards the back."""
_PLANES_MM = (1.5, 4.5)
"""From one sagittal plane to the next: where there is bone, and beyond."""
_BONE_MM = 33.0
"""From the midline to where there is no bone any more, in an average adult."""
_PIXEL_MM = 0.7
"""Of a sagittal plane."""
_MARGIN_MM = 25.0
"""That a plane reaches beyond what is looked up, so that its smoothed outlines are whole."""


@dataclass(frozen=True)
class Axial:
    """One axial slice of a phantom; the front of the body is on top, its left at the right.

    Attributes:
        images: float32 signal by sequence, (size, size), in the units of the proton density.
        labels: uint8, (size, size): 0 background, 1 vertebra, 2 disc, 3 dural sac.
        disc: the disc along which the slice lies.
        truth: of that disc, and ``sac_area_mm2``, the area of the dural sac in this slice.
        spacing: (row, column) distance of pixel centres in millimetres.
        corner: place of the first pixel's centre, (x, y, z) in millimetres: x to the left of the
            body, y to the back, z to the head, 0 in the middle of the sagittal field of view.
        down: unit vector from a row to the next, in the same axes; columns run along x.
    """

    images: dict[str, Picture]
    labels: npt.NDArray[np.uint8]
    disc: str
    truth: Truth
    spacing: tuple[float, float]
    corner: tuple[float, float, float]
    down: tuple[float, float, float]


def axial(
    phantom: Phantom,
    disc: str,
    sequences: Sequence[SequenceName] = ("t1", "t2"),
    size: int = 256,
    fov_mm: float = 180.0,
    above_mm: float = 0.0,
) -> Axial:
    """Render one axial slice.

    Args:
        phantom: what to render.
        disc: the disc whose plane the slice has.
        sequences: which weightings.
        size: rows and columns.
        fov_mm: side of the square image.
        above_mm: how far above the middle of the disc it lies.

    Raises:
        LevelError: the phantom has no such disc.
    """
    midline = build(phantom)
    if disc not in midline.discs:
        known = ", ".join(midline.discs)
        raise LevelError(f"The phantom has no disc '{disc}'.", f"Its discs are: {known}.")
    space = midline.discs[disc]
    pixel = fov_mm / size
    steps = (np.arange(size, dtype=np.float32) - (size - 1) / 2) * np.float32(pixel)
    middle = space.centre() + space.frame.n * above_mm + space.frame.u * _BEHIND_MM
    # Each row lies as far aside as its height does, and is looked up that much nearer or further.
    heights = middle[1] + space.frame.u[1] * steps.astype(np.float64)
    curve = sideways(phantom, midline)
    aside = curve.shift(heights)
    planes = _planes(float(steps[-1]) + 0.1 + abs(curve.far), _BONE_MM * phantom.scale)
    stacks, parts = _looked_up(phantom, space, middle, steps, planes, tuple(sequences))
    # From plane to plane within the slice: the columns of the image.
    local = steps[None, :].astype(np.float64) - aside[:, None]
    across = np.interp(local, planes, np.arange(len(planes))).astype(np.float32)
    rows = np.broadcast_to(np.arange(size, dtype=np.float32)[:, None], (size, size))
    grid = [across, rows]
    images = {}
    for name, stack in stacks.items():
        signal = map_coordinates(stack, grid, order=1, mode="nearest")
        key = [phantom.seed, *name.encode(), *disc.encode(), round(above_mm * 100) + 100_000]
        images[name] = measured(signal, phantom.look, key)
    found = parts[np.rint(grid[0]).astype(int), np.rint(grid[1]).astype(int)]
    labels = LABEL[found]
    whole = truth(phantom, midline)[disc]
    area = float((found == Part.SAC).sum()) * pixel * pixel
    u = space.frame.u
    left, top = (share * phantom.fov_mm for share in phantom.place)
    first = middle + u * float(steps[0])
    half = phantom.fov_mm / 2
    return Axial(
        images=images,
        labels=labels,
        disc=disc,
        truth={**whole, "sac_area_mm2": area},
        spacing=(pixel, pixel),
        corner=(
            float(steps[0]) + phantom.lateral_mm,
            float(first[0]) + left - half,
            half - top - float(first[1]),
        ),
        down=(0.0, float(u[0]), -float(u[1])),
    )


def _planes(half: float, bone: float) -> npt.NDArray[np.float64]:
    """Distances from the midline, from right to left, at which sagittal planes are painted."""
    near, far = _PLANES_MM
    inner = np.linspace(0, bone, round(bone / near) + 1)
    outer = np.linspace(bone, max(half, bone + far), max(2, round((half - bone) / far) + 1))[1:]
    side = np.concatenate([inner, outer])
    return np.concatenate([-side[:0:-1], side])


def _looked_up(
    phantom: Phantom,
    space: DiscSpace,
    middle: npt.NDArray[np.float64],
    steps: npt.NDArray[np.float32],
    planes: npt.NDArray[np.floating],
    sequences: tuple[SequenceName, ...],
) -> tuple[dict[str, Picture], npt.NDArray[np.uint8]]:
    """Signal by sequence and parts along the slice in every sagittal plane: (planes, rows)."""
    u, n = space.frame.u, space.frame.n
    line = middle[None, :] + u[None, :] * steps[:, None].astype(np.float64)
    lines = np.stack([line + n[None, :] * depth for depth in _DEPTHS])  # (depths, rows, 2)
    low, high = lines.min((0, 1)) - _MARGIN_MM, lines.max((0, 1)) + _MARGIN_MM
    x = np.arange(low[0], high[0], _PIXEL_MM, dtype=np.float32)[None, :]
    y = np.arange(low[1], high[1], _PIXEL_MM, dtype=np.float32)[:, None]
    where = [(lines[..., 1] - low[1]) / _PIXEL_MM, (lines[..., 0] - low[0]) / _PIXEL_MM]
    looks = {"t1": phantom.look.t1, "t2": phantom.look.t2}
    stacks: dict[str, Picture] = {
        name: np.zeros((len(planes), len(steps)), np.float32) for name in sequences
    }
    parts = np.zeros((len(planes), len(steps)), np.uint8)
    for i, z in enumerate(planes):
        canvas = Canvas(
            x=x,
            y=y,
            pixel_mm=_PIXEL_MM,
            z=float(z),
            seed=phantom.seed,
            protocols={name: looks[name] for name in sequences},
        )
        _, place = painted(canvas, phantom)
        gain = coil(canvas, phantom, place)
        for name in sequences:
            stacks[name][i] = map_coordinates(canvas.images[name] * gain, where, order=1).mean(0)
        rows, columns = (np.rint(v[len(_DEPTHS) // 2]).astype(int) for v in where)
        parts[i] = canvas.parts[rows, columns]
    return stacks, parts
