"""From the column network's maps to a numbered column: discs, bodies, canal and their measures.

Everything here is in frame coordinates (square pixels, y down, anterior to the left); the caller
turns them into slice pixels and millimetres.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from tools.column_net import CANAL, DISC, SIZE, VERTEBRA

Floats = npt.NDArray[np.floating]

_DISC_CHANCE = 0.4
_SMALLEST = 10  # frame pixels; smaller islands are specks
_REACH = 6.0  # frame pixels within which a heatmap speaks for a disc


@dataclass(eq=False)
class Disc:
    """One disc of a column.

    Attributes:
        centre: (x, y).
        anterior, posterior: ends of the long axis.
        length: distance of the ends; ``height``: area over length, the mean height.
        outline: (n, 2) contour, empty where the disc was only pointed at.
        centre_chance: heatmap value at the disc; ``last_chance``: that it is L5-S1.
    """

    centre: npt.NDArray[np.float64]
    anterior: npt.NDArray[np.float64]
    posterior: npt.NDArray[np.float64]
    length: float
    height: float
    outline: npt.NDArray[np.float64]
    centre_chance: float
    last_chance: float

    @property
    def along(self) -> npt.NDArray[np.float64]:
        """Unit vector from anterior to posterior."""
        step = self.posterior - self.anterior
        unit: npt.NDArray[np.float64] = step / max(float(np.hypot(*step)), 1e-6)
        return unit


@dataclass
class Column:
    """A numbered column: ``discs[0]`` is L5-S1, ``discs[1]`` L4-L5 ...; None where one is lost."""

    discs: list[Disc | None]
    depth: float
    """Median anteroposterior depth of the bodies, frame pixels."""
    anchor_chance: float
    """How surely the lowest disc is L5-S1."""
    classes: npt.NDArray[np.uint8] = field(repr=False)
    """Class of each frame pixel."""
    rival_chance: float = 0.0
    """How surely the next likely disc is L5-S1."""

    @property
    def found(self) -> int:
        """Number of discs that are there."""
        return sum(disc is not None for disc in self.discs)


def candidates(chances: Floats, heat: Floats) -> list[Disc]:
    """All discs that the network segments or points at, in no order.

    Args:
        chances: (4, SIZE, SIZE) class probabilities.
        heat: (2, SIZE/4, SIZE/4) heatmaps.
    """
    big = np.stack(
        [ndimage.zoom(h, SIZE / h.shape[0], order=1, grid_mode=True, mode="nearest") for h in heat]
    )
    found = []
    for inside in _islands(chances[DISC]):
        disc = _measure_disc(chances[DISC], inside, big)
        if disc.centre_chance > 0.12 or (disc.centre_chance > 0.04 and inside.sum() > 40):
            found.append(disc)
    size = float(np.median([d.length for d in found])) if found else SIZE / 8
    peaks = (big[0] == ndimage.maximum_filter(big[0], 13)) & (big[0] > 0.3)
    for y, x in np.argwhere(peaks):
        point = np.array([x, y], float)
        if all(np.hypot(*(point - d.centre)) > 0.45 * max(size, d.length) for d in found):
            half = np.array([size / 2, 0.0])
            found.append(
                Disc(
                    point,
                    point - half,
                    point + half,
                    size,
                    0.0,
                    np.zeros((0, 2)),
                    float(big[0, y, x]),
                    _nearby(big[1], point),
                )
            )
    return found


def _islands(chance: Floats) -> list[npt.NDArray[np.bool_]]:
    """The discs of the disc map; pieces that lie end to end are one disc."""
    labels, count = ndimage.label(chance > _DISC_CHANCE)
    pieces = [labels == i for i in range(1, count + 1)]
    pieces = [p for p in pieces if p.sum() >= _SMALLEST and chance[p].max() > 0.6]
    pieces.sort(key=lambda p: -int(p.sum()))
    ends = [_axis(p, chance) for p in pieces]
    size = float(np.median([length for _, _, length in ends])) if ends else 0.0
    whole: list[npt.NDArray[np.bool_]] = []
    for piece, (centre, axis, length) in zip(pieces, ends, strict=True):
        for k, other in enumerate(whole):
            there, along, reach = _axis(other, chance)
            step = centre - there
            aside = abs(float(step[0] * along[1] - step[1] * along[0]))
            joined = abs(float(step @ along)) + (length + reach) / 2
            level = abs(float(axis @ along)) > 0.6 or length < 8
            if aside < 0.16 * size and joined < 1.5 * size and level:
                whole[k] = other | piece
                break
        else:
            whole.append(piece)
    return whole


def _axis(
    inside: npt.NDArray[np.bool_], chance: Floats
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], float]:
    """Centre, unit vector of the long axis (anterior to posterior) and length of an island."""
    rows, columns = np.nonzero(inside)
    weight = chance[rows, columns]
    points = np.stack([columns, rows], 1).astype(float)
    centre = np.average(points, axis=0, weights=weight)
    spread = np.cov((points - centre).T, aweights=weight) + np.eye(2) * 1e-3
    axis = np.linalg.eigh(spread)[1][:, 1]
    axis = -axis if axis[0] < 0 else axis
    low, high = np.percentile((points - centre) @ axis, (1, 99))
    return centre, axis, float(high - low) + 1


def _nearby(chance: Floats, point: Floats) -> float:
    x, y = round(float(point[0])), round(float(point[1]))
    reach = int(_REACH)
    window = chance[max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1]
    return float(window.max()) if window.size else 0.0


def _measure_disc(chance: Floats, inside: npt.NDArray[np.bool_], heat: Floats) -> Disc:
    """Centre, axis and outline of one island of the disc map."""
    from skimage.measure import find_contours

    centre, axis, length = _axis(inside, chance)
    rows, columns = np.nonzero(inside)
    low, high = np.percentile((np.stack([columns, rows], 1) - centre) @ axis, (1, 99))
    own = np.where(ndimage.binary_dilation(inside, iterations=2), chance, 0)
    contours = find_contours(np.pad(own, 1), 0.5)
    outline = max(contours, key=len)[:, ::-1] - 1 if contours else np.zeros((0, 2))
    return Disc(
        centre,
        centre + axis * low,
        centre + axis * high,
        length,
        float(own[own > 0.05].sum()) / length,
        outline,
        _nearby(heat[0], centre),
        _nearby(heat[1], centre),
    )


def chain(found: list[Disc]) -> list[Disc | None]:
    """Order discs from L5-S1 upwards; a gap of two spacings leaves a None.

    The lowest disc is the one that the L5-S1 heatmap points at; whatever lies below it (a sacral
    remnant) or off the column (an island) is left out.
    """
    if not found:
        return []
    size = float(np.median([d.length for d in found]))
    anchor = max(found, key=lambda d: (_last(d, size), d.centre[1]))
    if anchor.last_chance < 0.1:
        anchor = max(found, key=lambda d: d.centre[1])
    ordered: list[Disc | None] = [anchor]
    current, heading = anchor, np.array([0.0, -1.0])
    left = [d for d in found if d is not anchor]
    steps: list[float] = []
    while left:
        expected = float(np.median(steps[-3:])) if steps else anchor_step(found, anchor)
        best: tuple[float, Disc] | None = None
        for disc in left:
            step = disc.centre - current.centre
            distance = float(np.hypot(*step))
            if not 0.4 * expected < distance < 2.7 * expected:
                continue
            turn = math.degrees(math.acos(float(np.clip(step @ heading / distance, -1, 1))))
            if turn > (65 if len(ordered) <= 2 else 50):
                continue
            cost = distance / expected + (turn / 50) ** 2 - disc.centre_chance
            if best is None or cost < best[0]:
                best = (cost, disc)
        if best is None:
            break
        disc = best[1]
        step = disc.centre - current.centre
        distance = float(np.hypot(*step))
        missing = max(0, round(distance / expected) - 1) if distance > 1.65 * expected else 0
        ordered += [None] * missing
        ordered.append(disc)
        steps.append(distance / (missing + 1))
        heading, current = step / distance, disc
        left.remove(disc)
    return ordered


def _last(disc: Disc, size: float) -> float:
    """How surely a disc is L5-S1; a sacral remnant is shorter than the median disc."""
    return disc.last_chance * min(1.0, disc.length / (0.7 * size))


def rival(found: list[Disc], anchor: Disc) -> float:
    """How surely the likeliest disc beside the anchor is L5-S1; 0 without another disc."""
    size = float(np.median([d.length for d in found]))
    away = [d for d in found if np.hypot(*(d.centre - anchor.centre)) > 0.5 * anchor.length]
    return max((_last(d, size) for d in away), default=0.0)


def anchor_step(found: list[Disc], anchor: Disc) -> float:
    """Expected distance to the next disc: the median nearest distance among the discs."""
    nearest = [
        min(float(np.hypot(*(a.centre - b.centre))) for b in found if b is not a)
        for a in found
        if len(found) > 1
    ]
    return float(np.median(nearest)) if nearest else anchor.length


def column(chances: Floats, heat: Floats) -> Column:
    """The numbered column of one slice; no discs where none was recognised."""
    classes = chances.argmax(0).astype(np.uint8)
    found = candidates(chances, heat)
    ordered = chain(found)
    depths = [
        body_depth(classes, upper, lower)
        for lower, upper in pairwise(ordered)
        if lower is not None and upper is not None
    ]
    known = [depth for depth in depths if depth is not None]
    lengths = [d.length for d in ordered if d is not None]
    depth = float(np.median(known)) if known else float(np.median(lengths)) if lengths else 0.0
    lowest = ordered[0] if ordered else None
    if lowest is None:
        return Column(ordered, depth, 0.0, classes)
    return Column(ordered, depth, lowest.last_chance, classes, rival(found, lowest))


def run(
    classes: npt.NDArray[np.uint8], start: Floats, direction: Floats, wanted: int
) -> tuple[float, float] | None:
    """How far a class extends from a point along a line.

    Returns:
        (backward, forward) distances in frame pixels of the run that holds the start; None where
        the start has another class.
    """
    steps = np.arange(-SIZE / 2, SIZE / 2, 0.25)
    places = np.asarray(start)[None] + steps[:, None] * np.asarray(direction)[None]
    values = ndimage.map_coordinates(
        (classes == wanted).astype(np.float32), [places[:, 1], places[:, 0]], order=1
    )
    inside = values >= 0.5
    middle = len(steps) // 2
    if not inside[middle]:
        return None
    before = middle - np.argmin(inside[middle::-1]) if not inside[: middle + 1].all() else 0
    after = middle + np.argmin(inside[middle:]) if not inside[middle:].all() else len(steps) - 1
    return float(-steps[before]), float(steps[after])


def body_depth(classes: npt.NDArray[np.uint8], upper: Disc, lower: Disc) -> float | None:
    """Anteroposterior depth of the body between two discs, at mid-height."""
    along = upper.along + lower.along
    found = run(classes, (upper.centre + lower.centre) / 2, along / np.hypot(*along), VERTEBRA)
    if found is None or not 0.3 < (sum(found)) / max(upper.length, lower.length) < 2:
        return None
    return sum(found)


def body_outline(
    classes: npt.NDArray[np.uint8], upper: Disc, lower: Disc
) -> npt.NDArray[np.float64]:
    """Contour of the body between two discs, without its posterior elements; may be empty."""
    from skimage.draw import polygon2mask
    from skimage.measure import find_contours

    reach = 0.25 * max(upper.length, lower.length)
    corners = np.array(
        [
            upper.anterior - upper.along * reach,
            upper.posterior + upper.along * reach * 0.3,
            lower.posterior + lower.along * reach * 0.3,
            lower.anterior - lower.along * reach,
        ]
    )
    box = polygon2mask((SIZE, SIZE), corners[:, ::-1])
    islands, count = ndimage.label((classes == VERTEBRA) & box)
    if not count:
        return np.zeros((0, 2))
    sizes = ndimage.sum_labels(np.ones_like(islands), islands, range(1, count + 1))
    body = islands == int(np.argmax(sizes)) + 1
    contours = find_contours(np.pad(body.astype(float), 1), 0.5)
    outline: npt.NDArray[np.float64] = max(contours, key=len)[:, ::-1] - 1
    return outline


def canal_depth(classes: npt.NDArray[np.uint8], disc: Disc) -> float | None:
    """Anteroposterior depth of the canal behind a disc, along the disc's own axis."""
    for beyond in np.arange(0.0, 0.35 * disc.length, 0.5):
        start = disc.posterior + disc.along * beyond
        found = run(classes, start, disc.along, CANAL)
        if found is not None and sum(found) > 1:
            return sum(found)
    return None


def slip(classes: npt.NDArray[np.uint8], disc: Disc, step: float) -> float | None:
    """Offset of the posterior walls above and below a disc, along the disc's axis.

    Args:
        classes: class of each frame pixel.
        disc: the disc between the two bodies.
        step: distance from the disc's mid-plane, in frame pixels, at which the walls are read.

    Returns:
        Frame pixels; positive where the upper body lies anterior (anterolisthesis). None where a
        body is not segmented, as S1 is not.
    """
    across = np.array([-disc.along[1], disc.along[0]])  # points caudally
    walls = []
    for sign in (-1, 1):
        start = disc.centre + sign * across * (disc.height / 2 + step)
        found = run(classes, start, disc.along, VERTEBRA)
        if found is None:
            return None
        walls.append(found[1])
    return walls[1] - walls[0]
