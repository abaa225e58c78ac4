"""What the reader of sentences has to know of a language: its tokens, and what its words mean."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from radixgpt.observation import Side


@dataclass(frozen=True)
class Words:
    """The closed vocabulary of a language.

    Attributes:
        patterns: tokens by name, the first that fits wins; names are those of every language.
        plain: words that claim nothing by themselves; any other word is a problem.
        degrees: Pfirrmann grade by the word for a degree of degeneration.
        plates: endplate that is changed and the one that is not, ``upper`` or ``lower``, by the
            words that say where; other words mean both, and no words one of them or both.
        sides: side by its words.
        directions: ``anterior`` or ``posterior`` by the words for where a slip goes.
        ranges: words between the first and the last level of a range.
        links: words and marks between levels that are named together.
        lists: words in a list that one negation covers.
        joins: words in a list that a negation behind it covers as well.
        leading: what may stand before the levels that a clause begins with.
        measured: pattern of words for what a tool measured.
        normal: pattern of words for "normal", which no finding states.
        prior: pattern of words for a change since a study before.
    """

    patterns: tuple[tuple[str, str], ...]
    plain: str
    degrees: Mapping[str, int]
    plates: Mapping[str, tuple[str, str]]
    sides: Mapping[str, Side]
    directions: Mapping[str, str]
    ranges: tuple[str, ...]
    links: tuple[str, ...]
    lists: tuple[str, ...]
    joins: tuple[str, ...]
    leading: tuple[str, ...]
    measured: str
    normal: str
    prior: str

    def __hash__(self) -> int:
        return id(self)

    @cached_property
    def plain_words(self) -> frozenset[str]:
        """The words of ``plain``, each by itself."""
        return frozenset(self.plain.split())

    @cached_property
    def token(self) -> re.Pattern[str]:
        """One pattern for all tokens, each a group with its name."""
        return re.compile(
            "|".join(
                f"(?P<{name}>{pattern})"
                if name in ("mark", "other")
                else rf"(?P<{name}>(?<![\w-])(?:{pattern})(?!\w))"
                for name, pattern in self.patterns
            ),
            re.IGNORECASE,
        )

    def says_measured(self, tokens: Iterable[str]) -> bool:
        """Whether one of the words of a clause says that its numbers were measured."""
        return any(re.fullmatch(self.measured, token, re.IGNORECASE) for token in tokens)

    @cached_property
    def says_normal(self) -> re.Pattern[str]:
        """Words for "normal"."""
        return re.compile(rf"\b(?:{self.normal})\b", re.IGNORECASE)

    @cached_property
    def says_prior(self) -> re.Pattern[str]:
        """Words for a change since a study before."""
        return re.compile(rf"\b(?:{self.prior})\b", re.IGNORECASE)
