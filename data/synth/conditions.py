"""What a generated image is to show: a sequence, and the grades of one disc or of all five."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from radixgpt.case import StatedFinding
from radixgpt.errors import InputError
from radixgpt.finding import GRADED, KINDS
from radixgpt.level import LUMBAR_DISCS

Floats = npt.NDArray[np.float32]
SequenceName = Literal["t1", "t2"]
SEQUENCES: tuple[SequenceName, ...] = get_args(SequenceName)

BINARY: tuple[str, ...] = tuple(kind for kind in GRADED if KINDS[kind].type == "binary")
"""The kinds that a disc has or has not."""
_PFIRRMANN = (1, 2, 3, 4, 5)
_MODIC = (0, 1, 2, 3)
DISC_LENGTH = len(_PFIRRMANN) + len(_MODIC) + len(BINARY)
"""Length of one disc's part of a condition."""


@dataclass(frozen=True)
class DiscGrades:
    """The grades of one disc; healthy where nothing is said.

    Attributes:
        pfirrmann: 1 to 5.
        modic: 0 to 3.
        present: the kinds of BINARY that it has.
    """

    pfirrmann: int = 1
    modic: int = 0
    present: frozenset[str] = frozenset()

    def vector(self) -> Floats:
        """(DISC_LENGTH,): Pfirrmann and Modic one-hot, then the binary kinds."""
        return np.asarray(
            [
                *(float(self.pfirrmann == grade) for grade in _PFIRRMANN),
                *(float(self.modic == kind) for kind in _MODIC),
                *(float(kind in self.present) for kind in BINARY),
            ],
            np.float32,
        )


@dataclass(frozen=True)
class Wanted:
    """One image that is wanted.

    Attributes:
        sequence: ``t1`` or ``t2``.
        discs: grades by lumbar disc; discs that are not named are healthy.
    """

    sequence: SequenceName
    discs: Mapping[str, DiscGrades] = field(default_factory=dict)

    def disc(self, level: str) -> DiscGrades:
        """The grades of a disc."""
        return self.discs.get(level, DiscGrades())

    def column_vector(self) -> Floats:
        """(2 + 5 * DISC_LENGTH,): the sequence, then the discs from head to tail."""
        parts = [self.disc(level).vector() for level in LUMBAR_DISCS]
        return np.concatenate([_sequence(self.sequence), *parts])

    def disc_vector(self, level: str) -> Floats:
        """(2 + 5 + DISC_LENGTH,): the sequence, the level and the disc's grades."""
        place = np.asarray([float(level == one) for one in LUMBAR_DISCS], np.float32)
        return np.concatenate([_sequence(self.sequence), place, self.disc(level).vector()])


DISC_CONDITION = len(SEQUENCES) + len(LUMBAR_DISCS) + DISC_LENGTH
"""Length of :meth:`Wanted.disc_vector`."""
COLUMN_CONDITION = len(SEQUENCES) + len(LUMBAR_DISCS) * DISC_LENGTH
"""Length of :meth:`Wanted.column_vector`."""


def _sequence(name: SequenceName) -> Floats:
    return np.asarray([float(name == one) for one in SEQUENCES], np.float32)


_FIRST_GRADE = 1
"""Of a slip: the only one that is drawn."""


def from_findings(findings: Iterable[StatedFinding]) -> dict[str, DiscGrades]:
    """Grades by disc from findings; what is denied is not drawn.

    Raises:
        InputError: a finding names no lumbar disc, is of a kind or form that is not drawn, is no
            more than possible, or contradicts another.
    """
    discs: dict[str, DiscGrades] = {}
    said: dict[tuple[str, str], object] = {}
    for one in findings:
        if one.level not in LUMBAR_DISCS:
            raise InputError(
                f"'{one.level or 'no level'}' is no lumbar disc.",
                f"Name one of {', '.join(LUMBAR_DISCS)} with each finding.",
            )
        if one.kind not in GRADED:
            raise InputError(
                f"The kind '{one.kind}' can't be drawn.", f"Kinds: {', '.join(GRADED)}."
            )
        _drawn(one)
        discs[one.level] = _with(discs.get(one.level, DiscGrades()), one)
        grades = discs[one.level]
        told = getattr(grades, one.kind, one.kind in grades.present)
        if said.setdefault((one.level, one.kind), told) != told:
            raise InputError(
                f"Two findings of {one.level} contradict each other on {KINDS[one.kind].title}.",
                "Ask for one of them, or for two images.",
            )
    return discs


def _drawn(one: StatedFinding) -> None:
    """Refuse what would be drawn otherwise than it is said."""
    title = KINDS[one.kind].title
    if one.assertion not in ("present", "absent"):
        raise InputError(
            f"{one.level}: {title} is said to be {one.assertion}; an image shows it or not.",
            "Say that it is there, or leave it out.",
        )
    if one.side is not None:
        raise InputError(
            f"{one.level}: no side of {title} can be drawn; the images are of the midline.",
            "Leave the side out.",
        )
    if one.kind == "disc_herniation" and one.value not in (None, "protrusion", "present"):
        raise InputError(
            f"{one.level}: no {one.value} can be drawn; a herniation is a protrusion here.",
            "Ask for a disc herniation.",
        )
    if one.kind == "spondylolisthesis" and one.value not in (None, "present", _FIRST_GRADE):
        raise InputError(
            f"{one.level}: no slip of grade {one.value} can be drawn; all are of the first.",
            "Leave the grade out.",
        )


def _with(before: DiscGrades, one: StatedFinding) -> DiscGrades:
    if one.kind in ("pfirrmann", "modic"):
        value = one.value if isinstance(one.value, int) else None
        if one.assertion != "present" and one.kind == "modic":
            value = 0
        if value not in KINDS[one.kind].values:
            allowed = ", ".join(map(str, KINDS[one.kind].values))
            raise InputError(f"A {one.kind} finding needs a grade.", f"Grades: {allowed}.")
        assert value is not None
        if one.kind == "pfirrmann":
            return replace(before, pfirrmann=value)
        return replace(before, modic=value)
    if one.assertion == "present":
        return replace(before, present=before.present | {one.kind})
    return replace(before, present=before.present - {one.kind})
