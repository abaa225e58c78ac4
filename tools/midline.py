"""The mid-sagittal slice of a volume, found from its pixels.

The spinal canal and whole discs are seen in the slices around the middle of the column only, so the
middle of the slices that show them is the mid-sagittal one. Where the column network sees no
column, the slice about which the volume is most nearly mirrored is taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from tools import levels
from tools.column import Column, canal_depth
from tools.column_net import CANAL, ColumnNet
from tools.columns import columns_of
from tools.framing import resize, standardise

Floats = npt.NDArray[np.float32]
Basis = Literal["column", "symmetry", "single"]

_FIRST_LOOK = 7
"""Slices that are looked at before the neighbours of the best one are."""
_ALL = 7
"""Volumes of this many slices or fewer are looked at as a whole."""
_BATCH = 4
_SEEN = 60
"""Canal pixels of the frame below which no column is seen."""


@dataclass(frozen=True, eq=False)
class Midline:
    """The mid-sagittal slice.

    Attributes:
        index: slice, from 0.
        basis: ``column`` (canal and discs), ``symmetry``, or ``single`` for one slice.
        column: what the column network sees in that slice.
        scores: score of each slice that was looked at.
    """

    index: int
    basis: Basis
    column: Column
    scores: dict[int, float]


def find(
    volume: Floats,
    spacing: tuple[float, float] | None = None,
    *,
    model: ColumnNet | None = None,
) -> Midline:
    """The mid-sagittal slice of sagittal slices in anatomical order.

    Args:
        volume: (slices, rows, columns), any range.
        spacing: (row, column) millimetres of the pixels; None means square pixels.
        model: the column network; the shipped one if None.

    Raises:
        WeightsError: the shipped network is missing or damaged.
    """
    model = model or levels.model()
    count = len(volume)
    seen: dict[int, Column] = {}

    def look(indices: list[int]) -> None:
        new = [i for i in indices if i not in seen and 0 <= i < count]
        for start in range(0, len(new), _BATCH):
            some = new[start : start + _BATCH]
            found = columns_of(model, [volume[i] for i in some], [spacing] * len(some))
            seen.update(zip(some, (of_slice for _, of_slice in found), strict=True))

    if count == 1:
        look([0])
        return Midline(0, "single", seen[0], {0: _score(seen[0])})
    if count <= _ALL:
        look(list(range(count)))
    else:
        step = (count - 1) / (_FIRST_LOOK + 1)
        look([round(step * k) for k in range(1, _FIRST_LOOK + 1)])
        best = max(seen, key=lambda i: _score(seen[i]))
        near, far = max(1, round(step * 0.4)), max(2, round(step * 0.8))
        look([best - far, best - near, best + near, best + far])
    scores = {i: _score(seen[i]) for i in sorted(seen)}
    if max(_canal(of_slice) for of_slice in seen.values()) < _SEEN:
        index = mirror_plane(volume)
        look([index])
        return Midline(index, "symmetry", seen[index], scores)
    index = _centre(scores)
    look([index])
    scores = {i: _score(seen[i]) for i in sorted(seen)}
    return Midline(index, "column", seen[index], scores)


def _canal(seen: Column) -> int:
    """Area of the canal in frame pixels."""
    return int((seen.classes == CANAL).sum())


def _score(seen: Column) -> float:
    """Canal area, more where discs with a canal behind them are seen."""
    backed = sum(d is not None and canal_depth(seen.classes, d) is not None for d in seen.discs)
    return float(_canal(seen) * (1 + backed))


def _centre(scores: dict[int, float]) -> int:
    """Middle of the run of good slices around the best one, by weight."""
    order = list(scores)
    best = max(order, key=scores.__getitem__)
    floor = 0.5 * scores[best]
    position = order.index(best)
    first = last = position
    while first > 0 and scores[order[first - 1]] >= floor:
        first -= 1
    while last < len(order) - 1 and scores[order[last + 1]] >= floor:
        last += 1
    run = np.array(order[first : last + 1], float)
    # Slices that were looked at lie at uneven distances: each speaks for its neighbourhood.
    reach = np.gradient(run) if len(run) > 1 else np.ones(1)
    weight = reach * [scores[i] - 0.9 * floor for i in order[first : last + 1]]
    return round(float((run * weight).sum() / weight.sum()))


def mirror_plane(volume: Floats) -> int:
    """The slice about which the volume is most nearly mirrored; the middle one if in doubt.

    Slices at equal distances on both sides are correlated, at up to five distances.
    """
    count = len(volume)
    small = [standardise(resize(standardise(pixels), 48, 48)).ravel() for pixels in volume]
    flat = np.stack(small)
    flat = flat - flat.mean(1, keepdims=True)
    flat /= np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)
    alike = flat @ flat.T
    middle = (count - 1) / 2
    span = max(1, count // 8)

    def score(index: int) -> float:
        reach = min(index, count - 1 - index)
        steps = range(1, reach + 1, max(1, reach // 5))
        mean = float(np.mean([alike[index - k, index + k] for k in steps]))
        return mean - 0.02 * abs(index - middle) / span

    inner = range(max(1, count // 4), min(count - 1, count - count // 4))
    return max(inner, key=score) if len(inner) else count // 2
