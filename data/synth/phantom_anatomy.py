"""The bones and discs of a phantom as curves in millimetres.

Coordinates are (x, y) in the sagittal plane: x towards the back, y towards the feet, the origin in
the middle of the endplate of S1. Distances are signed, negative inside, in millimetres.

Normal heights and depths: disc heights L1-L2 to L5-S1 and the size of L5 as published for adults,
continued upwards with usual anatomical proportions.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from data.synth.phantom_parameters import DISCS_SHOWN, VERTEBRAE_SHOWN, Disc, Phantom

Vec: TypeAlias = npt.NDArray[np.float64]
Grid: TypeAlias = npt.NDArray[np.float32]

_DISC_MM = dict(
    zip(DISCS_SHOWN, (4.2, 4.6, 4.9, 5.4, 6.2, 7.6, 9.6, 11.0, 12.0, 13.2, 12.6), strict=True)
)
_DISC_WEDGE = dict(zip(DISCS_SHOWN, (0, 0, 0, 0, 0.5, 1.5, 4, 6, 8, 11, 15), strict=True))
_DEPTH_MM = dict(
    zip(VERTEBRAE_SHOWN, (25, 26, 27, 28, 28.5, 29.5, 31, 32.5, 33.5, 34.5, 35), strict=True)
)
_FRONT_MM = dict(
    zip(VERTEBRAE_SHOWN, (18.5, 19.5, 20.5, 21.2, 22, 23.5, 25, 26, 27, 27.5, 28.5), strict=True)
)
_BACK_MM = dict(
    zip(VERTEBRAE_SHOWN, (20, 21, 22, 22.6, 23.5, 25, 26, 26.8, 26.8, 26, 24.5), strict=True)
)
_HALF_WIDTH_MM = dict(
    zip(VERTEBRAE_SHOWN, (15, 15.5, 16, 17, 18.5, 20, 21, 22, 23, 24, 25.5), strict=True)
)
# Sacral segments: depth of the top, height in front and behind, and tilt against the one above.
_SACRUM = (
    (33.0, 30.0, 25.0, 0.0),
    (21.5, 24.0, 22.0, 9.0),
    (15.0, 20.0, 20.0, -5.0),
    (11.0, 17.0, 18.0, -16.0),
    (8.5, 14.0, 15.0, -20.0),
)
_SACRAL_HALF_WIDTH_MM = 27.0
HOLLOW_SHARE = 0.13
"""Depth of each endplate's hollow as a share of the height of its disc."""


def direction(angle: float) -> tuple[Vec, Vec]:
    """Unit vectors towards the back and the head of something tilted by ``angle`` radians."""
    c, s = np.cos(angle), np.sin(angle)
    return np.array([c, -s]), np.array([-s, -c])


def stream(phantom: Phantom, name: str) -> np.random.Generator:
    """Random numbers of one structure, so that changing another leaves it alone."""
    return np.random.default_rng([phantom.seed, zlib.crc32(name.encode())])


def rounded(first: Grid, second: Grid, radius: float) -> Grid:
    """Intersection of two signed distances with a rounded corner of ``radius`` millimetres."""
    a, b = first + np.float32(radius), second + np.float32(radius)
    outer = np.hypot(np.maximum(a, 0), np.maximum(b, 0))
    result: Grid = outer + np.minimum(np.maximum(a, b), 0) - np.float32(radius)
    return result


def joined(first: Grid, second: Grid, blend: float) -> Grid:
    """Union of two signed distances, blended over ``blend`` millimetres (Quilez' smooth minimum)."""
    share = np.clip(0.5 + 0.5 * (second - first) / blend, 0, 1)
    result: Grid = second + (first - second) * share - blend * share * (1 - share)
    return result


@dataclass(frozen=True)
class Frame:
    """A place with its own axes: ``u`` towards the back, ``n`` across."""

    origin: Vec
    u: Vec
    n: Vec

    def local(self, x: Grid, y: Grid) -> tuple[Grid, Grid]:
        """Coordinates along ``u`` and ``n``, millimetres."""
        dx, dy = x - np.float32(self.origin[0]), y - np.float32(self.origin[1])
        u, n = self.u.astype(np.float32), self.n.astype(np.float32)
        return dx * u[0] + dy * u[1], dx * n[0] + dy * n[1]

    def point(self, along: float, across: float) -> Vec:
        """The point with these local coordinates."""
        return self.origin + self.u * along + self.n * across


@dataclass(frozen=True)
class Plate:
    """An endplate: a chord from its anterior to its posterior corner, hollowed into its body.

    Attributes:
        outward: unit vector across the chord, out of the body.
        hollow: depth of the hollow in its middle.
        dents: (place along the chord from its middle, depth, half width) of Schmorl nodes.
    """

    anterior: Vec
    posterior: Vec
    outward: Vec
    hollow: float
    dents: tuple[tuple[float, float, float], ...] = ()

    @cached_property
    def depth(self) -> float:
        """Length of the chord."""
        return float(np.hypot(*(self.posterior - self.anterior)))

    @cached_property
    def frame(self) -> Frame:
        """Origin in the middle of the chord, ``n`` outward."""
        u = (self.posterior - self.anterior) / self.depth
        return Frame((self.anterior + self.posterior) / 2, u, self.outward)

    def beyond(self, x: Grid, y: Grid) -> Grid:
        """How far points lie outside the body, across this plate; negative within the body."""
        along, across = self.frame.local(x, y)
        r = np.minimum(np.abs(along) * np.float32(2 / self.depth), 1)
        result = across + np.float32(self.hollow) * (1 - r * r * np.sqrt(r))
        for place, deep, wide in self.dents:
            result = result + deep * np.exp(-(((along - place) / wide) ** 4))
        return result.astype(np.float32)

    def middle(self) -> Vec:
        """The deepest point of the hollow."""
        return self.frame.point(0.0, -self.hollow)

    def trimmed(self, front: float, back: float, hollow: float) -> Plate:
        """The same plate with its corners drawn in and its hollow scaled."""
        u = self.frame.u
        start, end = self.anterior + u * front, self.posterior - u * back
        return Plate(start, end, self.outward, self.hollow * hollow, self.dents)


@dataclass(frozen=True)
class Body:
    """A vertebral body between two plates.

    Attributes:
        half_width: lateral half width.
        lip: how far bony lips stand out at the upper and lower anterior corner.
    """

    name: str
    upper: Plate
    lower: Plate
    half_width: float
    lip: tuple[float, float] = (0.0, 0.0)
    waist: float = 1.0

    @cached_property
    def frame(self) -> Frame:
        """Origin in the middle; ``n`` towards the head."""
        corners = (self.upper.anterior, self.upper.posterior)
        corners += (self.lower.anterior, self.lower.posterior)
        u = self.upper.frame.u + self.lower.frame.u
        u = u / np.hypot(*u)
        return Frame(np.mean(corners, axis=0), u, np.array([u[1], -u[0]]))

    @cached_property
    def height(self) -> float:
        """Mean height between the corners."""
        front = self.upper.anterior - self.lower.anterior
        back = self.upper.posterior - self.lower.posterior
        return float((np.hypot(*front) + np.hypot(*back)) / 2)

    @cached_property
    def depth(self) -> float:
        """Mean depth from front to back."""
        return (self.upper.depth + self.lower.depth) / 2

    def distance(self, x: Grid, y: Grid) -> Grid:
        """Signed distance to the outline of the bone."""
        along, across = self.frame.local(x, y)
        top, bottom = self.upper.beyond(x, y), self.lower.beyond(x, y)
        tilt = np.clip(across / np.float32(self.height), -0.7, 0.7)
        narrow = np.float32(self.waist * self.depth) * np.clip(1 - 4 * tilt * tilt, 0, 1)
        front = _between(self, "anterior", tilt) - along + narrow * np.float32(0.075)
        for plate, lip in ((top, self.lip[0]), (bottom, self.lip[1])):
            if lip:
                front = front - lip * np.exp(-(((plate + 1.5) / 2.5) ** 2))
        back = along - _between(self, "posterior", tilt) + narrow * np.float32(0.035)
        return rounded(np.maximum(front, back), np.maximum(top, bottom), 1.6)


def _between(body: Body, corner: str, tilt: Grid) -> Grid:
    """Place along the body's axis of the line from its lower to its upper corner."""
    high = float((getattr(body.upper, corner) - body.frame.origin) @ body.frame.u)
    low = float((getattr(body.lower, corner) - body.frame.origin) @ body.frame.u)
    return np.float32((high + low) / 2) + np.float32(high - low) * tilt


@dataclass(frozen=True)
class DiscSpace:
    """A disc between the lower plate of one body and the upper plate of the next."""

    name: str
    state: Disc
    upper: Plate
    lower: Plate

    @cached_property
    def frame(self) -> Frame:
        """Origin in the middle between the corners; ``n`` towards the head."""
        corners = (self.upper.anterior, self.upper.posterior)
        corners += (self.lower.anterior, self.lower.posterior)
        u = self.upper.frame.u + self.lower.frame.u
        u = u / np.hypot(*u)
        return Frame(np.mean(corners, axis=0), u, np.array([u[1], -u[0]]))

    @cached_property
    def height_front(self) -> float:
        """Height between the anterior corners, across the disc."""
        return float((self.upper.anterior - self.lower.anterior) @ self.frame.n)

    @cached_property
    def height_back(self) -> float:
        """Height between the posterior corners, across the disc."""
        return float((self.upper.posterior - self.lower.posterior) @ self.frame.n)

    @cached_property
    def height(self) -> float:
        """Height in the middle, between the hollows of the plates."""
        return float((self.upper.middle() - self.lower.middle()) @ self.frame.n)

    @cached_property
    def depth(self) -> float:
        """Mean depth of the two plates."""
        return (self.upper.depth + self.lower.depth) / 2

    def centre(self) -> Vec:
        """The middle of the disc."""
        middle: Vec = (self.upper.middle() + self.lower.middle()) / 2
        return middle

    def gaps(self, x: Grid, y: Grid) -> tuple[Grid, Grid]:
        """Distance below the upper plate and above the lower one; positive within the disc."""
        return self.upper.beyond(x, y), self.lower.beyond(x, y)

    def posterior_limit(self, across: Grid) -> Grid:
        """Place along the disc of the line between the posterior corners."""
        return self._limit(self.upper.posterior, self.lower.posterior, across)

    def _limit(self, high: Vec, low: Vec, across: Grid) -> Grid:
        a1, b1 = (
            (high - self.frame.origin) @ self.frame.u,
            (high - self.frame.origin) @ self.frame.n,
        )
        a0, b0 = (low - self.frame.origin) @ self.frame.u, (low - self.frame.origin) @ self.frame.n
        share = np.clip((across - np.float32(b0)) / np.float32(max(b1 - b0, 0.5)), 0, 1)
        return np.float32(a0) + np.float32(a1 - a0) * share

    def distance(self, x: Grid, y: Grid, z: float = 0.0) -> Grid:
        """Signed distance to the outline; ``z`` is the distance from the midline."""
        state = self.state
        along, across = self.frame.local(x, y)
        below, above = self.gaps(x, y)
        half = np.maximum((below + above) / 2, 0.6)
        profile = np.clip(1 - ((above - below) / (2 * half)) ** 2, 0, 1)
        front = self._limit(self.upper.anterior, self.lower.anterior, across)
        worn = 0.5 + 0.4 * (state.pfirrmann >= 3) + 0.9 * (state.pfirrmann >= 4)
        front = front - np.float32(worn) * profile - along
        back = along - self.posterior_limit(across) - np.float32(state.bulge_mm) * profile
        radius = float(np.clip(self.height / 5, 0.5, 2.0))
        outline = rounded(np.maximum(front, back), np.maximum(-below, -above), radius)
        if state.herniation == "none":
            return outline
        reach = state.herniation_mm * float(np.sqrt(np.clip(1 - (z / 11) ** 2, 0.01, 1)))
        start = float(self.posterior_limit(np.zeros((1, 1), np.float32))[0, 0])
        moved, tall = 0.0, max(0.42 * self.height, 2.2)
        if state.herniation == "extrusion":
            moved, tall = -0.6 * state.migration_mm, max(tall, 3) + 0.5 * abs(state.migration_mm)
        ex = (along - np.float32(start + 0.4 * reach)) / np.float32(0.6 * reach)
        ey = (across - np.float32(moved)) / np.float32(tall)
        blob = (np.hypot(ex, ey) - 1) * np.float32(min(0.6 * reach, tall))
        return joined(blob, outline, 0.8)


@dataclass(frozen=True)
class Bones:
    """Bodies, discs and sacral segments, from head to tail."""

    bodies: dict[str, Body]
    discs: dict[str, DiscSpace]
    sacrum: tuple[Body, ...]

    def at(self, z: float) -> Bones:
        """The bones in a parallel plane ``z`` millimetres from the midline.

        Bodies are superellipses seen from above: shallower away from the midline, mostly in front.
        What lies wider than a body is left out.
        """
        if z == 0:
            return self
        bodies = {n: t for n, b in self.bodies.items() if (t := _trim(b, z, 0.8)) is not None}
        kept = tuple(t for b in self.sacrum if (t := _trim(b, z, 0.6)) is not None)
        upper = {f"{n}": b.lower for n, b in bodies.items()}
        lower = {**{n: b.upper for n, b in bodies.items()}, **{"S1": b.upper for b in kept[:1]}}
        discs = {
            name: DiscSpace(name, disc.state, upper[name.split("-")[0]], lower[name.split("-")[1]])
            for name, disc in self.discs.items()
            if name.split("-")[0] in upper and name.split("-")[1] in lower
        }
        return Bones(bodies, discs, kept)


def _trim(body: Body, z: float, front: float) -> Body | None:
    r = abs(z) / body.half_width
    if r > 0.95:
        return None
    left = (1 - r**2.6) ** (1 / 2.6)
    lost = 1 - left
    plates = [
        p.trimmed(front * lost * p.depth, (1 - front) * lost * p.depth, 1 - r * r)
        for p in (body.upper, body.lower)
    ]
    lip = (body.lip[0] * left, body.lip[1] * left)
    return Body(body.name, plates[0], plates[1], body.half_width, lip, body.waist)


def build(phantom: Phantom) -> Bones:
    """The bones in the midline, stacked upwards from the endplate of S1."""
    scale, slope = phantom.scale, float(np.deg2rad(phantom.sacral_slope_deg))
    sacrum = _sacrum(phantom, slope)
    bodies: dict[str, Body] = {}
    discs: dict[str, DiscSpace] = {}
    below, angle = sacrum[0].upper, slope
    for name in reversed(DISCS_SHOWN):
        vertebra, state = name.split("-")[0], phantom.discs[name]
        depth = _DEPTH_MM[vertebra] * scale
        gap = _height(phantom, name) * (1 - 2 * HOLLOW_SHARE)
        wedge = float(np.deg2rad(_DISC_WEDGE[name] * phantom.lordosis)) * (
            1 - 0.6 * state.narrowing
        )
        wedge = min(wedge, 2 * float(np.arctan(0.72 * gap / depth)))  # the back keeps some height
        u, n = direction(angle - wedge / 2)
        corner = below.posterior + n * (gap - depth * np.tan(wedge / 2)) - u * state.slip_mm
        angle -= wedge
        body = _body(phantom, vertebra, corner, angle)
        angle -= _wedge(phantom, vertebra)
        discs[name] = DiscSpace(name, state, body.lower, below)
        bodies[vertebra], below = body, body.upper
    return Bones(
        {name: bodies[name] for name in VERTEBRAE_SHOWN},
        {name: discs[name] for name in DISCS_SHOWN},
        sacrum,
    )


def _height(phantom: Phantom, disc: str) -> float:
    return _DISC_MM[disc] * phantom.scale * (1 - phantom.discs[disc].narrowing)


def _heights(phantom: Phantom, vertebra: str) -> tuple[float, float]:
    """Height in front and behind, after what the body lost."""
    front, back = _FRONT_MM[vertebra], _BACK_MM[vertebra]
    mean, bone = (front + back) / 2, phantom.vertebrae[vertebra]
    front = mean + (front - mean) * phantom.lordosis
    back = mean + (back - mean) * phantom.lordosis
    front, back = front * (1 - bone.loss_anterior), back * (1 - bone.loss_posterior)
    return front * phantom.scale, back * phantom.scale


def _wedge(phantom: Phantom, vertebra: str) -> float:
    front, back = _heights(phantom, vertebra)
    return 2 * float(np.arctan((front - back) / 2 / (_DEPTH_MM[vertebra] * phantom.scale)))


def _plate(posterior: Vec, angle: float, depth: float, side: int, hollow: float) -> Plate:
    u, n = direction(angle)
    return Plate(posterior - u * depth, posterior, n * side, hollow)


def _hollowed(phantom: Phantom, plate: Plate, disc: str, above: bool, crush: float) -> Plate:
    """A plate with the hollow of its disc, what a crushed body adds, and its dents."""
    state = phantom.discs[disc]
    irregular = state.endplate_upper if above else state.endplate_lower
    rng = stream(phantom, f"dents {'above' if above else 'below'} {disc}")
    dents = _dents(rng, plate.depth) if irregular else ()
    hollow = _height(phantom, disc) * HOLLOW_SHARE + crush
    return Plate(plate.anterior, plate.posterior, plate.outward, hollow, dents)


def _lip(phantom: Phantom, disc: str) -> float:
    worn = max(0, phantom.discs[disc].pfirrmann - 2)
    return float(stream(phantom, "lip " + disc).uniform(0.2, 1.0)) * worn * phantom.scale


def _body(phantom: Phantom, name: str, corner: Vec, angle: float) -> Body:
    """A body whose lower plate ends behind in ``corner`` and is tilted by ``angle``."""
    front, back = _heights(phantom, name)
    wedge, bone = _wedge(phantom, name), phantom.vertebrae[name]
    depth = _DEPTH_MM[name] * phantom.scale
    over = max(0.0, bone.loss_middle - (bone.loss_anterior + bone.loss_posterior) / 2)
    crush = over * (front + back) / 4
    lower = _plate(corner, angle, depth, -1, 0.5)
    top = corner + direction(angle - wedge / 2)[1] * back
    upper = _plate(top, angle - wedge, depth, 1, 0.5)
    place = DISCS_SHOWN.index(next(d for d in DISCS_SHOWN if d.startswith(name + "-")))
    lower = _hollowed(phantom, lower, DISCS_SHOWN[place], above=True, crush=crush)
    lips = [0.0, _lip(phantom, DISCS_SHOWN[place])]
    if place > 0:
        upper = _hollowed(phantom, upper, DISCS_SHOWN[place - 1], above=False, crush=crush)
        lips[0] = _lip(phantom, DISCS_SHOWN[place - 1])
    width = _HALF_WIDTH_MM[name] * phantom.scale
    return Body(name, upper, lower, width, (lips[0], lips[1]))


def _sacrum(phantom: Phantom, slope: float) -> tuple[Body, ...]:
    """Fused segments, their front concave; the middle of the uppermost plate is the origin."""
    scale, angle = phantom.scale, slope
    width = _SACRAL_HALF_WIDTH_MM * scale
    segments: list[Body] = []
    corner = direction(slope)[0] * _SACRUM[0][0] * scale / 2
    for i, (depth, front, back, tilt) in enumerate(_SACRUM):
        angle += float(np.deg2rad(tilt))
        bottom = _SACRUM[i + 1][0] + 1.5 if i + 1 < len(_SACRUM) else 6.0
        turn = float(np.arctan((front - back) / depth)) * 0.6
        upper = _plate(corner, angle, depth * scale, 1, 0.4)
        if i == 0:
            upper = _hollowed(phantom, upper, "L5-S1", above=False, crush=0.0)
        corner = corner - direction(angle + turn / 2)[1] * back * scale
        lower = _plate(corner, angle + turn, bottom * scale, -1, 0.4)
        lip = (_lip(phantom, "L5-S1") if i == 0 else 0.0, 0.0)
        segments.append(Body(f"S{i + 1}", upper, lower, width, lip, waist=0.6))
        angle += turn
        corner = corner - direction(angle)[1] * (2.6 if i == 0 else 1.4) * scale
    return tuple(segments)


def _dents(rng: np.random.Generator, depth: float) -> tuple[tuple[float, float, float], ...]:
    """A Schmorl node and a smaller erosion, off the middle: (place, depth, half width)."""
    draws = rng.uniform(size=6)
    side = 1.0 if draws[0] < 0.4 else -1.0
    node = (side * (0.2 + 0.1 * draws[1]) * depth, 2.2 + 2.6 * draws[2], 2.4 + 1.8 * draws[3])
    small = (-side * (0.2 + 0.12 * draws[4]) * depth, 0.6 + 1.2 * draws[5], 2.2)
    return (node, small)
