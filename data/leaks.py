"""The leak test: no patient, and nothing that two patients share, lies on two sides of a split."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from data.duplicates.pair import Pair
from radixgpt.case import Case
from radixgpt.errors import CaseError

_SHOWN = 3


@dataclass(frozen=True)
class Leaks:
    """What crosses from one side to another.

    Attributes:
        undealt: cases without a side.
        patients: patients with cases on more than one side.
        pairs: pairs of cases that share a picture, person or text and lie on two sides.
        checked: pairs that were looked at.
    """

    undealt: tuple[str, ...]
    patients: tuple[str, ...]
    pairs: tuple[Pair, ...]
    checked: int

    def none(self) -> bool:
        """Whether nothing crosses and every case has a side."""
        return not (self.undealt or self.patients or self.pairs)


def leaks(cases: Iterable[Case], pairs: Sequence[Pair]) -> Leaks:
    """Look for what crosses.

    Args:
        cases: with their splits.
        pairs: of cases of different patients that share something.
    """
    side_of: dict[str, str] = {}
    sides: dict[str, set[str]] = defaultdict(set)
    undealt: list[str] = []
    for case in cases:
        if case.split is None:
            undealt.append(case.id)
        else:
            side_of[case.id] = case.split
            sides[case.patient].add(case.split)
    crossing = [
        pair for pair in pairs if len({side_of[case] for case in pair.cases if case in side_of}) > 1
    ]
    return Leaks(
        tuple(undealt),
        tuple(patient for patient, found in sides.items() if len(found) > 1),
        tuple(crossing),
        len(pairs),
    )


def check(cases: Iterable[Case], pairs: Sequence[Pair]) -> Leaks:
    """Fail where anything crosses.

    Raises:
        CaseError: a case has no side, or a patient or something shared lies on two sides.
    """
    found = leaks(cases, pairs)
    if found.none():
        return found
    told = []
    if found.undealt:
        told.append(f"{len(found.undealt)} cases have no split ({_some(found.undealt)})")
    if found.patients:
        told.append(f"{len(found.patients)} patients lie on two sides ({_some(found.patients)})")
    if found.pairs:
        shown = [f"{' and '.join(pair.cases)}: {pair.kind}" for pair in found.pairs]
        told.append(f"{len(found.pairs)} duplicates lie on two sides ({_some(shown)})")
    raise CaseError(f"The split leaks: {'; '.join(told)}.", "Split anew: radixgpt data split.")


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
