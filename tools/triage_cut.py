"""Whether a slice ends above the junction with the sacrum, so that levels would be miscounted.

The lowest disc of such a slice is taken for L5-S1. But below it lies little of the slice, it is
less tilted, and the network is less sure of the junction: a rule on these, their squares and
products tells the most of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tools.column import Column
from tools.framing import Frame
from tools.triage_column import room_below

Floats = npt.NDArray[np.floating]

MEASURES = (
    "room below",
    "tilt",
    "tilt beyond the next",
    "tilt of the next beyond the third",
    "anchor chance",
    "rival chance",
    "junction chance",
    "step",
    "discs",
)
"""Room in vertebral depths, tilts of the lowest discs in degrees, what the column network says of
the junction, the step to the next disc in vertebral depths, and how many discs are seen."""
_FEWEST = 3


@dataclass(frozen=True, eq=False)
class CutOff:
    """The rule.

    Attributes:
        mean: (9,) of the measures, ``scale``: their spread.
        weight: (54,) of the measures in spreads, then of their squares and products in the order
            of the upper triangle.
        bias: of the score.
        line: score from which a slice counts as cut off.
    """

    mean: Floats
    scale: Floats
    weight: Floats
    bias: float
    line: float

    def score(self, measures: Floats) -> float:
        """Log odds that the slice is cut off."""
        return float(expanded((measures - self.mean) / self.scale) @ self.weight) + self.bias

    def ends_too_high(self, pixels: npt.ArrayLike, framed: Frame, column: Column) -> bool:
        """Whether a slice (rows, columns) with this column is cut off."""
        found = measure(pixels, framed, column)
        return found is not None and self.score(found) >= self.line


def measure(pixels: npt.ArrayLike, framed: Frame, column: Column) -> Floats | None:
    """The measures named in MEASURES, (9,); None where fewer than three discs are seen."""
    discs = [disc for disc in column.discs if disc is not None]
    if len(discs) < _FEWEST or column.depth <= 0:
        return None
    tilts = [float(np.degrees(np.arctan2(-d.along[1], d.along[0]))) for d in discs[:3]]
    step = float(np.hypot(*(discs[0].centre - discs[1].centre))) / column.depth
    return np.asarray(
        [
            min(room_below(np.asarray(pixels, np.float32), framed, column), 4.0),
            tilts[0],
            tilts[0] - tilts[1],
            tilts[1] - tilts[2],
            column.anchor_chance,
            column.rival_chance,
            discs[0].last_chance,
            step,
            min(len(discs), 9),
        ]
    )


def expanded(measures: Floats) -> Floats:
    """Measures (9,) or (n, 9) with their squares and products: (54,) or (n, 54)."""
    first, second = np.triu_indices(len(MEASURES))
    both = measures[..., first] * measures[..., second]
    return np.concatenate([measures, both], axis=-1)
