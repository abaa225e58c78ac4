"""The columns of the SPIDER patients, numbered by the centres set by eye."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from finetune import spider
from radixgpt.level import disc_index
from tools.column import Column
from tools.column_net import ColumnNet
from tools.columns import columns_of
from tools.framing import Frame

Centres = dict[int, npt.NDArray[np.float64]]
"""Disc index above L5-S1 to (x, y) in the frame."""


@dataclass
class Numbered:
    """One series of a patient.

    Attributes:
        sequence: ``t1``, ``t2`` or ``t2_SPACE``.
        indices: place in ``column.discs`` to the true index above L5-S1.
        centres: true index to its centre: set by eye, or carried over from the series that was.
        by_eye: whether the centres were set in this very series.
    """

    sequence: str
    pixels: npt.NDArray[np.uint8]
    framed: Frame
    column: Column
    indices: dict[int, int]
    centres: Centres
    by_eye: bool


def of_patient(
    shared: Path, model: ColumnNet, name: str, levels: dict[str, tuple[float, float]]
) -> Iterator[Numbered]:
    """All series of the patient whose image ``name`` has centres ``levels`` set by eye."""
    patient, own = name.split("_", 1)
    images = {
        sequence: pixels
        for sequence in ("t2", "t2_SPACE", "t1")
        if (pixels := spider.image(shared, f"{patient}_{sequence}")) is not None
    }
    found = dict(
        zip(images, columns_of(model, list(images.values()), [None] * len(images)), strict=True)
    )
    framed = found[own][0]
    by_eye = {disc_index(level): framed.to_frame([point])[0] for level, point in levels.items()}
    for sequence, (one, column) in found.items():
        centres = by_eye if sequence == own else carry(by_eye, column)
        yield Numbered(
            sequence,
            images[sequence],
            one,
            column,
            match(column, centres),
            centres,
            sequence == own,
        )


def match(column: Column, centres: Centres) -> dict[int, int]:
    """Place in the column to true disc index, by the nearest centre."""
    found = {}
    for place, disc in enumerate(column.discs):
        if disc is None or not centres:
            continue
        index, away = min(
            ((i, float(np.hypot(*(disc.centre - c)))) for i, c in centres.items()),
            key=lambda pair: pair[1],
        )
        if away < 0.45 * disc.length:
            found[place] = index
    return found


def carry(by_eye: Centres, column: Column) -> Centres:
    """Centres in another series of the patient.

    The series share their field of view nearly; of all offsets between the two numberings the one
    that moves the discs least, and all of them alike, is taken.
    """
    found = [(place, d.centre) for place, d in enumerate(column.discs) if d is not None]
    best: tuple[float, Centres] = (np.inf, {})
    for offset in range(-2, 3):
        pairs = [(c, by_eye[p + offset]) for p, c in found if p + offset in by_eye]
        if len(pairs) < 3:
            continue
        moved = np.array([a - b for a, b in pairs])
        common = np.median(moved, axis=0)
        rest = float(np.median(np.hypot(*(moved - common).T)))
        cost = rest + 0.25 * float(np.hypot(*common))
        if cost < best[0]:
            best = (cost, {p + offset: c for p, c in found if p + offset in by_eye})
    return best[1]
