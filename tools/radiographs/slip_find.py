"""Find the discs of a lateral radiograph and the corners beside them.

The film is read as it is and mirrored, and the side on which more of a column is seen counts: so
either side may face left. About each disc of the chain a turned square is looked at twice, then
from five slightly different stands; how far they differ is the doubt.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from tools.backbone import EfficientNetLite0
from tools.framing import resize, standardise
from tools.radiographs import curve_net
from tools.radiographs.slip import Peak, Slip, column, peaks
from tools.radiographs.slip_net import (
    CornerHead,
    DiscHead,
    places,
    square,
    square_maps,
    square_points,
    to_film,
)

Array = npt.NDArray[np.floating]
Floats = npt.NDArray[np.float32]

_STANDS = ((0.0, 1.0), (-6.0, 1.0), (6.0, 1.0), (0.0, 0.9), (0.0, 1.1))
"""Turn in degrees and size of the looks at one disc."""


@dataclass(frozen=True, eq=False)
class SlipHeads:
    """The trained heads; ``mean`` and ``spread`` (CHANNELS,) scale the maps of the film."""

    disc: DiscHead
    corner: CornerHead
    mean: torch.Tensor
    spread: torch.Tensor


def find(
    pixels: npt.ArrayLike,
    network: EfficientNetLite0,
    heads: SlipHeads,
    spacing: tuple[float, float] | None = None,
) -> tuple[list[Slip], Floats]:
    """The discs of one film, the lowest first, and where discs were seen, (rows, columns).

    Args:
        pixels: (rows, columns), any range.
        network: the frozen backbone.
        heads: the trained heads.
        spacing: (row, column) millimetres of the pixels; None means square pixels.
    """
    film = standardise(pixels)
    rows, columns = film.shape
    row, col = spacing or (1.0, 1.0)
    wide = max(1, round(columns * col / row))
    if wide != columns:
        film = resize(film, rows, wide)
    sides = [coarse(film, network, heads), coarse(film[:, ::-1], network, heads)]
    mirrored = sum(p.chance for p in sides[1][0]) > sum(p.chance for p in sides[0][0])
    chain, seen = sides[mirrored]
    shown = np.ascontiguousarray(film[:, ::-1]) if mirrored else film
    back = columns / wide
    out = []
    for peak in chain:
        corners, doubt = corners_of(shown, peak, network, heads)
        if mirrored:
            corners[:, 0] = wide - 1 - corners[:, 0]
        corners[:, 0] = (corners[:, 0] + 0.5) * back - 0.5
        out.append(Slip(corners, peak.chance, doubt))
    heat = resize(seen, rows, columns)
    return out, heat[:, ::-1] if mirrored else heat


@torch.inference_mode()
def coarse(film: Floats, network: EfficientNetLite0, heads: SlipHeads) -> tuple[list[Peak], Floats]:
    """The chain of discs in pixels of the film, and the map of their chances."""
    strip, columns = curve_net.strip(film)
    maps = curve_net.maps_of(network, strip)
    scaled = (maps - heads.mean[:, None, None]) / heads.spread[:, None, None]
    said = heads.disc(scaled)[0].numpy()
    chain = column(peaks(said, columns))
    scale = np.array([film.shape[1] / columns, film.shape[0] / (curve_net.ROWS / curve_net.STRIDE)])
    chance = 1 / (1 + np.exp(-said[0, :, : max(1, round(columns))]))
    return [
        Peak((p.centre + 0.5) * scale - 0.5, p.along * scale, p.chance) for p in chain
    ], np.asarray(chance, np.float32)


def corners_of(
    film: Floats, peak: Peak, network: EfficientNetLite0, heads: SlipHeads
) -> tuple[Array, float]:
    """Corners (4, 2) of one disc in pixels of the film, and the doubt in depths."""
    centre, along = peak.centre, peak.along
    first = _looks(film, centre, along, network, heads, _STANDS[:1])[0]
    centre, along = first.mean(0), _sane(first[2] - first[3], along)
    looks = _looks(film, centre, along, network, heads, _STANDS)
    mean = np.median(looks, 0)
    depth = float(np.hypot(*(mean[2] - mean[3])))
    away = ((looks - mean) ** 2).sum(2).mean()
    return mean, float(np.sqrt(away)) / max(depth, 1e-6)


def _sane(found: Array, before: Array) -> Array:
    """The refined endplate unless it is far from what was seen on the whole film."""
    long, usual = float(np.hypot(*found)), float(np.hypot(*before))
    straight = float(found @ before) > 0.8 * long * usual
    return found if straight and 0.6 * usual < long < 1.6 * usual else before


@torch.inference_mode()
def _looks(
    film: Floats,
    centre: Array,
    along: Array,
    network: EfficientNetLite0,
    heads: SlipHeads,
    stands: tuple[tuple[float, float], ...],
) -> Array:
    """Corners (n, 4, 2) on the film from several stands."""
    ways = []
    for degrees, size in stands:
        turn = np.radians(degrees)
        rotate = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        ways.append(rotate @ along * size)
    squares = np.stack(
        [square(film, square_points(centre, way), float(np.hypot(*way))) for way in ways]
    )
    found, _ = places(heads.corner(square_maps(network, squares)))
    return np.stack([to_film(f, centre, way) for f, way in zip(found, ways, strict=True)])
