"""What rules read in a text: findings, structures, what is done to them, sides, degrees.

``lexicon.csv`` holds the entries, after the parts of patterns that they share. An entry is tried
where one of its first words stands, with the pattern of the rest; patterns are for text in one
spelling. The longest entry of a place counts.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, cast

DEGREES = ("mild", "moderate", "severe")
"""From the least to the most."""
Sort = Literal["finding", "structure", "state", "side", "degree"]


@dataclass(frozen=True)
class Entry:
    """Words that stand for something.

    Attributes:
        sort: what they stand for: a finding, a structure, the state of one, a side, a degree.
        name: kind of finding, name of the structure, state, side or degree.
        value: type or grade of a finding; a group ``grade`` of the pattern goes before it.
        pattern: the whole of the words.
    """

    sort: Sort
    name: str
    value: str | None
    pattern: re.Pattern[str]


@dataclass(frozen=True)
class Item:
    """An entry found in a text.

    Attributes:
        start: first character in the text in one spelling.
        end: last character + 1.
        grade: number of a type or grade that the words give.
        between: whether they give the next one beside it: ``III to IV``.
    """

    entry: Entry
    start: int
    end: int
    grade: int | None
    between: bool = False

    @property
    def sort(self) -> Sort:
        """Sort of its entry."""
        return self.entry.sort

    @property
    def name(self) -> str:
        """Name of its entry."""
        return self.entry.name


_PART = re.compile(r"<([A-Z]+)>")
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5}
_WORD = re.compile(r"[a-z]+")


@cache
def entries() -> dict[str, tuple[Entry, ...]]:
    """Entries by first word, findings before structures and states of the same length."""
    found: dict[str, list[Entry]] = {}
    parts: dict[str, str] = {}
    path = Path(__file__).resolve().parent / "lexicon.csv"
    with path.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            rest = _PART.sub(lambda match: parts[match[1]], row["rest"])
            if row["sort"] == "part":
                parts[row["name"]] = rest
                continue
            for first in row["first"].split():
                pattern = re.compile(rf"{first}(?:{rest})(?![a-z])")
                entry = Entry(cast("Sort", row["sort"]), row["name"], row["value"] or None, pattern)
                found.setdefault(first, []).append(entry)
    return {
        first: tuple(sorted(several, key=lambda entry: entry.sort in ("structure", "state")))
        for first, several in found.items()
    }


def scan(text: str) -> list[Item]:
    """Everything of the lexicon in a text in one spelling, in order, none within another."""
    book = entries()
    items: list[Item] = []
    free = 0
    for word in _WORD.finditer(text):
        start = word.start()
        if start < free:
            continue
        candidates = book.get(word[0])
        if candidates is None:
            continue
        best: re.Match[str] | None = None
        chosen: Entry | None = None
        for entry in candidates:
            match = entry.pattern.match(text, start)
            if match is not None and (best is None or match.end() > best.end()):
                best, chosen = match, entry
        if best is not None and chosen is not None:
            named = best.groupdict()
            grade = _number(named.get("grade"))
            items.append(
                Item(
                    chosen,
                    start,
                    best.end(),
                    grade,
                    grade is not None and _number(named.get("upto")) == grade + 1,
                )
            )
            free = best.end()
    return items


def degree_of(words: str) -> str | None:
    """The highest degree that words name: ``moderate`` for "mild to moderate"."""
    named = {
        entry.name
        for word in _WORD.findall(words)
        for entry in entries().get(word, ())
        if entry.sort == "degree"
    }
    return max(named, key=DEGREES.index, default=None)


def number(words: str) -> int:
    """The number of a grade in Roman or Arabic figures."""
    return _ROMAN.get(words) or int(words)


def _number(words: str | None) -> int | None:
    return None if words is None else number(words)
