"""What a report states, in the form in which two reports are compared.

A statement is a kind of finding at a level and a side, with a grade and a status. Findings come
from a grader, from a reader of texts or from a report of ours, and say the same thing in different
ways; here each thing has one way:

- Pfirrmann grades III to V are disc degeneration with that grade. I and II deny degeneration
  (Pfirrmann 2001: they keep nucleus, annulus and height), as Modic 0 denies Modic changes.
- Endplate changes above and below a disc are endplate changes on the side ``upper`` and ``lower``.
- ``bilateral`` is one statement on the left and one on the right: two places that may be narrow.
- The grade is the number or type on the kind's own scale; where none is given, the severity word.
- At one place the firmest status counts (present, uncertain, historical, then denied), and the
  highest grade on the kind's own scale, then the severest word.
- A statement without a level or a side is left out where the same kind has one: it repeats it.
- What clinical information says was known before; only findings and impression count.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from radixgpt.case import Assertion, StatedFinding
from radixgpt.finding import ABSENT, MEASURED
from radixgpt.terminology.table import kinds

Place = tuple[str, str, str]
"""Kind, level and side; level and side are empty where none is stated."""

_FIRM: tuple[Assertion, ...] = ("absent", "historical", "uncertain", "present")
_WORDS = ("mild", "moderate", "severe")
TYPES = ("protrusion", "extrusion", "sequestration")
_NUMBERED = {"modic": "type", "spondylolisthesis": "Meyerding", "pfirrmann": "Pfirrmann"}
"""Kinds whose values are numbers, with what a number is called."""
_KEPT = 3
"""The lowest Pfirrmann grade that is a finding."""
_ENDPLATES = {"endplate_upper": "upper", "endplate_lower": "lower"}


@dataclass(frozen=True)
class Statement:
    """One thing that a report says is there, may be there, was, or is not.

    Attributes:
        kind: of the concept table, but for the kinds that are merged (see above).
        level: vertebra or disc; empty where none is named.
        side: ``left``, ``right``, ``upper``, ``lower`` or empty.
        grade: such as ``Pfirrmann 4``, ``type 2``, ``extrusion``, ``moderate``; empty for none.
        status: how firmly it is said; ``absent`` for a denial.
    """

    kind: str
    level: str = ""
    side: str = ""
    grade: str = ""
    status: Assertion = "present"

    @property
    def place(self) -> Place:
        """Kind, level and side."""
        return self.kind, self.level, self.side

    @property
    def title(self) -> str:
        """The kind in words."""
        known = kinds().get(self.kind)
        return known.title if known else self.kind.replace("_", " ")


@dataclass(frozen=True)
class Stated:
    """Everything that one report states.

    Attributes:
        found: one statement a place, none of them a denial.
        denied: places that are said to be free.
    """

    found: frozenset[Statement] = frozenset()
    denied: frozenset[Place] = frozenset()

    def denies(self, place: Place) -> bool:
        """Whether the report denies a kind at a place: by name, or at no level or side in all."""
        kind, level, side = place
        return any((kind, at, on) in self.denied for at in {level, ""} for on in {side, ""})


@dataclass(frozen=True)
class Judged:
    """What whoever made a reference looked at; nothing else can be held against a candidate.

    Attributes:
        kinds: kinds that were looked for.
        graded: those of them whose grade was given.
        sided: those of them whose side was given.
    """

    kinds: frozenset[str]
    graded: frozenset[str] = frozenset()
    sided: frozenset[str] = frozenset()


def stated(findings: Iterable[StatedFinding]) -> Stated:
    """The statements of one report."""
    said = [one for finding in findings for one in told(finding)]
    return _settled(
        (one for one in said if one.status != "absent"),
        (one.place for one in said if one.status == "absent"),
    )


def told(finding: StatedFinding) -> tuple[Statement, ...]:
    """What one finding states, a statement a side; nothing for measured numbers and history."""
    if finding.section == "clinical_information" or _says_nothing(finding):
        return ()
    status: Assertion = "absent" if _denies(finding) else finding.assertion
    grade = "" if status == "absent" else _grade(finding)
    level = finding.level or ""
    return tuple(
        Statement(kind_of(finding.kind), level, side, grade, status) for side in _sides(finding)
    )


def _says_nothing(finding: StatedFinding) -> bool:
    ungraded = finding.kind == "pfirrmann" and _number(finding.value) is None
    return finding.kind in MEASURED or (ungraded and not _denies(finding))


def _denies(finding: StatedFinding) -> bool:
    number = _number(finding.value)
    healthy = finding.kind == "pfirrmann" and number is not None and number < _KEPT
    return finding.assertion == "absent" or finding.value == ABSENT or number == 0 or healthy


def kind_of(kind: str) -> str:
    """The kind that statements of a kind have; those of grades and plates are merged."""
    if kind == "pfirrmann":
        return "disc_degeneration"
    return "endplate_change" if kind in _ENDPLATES else kind


def _sides(finding: StatedFinding) -> tuple[str, ...]:
    if finding.kind in _ENDPLATES:
        return (_ENDPLATES[finding.kind],)
    return ("left", "right") if finding.side == "bilateral" else (finding.side or "",)


def _number(value: str | int | float | None) -> int | None:
    if isinstance(value, str):
        return int(value) if value.isdecimal() else None
    return None if value is None else int(value)


def _grade(finding: StatedFinding) -> str:
    number = _number(finding.value)
    if finding.kind in _NUMBERED and number is not None:
        return f"{_NUMBERED[finding.kind]} {number}"
    if finding.kind == "disc_herniation" and finding.value in TYPES:
        return str(finding.value)
    return finding.severity or ""


def _firmness(one: Statement) -> tuple[int, int, int, str]:
    on_scale = bool(one.grade) and one.grade not in _WORDS
    word = _WORDS.index(one.grade) if one.grade in _WORDS else -1
    kind = TYPES.index(one.grade) if one.grade in TYPES else -1
    return _FIRM.index(one.status), on_scale, max(word, kind), one.grade


def _settled(found: Iterable[Statement], denied: Iterable[Place]) -> Stated:
    """One statement a place, and none that only repeats another with less."""
    by_place: dict[Place, Statement] = {}
    for one in found:
        known = by_place.get(one.place)
        if known is None or _firmness(one) > _firmness(known):
            by_place[one.place] = one
    levels = {kind for kind, level, _ in by_place if level}
    sides = {(kind, level) for kind, level, side in by_place if side}
    kept = frozenset(
        one
        for one in by_place.values()
        if (one.level or one.kind not in levels)
        and (one.side or (one.kind, one.level) not in sides)
    )
    return Stated(kept, frozenset(denied) - {one.place for one in kept})


def limited(said: Stated, judged: Judged, truth: Stated) -> Stated:
    """What of a report can be judged by a reference whose maker looked at some things alone.

    A kind counts at the levels at which the reference says anything of it; where it says so of the
    study as a whole, the candidate's level is left out, as grades and sides that were not judged
    are.

    Args:
        said: the report, or the reference itself.
        judged: what was looked at.
        truth: the reference.
    """
    levels: dict[str, set[str]] = {}
    for kind, level, _ in (*(one.place for one in truth.found), *truth.denied):
        levels.setdefault(kind, set()).add(level)
    named = {level for found in levels.values() for level in found if level}

    def level_of(kind: str, level: str) -> str | None:
        """The level as far as it is judged; None for one that was not looked at."""
        own = levels.get(kind, set())
        if kind not in judged.kinds:
            return None
        if own == {""}:
            return ""
        seen = (own or named) - {""}
        return level if not level or not seen or level in seen else None

    found = (
        replace(
            one,
            level=place,
            side=one.side if one.kind in judged.sided else "",
            grade=one.grade if one.kind in judged.graded else "",
        )
        for one in said.found
        if (place := level_of(one.kind, one.level)) is not None
    )
    denied = (
        (kind, place, side if kind in judged.sided else "")
        for kind, level, side in said.denied
        if (place := level_of(kind, level)) is not None and (place or not level)
    )
    return _settled(found, denied)


def judged_by(findings: Iterable[StatedFinding]) -> Judged:
    """What gradings looked at: kinds stated or denied, and grades where they give numbers."""
    said = [(_number(one.value) is not None, told(one)) for one in findings]
    return Judged(
        frozenset(one.kind for _, each in said for one in each),
        frozenset(one.kind for numbered, each in said for one in each if numbered),
        frozenset(one.kind for _, each in said for one in each if one.side),
    )
