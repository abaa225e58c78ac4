"""How much of what is asked for a case shares, by level, kind, side and grade.

Likeness of vectors rates "severe stenosis" and "no stenosis" as alike; here a finding that one side
has and the other denies counts against the case. The numbers below are choices of this project; a
test holds their order, and ``weights/similar`` tells what they bring.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from retrieval.facts import DEGENERATED_WORDS, Fact, Facts, Place, in_words, reading_order, widened

Floats64 = npt.NDArray[np.float64]
Chances = tuple[tuple[Fact, float], ...]
"""What may be at a place, with the chance of each; the chances add up to 1."""
Asked = Mapping[Place, Chances]
"""What is asked for."""
Of = Literal["question", "study", "disc"]
"""What the findings are of that are asked with. Of a question each counts alike; of a study or one
of its discs they are all that is known, so that what a case has besides counts against it."""

_BY_STEPS = (1.0, 0.6, 0.2)
"""Agreement of two grades of one scale that are so many steps apart; further, none."""
_UNGRADED = 0.85
"""Agreement where both have a finding and one gives no grade or degree."""
_OTHER_TYPE = 0.5
"""Agreement of two Modic types, or two types of herniation."""
_DOUBT = 0.5
"""Agreement of what is possible with anything else."""
_UNSTATED = 0.5
"""Agreement of what is absent with what a text does not mention: mostly it was not there."""
_ALIKE = 0.75
"""Agreement from which two states are told as shared."""
_WEIGHT_PRESENT, _WEIGHT_GRAVE = 1.0, 1.5
_WEIGHT_ABSENT: Mapping[Of, float] = {"study": 0.05, "disc": 0.35}
"""What nobody has hardly makes two studies alike, but a healthy disc is like a healthy one; chosen
among five values each on the development patients."""
_DEGENERATION = "disc_degeneration"
_NO_SCALE = ("modic", "disc_herniation")
"""Kinds whose grades are types, none of them more than another."""


def sure(facts: Facts) -> dict[Place, Chances]:
    """Facts as what is asked for without doubt."""
    return {place: ((fact, 1.0),) for place, fact in facts.items()}


def agreement(kind: str, one: Fact, other: Fact | None) -> float:
    """How well two states of one kind at one place agree, 0 to 1; None is not stated."""
    if other is None:
        return _UNSTATED if one.state == "absent" else 0.0
    if "uncertain" in (one.state, other.state):
        return 1.0 if one == other else _DOUBT
    if kind == _DEGENERATION:
        return _of_grades(pfirrmann_of(one), pfirrmann_of(other))
    if one.state != other.state:
        return 0.0
    if one.state == "absent":
        return 1.0
    if kind in _NO_SCALE and one.grade and other.grade:
        return 1.0 if one.grade == other.grade else _OTHER_TYPE
    if one.grade and other.grade:
        return _steps(one.grade - other.grade)
    if one.degree and other.degree:
        return _steps(one.degree - other.degree)
    graded = any((one.grade, other.grade, one.degree, other.degree))
    return _UNGRADED if graded else 1.0


def pfirrmann_of(fact: Fact) -> tuple[int, ...]:
    """The Pfirrmann grades that a state of degeneration may mean."""
    if fact.grade:
        return (fact.grade,)
    if fact.degree:
        return (DEGENERATED_WORDS[fact.degree],)
    return (3, 4, 5) if fact.state == "present" else (1, 2)


def _of_grades(one: Sequence[int], other: Sequence[int]) -> float:
    best = max(_steps(a - b) for a in one for b in other)
    sure_of_both = len(one) == len(other) == 1 or (set(one) == set(other))
    return best if sure_of_both else min(best, _UNGRADED)


def _steps(apart: int) -> float:
    return _BY_STEPS[abs(apart)] if abs(apart) < len(_BY_STEPS) else 0.0


def weight(kind: str, fact: Fact | None, of: Of) -> float:
    """What a state weighs in a comparison."""
    if of == "question":
        return 1.0
    if fact is None or fact.state == "absent":
        return _WEIGHT_ABSENT[of]
    if fact.state == "uncertain":
        return (_WEIGHT_ABSENT[of] + _WEIGHT_PRESENT) / 2
    grave = fact.degree == 3 or (kind == _DEGENERATION and fact.grade == 5)
    grave |= kind == "disc_herniation" and fact.grade >= 2
    return _WEIGHT_GRAVE if grave else _WEIGHT_PRESENT


@dataclass(frozen=True, eq=False)
class _Column:
    """Who states what at one place.

    Attributes:
        rows: of the cases that state anything there.
        codes: place of each one's state in ``book``.
        book: the states that occur.
    """

    rows: npt.NDArray[np.int32]
    codes: npt.NDArray[np.int32]
    book: tuple[Fact, ...]


class Overlaps:
    """What many cases state, to be compared with what is asked for.

    Args:
        cases: the facts of each case, at their own places.
    """

    def __init__(self, cases: Iterable[Facts]) -> None:
        gathered: dict[Place, tuple[array[int], array[int], dict[Fact, int]]] = {}
        self._count = 0
        for own in cases:
            for place, fact in widened(own).items():
                if place not in gathered:
                    gathered[place] = array("i"), array("i"), {}
                rows, codes, book = gathered[place]
                rows.append(self._count)
                codes.append(book.setdefault(fact, len(book)))
            self._count += 1
        self._columns = {
            place: _Column(np.array(rows, np.int32), np.array(codes, np.int32), tuple(book))
            for place, (rows, codes, book) in gathered.items()
        }

    def __len__(self) -> int:
        return self._count

    def at(self, level: str) -> npt.NDArray[np.bool_]:
        """Which cases state anything at a level, (cases,)."""
        kept = np.zeros(self._count, bool)
        for (_, own, _), column in self._columns.items():
            if own == level:
                kept[column.rows] = True
        return kept

    def scores(self, asked: Asked, of: Of) -> Floats64:
        """Share of what is asked for that each case has, (cases,), 0 to 1.

        Args:
            asked: at its own places.
            of: what it is of.
        """
        got, most = np.zeros(self._count), np.zeros(self._count)
        for place, chances in asked.items():
            column = self._columns.get(place)
            agree, heavy = _expected(place[0], chances, None, of)
            own, weights = np.full(len(got), agree), np.full(len(got), heavy)
            if column is not None:
                table = np.array([_expected(place[0], chances, fact, of) for fact in column.book])
                own[column.rows], weights[column.rows] = table[column.codes].T
            got += own * weights
            most += weights
        return np.divide(got, most, out=np.zeros_like(got), where=most > 0)

    def stating(self, place: Place, wanted: Fact) -> npt.NDArray[np.bool_]:
        """Which cases state this, (cases,): as firmly, and of its grade where one is given."""
        kept = np.zeros(self._count, bool)
        column = self._columns.get(place)
        if column is not None:
            fits = np.array([_fits(place[0], wanted, fact) for fact in column.book])
            kept[column.rows] = fits[column.codes]
        return kept


def _expected(kind: str, chances: Chances, theirs: Fact | None, of: Of) -> tuple[float, float]:
    """Expected agreement, and weight, of what may be at a place with what a case states there."""
    parts = [
        (
            chance * max(weight(kind, fact, of), weight(kind, theirs, of)),
            agreement(kind, fact, theirs),
        )
        for fact, chance in chances
    ]
    total = sum(heavy for heavy, _ in parts)
    return (sum(heavy * agree for heavy, agree in parts) / total if total else 0.0), total


def _fits(kind: str, wanted: Fact, fact: Fact) -> bool:
    if kind == _DEGENERATION and (wanted.grade or wanted.degree):
        return bool(fact.grade) and fact.grade in pfirrmann_of(wanted)
    if wanted.state != fact.state:
        return False
    return wanted.grade in (0, fact.grade) and wanted.degree in (0, fact.degree)


# --- reasons --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reason:
    """One place at which what is asked for and a case agree or not.

    Attributes:
        level: vertebra or disc; empty for the study as a whole.
        asked, theirs: what is asked for and what the case states, in words.
        agrees: how well, 0 to 1.
        doubtful: whether ``asked`` is the likeliest of what the tools could not decide.
    """

    level: str
    kind: str
    asked: str
    theirs: str
    agrees: float
    doubtful: bool = False


@dataclass(frozen=True)
class Reasons:
    """Why a case is like what is asked for, and in what it is not.

    Attributes:
        shared: the same on both sides.
        differing: another state or grade.
        unstated: asked for, and nothing is stated of it there.
    """

    shared: tuple[Reason, ...]
    differing: tuple[Reason, ...]
    unstated: tuple[Reason, ...]


def reasons(
    asked: Asked, theirs: Facts, of: Of, doubted: Collection[Place] = frozenset()
) -> Reasons:
    """The places that decide, from head to tail; what two studies both lack is not told.

    Args:
        asked: what is asked for; of what is in doubt, the likeliest is told.
        theirs: of the case, at its own places.
        of: what it is of.
        doubted: places of ``asked`` that the tools could not decide.
    """
    wide = widened(theirs)
    shared: list[Reason] = []
    differing: list[Reason] = []
    unstated: list[Reason] = []
    for place in sorted(asked, key=reading_order):
        kind, level, _ = place
        mine = max(asked[place], key=lambda one: one[1])[0]
        other = wide.get(place)
        agrees = agreement(kind, mine, other)
        told = Reason(
            level, kind, in_words(place, mine), in_words(place, other), agrees, place in doubted
        )
        if other is None:
            if of == "question" or mine.state != "absent":
                unstated.append(told)
        elif agrees < _ALIKE:
            if of != "study" or (mine.state, other.state) != ("absent", "absent"):
                differing.append(told)
        elif of != "study" or "absent" not in (mine.state, other.state):
            shared.append(told)
    return Reasons(tuple(shared), tuple(differing), tuple(unstated))
