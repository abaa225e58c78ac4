"""The midline of the spine on an AP radiograph, and how much it bends.

From the chances of :class:`tools.radiographs.curve_net.CurveHead` the likeliest connected line is
taken (dynamic programming), smoothed, and its steepest tangents compared. The angle between the two
tangents that differ most is what a Cobb angle (Cobb 1948) measures with endplates; it is measured
on the midline here and so is none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating]

_MOST_STEP = 2
"""Columns of the map by which neighbouring rows may differ; 2 is a slope of 63 degrees."""
_STEP_COST = 0.6
_STIFFNESS = 15.0
"""Weight of the second differences, squared: bends shorter than about two vertebrae go."""
_ENDS = 1
"""Rows at either end of the line whose tangents are not used."""
FEWEST_ROWS = 16
"""Rows of the map, of 56, that a line must have to be measured."""
_LEAST = 1e-6


@dataclass(frozen=True, eq=False)
class Curve:
    """A midline in pixels of the film.

    Attributes:
        x, y: (n,) points from the upper to the lower end.
        half_width: half the breadth of the band in which the spine was seen, pixels.
        angle: degrees between the two tangents that differ most, 0 or more.
        apex: row of the points (0 to n - 1) farthest from the chord between those two tangents.
        share: part of the film's rows with a spine.
        clearness: mean chance within two columns of the line, 0 to 1.
    """

    x: Array
    y: Array
    half_width: float
    angle: float
    apex: int
    share: float
    clearness: float

    def outline(self) -> tuple[tuple[float, float], ...]:
        """The band about the line as a polygon of (x, y), some forty corners."""
        rows = np.unique(np.linspace(0, len(self.x) - 1, 20).astype(int))
        left = [(float(self.x[i] - self.half_width), float(self.y[i])) for i in rows]
        right = [(float(self.x[i] + self.half_width), float(self.y[i])) for i in rows[::-1]]
        return tuple((round(a, 1), round(b, 1)) for a, b in (*left, *right))


def trace(
    chances: Array,
    shape: tuple[int, int],
    columns: float,
    spacing: tuple[float, float] | None = None,
) -> Curve | None:
    """The line through a map of chances; None where too few rows show a spine.

    Args:
        chances: (r, c + 1), each row summing to 1; the last column is "no spine".
        shape: rows and columns of the film.
        columns: columns of the map that the film itself takes; the rest is padding.
        spacing: (row, column) millimetres of its pixels; None means square pixels.
    """
    rows = len(chances)
    spine, none = chances[:, :-1], chances[:, -1]
    first, last = _span(none)
    if last - first < FEWEST_ROWS:
        return None
    inside = spine[first:last, : max(1, int(np.ceil(columns)))]
    path = _path(np.log(inside + _LEAST))
    places, weight = _refined(inside, path)
    smooth = _smooth(places, weight)
    scale_x, scale_y = shape[1] / columns, shape[0] / rows
    x = (smooth + 0.5) * scale_x - 0.5
    y = (np.arange(first, last) + 0.5) * scale_y - 0.5
    row, column = spacing or (1.0, 1.0)
    angle, apex = _bend(x * column, y * row)
    spread = np.sqrt(np.maximum(_spread(inside, smooth), 0.25))
    return Curve(
        x,
        y,
        float(np.median(spread) * 1.5 * scale_x),
        angle,
        apex,
        (last - first) / rows,
        float(weight.mean()),
    )


def _span(none: Array) -> tuple[int, int]:
    """First row and the row behind the last of the run with most spine (largest sum)."""
    best, begin, total, found = 0.0, 0, 0.0, (0, 0)
    for row, gain in enumerate(0.5 - none):
        if total <= 0:
            begin, total = row, 0.0
        total += float(gain)
        if total > best:
            best, found = total, (begin, row + 1)
    return found


def _path(score: Array) -> npt.NDArray[np.int64]:
    """The connected line (one column a row) with the largest sum of scores (r, c)."""
    steps = np.arange(-_MOST_STEP, _MOST_STEP + 1)
    total = score[0].copy()
    back = np.zeros(score.shape, np.int64)
    for row in range(1, len(score)):
        padded = np.pad(total, _MOST_STEP, constant_values=-np.inf)
        options = (
            np.stack([padded[_MOST_STEP - s : _MOST_STEP - s + len(total)] for s in steps])
            - _STEP_COST * np.maximum(np.abs(steps) - 1, 0)[:, None]
        )
        choice = options.argmax(0)
        back[row] = np.arange(len(total)) - steps[choice]
        total = options.max(0) + score[row]
    path = np.empty(len(score), np.int64)
    path[-1] = int(total.argmax())
    for row in range(len(score) - 1, 0, -1):
        path[row - 1] = back[row, path[row]]
    return path


def _refined(chances: Array, path: npt.NDArray[np.int64]) -> tuple[Array, Array]:
    """The centre of the chances near the path in each row, and how much of them is there."""
    columns = np.arange(chances.shape[1])
    near = np.where(np.abs(columns[None] - path[:, None]) <= 2, chances, 0.0)
    mass = near.sum(1)
    centre = np.where(mass > _LEAST, (near * columns).sum(1) / np.maximum(mass, _LEAST), path)
    return centre, mass


def _smooth(places: Array, weight: Array) -> Array:
    """Whittaker's smoother (1923): weighted fit with penalised second differences."""
    n = len(places)
    second = np.diff(np.eye(n), 2, axis=0)
    system = np.diag(weight + 1e-3) + _STIFFNESS * second.T @ second
    solved: Array = np.linalg.solve(system, (weight + 1e-3) * places)
    return solved


def _bend(x: Array, y: Array) -> tuple[float, int]:
    """Angle between the two tangents that differ most, and the apex between them."""
    tilt = np.degrees(np.arctan2(np.gradient(x), np.gradient(y)))[_ENDS : len(x) - _ENDS]
    one, other = sorted((int(tilt.argmax()), int(tilt.argmin())))
    between = slice(one + _ENDS, other + _ENDS + 1)
    part_x, part_y = x[between], y[between]
    if len(part_x) < 3:
        return float(tilt.max() - tilt.min()), one + _ENDS
    chord = np.interp(part_y, part_y[[0, -1]], part_x[[0, -1]])
    return float(tilt.max() - tilt.min()), one + _ENDS + int(np.abs(part_x - chord).argmax())


def _spread(chances: Array, line: Array) -> Array:
    """Variance of the chances about the line in each row, in columns squared."""
    columns = np.arange(chances.shape[1])
    near = np.where(np.abs(columns[None] - line[:, None]) <= 4, chances, 0.0)
    about = (near * (columns[None] - line[:, None]) ** 2).sum(1)
    spread: Array = about / np.maximum(near.sum(1), _LEAST)
    return spread
