"""How far a vertebra has slipped on the one below, from the corners of their endplates.

Meyerding (1932) divides the upper endplate of the lower body into quarters; the slip is how far the
posterior corner of the upper body stands before that of the lower one, along that endplate and in
shares of its depth. Shares need no scale, so a film without a ruler has them, too.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence as Items
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating]

LEAST_PEAK = 0.25
"""Chance of a disc's centre below which it is not followed."""
UNLIKE = 0.25
"""Difference of both steps, in depths, beyond which corners are not believed: neighbouring
endplates are about equally long."""
_NEAR, _FAR = 0.45, 1.9
"""Distances of neighbouring discs, in depths of the lower endplate."""
_TURN = 0.5
"""Least cosine between the endplates of neighbours, and of the way between them to upright."""
MOST = 6
"""Discs of a film: L5-S1 up to T12-L1."""


@dataclass(frozen=True, eq=False)
class Peak:
    """A disc as seen on the whole film: centre and lower endplate (x, y), and its chance."""

    centre: Array
    along: Array
    chance: float


@dataclass(frozen=True, eq=False)
class Slip:
    """A disc with its corners.

    Attributes:
        corners: (4, 2) as (x, y) in pixels of the film: upper anterior, upper posterior, lower
            anterior, lower posterior.
        chance: of its centre.
        doubt: how far the corners moved between looks, in depths (root mean square).
    """

    corners: Array
    chance: float
    doubt: float

    @property
    def posterior(self) -> float:
        """Step of the posterior corners, in depths; positive where the upper body is in front."""
        return _steps(self.corners)[0]

    @property
    def anterior(self) -> float:
        """Step of the anterior corners, likewise."""
        return _steps(self.corners)[1]

    @property
    def moved(self) -> float:
        """The mean of both steps: how far the upper body stands in front of the lower."""
        return sum(_steps(self.corners)) / 2

    def outline(self) -> tuple[tuple[float, float], ...]:
        """The disc space as a polygon of (x, y)."""
        ring = self.corners[[0, 1, 3, 2]]
        return tuple((round(float(x), 1), round(float(y), 1)) for x, y in ring)


Answer = Literal["present", "close", "unseen", "none"]
"""What is said of a film: a slip, too close to call, none measured, or no disc measured.

A slip is never called absent: a disc that has slipped far may be the one that is missed.
"""


@dataclass(frozen=True)
class Lines:
    """Where a statement begins.

    Attributes:
        slip: least chance of a slip for it to be stated.
        no_slip: greatest chance of a slip at which none counts as measured.
        doubt: greatest doubt about corners, in depths, for a disc to be measured.
    """

    slip: float
    no_slip: float
    doubt: float


@dataclass(frozen=True, eq=False)
class Verdict:
    """What is said of one film.

    Attributes:
        answer: see :data:`Answer`.
        measured: the discs that could be measured, the lowest first.
        slipped: those of them at which a slip is stated, the largest first.
        chance: of the largest slip; 0 where no disc is measured.
    """

    answer: Answer
    measured: tuple[Slip, ...]
    slipped: tuple[Slip, ...]
    chance: float


def sure(slip: Slip, doubt: float) -> bool:
    """Whether the corners of a disc agree between looks and with one another."""
    return slip.doubt <= doubt and abs(slip.posterior - slip.anterior) <= UNLIKE


def judge(found: Items[Slip], chance: Callable[[float], float], lines: Lines) -> Verdict:
    """Decide on a film by the largest step of the posterior corners among its discs."""
    measured = tuple(s for s in found if sure(s, lines.doubt))
    if not measured:
        return Verdict("none", (), (), 0.0)
    most = chance(max(s.posterior for s in measured))
    slipped = sorted(
        (s for s in measured if chance(s.posterior) >= lines.slip), key=lambda s: -s.posterior
    )
    answer: Answer = "present" if slipped else "close" if most > lines.no_slip else "unseen"
    return Verdict(answer, measured, tuple(slipped), most)


def _steps(corners: Array) -> tuple[float, float]:
    along = corners[2] - corners[3]
    square = float(along @ along)
    return (
        float((corners[1] - corners[3]) @ along) / square,
        float((corners[0] - corners[2]) @ along) / square,
    )


def peaks(said: Array, columns: float) -> list[Peak]:
    """Discs in what the head says of a film, in cells of its map.

    Args:
        said: (3, r, c): logit of a centre, and the way along the lower endplate.
        columns: columns of the map that the film itself takes.
    """
    chance = 1 / (1 + np.exp(-np.clip(said[0], -40, 40)))
    chance = chance[:, : max(1, int(np.ceil(columns)))]
    padded = np.pad(chance, 1)
    out = []
    for row, column in np.argwhere(chance >= LEAST_PEAK):
        around = padded[row : row + 3, column : column + 3]
        if chance[row, column] < around.max():
            continue
        weight = around / around.sum()
        centre = np.array(
            [
                column + float((weight.sum(0) * (-1, 0, 1)).sum()),
                row + float((weight.sum(1) * (-1, 0, 1)).sum()),
            ]
        )
        along = np.asarray(said[1:, row, column], float)
        if np.hypot(*along) > 1:
            out.append(Peak(centre, along, float(chance[row, column])))
    return out


def column(found: Items[Peak]) -> list[Peak]:
    """The likeliest chain of neighbouring discs, the lowest first; the anterior side agrees."""
    order = sorted(found, key=lambda p: -p.centre[1])
    best: list[tuple[float, int]] = []
    for i, peak in enumerate(order):
        before = [
            (best[j][0], j) for j in range(i) if _neighbours(order[j], peak) and best[j][0] > 0
        ]
        total, back = max(before, default=(0.0, -1))
        best.append((total + peak.chance, back))
    if not best:
        return []
    at = int(np.argmax([total for total, _ in best]))
    chain = []
    while at >= 0:
        chain.append(order[at])
        at = best[at][1]
    return chain[::-1][:MOST]


def _neighbours(lower: Peak, upper: Peak) -> bool:
    """Whether two discs may lie one above the other."""
    way = upper.centre - lower.centre
    far = float(np.hypot(*way))
    deep = (float(np.hypot(*lower.along)) + float(np.hypot(*upper.along))) / 2
    if not _NEAR * deep < far < _FAR * deep:
        return False
    turned = float(lower.along @ upper.along)
    return turned > _TURN * float(np.hypot(*lower.along) * np.hypot(*upper.along)) and (
        -way[1] > _TURN * far
    )
