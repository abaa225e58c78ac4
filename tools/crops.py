"""Upright crops around discs, and what can be measured of each: the classifier's only input.

A crop is turned so that the disc lies level with anterior to the left, and scaled by the patient's
own vertebral depth, so that neither field of view nor pixel spacing matters.
"""

from __future__ import annotations

from collections.abc import Sequence as Items
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from tools.column import Column, Disc, canal_depth, slip
from tools.column_net import CANAL, DISC, VERTEBRA
from tools.framing import Frame

Array = npt.NDArray[np.float32]
Floats = npt.NDArray[np.floating]

ROWS, COLUMNS = 112, 144
"""Size of a crop in pixels."""
WIDTH = 2.0
"""Width of a crop in vertebral depths."""
MEASURES = (
    "height_to_depth",
    "height_to_own_median",
    "length_to_depth",
    "signal_to_canal",
    "signal_to_vertebra",
    "signal_spread",
    "canal_to_depth",
    "slip_to_depth",
)
"""What is measured of each disc in each series, in this order."""


@dataclass(frozen=True)
class Crop:
    """One disc in one series.

    Attributes:
        pixels: float32 (ROWS, COLUMNS) (times a margin) in [-1, 1].
        measures: float32 (len(MEASURES),); NaN where it could not be measured.
    """

    pixels: Array
    measures: Array


def normalise(pixels: npt.ArrayLike, framed: Frame, column: Column) -> Array:
    """Scale a slice to [-1, 1] by the 1st and 98th percentile within the column.

    Returns:
        float32 of the slice's own shape; values outside the percentiles reach to -1.2 and 1.5.
    """
    values = np.asarray(pixels, np.float32)
    rows, columns = np.nonzero(ndimage.binary_dilation(column.classes > 0, iterations=2))
    places = framed.to_slice(np.stack([columns, rows], 1)).round().astype(int)
    places = np.clip(places, 0, np.array(values.shape[::-1]) - 1)
    inside = values[places[:, 1], places[:, 0]] if len(places) else values.ravel()
    low, high = np.percentile(inside, (1, 98))
    scaled: Array = np.clip((values - low) / max(high - low, 1e-6) * 2 - 1, -1.2, 1.5)
    return scaled.astype(np.float32)


def cut(pixels: Array, framed: Frame, disc: Disc, depth: float, margin: float = 1.0) -> Array:
    """The crop around one disc.

    Args:
        pixels: a normalised slice.
        framed: how the slice lies in the frame.
        disc: in frame coordinates.
        depth: the patient's vertebral depth in frame pixels.
        margin: more than 1 gives a wider view at the same scale, as training asks for.
    """
    rows, columns = round(ROWS * margin), round(COLUMNS * margin)
    centre, across, unit = _axes(disc, depth)
    u = (np.arange(columns) - (columns - 1) / 2) * unit
    v = (np.arange(rows) - (rows - 1) / 2) * unit
    places = centre + u[None, :, None] * disc.along + v[:, None, None] * across
    there = framed.to_slice(places.reshape(-1, 2))
    blur = unit / min(framed.scale) / 2
    smooth = ndimage.gaussian_filter(pixels, 0.4 * blur) if blur > 1.2 else pixels
    values = ndimage.map_coordinates(smooth, [there[:, 1], there[:, 0]], order=1, cval=-1.0)
    return np.asarray(values.reshape(rows, columns), np.float32)


def _axes(disc: Disc, depth: float) -> tuple[Floats, Floats, float]:
    """Middle of a crop, its downward axis (unit length) and its pixel, in frame coordinates."""
    across = np.array([-disc.along[1], disc.along[0]])
    # The disc's mid-point lies a little left of the middle, so that the canal is in view.
    centre = (disc.anterior + disc.posterior) / 2 + disc.along * 0.12 * depth
    return centre, across, WIDTH * depth / COLUMNS


def spread(
    values: Floats, shape: tuple[int, int], framed: Frame, disc: Disc, depth: float
) -> Array:
    """A map over a crop laid back onto its slice.

    Args:
        values: (rows, columns) of any size, over the whole crop.
        shape: rows and columns of the slice.
        framed: how the slice lies in the frame.
        disc: the crop's disc, in frame coordinates.
        depth: the patient's vertebral depth in frame pixels.

    Returns:
        float32 of ``shape``; 0 outside the crop.
    """
    centre, across, unit = _axes(disc, depth)
    ys, xs = np.mgrid[0 : shape[0], 0 : shape[1]]
    away = framed.to_frame(np.stack([xs.ravel(), ys.ravel()], 1)) - centre
    u = (away @ disc.along / unit / COLUMNS + 0.5) * values.shape[1] - 0.5
    v = (away @ across / unit / ROWS + 0.5) * values.shape[0] - 0.5
    laid = ndimage.map_coordinates(np.pad(values, 1), [v + 1, u + 1], order=1, cval=0.0)
    return np.asarray(laid.reshape(shape), np.float32)


def measure(framed: Frame, column: Column, disc: Disc) -> Array:
    """The measures of one disc; signals are taken from the frame's pixels."""
    out = np.full(len(MEASURES), np.nan, np.float32)
    heights = [d.height for d in column.discs if d is not None and d.height > 0]
    if disc.height <= 0 or not heights:
        return out
    depth = column.depth
    out[:3] = disc.height / depth, disc.height / np.median(heights), disc.length / depth
    ys, xs = np.mgrid[0 : framed.pixels.shape[0], 0 : framed.pixels.shape[1]]
    near = np.hypot(xs - disc.centre[0], ys - disc.centre[1])
    grey = framed.pixels + 1
    inside = (column.classes == DISC) & (near < 0.6 * disc.length)
    canal = (column.classes == CANAL) & (near < 1.3 * disc.length)
    bone = (column.classes == VERTEBRA) & (near < 0.7 * disc.length)
    if inside.sum() >= 8:
        middle = float(np.percentile(grey[inside], 70))
        out[5] = float(grey[inside].std())
        if canal.sum() >= 8:
            out[3] = middle / max(float(np.percentile(grey[canal], 80)), 0.05)
        if bone.sum() >= 8:
            out[4] = middle / max(float(np.median(grey[bone])), 0.05)
    behind = canal_depth(column.classes, disc)
    if behind is not None:
        out[6] = behind / depth
    offset = slip(column.classes, disc, 0.12 * depth)
    if offset is not None:
        out[7] = offset / depth
    return out


def crops(
    pixels: npt.ArrayLike,
    framed: Frame,
    column: Column,
    discs: Items[Disc | None],
    margin: float = 1.0,
) -> list[Crop | None]:
    """A crop for each disc that was found, None for the others."""
    normal = normalise(pixels, framed, column)
    return [
        None
        if disc is None
        else Crop(cut(normal, framed, disc, column.depth, margin), measure(framed, column, disc))
        for disc in discs
    ]
