"""Give every patient a side: linked patients together, rare labels in proportion, some fixed.

Sources are split one by one, so that each has its shares on every side and a new source moves
nobody of the others.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from data.duplicates.pair import Pair, groups_of
from data.splits.spider import fixed_sides
from data.splits.stratify import deal
from radixgpt.case import Case, Split
from radixgpt.errors import CaseError

SPLITS: tuple[Split, ...] = ("train", "development", "test")
SHARES: dict[Split, float] = {"train": 0.7, "development": 0.15, "test": 0.15}
_SPIDER = "spider/"


def assign(
    cases: Sequence[Case], pairs: Iterable[Pair], *, shares: Mapping[Split, float], seed: int
) -> dict[str, Split]:
    """The side of every patient.

    Args:
        cases: all of a workspace.
        pairs: patients that have to stay together.
        shares: side to its share of each source's patients; they add up to one.
        seed: decides every tie.

    Raises:
        CaseError: patients that have to stay together have different fixed sides.
    """
    labels = labels_of(cases)
    fixed = fixed_by_weights(cases)
    units = _units(labels, pairs)
    side_of: dict[str, Split] = {}
    for members in units.values():
        sides = {fixed[patient] for patient in members if patient in fixed}
        if len(sides) > 1:
            raise CaseError(
                f"{_listed(members)} share a picture, person or text and are on different sides of "
                "the fixed split.",
                "Take the cases of one of them out of what is gathered, and map again.",
            )
        if sides:
            side_of |= dict.fromkeys(members, sides.pop())
    by_source: dict[str, list[str]] = defaultdict(list)
    source_of = {patient: source for source, patient in _patients(cases)}
    for key, members in units.items():
        if not any(patient in side_of for patient in members):
            by_source[source_of[members[0]]].append(key)
    for _, keys in sorted(by_source.items()):
        together = {key: frozenset().union(*(labels[p] for p in units[key])) for key in keys}
        sizes = {key: len(units[key]) for key in keys}
        dealt = deal(together, shares=shares, seed=seed, sizes=sizes)
        for key, side in dealt.items():
            side_of |= dict.fromkeys(units[key], side)
    return side_of


def labels_of(cases: Iterable[Case]) -> dict[str, frozenset[str]]:
    """What each patient is stratified on: findings that are or may be there, grades, the label."""
    found: dict[str, set[str]] = {}
    for case in cases:
        labels = found.setdefault(case.patient, set())
        for finding in case.findings:
            if finding.assertion in ("present", "uncertain"):
                value = "" if finding.value is None else f" {finding.value}"
                labels.add(f"{finding.kind}{value}")
        if case.facts.get("label"):
            labels.add(f"label {case.facts['label']}")
    return {patient: frozenset(labels) for patient, labels in found.items()}


def fixed_by_weights(cases: Iterable[Case]) -> dict[str, Split]:
    """The patients whose side is fixed: SPIDER's, as the weights that ship know them.

    Patients of the data set's own validation part are for testing.
    """
    numbered = {f"{_SPIDER}{number}": side for number, side in fixed_sides().items()}
    fixed: dict[str, Split] = {}
    for case in cases:
        if case.patient in numbered:
            fixed[case.patient] = numbered[case.patient]
        elif case.patient.startswith(_SPIDER) and case.facts.get("subset") == "validation":
            fixed[case.patient] = "test"
    return fixed


def _patients(cases: Iterable[Case]) -> list[tuple[str, str]]:
    """Source and patient; a patient of two sources belongs to the last one."""
    return list(dict.fromkeys((case.source, case.patient) for case in cases))


def _units(labels: Mapping[str, object], pairs: Iterable[Pair]) -> dict[str, list[str]]:
    """Patients that stay together, by the name of the first, in the order of the patients."""
    group_of = {
        patient: number
        for number, group in enumerate(groups_of(pair.patients for pair in pairs))
        for patient in group
    }
    members: dict[object, list[str]] = {}
    for patient in labels:
        members.setdefault(group_of.get(patient, patient), []).append(patient)
    return {some[0]: some for some in members.values()}


def _listed(members: Sequence[str]) -> str:
    return f"{', '.join(members[:4])}{' and others' if len(members) > 4 else ''}"


def tally(
    cases: Iterable[Case], side_of: Mapping[str, Split]
) -> tuple[dict[str, dict[Split, tuple[int, int]]], dict[str, dict[Split, int]]]:
    """Patients and cases of each source on each side, and patients with each label.

    Returns:
        Source to side to (patients, cases); label to side to patients.
    """
    cases = list(cases)
    counted = Counter((case.source, side_of[case.patient]) for case in cases)
    people = Counter((source, side_of[patient]) for source, patient in _patients(cases))
    sources: dict[str, dict[Split, tuple[int, int]]] = defaultdict(dict)
    for source, side in sorted(counted, key=lambda key: (key[0], SPLITS.index(key[1]))):
        sources[source][side] = (people[source, side], counted[source, side])
    labels: dict[str, dict[Split, int]] = {}
    per_label = Counter(
        (label, side_of[patient]) for patient, found in labels_of(cases).items() for label in found
    )
    for label, side in sorted(per_label, key=lambda key: (key[0], SPLITS.index(key[1]))):
        labels.setdefault(label, {})[side] = per_label[label, side]
    return dict(sources), labels
