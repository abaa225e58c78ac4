"""Whether a slice shows a lumbar column with its junction, and with which MR contrast.

The column network outlines the discs, bodies and canal; a linear rule on some measures of that
outline tells a lumbar column from other regions, planes, crops and turned slices. The greys of the
canal, bodies and discs against one another tell T1 from T2 and STIR.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from tools.column import Column, body_depth, canal_depth
from tools.column_net import CANAL, DISC, SIZE, VERTEBRA
from tools.framing import Frame

Floats = npt.NDArray[np.float32]

CONTRASTS = ("t1", "t2", "stir")
MEASURES = (
    "discs",
    "discs_with_canal",
    "bodies",
    "l5_s1",
    "disc_centres",
    "canal_area",
    "body_area",
    "canal_per_body",
    "uneven_steps",
    "canal_behind",
    "l5_s1_tilt",
    "upright",
)
_DARK = 0.04
"""Share of the bright greys below which a row counts as dark."""
_FEWEST = 40
"""Frame pixels of canal and of bodies below which their greys are not compared."""


@dataclass(frozen=True, eq=False)
class Rules:
    """Linear rules; shapes with m measures, c contrasts and g ratios of greys.

    Attributes:
        column_weight, column_bias: (m,) and (1,), logistic.
        contrast_weight, contrast_bias: (c, g) and (c,), softmax.
    """

    column_weight: Floats
    column_bias: Floats
    contrast_weight: Floats
    contrast_bias: Floats

    def lumbar(self, column: Column) -> float:
        """Chance that a column is lumbar, upright, faces left and ends at its junction."""
        return chance(self.score(column))

    def score(self, column: Column) -> float:
        """Log odds of the same."""
        return float(measures(column) @ self.column_weight + self.column_bias[0])

    def contrast(self, frame: Floats, column: Column) -> dict[str, float]:
        """Chance of each MR contrast; empty where too little of the column is seen."""
        ratios = greys(frame, column)
        if ratios is None:
            return {}
        scores = self.contrast_weight @ ratios + self.contrast_bias
        raised = np.exp(scores - scores.max())
        return dict(zip(CONTRASTS, map(float, raised / raised.sum()), strict=True))


def chance(score: float) -> float:
    """Log odds to a chance."""
    return float(1 / (1 + np.exp(-np.clip(score, -30, 30))))


def measures(column: Column) -> Floats:
    """The measures named in ``MEASURES``, each of the order of one."""
    discs = [disc for disc in column.discs if disc is not None]
    if not discs:
        return np.zeros(len(MEASURES), np.float32)
    classes = column.classes
    pairs = [
        (upper, lower)
        for lower, upper in zip(column.discs, column.discs[1:], strict=False)
        if lower is not None and upper is not None
    ]
    centres = np.array([disc.centre for disc in discs])
    steps = np.hypot(*np.diff(centres, axis=0).T) if len(discs) > 1 else np.array([1.0])
    best = sorted((disc.centre_chance for disc in discs), reverse=True)[:5]
    canal, bodies = classes == CANAL, classes == VERTEBRA
    behind = 0.0
    if canal.any():
        near = ndimage.center_of_mass(canal)
        behind = (near[1] - float(centres[:, 0].mean())) / max(column.depth, 1.0)
    rise = centres[0] - centres[-1]
    length = float(np.hypot(*rise))
    lowest = discs[0]
    seen = [
        min(len(discs), 8) / 8,
        min(sum(canal_depth(classes, disc) is not None for disc in discs), 6) / 6,
        min(sum(body_depth(classes, upper, lower) is not None for upper, lower in pairs), 6) / 6,
        column.anchor_chance,
        sum(best) / 5,
        np.log1p(canal.sum() / 200),
        np.log1p(bodies.sum() / 500),
        min(float(canal.sum() / max(bodies.sum(), 1)), 1.5),
        min(float(steps.std() / max(float(steps.mean()), 1e-6)), 1.0),
        float(np.clip(behind, -1.5, 1.5)),
        float(-lowest.along[1]),
        float(rise[1] / length) if length else 0.0,
    ]
    return np.asarray(seen, np.float32)


def room_below(pixels: Floats, framed: Frame, column: Column) -> float:
    """How much of the slice lies below its lowest disc, in vertebral depths.

    Below L5-S1 there is the sacrum, unless the slice ends there. Dark rows at the bottom don't
    count: padding shows nothing.

    Args:
        pixels: the slice, (rows, columns).
        framed: how it lies in the frame.
        column: what was found in that frame.
    """
    lowest = next((disc for disc in column.discs if disc is not None), None)
    if lowest is None or column.depth <= 0:
        return 0.0
    bright = np.percentile(pixels, 90, axis=1) > _DARK * np.percentile(pixels, 98)
    last = int(np.flatnonzero(bright)[-1]) if bright.any() else len(pixels) - 1
    row = float(framed.to_slice(lowest.centre)[0][1])
    return (last - row) * framed.scale[1] / column.depth


def greys(frame: Floats, column: Column) -> Floats | None:
    """Log ratios of the greys of canal, bodies, discs and what surrounds them.

    Args:
        frame: (SIZE, SIZE) in [-1, 1], as the column network saw it.
        column: what it saw.

    Returns:
        (10,), or None where canal or bodies are hardly there.
    """
    values, classes = (frame + 1) / 2, column.classes
    if min((classes == CANAL).sum(), (classes == VERTEBRA).sum()) < _FEWEST:
        return None

    def of(wanted: int) -> Floats:
        inside = classes == wanted
        core = ndimage.binary_erosion(inside)
        kept = values[core if core.sum() >= 20 else inside]
        return np.percentile(kept, (25, 50, 75, 90)) if kept.size else bodies

    bodies = of(VERTEBRA)
    canal, discs = of(CANAL), of(DISC)
    around = ndimage.binary_dilation(classes > 0, iterations=round(SIZE / 19)) & (classes == 0)
    beside = np.percentile(values[around], (10, 50, 90, 98)) if around.any() else bodies
    pairs = (
        (canal[1], bodies[1]),
        (canal[2], bodies[1]),
        (canal[3], bodies[1]),
        (discs[1], bodies[1]),
        (discs[3], bodies[1]),
        (bodies[1], beside[3]),
        (bodies[1], beside[1]),
        (beside[1], beside[3]),
        (canal[2], beside[3]),
        (canal[0], bodies[1]),
    )
    return np.asarray([np.log((a + 0.03) / (b + 0.03)) for a, b in pairs], np.float32)
