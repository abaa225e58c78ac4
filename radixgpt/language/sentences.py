"""Sentences of a text in one spelling."""

from __future__ import annotations

import re
from dataclasses import dataclass

_END = re.compile(
    r"\n+"
    r"|(?<![\s.][a-z])(?<!^[a-z])\.+(?=[\s)]|[a-z](?![a-z]?\d)|-|$)"
    r"|(?<=[a-z]{2})\.+(?=[a-z]{2})"
    r"|[;!•]+|/{2,}|(?<=\d)\.(?= )"
)

_LIST = re.compile(r"\b(?:not assess\w+|indeterminate) ?:")


@dataclass(frozen=True)
class Sentence:
    """One sentence.

    Attributes:
        start: first character in the text in one spelling.
        end: last character + 1.
        line: number of the line that it begins in.
    """

    start: int
    end: int
    line: int


def split_sentences(text: str) -> list[Sentence]:
    """Sentences of a text in one spelling (``spelling.Plain.text``), empty ones left out.

    A line is a sentence of its own; points within numbers and after single letters end nothing.
    """
    sentences: list[Sentence] = []
    begin = line = begin_line = 0
    for match in _END.finditer(text):
        if match[0][0] == "\n":
            line += 1
        elif match[0][0] == ";" and _LIST.search(text, begin, match.start()):
            continue
        _add(sentences, text, begin, match.start(), begin_line)
        begin, begin_line = match.end(), line
    _add(sentences, text, begin, len(text), begin_line)
    return sentences


def _add(sentences: list[Sentence], text: str, start: int, end: int, line: int) -> None:
    while start < end and text[start] in " \t-.*,)":
        start += 1
    while end > start and text[end - 1] in " \t":
        end -= 1
    if end > start:
        sentences.append(Sentence(start, end, line))
