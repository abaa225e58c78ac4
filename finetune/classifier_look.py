"""What levels and classifier say of the SPIDER patients, from their slices alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from finetune import spider
from radixgpt.eligibility import Eligibility
from radixgpt.level import LUMBAR_DISCS, disc_index
from radixgpt.observation import Observation
from radixgpt.study import Modality, Plane, Sequence, Series, Study
from tools import classifier, levels

BINARY = {
    "disc_narrowing": "narrowing",
    "disc_bulging": "bulging",
    "disc_herniation": "herniation",
    "endplate_upper": "endplate_upper",
    "endplate_lower": "endplate_lower",
    "spondylolisthesis": "spondylolisthesis",
}


@dataclass
class Patient:
    """What the tools said of one patient, and where the discs really are."""

    number: int
    observations: list[Observation]
    numbered: bool
    wrong: list[str]
    sequences: frozenset[str]
    uncertain: bool
    """Whether the numbering was called uncertain."""


def study_of(shared: Path, patient: int, only: str | None = None) -> tuple[Study, Eligibility]:
    """The staged mid-sagittal slices of one patient as a study (T2 SPACE where TSE T2 lacks)."""
    series: list[Series] = []
    chosen: dict[Sequence, str] = {}
    t2 = "t2" if spider.image(shared, f"{patient}_t2") is not None else "t2_SPACE"
    for name, sequence in ((t2, Sequence.T2), ("t1", Sequence.T1)):
        pixels = spider.image(shared, f"{patient}_{name}")
        if pixels is None or (only and sequence != only):
            continue
        key = f"s{len(series) + 1}"
        chosen[sequence] = key
        series.append(
            Series(
                key,
                pixels[None].astype(np.float32),
                modality=Modality.MR,
                plane=Plane.SAGITTAL,
                sequence=sequence,
            )
        )
    eligible = Eligibility(
        True,
        t1=chosen.get(Sequence.T1),
        t2=chosen.get(Sequence.T2),
        mid_slices={s.key: 0 for s in series},
    )
    return Study(f"patient-{patient}", tuple(series)), eligible


def wrong_levels(
    shared: Path, patient: int, study: Study, eligible: Eligibility, shift: int
) -> list[str]:
    """Lumbar discs that are not within their own length of the centre set by eye in the T2."""
    by_eye = spider.points()
    own = next((n for n in (f"{patient}_t2", f"{patient}_t2_SPACE") if n in by_eye), None)
    view = next((v for v in levels.views(study, eligible) if v.series.key == eligible.t2), None)
    if own is None or view is None:
        return []
    wrong = []
    for level in LUMBAR_DISCS:
        if level not in by_eye[own]:
            continue
        centre = view.framed.to_frame([by_eye[own][level]])[0]
        place = disc_index(level) - shift
        disc = view.disc(place) if place >= 0 else None
        if disc is None or np.hypot(*(disc.centre - centre)) > 0.45 * disc.length:
            wrong.append(level)
    return wrong


def look(shared: Path, patient: int, only: str | None = None, *, renumber: bool = False) -> Patient:
    """Run levels and classifier on one patient, and compare the discs with the centres by eye.

    ``renumber`` shifts the levels first where they are wrong, as a reader would.
    """
    study, eligible = study_of(shared, patient, only)
    wrong = wrong_levels(shared, patient, study, eligible, 0)
    shift = 0
    if wrong and renumber:
        shifts = (0, 1, -1)
        shift = min(shifts, key=lambda k: len(wrong_levels(shared, patient, study, eligible, k)))
    found = levels.run(study, eligible, shift=shift)
    graded = classifier.run(study, eligible, found)
    sequences = frozenset(str(s.sequence) for s in study.series)
    uncertain = any(o.kind == "numbering" and o.status == "indeterminate" for o in found)
    return Patient(patient, [*found, *graded], not wrong, wrong, sequences, uncertain)
