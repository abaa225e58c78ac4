"""Which finding of a candidate answers which of the reference, and what is wrong with it.

Findings are paired in four rounds, each over what the rounds before left:

1. **right**: the same kind, level, side, grade and status.
2. **wrong grade**: the same kind, level and side. A report has one statement a place, so in both
   rounds there is at most one partner.
3. **wrong side**: the same kind and level.
4. **wrong level**: the same kind.

What is left of the candidate is *invented*, what is left of the reference *missed*. In the last two
rounds several partners may be possible. The nearest go together first (levels counted along the
spine, then equal sides, grades and status; ties by order from head to tail): a greedy choice. It
decides which two are named together; how many pairs a round makes depends on the numbers of
findings alone, so no choice would change a count, and none changes an F1, for which only right
pairs count.

Everything is the same with the reports swapped, but that missed and invented trade places.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass

from eval.batch.marks import Status
from eval.findings.statement import Stated, Statement
from radixgpt.level import DISCS, VERTEBRAE, order

_FAR = 1000
"""How far apart a level and no level are."""


@dataclass(frozen=True)
class Match:
    """One finding of the candidate, of the reference, or a pair of both.

    Attributes:
        status: what became of it.
        candidate: None where it is missed.
        reference: None where it is invented.
    """

    status: Status
    candidate: Statement | None
    reference: Statement | None


def match(candidate: Stated, reference: Stated) -> list[Match]:
    """Pair the findings of two reports; from head to tail, each finding in one match."""
    mine, theirs = set(candidate.found), set(reference.found)
    found: list[Match] = []
    rounds: tuple[tuple[Status, Callable[[Statement], Hashable]], ...] = (
        ("right", lambda one: one),
        ("wrong_grade", lambda one: one.place),
        ("wrong_side", lambda one: (one.kind, one.level)),
        ("wrong_level", lambda one: one.kind),
    )
    for status, key in rounds:
        for own, other in _pairs(mine, theirs, key):
            found.append(Match(status, own, other))
            mine.remove(own)
            theirs.remove(other)
    found += [Match("invented", one, None) for one in mine]
    found += [Match("missed", None, one) for one in theirs]
    return sorted(found, key=_reading_order)


def _pairs(
    mine: set[Statement], theirs: set[Statement], key: Callable[[Statement], Hashable]
) -> Iterator[tuple[Statement, Statement]]:
    """Pairs with the same key, the nearest first; each statement once."""
    by_key: dict[Hashable, list[Statement]] = {}
    for one in theirs:
        by_key.setdefault(key(one), []).append(one)
    possible = sorted(
        ((own, other) for own in mine for other in by_key.get(key(own), ())),
        key=lambda pair: _apart(*pair),
    )
    left, right = set(mine), set(theirs)
    for own, other in possible:
        if own in left and other in right:
            left.remove(own)
            right.remove(other)
            yield own, other


def _apart(one: Statement, other: Statement) -> tuple[object, ...]:
    """How far two statements are apart; alike whichever comes first."""
    ends = sorted((_spine_order(one), _spine_order(other)))
    return (
        _steps(one.level, other.level),
        one.side != other.side,
        one.grade != other.grade,
        one.status != other.status,
        ends,
    )


def _steps(one: str, other: str) -> int:
    if one == other:
        return 0
    if not _known(one) or not _known(other):
        return _FAR
    return abs(order(one) - order(other))


def _known(level: str) -> bool:
    return level in DISCS or level in VERTEBRAE


def _spine_order(one: Statement) -> tuple[int, str, str, str, str, str]:
    place = order(one.level) if _known(one.level) else _FAR
    return place, one.level, one.kind, one.side, one.grade, one.status


def _reading_order(pair: Match) -> tuple[object, ...]:
    one = pair.candidate or pair.reference
    assert one is not None, "a match has at least one finding"
    return (*_spine_order(one), pair.status)
