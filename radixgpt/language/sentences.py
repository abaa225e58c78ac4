"""Sentences of a text in one spelling."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from radixgpt.language.levels import LevelMention
from radixgpt.language.lexicon import Item

_END = re.compile(
    r"\n+"
    r"|(?<![\s.][a-z])(?<!^[a-z])\.+(?=[\s)]|[a-z](?![a-z]?\d)|-|$)"
    r"|(?<=[a-z]{2})\.+(?=[a-z]{2})"
    r"|[;!•]+|/{2,}|(?<=\d)\.(?= )"
)

_LIST = re.compile(r"\b(?:not assess\w+|indeterminate) ?:")


_OPENING = re.compile(r"(?:(?:at|the|level of|levels?|discs?) )*")
_JOINS = re.compile(
    r"(?: ?,(?: (?:and|while|whereas|but))?| and| but| while| whereas)(?: (?:at|the|disc))* $"
)
"""Between what is said of one level and the next level."""
_NORMAL = re.compile(r"\b(?:normal|unremarkable|intact|preserved)\b")
_SAYS = re.compile(
    r" ?(?:levels?|discs?|space)?(?: ?:| (?!(?:and|or|but|with|on|where|which|in|of|at"
    r"|respectively)\b)\w)"
)
"""Behind a level of which something is said."""


@dataclass(frozen=True)
class Sentence:
    """One sentence.

    Attributes:
        start: first character in the text in one spelling.
        end: last character + 1.
        line: number of the line that it begins in.
        goes_on: whether only a semicolon parts it from the one before.
    """

    start: int
    end: int
    line: int
    goes_on: bool = False


def split_sentences(text: str) -> list[Sentence]:
    """Sentences of a text in one spelling (``spelling.Plain.text``), empty ones left out.

    A line is a sentence of its own; points within numbers and after single letters end nothing.
    """
    sentences: list[Sentence] = []
    begin = line = begin_line = 0
    goes_on = False
    for match in _END.finditer(text):
        if match[0][0] == "\n":
            line += 1
        elif match[0][0] == ";" and _LIST.search(text, begin, match.start()):
            continue
        _add(sentences, text, begin, match.start(), begin_line, goes_on)
        begin, begin_line, goes_on = match.end(), line, match[0] == ";"
    _add(sentences, text, begin, len(text), begin_line, goes_on)
    return sentences


def divide(
    text: str, sentence: Sentence, items: Sequence[Item], levels: Sequence[LevelMention]
) -> list[Sentence]:
    """Parts of a sentence that each begin with a level: "L3-4 bulge, L4-5 and L5-S1 normal".

    A level begins a part only in a sentence that begins with one, and only behind something that
    is said of the level before.
    """
    if len(levels) < 2 or not _OPENING.fullmatch(text, sentence.start, levels[0].start):
        return [sentence]
    said = [item.start for item in items if item.sort not in ("side", "degree")]
    parts: list[Sentence] = []
    begin = sentence.start
    before = levels[0]
    for level in levels[1:]:
        gap = text[before.end : level.start]
        join = _JOINS.search(gap)
        if join is None or not level.discs:
            before = level
            continue
        stop = before.end + join.start()
        index = bisect_left(said, before.end)
        says = (index < len(said) and said[index] < stop) or _NORMAL.search(gap, 0, join.start())
        if says and _SAYS.match(text, level.end, sentence.end):
            _add(parts, text, begin, stop, sentence.line, not parts and sentence.goes_on)
            begin = level.start
        before = level
    _add(parts, text, begin, sentence.end, sentence.line, not parts and sentence.goes_on)
    return parts


def _add(
    sentences: list[Sentence], text: str, start: int, end: int, line: int, goes_on: bool
) -> None:
    while start < end and text[start] in " \t-.*,)":
        start += 1
    while end > start and text[end - 1] in " \t":
        end -= 1
    if end > start:
        sentences.append(Sentence(start, end, line, goes_on))
