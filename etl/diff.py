"""What differs between two reports of one study: grades and sentences, before and after."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from radixgpt.finding import Finding
from radixgpt.level import order
from radixgpt.report import SECTIONS, Report
from radixgpt.style import Section


@dataclass(frozen=True)
class Regraded:
    """A finding that is another one now; ``before`` or ``after`` is None where there is none."""

    level: str | None
    kind: str
    before: Finding | None
    after: Finding | None


@dataclass(frozen=True)
class Reworded:
    """Sentences of one section that stand where others stood; either may be empty."""

    section: Section
    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True)
class Difference:
    """What differs; false where nothing does."""

    findings: tuple[Regraded, ...] = ()
    sentences: tuple[Reworded, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.findings or self.sentences)


def difference(before: Report, after: Report) -> Difference:
    """What differs between two reports, from head to tail and in the order of the text."""
    return Difference(tuple(_findings(before, after)), tuple(_sentences(before, after)))


def _findings(before: Report, after: Report) -> Iterator[Regraded]:
    old = {(f.level, f.kind, f.side): f for f in before.findings}
    new = {(f.level, f.kind, f.side): f for f in after.findings}
    places = dict.fromkeys((*old, *new))
    for place in sorted(places, key=lambda p: -1 if p[0] is None else order(p[0])):
        was, now = old.get(place), new.get(place)
        if _verdict(was) != _verdict(now):
            yield Regraded(place[0], place[1], was, now)


def _verdict(finding: Finding | None) -> tuple[object, ...] | None:
    return None if finding is None else (finding.status, finding.value, finding.set_by_reader)


def _sentences(before: Report, after: Report) -> Iterator[Reworded]:
    for section in SECTIONS:
        old = [s.text for s in before.section(section)]
        new = [s.text for s in after.section(section)]
        for op, a, b, c, d in SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
            if op != "equal":
                yield Reworded(section, tuple(old[a:b]), tuple(new[c:d]))


def words(before: str, after: str) -> Iterator[tuple[str, str]]:
    """One text beside another, word by word: (``same``, ``gone`` or ``new``, the words)."""
    old, new = before.split(), after.split()
    for op, a, b, c, d in SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        if op == "equal":
            yield "same", " ".join(old[a:b])
            continue
        if b > a:
            yield "gone", " ".join(old[a:b])
        if d > c:
            yield "new", " ".join(new[c:d])
