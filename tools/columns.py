"""The columns of one or more slices of a patient, found together and numbered alike."""

from __future__ import annotations

from collections.abc import Sequence as Items

import numpy as np
import numpy.typing as npt
import torch

from tools.column import Column, column
from tools.column_net import SIZE, ColumnNet
from tools.framing import Frame, frame

Spacing = tuple[float, float]


def columns_of(
    model: ColumnNet,
    slices: Items[npt.ArrayLike],
    spacings: Items[Spacing | None],
) -> list[tuple[Frame, Column]]:
    """Frame and segment slices in one batch.

    Args:
        model: the column network.
        slices: (rows, columns) each, of any size and range.
        spacings: (row, column) millimetres of each, None for square pixels of unknown size.
    """
    if not slices:
        return []
    frames = [frame(s, SIZE, spacing) for s, spacing in zip(slices, spacings, strict=True)]
    stack = torch.from_numpy(np.stack([f.pixels for f in frames]))[:, None]
    chances, heat = model.predict(stack)
    return [
        (f, column(c, h)) for f, c, h in zip(frames, chances.numpy(), heat.numpy(), strict=True)
    ]


def doubt(columns: Items[Column]) -> float:
    """How near another disc comes to being L5-S1: 0 to 1, and 1 where the series disagree.

    The columns are those of one patient before :func:`reconcile`.
    """
    found = [column for column in columns if column.discs]
    if not found:
        return 0.0
    surest = max(found, key=lambda c: c.anchor_chance)
    if any(_offset(surest, other) for other in found if other is not surest):
        return 1.0
    return max(min(1.0, c.rival_chance / max(c.anchor_chance, 1e-6)) for c in found)


def reconcile(columns: Items[Column]) -> None:
    """Number several columns of one patient alike, in place.

    Where two series disagree on the lowest disc, the one that is surer of its L5-S1 decides; the
    others lose discs from below, or get empty places there. Columns are compared by position in
    the frame, so series of quite different fields of view are left as they are.
    """
    if len(columns) < 2:
        return
    surest = max(columns, key=lambda c: c.anchor_chance)
    for other in columns:
        if other is surest or not other.discs:
            continue
        offset = _offset(surest, other)
        if offset > 0:
            del other.discs[:offset]
        elif offset < 0:
            other.discs[:0] = [None] * -offset


def _offset(surest: Column, other: Column) -> int:
    """How many places the other column starts below the surest one; 0 where unclear."""
    costs: dict[int, float] = {}
    for offset in (-2, -1, 0, 1, 2):
        away = [
            float(np.hypot(*(mine.centre - theirs.centre)))
            for place, mine in enumerate(surest.discs)
            if mine is not None
            and 0 <= place + offset < len(other.discs)
            and (theirs := other.discs[place + offset]) is not None
        ]
        if len(away) >= 3:
            costs[offset] = float(np.median(away))
    if 0 not in costs:
        return 0
    best = min(costs, key=lambda offset: (costs[offset], abs(offset)))
    clear = costs[best] < 0.2 * surest.depth and costs[best] < 0.4 * costs[0]
    return best if clear else 0
