"""What a case states, in the form in which cases are compared: a state at each place.

A place is a kind of finding at a level and a side. Gradings and texts say the same thing in
different ways; here each thing has one way:

- A Pfirrmann grade is disc degeneration with that grade, I and II being none (Pfirrmann 2001).
- Endplate changes above and below a disc are endplate changes at the sides ``upper``, ``lower``.
- ``bilateral`` is one state at the left and one at the right.
- A state at a level is one of the study as a whole too, and one at a side is one of the level: the
  gravest counts, so that what is asked for without a level or a side finds it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Literal

from radixgpt.case import StatedFinding
from radixgpt.finding import ABSENT, GRADED, MEASURED
from radixgpt.level import DISCS, LUMBAR_DISCS, VERTEBRAE, order
from radixgpt.terminology.table import kinds

Place = tuple[str, str, str]
"""Kind, level and side; level and side are empty where none is stated."""
State = Literal["present", "absent", "uncertain"]

_WORDS = {"mild": 1, "moderate": 2, "severe": 3}
_TYPES = {"protrusion": 1, "extrusion": 2, "sequestration": 3}
_DIGITS = 4
"""No grade has as many."""
_HIGHEST = {"modic": 3, "disc_herniation": 3, "spondylolisthesis": 5}
"""The highest grade of the kinds whose grades are compared, Pfirrmann's aside."""
_DEGENERATION = "disc_degeneration"
_KEPT = 3
"""The lowest Pfirrmann grade that is a finding."""
_ENDPLATES = {"endplate_upper": "upper", "endplate_lower": "lower"}
_ROMAN = ("", "I", "II", "III", "IV", "V")
DEGENERATED_WORDS = {1: 3, 2: 4, 3: 5}
"""The Pfirrmann grade that mild, moderate and severe degeneration are taken for."""


@dataclass(frozen=True)
class Fact:
    """What is stated at a place.

    Attributes:
        grade: on the kind's scale (Pfirrmann 1 to 5, Modic 1 to 3, protrusion 1 to sequestration
            3, Meyerding 1 to 5); 0 where none is given.
        degree: 1 mild, 2 moderate, 3 severe; 0 where none is given.
    """

    state: State
    grade: int = 0
    degree: int = 0

    @property
    def gravity(self) -> tuple[int, int, int]:
        """Larger for what is firmer and graver."""
        firm = ("absent", "uncertain", "present").index(self.state)
        return firm, self.grade, self.degree


Facts = Mapping[Place, Fact]


def facts(findings: Iterable[StatedFinding]) -> dict[Place, Fact]:
    """The states of findings, at their own places alone; measured numbers and history say none."""
    return gathered(stating for finding in findings for stating in states_of(finding))


def states_of(finding: StatedFinding) -> tuple[tuple[Place, Fact], ...]:
    """The states of one finding, at each of its sides; none of a kind or level that there isn't."""
    fact, kind, level = _fact(finding), _kind(finding), finding.level or ""
    if fact is None or kind not in kinds() or level not in ("", *DISCS, *VERTEBRAE):
        return ()
    return tuple(((kind, level, side), fact) for side in _sides(finding))


def gathered(states: Iterable[tuple[Place, Fact]]) -> dict[Place, Fact]:
    """States at their places; of several at one place the gravest."""
    found: dict[Place, Fact] = {}
    for place, fact in states:
        known = found.get(place)
        if known is None or fact.gravity > known.gravity:
            found[place] = fact
    return found


def widened(own: Facts) -> dict[Place, Fact]:
    """The same with each level's gravest side, and the study's gravest level.

    What is denied without a level is denied at every lumbar disc of which nothing else is stated.
    """
    denied = {
        (kind, disc, side): fact
        for (kind, level, side), fact in own.items()
        if not level and fact.state == "absent"
        for disc in LUMBAR_DISCS
    }
    found = {**denied, **own}
    for (kind, level, side), fact in list(found.items()):
        for place in {(kind, level, ""), (kind, "", side), (kind, "", "")}:
            known = found.get(place)
            if known is None or fact.gravity > known.gravity:
                found[place] = fact
    return found


def _fact(finding: StatedFinding) -> Fact | None:
    if finding.kind in MEASURED or finding.assertion == "historical":
        return None
    if finding.section == "clinical_information":
        return None
    number = _number(finding.value)
    if finding.assertion == "absent" or finding.value == ABSENT:
        return Fact("absent")
    if finding.kind == "pfirrmann":
        if number is None or not 1 <= number <= 5:
            return None
        return Fact("present" if number >= _KEPT else "absent", number)
    if number == 0:
        return Fact("absent")
    grade = number or _TYPES.get(str(finding.value), 0)
    if not 0 <= grade <= _HIGHEST.get(finding.kind, 0):
        grade = 0
    degree = _WORDS.get(finding.severity or "", 0)
    return Fact("uncertain" if finding.assertion == "uncertain" else "present", grade, degree)


def _number(value: str | int | float | None) -> int | None:
    if isinstance(value, str):
        return int(value) if value.isdecimal() and len(value) < _DIGITS else None
    return None if value is None or not isfinite(value) else int(value)


def _kind(finding: StatedFinding) -> str:
    if finding.kind == "pfirrmann":
        return _DEGENERATION
    return "endplate_change" if finding.kind in _ENDPLATES else finding.kind


def _sides(finding: StatedFinding) -> tuple[str, ...]:
    if finding.kind in _ENDPLATES:
        return (_ENDPLATES[finding.kind],)
    return ("left", "right") if finding.side == "bilateral" else (finding.side or "",)


# --- in words -------------------------------------------------------------------------------------

_TITLES = {
    _DEGENERATION: "disc degeneration",
    "endplate_change": "endplate changes",
    "modic": "Modic changes",
}
_SIDES = {
    "left": "on the left",
    "right": "on the right",
    "upper": "above the disc",
    "lower": "below the disc",
}
_DEGREES = ("", "mild", "moderate", "severe")


def in_words(place: Place, fact: Fact | None) -> str:
    """A state without its level: ``Modic type 2``, ``no disc herniation``, ``not stated``."""
    kind, _, side = place
    known = kinds().get(kind)
    title = _TITLES.get(kind) or (known.title if known else kind.replace("_", " "))
    where = f" {_SIDES[side]}" if side in _SIDES else ""
    if fact is None:
        return f"{title}{where} not stated"
    if kind == _DEGENERATION and fact.grade:
        return f"{title}, Pfirrmann {_ROMAN[fact.grade]}"
    if fact.state == "absent":
        return f"no {title}{where}"
    if kind == "modic" and fact.grade:
        title = f"Modic type {fact.grade}"
    elif kind == "disc_herniation" and fact.grade:
        title = next(f"disc {name}" for name, grade in _TYPES.items() if grade == fact.grade)
    elif fact.grade:
        title = f"{title}, grade {fact.grade}"
    degree = f"{_DEGREES[fact.degree]} " if fact.degree else ""
    doubt = "possible " if fact.state == "uncertain" else ""
    return f"{doubt}{degree}{title}{where}"


def told(place: Place, fact: Fact | None) -> str:
    """The same with its level: ``L4-L5: Modic type 2``."""
    return f"{place[1]}: {in_words(place, fact)}" if place[1] else in_words(place, fact)


def reading_order(place: Place) -> tuple[int, int, str, str]:
    """From head to tail, at a level in the order of a report; what has no level comes last."""
    kind, level, side = place
    listed = [_KIND_OF.get(name, name) for name in GRADED]
    rank = listed.index(kind) if kind in listed else len(listed)
    return (order(level) if level else 10_000), rank, kind, side


_KIND_OF = {
    "pfirrmann": _DEGENERATION,
    "endplate_upper": "endplate_change",
    "endplate_lower": "endplate_change",
}
