"""The pictures that the encoder learns from, with their facts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from data.mapping.gradings import BINARY as KIND_OF
from finetune import seen, spider
from finetune.classifier_data import DiscViews
from finetune.clip import slices
from finetune.clip.captions import BINARY, GRADES, LEVEL, Caption, Facts
from radixgpt.level import disc_index
from retrieval.encoder import Views
from tools import crops as cropping
from tools.column_net import SIZE
from tools.framing import frame
from tools.grade_net import BINARY as GRADED

CROP = (cropping.ROWS, cropping.COLUMNS)
SIDE = 384
"""Side of the square for a whole slice; in half of it, discs are too small to tell apart."""


@dataclass(frozen=True)
class Slice:
    """The middle slices of one patient.

    Attributes:
        pictures: sequence (``t2``, ``t1``) to its frame (SIZE, SIZE) in [-1, 1].
        facts: as :func:`finetune.clip.slices.facts_of` keys them.
    """

    patient: int
    pictures: dict[str, npt.NDArray[np.float32]]
    facts: dict[str, int]


def facts_of(disc: DiscViews) -> dict[str, int]:
    """The gradings of a disc."""
    grades = dict(zip(GRADED, disc.binary, strict=True))
    return {
        LEVEL: disc.index,
        "pfirrmann": disc.pfirrmann,
        "modic": disc.modic,
        **{kind: int(grades[kind]) for kind in BINARY},
    }


def shown(discs: Iterable[DiscViews]) -> list[DiscViews]:
    """The discs that have a crop in T2 or T1."""
    return [d for d in discs if d.views.get("t2") or d.views.get("t1")]


def views_of(disc: DiscViews) -> Views:
    """A disc's first crops at the size that the tools cut."""
    rows, columns = CROP
    found: dict[str, npt.NDArray[np.float32]] = {}
    for sequence in ("t2", "t1"):
        for crop in disc.views.get(sequence, [])[:1]:
            pixels = np.asarray(crop.pixels, np.float32)
            top, left = (pixels.shape[0] - rows) // 2, (pixels.shape[1] - columns) // 2
            found[sequence] = pixels[top : top + rows, left : left + columns]
    return found


def whole_slices(shared: Path, patients: Iterable[int]) -> list[Slice]:
    """The framed middle slices of patients with the gradings of all their discs."""
    wanted = [p for p in patients if p not in spider.UPSIDE_DOWN]
    graded: dict[int, dict[int, Facts]] = {p: {} for p in wanted}
    for row in spider.gradings(shared):
        if row.patient in graded:
            kinds = {KIND_OF[name]: int(value) for name, value in row.binary.items()}
            own = {"pfirrmann": row.pfirrmann, "modic": row.modic, **kinds}
            graded[row.patient][disc_index(row.disc)] = own
    found: list[Slice] = []
    for patient in wanted:
        pictures: dict[str, npt.NDArray[np.float32]] = {}
        for name in seen.sequences_of(shared, patient):
            pixels = spider.image(shared, f"{patient}_{name}")
            if pixels is not None:
                pictures["t1" if name == "t1" else "t2"] = frame(pixels, SIZE).pixels
        if pictures and graded[patient]:
            found.append(Slice(patient, pictures, slices.facts_of(graded[patient])))
    return found


def matches(facts: Sequence[Facts], captions: Sequence[Caption]) -> npt.NDArray[np.bool_]:
    """(images, captions) whether each caption is true of each image."""
    keys = sorted({key for caption in captions for key in caption.stated})
    most = max(max(values) for values in GRADES.values()) + 2
    grades = np.array([[one.get(key, most - 1) for key in keys] for one in facts])
    held = np.ones((len(facts), len(captions)), bool)
    for j, caption in enumerate(captions):
        for key, allowed in caption.stated.items():
            held[:, j] &= np.isin(grades[:, keys.index(key)], allowed)
    return held
