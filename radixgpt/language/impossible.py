"""What a text names that does not exist: ``L9-L10``, ``L4-L4``, Pfirrmann 7, Modic type 5.

The reader of texts passes over it; whoever asks with a text has to be told, as what is left of the
question would be another one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from radixgpt.finding import KINDS
from radixgpt.language.spelling import Plain
from radixgpt.level import DISCS, VERTEBRAE

LEVELS = "Levels are C1 to C7, T1 to T12, L1 to L5, S1, S2, and discs such as L4-L5."
_LEVEL = re.compile(
    r"(?<![\w.*/-])(?P<a>th|[cdtls])v?(?P<i>\d{1,3})"
    r"(?: ?[-/] ?(?P<b>th|[cdtls])?v?(?P<j>\d{1,3}))?(?![\w*]|\.\d)"
)
_ROOT = re.compile(r" ?(?:nerves?|roots?|dermatomes?)\b")
_ROOT_BEFORE = re.compile(r"(?:nerves?|roots?|dermatomes?)(?: of| at)?(?: the)? ?$")
_NUMBER = r"(?P<{0}>\d+(?:\.\d+)?|[ivx]+)\b"
_BETWEEN = r"(?:[' ]?s)?(?: ?(?:grades?|types?|changes?|class|score|grading|of|is|:|=|\())* ?"
_NUMERALS = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x")
_ROMAN = {name: number for number, name in enumerate(_NUMERALS, 1)}


@dataclass(frozen=True)
class Impossible:
    """One thing that there is not.

    Attributes:
        named: as the text names it.
        allowed: what there is instead, a sentence.
    """

    named: str
    allowed: str


@dataclass(frozen=True)
class _Scale:
    words: str
    title: str
    values: tuple[str | int, ...]

    @property
    def pattern(self) -> re.Pattern[str]:
        after = rf"\b(?:{self.words}){_BETWEEN}{_NUMBER.format('after')}"
        before = rf"\b(?:grade|type) {_NUMBER.format('before')} (?:{self.words})\b"
        return re.compile(f"{after}|{before}")


_SCALES = (
    _Scale("pfirrmann", "Pfirrmann grades", KINDS["pfirrmann"].values),
    _Scale("modic", "Modic types", KINDS["modic"].values),
    _Scale("meyerding", "Meyerding grades", (1, 2, 3, 4, 5)),
)
_PATTERNS = tuple((scale, scale.pattern) for scale in _SCALES)


def find_impossible(text: str) -> tuple[Impossible, ...]:
    """Every level and grade of a text that does not exist, each once, levels first."""
    plain = Plain(text)
    return tuple(dict.fromkeys((*_levels(plain), *_grades(plain))))


def _levels(plain: Plain) -> Iterator[Impossible]:
    for match in _LEVEL.finditer(plain.text):
        if _ROOT.match(plain.text, match.end()) or _ROOT_BEFORE.search(
            plain.text[max(0, match.start() - 30) : match.start()]
        ):
            continue
        above = _name(match["a"], match["i"])
        if match["j"] is None:
            there = above in VERTEBRAE or _glued(match["a"], match["i"])
        else:
            below = _name(match["b"] or match["a"], match["j"])
            if not match["b"] and match["j"] == "1" and above in ("L5", "T12", "C7"):
                below = {"L5": "S1", "T12": "L1", "C7": "T1"}[above]
            there = above in VERTEBRAE and below in VERTEBRAE and above != below
            there = there and {above, below} != {"C1", "C2"}  # two vertebrae without a disc
        if not there:
            yield Impossible(_said(plain, match), LEVELS)


def _grades(plain: Plain) -> Iterator[Impossible]:
    for scale, pattern in _PATTERNS:
        for match in pattern.finditer(plain.text):
            found = match["after"] or match["before"]
            number = _ROMAN.get(found, float(found) if found[0].isdigit() else 0)
            if number not in scale.values:
                first, last = scale.values[0], scale.values[-1]
                yield Impossible(_said(plain, match), f"{scale.title} are {first} to {last}.")


def _name(part: str, number: str) -> str:
    letter = {"d": "T", "th": "T"}.get(part, part.upper())
    return f"{letter}{int(number)}"


def _glued(part: str, numbers: str) -> bool:
    """Whether two digits are one disc, as in L45."""
    if part not in ("c", "l") or len(numbers) != 2:
        return False
    return f"{part.upper()}{numbers[0]}-{part.upper()}{numbers[1]}" in DISCS


def _said(plain: Plain, match: re.Match[str]) -> str:
    start, end = plain.span(*match.span())
    return " ".join(plain.original[start:end].split())[:60]
