"""Findings that can't be asked for together, and findings that no case can be held to.

An index keeps one state at a place, so that of two that contradict each other one would be dropped
without a word.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations

from radixgpt.case import StatedFinding
from radixgpt.finding import KINDS
from radixgpt.level import DISCS, VERTEBRAE
from radixgpt.terminology.table import kinds
from retrieval.facts import Fact, Place, states_of, told
from retrieval.overlap import pfirrmann_of

_DEGENERATION = "disc_degeneration"
_ROMAN: tuple[str | int | float, ...] = ("0", "I", "II", "III", "IV", "V")
_SCALES = {"pfirrmann": (1, 5), "modic": (0, 3)}


def conflicts(findings: Iterable[StatedFinding]) -> tuple[tuple[str, str], ...]:
    """Pairs of findings of which no case can have both, in words."""
    states = list(dict.fromkeys(state for one in findings for state in states_of(one)))
    return tuple(
        (told(*one), told(*other))
        for one, other in combinations(states, 2)
        if _contradict(one, other) or _contradict(other, one)
    )


def _contradict(wide: tuple[Place, Fact], narrow: tuple[Place, Fact]) -> bool:
    """Whether what is said of a place can't be if something is said of a part of it."""
    (kind, level, side), mine = wide
    (other, part, part_side), theirs = narrow
    if kind != other or level not in ("", part) or side not in ("", part_side):
        return False
    if wide[0] != narrow[0]:  # "none" of the whole, and one of a part
        return mine.state == "absent" and theirs.state != "absent"
    if kind == _DEGENERATION:
        return not set(pfirrmann_of(mine)) & set(pfirrmann_of(theirs))
    return (
        mine.state != theirs.state
        or (mine.grade != theirs.grade and 0 not in (mine.grade, theirs.grade))
        or (mine.degree != theirs.degree and 0 not in (mine.degree, theirs.degree))
    )


def wrong_with(finding: StatedFinding) -> str:
    """What keeps a finding out of every comparison, in words; empty if nothing does."""
    level, value = finding.level, finding.value
    if level is not None and level not in (*DISCS, *VERTEBRAE):
        return f"there is no level '{level[:40]}'; name a vertebra (L4) or a disc (L4-L5)"
    if finding.kind not in (*kinds(), *KINDS):
        return f"there is no finding '{finding.kind[:40]}'"
    if finding.kind in _SCALES and value is not None:
        least, most = _SCALES[finding.kind]
        named = str(_ROMAN.index(value)) if value in _ROMAN else str(value)
        allowed = {str(number) for number in range(least, most + 1)} | {"present", "absent"}
        if named.removesuffix(".0") not in allowed:
            title = finding.kind.capitalize()
            return f"there is no {title} {str(value)[:20]}; its grades are {least} to {most}"
    return ""
