"""Whether a study can be graded, and with which slices."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

Reason = Literal[
    "not-mr",
    "not-lumbar",
    "not-spine",
    "not-sagittal",
    "no-t1-or-t2",
    "blank",
    "noise",
    "too-small",
    "part-blank",
    "inverted",
    "no-column",
    "not-an-image",
]
"""Why a study is not graded."""

REASONS: dict[Reason, str] = {
    "not-mr": "The images are not MR; the lumbar grading model reads MR only.",
    "not-lumbar": "The images show another region of the spine than the lumbar one.",
    "not-spine": "The images do not look like a spine examination.",
    "not-sagittal": "No sagittal series was found; the grading model reads sagittal slices only.",
    "no-t1-or-t2": "No T1- or T2-weighted sagittal series was found.",
    "blank": "The images are blank.",
    "noise": "The images hold no anatomy, only noise.",
    "too-small": "The images are too small to be graded.",
    "part-blank": "A large part of the images holds no signal; load them again, complete.",
    "inverted": "The greys are inverted: air is bright; store the images as they were acquired.",
    "no-column": "No lumbar column with its lumbosacral junction was recognised.",
    "not-an-image": "The study holds no image.",
}


class Outline(NamedTuple):
    """What a study is that is laid out as a draft in which nothing is assessed."""

    modality: str
    region: str


@dataclass(frozen=True)
class Eligibility:
    """What triage decided.

    Attributes:
        gradable: whether the lumbar grading model may look at the study.
        reason: reason code when not.
        detail: one sentence for the user: what the study is, or why it is refused.
        t1: handle of the sagittal T1 series that is graded, if any.
        t2: handle of the sagittal T2 (or T2 SPACE) series that is graded, if any.
        mid_slices: mid-sagittal slice of each graded series, from 0.
        radiographs: handles of radiographs of the spine, which another tool looks at; none in a
            study that is graded.
        outline: a study of the spine that no tool reads, as its header says; None for any other.
    """

    gradable: bool
    reason: Reason | None = None
    detail: str = ""
    t1: str | None = None
    t2: str | None = None
    mid_slices: dict[str, int] = field(default_factory=dict)
    radiographs: tuple[str, ...] = ()
    outline: Outline | None = None

    @property
    def graded_series(self) -> tuple[str, ...]:
        """Handles of the graded series, T2 first."""
        return tuple(key for key in (self.t2, self.t1) if key is not None)

    @property
    def read(self) -> bool:
        """Whether any tool looks at the study: a lumbar MR or radiographs of the spine."""
        return self.gradable or bool(self.radiographs)
