"""What a text asks an index for, and what of it can't be followed: nothing is dropped unsaid."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise

from radixgpt.case import StatedFinding
from radixgpt.errors import InputError, SettingsError
from radixgpt.language.impossible import Impossible, find_impossible
from radixgpt.language.reader import sentences_in
from retrieval.conflicts import conflicts
from retrieval.facts import facts, states_of
from retrieval.lexical import words_beside

LONGEST = 2_000
"""Characters of a question."""
_EXAMPLE = "Say what to look for, such as: Modic 2 at L4-L5."
_QUALIFIES = re.compile(
    r"mild|moderate|severe|minimal|slight|marked|gross|left|right|bilateral|sided?|both|possible"
    r"|probable|likely|suspected|questionable|evidence|grade|type|changes?|disc|discs|also|without"
    r"|but|none|level|lumbar|spine"
)
"""Words that the reader of texts takes in without marking them, and such as ask for nothing."""
_OR = re.compile(r"\bor\b|/", re.IGNORECASE)
_DISC = re.compile(r"\b[cdtls]v?\d{1,2}(?: ?/ ?[cdtls]?v?\d{1,2})+", re.IGNORECASE)
"""A disc whose slash is no "or"."""
_STEP = r"(?:\d|i{1,3}|iv|v)\b"
_DEGREE = r"\b(?:mild|moderate|severe)"
_SEVERAL = re.compile(
    r"\b(?:pfirrmann|modic|meyerding|grades?|types?)(?: (?:grades?|types?|changes?))* ?"
    rf"{_STEP}(?: ?[-–/+&] ?| (?:to|or|and|through) )(?:(?:grade|type) )?{_STEP}"
    rf"|{_DEGREE}(?: ?[-–/] ?| (?:to|or) ){_DEGREE}",
    re.IGNORECASE,
)
"""Several grades or degrees of one finding, of which the reader of texts takes one."""


@dataclass(frozen=True)
class Question:
    """A text as a question.

    Attributes:
        findings: that it states.
        words: its other words, in small letters.
    """

    text: str
    findings: tuple[StatedFinding, ...]
    words: tuple[str, ...]

    def tells(self, unread: Collection[str]) -> bool:
        """Whether a word beside its findings tells cases apart."""
        return any(word not in unread and not _QUALIFIES.fullmatch(word) for word in self.words)

    def notes(self, unread: Collection[str]) -> tuple[str, ...]:
        """What can't be followed of it, a sentence each.

        Args:
            unread: its words that nothing knows.
        """
        found: list[str] = []
        if left := [word for word in unread if not _QUALIFIES.fullmatch(word)]:
            named = ", ".join(f"'{word}'" for word in left)
            found.append(f"Not understood, and not looked for: {named}.")
        if not facts(self.findings):
            found.append("No finding is read in the question: its words alone order the cases.")
        found += [
            f"'{one}' and '{other}' contradict each other; the graver one is looked for."
            for one, other in conflicts(self.findings)
        ]
        found += [
            f"Of '{match[0]}' one grade alone is looked for; search once for each."
            for match in _SEVERAL.finditer(self.text)
        ]
        if _or_between(self.text, self.findings):
            found.append("'or' is not followed: cases with more of what is named come first.")
        return tuple(found)


def parse(text: str) -> Question:
    """Read a question.

    Raises:
        InputError: it is empty or too long, or names a level or a grade that there is not.
    """
    if not text.strip() or len(text) > LONGEST:
        raise InputError(
            f"The question has {len(text):,} characters; 1 to {LONGEST:,} are read.", _EXAMPLE
        )
    if wrong := find_impossible(text):
        raise InputError(*_there_is_none(wrong))
    found = _findings(text)
    return Question(text, found, words_beside(text, found))


def nothing_understood(question: Question) -> InputError:
    """The error for a question of which nothing is known to the index."""
    shown = " ".join(question.text.split())
    shown = shown if len(shown) <= 80 else f"{shown[:79]}…"
    what = "no finding is read in it, and no word of it tells cases apart"
    if question.findings:
        what = "it tells of an earlier time or of a measured number, which cases are not found by"
    return InputError(f"Nothing of '{shown}' was understood: {what}.", _EXAMPLE)


def conditions(text: str) -> tuple[StatedFinding, ...]:
    """The findings that cases are to state, all of them at once.

    Raises:
        SettingsError: no finding is read, one can't be a condition, a word is not read, or two
            contradict each other.
    """
    if wrong := find_impossible(text):
        raise SettingsError(*_there_is_none(wrong))
    found = _findings(text)
    if not found:
        raise SettingsError(
            f"No finding is read in '{text[:60]}'.",
            "Write findings with their levels, such as: Modic 2 at L4-L5.",
        )
    if several := _SEVERAL.search(text):
        raise SettingsError(
            f"'{several[0]}' is more than one grade, and a condition names one.",
            "Search once for each.",
        )
    for one in found:
        if not states_of(one):
            said = text[slice(*one.span)] if one.span else one.kind
            what = "tells of an earlier time" if one.assertion == "historical" else "is no grading"
            raise SettingsError(
                f"'{said}' can't be a condition: it {what}.",
                "Ask for what a case states to be there or not to be there.",
            )
    unread = [word for word in words_beside(text, found) if not _QUALIFIES.fullmatch(word)]
    if unread:
        raise SettingsError(
            f"'{unread[0]}' is not read as a part of a condition.",
            "Write findings with their levels alone, such as: Modic 2 at L4-L5, no herniation.",
        )
    if _or_between(text, found):
        raise SettingsError(
            "Conditions hold all together; 'or' can't be asked for.", "Search once for each."
        )
    if against := conflicts(found):
        pairs = "; ".join(f"'{one}' and '{other}'" for one, other in against[:3])
        raise SettingsError(
            f"These conditions contradict each other: {pairs}.", "Leave one of them out."
        )
    return found


def _findings(text: str) -> tuple[StatedFinding, ...]:
    """Every finding, also where another one of its kind stands at its level."""
    return tuple(dict.fromkeys(one for told in sentences_in(text) for one in told.findings))


def _or_between(text: str, found: Sequence[StatedFinding]) -> bool:
    """Whether two findings are joined by "or"; what is denied so is denied alike."""
    plain = _DISC.sub(lambda disc: " " * len(disc[0]), text)
    spans = sorted({one.span for one in found if one.span and one.assertion != "absent"})
    return any(_OR.search(plain[one[1] : other[0]]) for one, other in pairwise(spans))


def _there_is_none(wrong: Sequence[Impossible]) -> tuple[str, str]:
    named = ", ".join(f"'{one.named}'" for one in wrong[:3])
    return f"There is no {named}.", " ".join(dict.fromkeys(one.allowed for one in wrong))
