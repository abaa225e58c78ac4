"""The bones of a phantom: stacked upwards from the sacrum by its parameters.

Normal heights and depths: disc heights L1-L2 to L5-S1 and the size of L5 as published for adults,
continued upwards with usual anatomical proportions.
"""

from __future__ import annotations

import zlib

import numpy as np

from data.synth.phantom_parameters import DISCS_SHOWN, VERTEBRAE_SHOWN, Phantom
from data.synth.phantom_shapes import Body, Bones, DiscSpace, Plate, Vec

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
    (21.5, 24.0, 23.0, 2.0),
    (15.0, 19.0, 21.0, -12.0),
    (11.0, 16.0, 18.0, -20.0),
    (8.5, 13.0, 15.0, -22.0),
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
        wedge = min(wedge, 2 * float(np.arctan(0.55 * gap / depth)))  # the back keeps some height
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
    node = (side * (0.2 + 0.1 * draws[1]) * depth, 1.3 + 2.8 * draws[2] ** 2, 2.4 + 1.8 * draws[3])
    small = (-side * (0.2 + 0.12 * draws[4]) * depth, 0.6 + 1.2 * draws[5], 2.2)
    return (node, small)
