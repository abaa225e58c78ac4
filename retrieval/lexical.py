"""Texts by their words, with findings as words: BM25 (Robertson 1994), by bm25s.

The words of a finding stand for the finding with its level, grade and denial, so that "no
herniation" is not found by "herniation". All other words stand for themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

import numpy as np
import numpy.typing as npt

from radixgpt.case import StatedFinding
from radixgpt.language.reader import findings_in, read
from radixgpt.report import Section
from retrieval.facts import Fact, Place, facts, widened

_WORD = re.compile(r"[a-z][a-z'-]{2,}")
_COMMON = re.compile(
    r"the|and|with|are|for|there|this|that|from|was|were|has|have|been|not|any|all|cases?|levels?"
    r"|seen|noted|shows?|showing|images?|patients?|study|which|who|like|find|similar"
)


def tokens_of(report: Mapping[Section, str], graded: Iterable[StatedFinding]) -> tuple[str, ...]:
    """What a case is found by.

    Args:
        report: its text by section.
        graded: its findings, of gradings or of the text.
    """
    states: dict[Place, Fact] = facts(graded)
    found: list[str] = []
    for section, text in report.items():
        said = findings_in(text, section)
        found += _words(text, said)
        for place, fact in facts(said).items():
            states.setdefault(place, fact)
    return (*found, *_named(states))


def tokens_asked(text: str) -> tuple[str, ...]:
    """What a question looks for."""
    reading = read(text)
    found: list[str] = []
    for section, part in reading.sections.items():
        found += _words(part, [one for one in reading.findings if one.section == section])
    return (*found, *_named(facts(reading.findings)))


def words_beside(text: str, said: Iterable[StatedFinding]) -> tuple[str, ...]:
    """The words of a text, each once, that are not of the findings that it states."""
    return tuple(dict.fromkeys(_words(text, said)))


def named_in(findings: Iterable[StatedFinding]) -> tuple[str, ...]:
    """The words that stand for findings alone."""
    return _named(facts(findings))


def _words(text: str, said: Iterable[StatedFinding]) -> list[str]:
    """The words of a text but for those of its findings."""
    kept = list(text.lower())
    for one in said:
        if one.span is not None:
            first, end = one.span
            kept[first:end] = " " * (end - first)
    return [word for word in _WORD.findall("".join(kept)) if not _COMMON.fullmatch(word)]


def _named(states: Mapping[Place, Fact]) -> tuple[str, ...]:
    """A finding as words: of the study, of its level, of its side, and of each with its grade."""
    found: list[str] = []
    for (kind, level, side), fact in sorted(widened(states).items()):
        denied = "no " if fact.state == "absent" else ""
        name = "@".join(part for part in (f"{denied}{kind}", level, side) if part)
        found.append(name)
        if fact.grade and not denied:
            found.append(f"{name}={fact.grade}")
    return tuple(found)


class Lexicon:
    """Texts to be asked for by their words.

    Args:
        texts: the tokens of each.
    """

    def __init__(self, texts: Sequence[Sequence[str]]) -> None:
        import bm25s

        self._count = len(texts)
        self._known = frozenset(chain.from_iterable(texts))
        self._index = None
        if any(texts):  # bm25s can't do without a single word
            self._index = bm25s.BM25(method="lucene")
            self._index.index([list(one) for one in texts], show_progress=False)

    def knows(self, token: str) -> bool:
        """Whether any text has a token."""
        return token in self._known

    def scores(self, tokens: Sequence[str]) -> npt.NDArray[np.float64]:
        """BM25 of each text, (texts,); 0 where no word is shared."""
        asked = list(dict.fromkeys(tokens))
        if self._index is None or not asked:
            return np.zeros(self._count)
        return np.asarray(self._index.get_scores(asked), float)
