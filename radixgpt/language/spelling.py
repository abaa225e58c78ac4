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

_PIECE = re.compile(
    r"(?P<side>\b[lr]t\.(?![ \t]*(?:\n|$)))|(?P<word>[a-z]+(?:['’`]s\b)?)|(?P<number>\d+)"
    r"|(?P<space>\s+)|(?P<dash>[‐‑‒–—−])|(?P<mark>.)",
    re.IGNORECASE | re.DOTALL,
)
_BREAK = re.compile(r"[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_OPEN = re.compile(
    r"(?:[,&] ?|\b(?:the|of|and|with|at|to|or|an?|in|is|are|no|by|on|from|\w{4,}ing) ?)$", re.I
)
_LEVEL_TAIL = re.compile(r"[a-z]+?(?=[cdtls]$)")
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

    __slots__ = ("_ends", "_origins", "_starts", "original", "text")

    def __init__(self, original: str) -> None:
        self.original = original
        pieces: list[str] = []
        starts: list[int] = []
        origins: list[int] = []
        ends: list[int] = []
        length = 0
        for match in _PIECE.finditer(original):
            kind = match.lastgroup
            piece = match[0]
            if kind == "word":
                piece = mended(piece.lower())
                if len(piece) > 1 and match.end() < len(original):
                    piece = _split_level(piece, original[match.end()])
            elif kind == "space":
                piece = "\n" if _BREAK.search(piece) and not _is_wrap(original, match) else " "
            elif kind == "side":
                piece = "left" if piece[0] in "lL" else "right"
            elif kind == "dash":
                piece = "-"
            pieces.append(piece)
            starts.append(length)
            origins.append(match.start())
            ends.append(match.end())
            length += len(piece)
        self.text = "".join(pieces)
        self._starts = starts
        self._origins = origins
        self._ends = ends

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where the characters from ``start`` up to ``end`` stood in the original, whole words."""
        if not self._starts:
            return 0, 0
        first = max(bisect_right(self._starts, start) - 1, 0)
        last = max(bisect_right(self._starts, max(end - 1, start)) - 1, first)
        return self._origins[first], self._ends[last]


def _is_wrap(text: str, gap: re.Match[str]) -> bool:
    """Whether a line ends openly ("of the", a comma) and the next goes on in lower case."""
    after = text[gap.end() : gap.end() + 1]
    return after.islower() and _OPEN.search(text, max(0, gap.start() - 20), gap.start()) is not None


def _split_level(word: str, following: str) -> str:
    """``atl`` before a digit is ``at l``."""
    if following.isdigit() and len(word) > 2 and word[-1] in "cdtls":
        match = _LEVEL_TAIL.match(word)
        if match and match[0] in ("at", "of", "the", "and", "noted", "level", "in"):
            return f"{match[0]} {word[-1]}"
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
