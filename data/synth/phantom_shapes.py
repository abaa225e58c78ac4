"""The shapes that a phantom is made of: endplates, bodies and discs as signed distances.

Coordinates are (x, y) in the sagittal plane: x towards the back, y towards the feet, the origin in
the middle of the endplate of S1. Distances are negative inside, in millimetres.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from data.synth.phantom_parameters import Disc
from data.synth.phantom_signal import Array

Vec: TypeAlias = npt.NDArray[np.float64]


def rounded(first: Array, second: Array, radius: float) -> Array:
    """Intersection of two signed distances with a rounded corner of ``radius`` millimetres."""
    a, b = first + np.float32(radius), second + np.float32(radius)
    outer = np.hypot(np.maximum(a, 0), np.maximum(b, 0))
    result: Array = outer + np.minimum(np.maximum(a, b), 0) - np.float32(radius)
    return result


def joined(first: Array, second: Array, blend: float) -> Array:
    """Union of two signed distances, blended over ``blend`` millimetres."""
    share = np.clip(0.5 + 0.5 * (second - first) / blend, 0, 1)
    result: Array = second + (first - second) * share - blend * share * (1 - share)
    return result


@dataclass(frozen=True)
class Frame:
    """A place with its own axes: ``u`` towards the back, ``n`` across."""

    origin: Vec
    u: Vec
    n: Vec

    def local(self, x: Array, y: Array) -> tuple[Array, Array]:
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

    def beyond(self, x: Array, y: Array) -> Array:
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
        return _frame_between(self.upper, self.lower)

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

    def distance(self, x: Array, y: Array) -> Array:
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


def _frame_between(upper: Plate, lower: Plate) -> Frame:
    corners = (upper.anterior, upper.posterior, lower.anterior, lower.posterior)
    u = upper.frame.u + lower.frame.u
    u = u / np.hypot(*u)
    return Frame(np.mean(corners, axis=0), u, np.array([u[1], -u[0]]))


def _between(body: Body, corner: str, tilt: Array) -> Array:
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
        return _frame_between(self.upper, self.lower)

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

    def gaps(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Distance below the upper plate and above the lower one; positive within the disc."""
        return self.upper.beyond(x, y), self.lower.beyond(x, y)

    def posterior_limit(self, across: Array) -> Array:
        """Place along the disc of the line between the posterior corners."""
        return self._limit(self.upper.posterior, self.lower.posterior, across)

    def _limit(self, high: Vec, low: Vec, across: Array) -> Array:
        (a1, a0), (b1, b0) = (
            [float((corner - self.frame.origin) @ axis) for corner in (high, low)]
            for axis in (self.frame.u, self.frame.n)
        )
        share = np.clip((across - np.float32(b0)) / np.float32(max(b1 - b0, 0.5)), 0, 1)
        line: Array = np.float32(a0) + np.float32(a1 - a0) * share
        return line

    def distance(self, x: Array, y: Array, z: float = 0.0) -> Array:
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
        both = {**bodies, **{body.name: body for body in kept}}
        discs = {}
        for name, disc in self.discs.items():
            above, below = name.split("-")
            if above in both and below in both:
                plates = both[above].lower, both[below].upper
                discs[name] = DiscSpace(name, disc.state, *plates)
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
