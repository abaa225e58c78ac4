"""A caption in the words of the report: one thing has one name, whoever wrote the caption.

The embedded captioner learned the words of ``data/generated/captions.yaml``, of which one finding
has several. What was checked is put into the report's own (:mod:`etl.phrases`) afterwards, phrase
by phrase. A sentence that would then be read otherwise stays as it was, and so does one with words
that the captioner has not: a stranger's sentence may mean more by a phrase.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from data.generated.captions import apart, joined
from etl.phrases import Phrases
from radixgpt.language.reader import sentences_in
from tools.captioner.grammar import not_there, there, vocabulary

_DEGENERATION = "disc_degeneration"
"""The report's degree of it is one of the Pfirrmann grade, which is compared itself."""
_FIRST = re.compile(r"(?:^|(?<=\. ))[a-z]")
_PROPER = ("Pfirrmann", "Modic")
_JOINT = r"(?<!upper and )(?<!lower and )"
_ONE = re.compile(r"\bthere is(?= (?:(?!,|\.| and ).)*\bchanges\b)")
"""What the captioner says before several things, too."""


def in_report_words(text: str) -> str:
    """A checked caption with the report's names of findings.

    Args:
        text: sentences that :func:`tools.captioner.checking.check` let pass.
    """
    own, between, end = [], [], 0
    for told in sentences_in(text):
        own.append(text[slice(*told.span)])
        between.append(text[end : told.span[0]])
        end = told.span[1]

    def whole(sentences: Sequence[str]) -> str:
        parts = (part for pair in zip(between, sentences, strict=True) for part in pair)
        return "".join((*parts, text[end:]))

    states, best = _states(text), list(own)
    for pattern in _patterns():
        put = [_put(one, pattern) for one in own]
        for places in (range(len(own)), *([place] for place in range(len(own)))):
            tried = [
                put[i] if i in places and best[i] == own[i] else best[i] for i in range(len(own))
            ]
            # Read as a whole: a sentence may take its level from the one before.
            if tried != best and _states(whole(tried)) == states:
                best = tried
    return _FIRST.sub(lambda match: match[0].upper(), whole(best))


def _put(sentence: str, pattern: re.Pattern[str]) -> str:
    """One sentence with the phrases of a pattern put into the report's words."""
    if any(word.lower() not in _words() for word in apart(sentence)):
        return sentence
    return _ONE.sub("there are", pattern.sub(_report_name, sentence))


def _report_name(match: re.Match[str]) -> str:
    name = _named()[match[0].lower()]
    begins = match[0][0].isupper() and not match[0].startswith(_PROPER)
    return name[0].upper() + name[1:] if begins else name


def _states(text: str) -> list[set[tuple[str, ...]]]:
    """What each sentence states, degrees of degeneration aside."""
    return [
        {
            (
                str(one.level),
                one.kind,
                str(one.value),
                "" if one.kind == "pfirrmann" else one.assertion,  # grade I is "no degeneration"
                str(one.side),
                str(one.severity),
            )
            for one in told.findings
            if one.kind != _DEGENERATION
        }
        for told in sentences_in(text)
    ]


@cache
def _words() -> frozenset[str]:
    return frozenset(word.lower() for word in vocabulary()) | {".", ":", ",", "(", ")"}


@cache
def _named() -> Mapping[str, str]:
    """The report's words by each phrase of a caption in small letters."""
    report = Phrases()
    named: dict[str, str] = {}
    for phrase, item in not_there():
        kinds = [kind for kind, _ in item.facts]
        name = kinds[0] if len(kinds) == 1 else "endplates"
        named[joined(phrase).lower()] = report.word("kind", name)
    for phrase, item in there():
        kind, value = item.facts[0]
        if kind == "pfirrmann":
            degree = report.word("degeneration", value).lower()
            words = report.say("degeneration", word=degree, grade=value)
        elif kind == "modic":
            words = report.say("modic_with", grade=value, items=[""]).partition(" with")[0]
            words = words[0].lower() + words[1:]
        else:
            words = report.word("present", kind)
        named[joined(phrase).lower()] = words
    return named


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    """Every phrase, and every one but those of grade I; the longest first."""
    denied = Phrases().word("degeneration", 1).lower() + " "
    firm = [phrase for phrase, words in _named().items() if not words.startswith(denied)]
    return _any_of(_named()), _any_of(firm)


def _any_of(phrases: Iterable[str]) -> re.Pattern[str]:
    several = "|".join(map(re.escape, sorted(phrases, key=len, reverse=True)))
    return re.compile(rf"(?<![\w-]){_JOINT}(?:{several})(?![\w-])(?! and signal)", re.IGNORECASE)
