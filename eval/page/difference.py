"""Which words of two texts differ."""

from __future__ import annotations

import re

_WORD = re.compile(r"(\w+(?:[-/.'’]\w+)*)")

Segment = tuple[bool, str]
"""Whether the other text lacks it, and a piece of text."""


def words_apart(first: str, second: str) -> tuple[list[Segment], list[Segment]]:
    """Cut two texts into pieces that the other has too, and pieces that it lacks.

    Words are compared without letter case, along a longest common subsequence; white space and
    punctuation are never marked on their own. The pieces of a text make up the text again.
    """
    from rapidfuzz.distance import LCSseq

    one, other = _WORD.split(first), _WORD.split(second)
    words = [text.casefold() for text in one[1::2]], [text.casefold() for text in other[1::2]]
    lacking = [True] * len(words[0]), [True] * len(words[1])
    for step in LCSseq.opcodes(*words):
        if step.tag == "equal":
            size = step.src_end - step.src_start
            lacking[0][step.src_start : step.src_end] = [False] * size
            lacking[1][step.dest_start : step.dest_end] = [False] * size
    return _merged(one, lacking[0]), _merged(other, lacking[1])


def _merged(pieces: list[str], lacking: list[bool]) -> list[Segment]:
    """Words and what stands between them, as few segments as possible."""
    found: list[Segment] = []

    def add(apart: bool, text: str) -> None:
        if not text:
            return
        if found and found[-1][0] == apart:
            found[-1] = (apart, found[-1][1] + text)
        else:
            found.append((apart, text))

    for number, text in enumerate(pieces):
        word = number // 2
        if number % 2:
            add(lacking[word], text)
        else:  # between two words that are both lacking, the gap is marked with them
            add(0 < word < len(lacking) and lacking[word - 1] and lacking[word], text)
    return found
