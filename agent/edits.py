"""A reader's own changes of a report, and where they go when the numbering moves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from radixgpt.errors import LevelError
from radixgpt.level import LUMBAR_DISCS, disc_at, disc_index
from radixgpt.report import Report, Sentence

if TYPE_CHECKING:
    from etl.remeasure import Direction

LOWEST, HIGHEST = -1, 3
"""How far the numbering can be moved in all: below S1-S2 there is no disc to count from, and more
than three levels up hardly a graded disc is left."""


@dataclass(frozen=True)
class SetGrade:
    """A reader's own value for one finding.

    Attributes:
        numbering: how many levels the numbering was moved upwards when ``level`` was said.
    """

    level: str
    kind: str
    value: str | int
    numbering: int = 0


@dataclass(frozen=True)
class SetMeasure:
    """A reader's own length at a disc; ``numbering`` as in SetGrade.

    Attributes:
        kind: ``disc_height_mm``, ``canal_mm`` or ``slip_mm``.
        direction: of a slip; None keeps the one that it has.
    """

    level: str
    kind: str
    millimetres: float
    direction: Direction | None = None
    numbering: int = 0


@dataclass(frozen=True)
class DropSentences:
    """The reader took out what the report says of a level; ``numbering`` as in SetGrade."""

    level: str
    numbering: int = 0


@dataclass(frozen=True)
class Reword:
    """The reader's words for one sentence, or that it is left out.

    Words name levels, so they hold in the numbering alone in which they were written.

    Attributes:
        sentence: as it stood.
        text: the words; None takes the sentence out.
        numbering: as in SetGrade.
    """

    sentence: Sentence
    text: str | None = None
    numbering: int = 0


Edit = SetGrade | SetMeasure | DropSentences | Reword


def moved(change: Edit, numbering: int) -> Edit:
    """A change as it stands once the numbering was moved ``numbering`` levels upwards.

    Raises:
        LevelError: it has no place in that numbering.
    """
    if not isinstance(change, Reword):
        return replace(change, level=level_of(change, numbering))
    if numbering != change.numbering:
        raise LevelError(
            "The sentence was worded in another numbering.", "Move the numbering back."
        )
    return change


def level_of(change: SetGrade | SetMeasure | DropSentences, numbering: int) -> str:
    """The level of a change once the numbering was moved ``numbering`` levels upwards.

    Raises:
        LevelError: its disc is none of the five lumbar ones then.
    """
    place = disc_index(change.level) + numbering - change.numbering
    if not 0 <= place < len(LUMBAR_DISCS):
        raise LevelError(
            f"The disc that was {change.level} is outside of the lumbar spine.",
            "Move the numbering back.",
        )
    return disc_at(place)


def too_far(by: int, numbering: int) -> tuple[str, str]:
    """That a shift can't be done, and what can."""
    way, other = ("up", "down") if by > 0 else ("down", "up")
    left = HIGHEST - numbering if by > 0 else numbering - LOWEST
    problem = f"The numbering can't move {way} by {abs(by)}: that leaves the lumbar spine."
    if left:
        return problem, f"It can move {way} by {left} at most."
    return problem, f"It has been moved {way} as far as it goes; it can move {other}."


def apply(report: Report, change: Edit) -> Report:
    """The report with a change carried out.

    Raises:
        LevelError: the report has no such level.
        CheckFailedError: the report has nothing to be changed so, or does not pass its checks.
    """
    from etl import edit

    if isinstance(change, Reword):
        if change.text is None:
            return edit.leave_out(report, change.sentence)
        return edit.reword(report, change.sentence, change.text)
    if isinstance(change, SetGrade):
        return edit.set_grade(report, change.level, change.kind, change.value)
    if isinstance(change, SetMeasure):
        return edit.set_measure(
            report, change.level, change.kind, change.millimetres, direction=change.direction
        )
    return edit.drop_sentences(report, change.level)
