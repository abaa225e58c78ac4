"""Text in one spelling: lower case, slips mended, each character traced to where it stood."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import yaml
from rapidfuzz.distance import OSA
from rapidfuzz.process import extractOne

from radixgpt.language.wraps import BREAK, Wraps

_PIECE = re.compile(r"[a-z]+(?:['’`]s\b)?|\s{2,}|[^\S ]|[‐‑‒–—−]")
"""What may change: words, runs of white space, dashes."""
_SIDE_END = re.compile(r"\.(?![ \t]*(?:\n|$))")
_ALONE = re.compile(
    r"(?<=[<>])[lr]\b|(?<=[<>] )[lr]\b|(?<![\w./'-])[lr](?= ?[<>]"
    r"| (?:and|more|greater|sided?\b|para|sub|far|for|neur|post|disc|lateral|recess|facet|exit"
    r"|travers|descend|nerve|[ls]\d (?:nerve|root)|protru|extru|herni|bulg|central)|\))"
)
"""Letters that stand for a side by what follows, unlike "L spine" and "L 5"."""
_BEFORE_LEVEL = ("at", "of", "the", "and", "noted", "level", "in")
_MENDABLE = 5
"""Shorter words are left alone unless the table of variants knows them."""
_LONG = 8
"""Words from here on may be two letters off, or one at the beginning."""


class Plain:
    """A text in one spelling.

    Attributes:
        text: lower case; a run of white space is one space, or one newline if it has one.
        original: the text as it was.
    """

    __slots__ = ("_ends", "_origin_ends", "_origins", "_starts", "original", "text")

    def __init__(self, original: str) -> None:
        self.original = original
        lower = original.lower()
        if len(lower) != len(original):  # a letter whose lower case is two
            lower = "".join(
                low if len(low := letter.lower()) == 1 else letter for letter in original
            )
        pieces: list[str] = []
        # Where each changed piece stands: in the text, and in the original.
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._origins: list[int] = []
        self._origin_ends: list[int] = []
        length = done = 0
        wraps = Wraps(original)
        for match in _PIECE.finditer(lower):
            word = match[0]
            begin, end = match.span()
            if word[0].isspace():
                wrapped = BREAK.search(word) is None or wraps.joins(begin, end)
                piece = " " if wrapped else "\n"
            elif word[0] in "‐‑‒–—−":
                piece = "-"
            else:
                piece = mended(word)
                if word in ("l", "r") and _ALONE.match(lower, begin):
                    piece = "left" if word == "l" else "right"
                if word in ("lt", "rt") and _SIDE_END.match(lower, end):
                    end += 1
                elif end - begin > 2 and word[-1] in "cdtls" and lower[end : end + 1].isdigit():
                    piece = _split_level(piece)
            if piece == word:
                continue
            kept = lower[done:begin]
            length += len(kept)
            self._starts.append(length)
            length += len(piece)
            self._ends.append(length)
            self._origins.append(begin)
            self._origin_ends.append(end)
            pieces += (kept, piece)
            done = end
        pieces.append(lower[done:])
        self.text = "".join(pieces)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where the characters from ``start`` up to ``end`` stood in the original, whole words."""
        first, _ = self._places(start)
        _, last = self._places(max(end - 1, start))
        return first, last

    def _places(self, position: int) -> tuple[int, int]:
        """First and last + 1 place in the original of the character at ``position``."""
        piece = bisect_right(self._starts, position) - 1
        if piece < 0:
            return position, position + 1
        if position < self._ends[piece]:
            return self._origins[piece], self._origin_ends[piece]
        place = self._origin_ends[piece] + position - self._ends[piece]
        return place, place + 1


def _split_level(word: str) -> str:
    """``atl`` before a digit is ``at l``."""
    if word[-1] in "cdtls" and word[:-1] in _BEFORE_LEVEL:
        return f"{word[:-1]} {word[-1]}"
    return word


@dataclass(frozen=True)
class Vocabulary:
    """The words of ``vocabulary.yaml``.

    Attributes:
        variants: one form for each other spelling, joined word or frequent slip.
        known: words that rules read, sorted, so that ties fall alike everywhere.
        right: known words and right ones that are near to a known one.
    """

    variants: dict[str, str]
    known: tuple[str, ...]
    right: frozenset[str]


@cache
def vocabulary() -> Vocabulary:
    """The vocabulary, read once."""
    path = Path(__file__).resolve().parent / "vocabulary.yaml"
    table = yaml.safe_load(path.read_text(encoding="utf-8"))
    return Vocabulary(
        {form: word for word, forms in table["variants"].items() for form in forms.split()},
        tuple(sorted(table["known"].split())),
        frozenset((*table["known"].split(), *table["left_alone"].split())),
    )


@lru_cache(maxsize=1 << 16)
def mended(word: str) -> str:
    """A lower-case word in the one spelling: a variant's main form, or the known word next to it.

    Words are mended by restricted edit distance (one letter up to seven letters, two beyond); a
    short word, a known one, and one that is right but near keep their form.
    """
    words = vocabulary()
    if word in words.variants:
        return words.variants[word]
    for mark in "'’`":
        if mark in word:
            return mended(word.split(mark)[0])
    if len(word) < _MENDABLE or word in words.right:
        return word
    found = extractOne(
        word, words.known, scorer=OSA.distance, score_cutoff=1 if len(word) < _LONG else 2
    )
    if found is None or (found[0][0] != word[0] and len(word) < _LONG):
        return word
    return found[0]
