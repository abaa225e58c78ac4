"""How far one vertebra stands forward of the next, and how likely that is spondylolisthesis.

Two measures that fail differently: the step of the front of the canal across the disc, which is
there at L5-S1 too, and the step of the posterior walls, which needs both bodies outlined. Straight
lines (Theil 1950, Sen 1968) through many rows of either body keep single bad rows out. Both are
taken against the step that is usual at the level, as lordosis leaves one where nothing slipped.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict
from scipy import ndimage

from radixgpt.weights import load_card
from tools.column import Column, Disc, run
from tools.column_net import CANAL, VERTEBRA

Array = npt.NDArray[np.float64]

_CANAL_ROWS = (0.10, 0.70, 12)
"""Where the canal is read on either side of a disc: from, to (vertebral depths), rows."""
_WALL_ROWS = (0.05, 0.35, 11)
_CANAL_REACH = 1.4
"""How far behind the disc's centre the canal is sought, in vertebral depths."""
_FEWEST_ROWS = 4
LARGEST = 0.15
"""Beyond this one measure says no more: in the data larger steps are mostly errors of outlines."""
AGREED_FROM = 0.06
"""From here on, two measures that agree speak for a slip."""


class Usual(BaseModel):
    """The step that is usual from L5-S1 upwards; higher levels share the last.

    Attributes:
        canal, walls: in vertebral depths; positive where the upper body lies anterior.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    canal: tuple[float, ...]
    walls: tuple[float, ...]


class SlipRule(BaseModel):
    """Logistic rule that joins the network with the measures.

    Attributes:
        logit, step, agreed, offset: the weights of the network's logit, of the canal's step, of
            what two agreeing measures have beyond ``AGREED_FROM``, and the constant.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    logit: float
    step: float
    agreed: float
    offset: float


@dataclass(frozen=True)
class Steps:
    """Steps at one disc in vertebral depths, as measured; None where a border is not outlined."""

    canal: float | None
    walls: float | None

    def against(self, usual: Usual, index: int) -> Steps:
        """The steps beyond those that are usual at the disc ``index`` above L5-S1."""

        def rest(step: float | None, levels: tuple[float, ...]) -> float | None:
            return None if step is None else step - levels[min(max(index, 0), len(levels) - 1)]

        return Steps(rest(self.canal, usual.canal), rest(self.walls, usual.walls))

    @property
    def smaller(self) -> float | None:
        """The measure that claims less; None where there is neither."""
        return min((s for s in (self.canal, self.walls) if s is not None), key=abs, default=None)

    @property
    def features(self) -> tuple[float, float]:
        """Size of the canal's step, and what both measures have beyond ``AGREED_FROM``."""
        if self.canal is None:
            return 0.0, 0.0
        alike = self.walls is not None and self.walls * self.canal > 0
        agreed = min(abs(self.canal), abs(self.walls or 0.0)) if alike else 0.0
        return min(abs(self.canal), LARGEST), float(np.clip(agreed - AGREED_FROM, 0, LARGEST))


def chance_logit(rule: SlipRule, logit: float, steps: Steps) -> float:
    """Logit of spondylolisthesis from the network's logit and steps against the usual ones."""
    step, agreed = steps.features
    return rule.logit * logit + rule.step * step + rule.agreed * agreed + rule.offset


@cache
def usual() -> Usual:
    """The usual steps, of the training patients' discs without a graded slip.

    Raises:
        WeightsError: the manifest of the levels lacks them.
    """
    return Usual.model_validate(load_card("levels").value("usual_steps"))


def measure(column: Column, disc: Disc) -> Steps:
    """Both steps at a disc, as they are."""
    depth = column.depth
    if disc.height <= 0 or depth <= 0:
        return Steps(None, None)
    half = disc.height / 2
    ends: dict[str, list[float | None]] = {"canal": [], "walls": []}
    for sign in (-1, 1):
        for name, rows in (("canal", _CANAL_ROWS), ("walls", _WALL_ROWS)):
            heights = sign * (half + np.linspace(*rows) * depth)
            border = _canal if name == "canal" else _wall
            reached = np.array([border(column, disc, height) for height in heights])
            ends[name].append(_at(heights, reached, sign * half))

    def step(name: str) -> float | None:
        upper, lower = ends[name]
        return None if upper is None or lower is None else (lower - upper) / depth

    return Steps(step("canal"), step("walls"))


def _start(disc: Disc, height: float) -> Array:
    across = np.array([-disc.along[1], disc.along[0]])  # points caudally
    start: Array = disc.centre + across * height
    return start


def _wall(column: Column, disc: Disc, height: float) -> float:
    """How far the body reaches backwards at a height beside the disc; NaN outside of it."""
    found = run(column.classes, _start(disc, height), disc.along, VERTEBRA)
    return np.nan if found is None else found[1]


def _canal(column: Column, disc: Disc, height: float) -> float:
    """Where the canal begins behind the column at a height beside the disc; NaN without one."""
    away = np.arange(0, _CANAL_REACH * column.depth, 0.25)
    places = _start(disc, height)[None] + away[:, None] * disc.along
    inside = ndimage.map_coordinates(
        (column.classes == CANAL).astype(np.float32), [places[:, 1], places[:, 0]], order=1
    )
    found = np.flatnonzero(inside >= 0.5)
    return float(away[found[0]]) if len(found) else np.nan


def _at(heights: Array, reached: Array, height: float) -> float | None:
    """The Theil-Sen line through the rows that were found, read at one height."""
    known = np.isfinite(reached)
    if known.sum() < _FEWEST_ROWS:
        return None
    x, y = heights[known], reached[known]
    first, second = np.triu_indices(len(x), 1)
    slope = float(np.median((y[second] - y[first]) / (x[second] - x[first])))
    return float(np.median(y - slope * x)) + slope * height
