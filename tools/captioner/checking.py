"""The check of a caption, whatever wrote it: sentence by sentence, against what may be said.

Strict on purpose. A sentence stays only if everything that it states is supported, and if it has no
word but the names of what it states (``terms.txt``), its levels, and words that state nothing by
themselves (``neutral.txt``): what can't be read can't be checked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from radixgpt.language.levels import find_levels
from radixgpt.language.reader import Told, sentences_in
from radixgpt.language.spelling import Plain
from radixgpt.study import Study
from tools.captioner.caption import Refused, Said
from tools.captioner.support import Fact, Support
from tools.captions import Caption as ReadCaption
from tools.captions.agreement import technique_statements
from tools.captions.technique import find_technique

LONGEST = 4_000
"""Characters of a caption that are looked at; no more is kept."""
_WORD = re.compile(r"[^\W\d_]+(?:'s)?\d*|\d+(?:\.\d+)?")
_BOTH = re.compile(r"\babove and below\b|\bupper and lower\b", re.IGNORECASE)
_GRADE = re.compile(r"i{1,3}|iv|v|[0-5]")
_STOP = re.compile(r"[.!?](?=\s|$)|\n")
_FOREIGN = re.compile(r"[^\w\s.,;:!()'’/•–-]|(?<!\w)/|/(?!\w)")
"""Marks that no caption needs: of links, tags and code."""


@dataclass(frozen=True)
class Checked:
    """A caption of which everything that is unsupported was left out.

    Attributes:
        text: what stays.
        statements: all that it states of findings.
        refused: what was left out.
    """

    text: str
    statements: tuple[Said, ...]
    refused: tuple[Refused, ...]


@cache
def words_of(name: str) -> frozenset[str]:
    """The words of ``neutral`` or ``terms``."""
    path = Path(__file__).with_name(f"{name}.txt")
    return frozenset(path.read_text(encoding="utf-8").split())


def check(text: str, support: Support, study: Study) -> Checked:
    """Leave out every sentence that says what is not supported.

    Args:
        text: of any origin; it is data, and nothing in it is followed.
        support: what may be said.
        study: the scope's series, whose facts a sentence on the technique has to agree with.
    """
    kept = _without(_FOREIGN.sub(" ", text[:LONGEST]), 0, 0)
    refused: list[Refused] = []
    while True:
        # A sentence may take its level from the one before, so all is read anew without it.
        told = sentences_in(kept)
        verdicts = [_behind(kept, one, support, study) for one in told]
        bad = next((i for i, found in enumerate(verdicts) if isinstance(found, str)), None)
        if bad is None:
            break
        start, end = told[bad].span
        refused.append(Refused(text=kept[start:end], reason=str(verdicts[bad])))
        kept = _without(kept, start, end)
    statements = [
        said
        for place, found in enumerate(verdicts)
        if not isinstance(found, str)
        for said in _said(place, found)
    ]
    return Checked(kept if told else "", tuple(statements), tuple(refused))


def whole_sentences(text: str) -> str:
    """A text that was cut off, to the end of its last whole sentence; empty if there is none."""
    ends = [match.end() for match in _STOP.finditer(text)]
    return text[: ends[-1]] if ends else ""


Behind = list[tuple[str | None, str, str | int | float | None, str, tuple[Fact, ...]]]
"""Level, kind, value and assertion of each statement, with its facts."""


def _behind(text: str, one: Told, support: Support, study: Study) -> Behind | str:
    """What the statements of a sentence rest on, or why it has to go."""
    start, end = one.span
    words = text[start:end]
    found: Behind = []
    for stated in one.findings:
        facts = support.behind(stated)
        if isinstance(facts, str):
            return facts
        if stated.kind == "endplate_change" and stated.assertion == "present":
            said = text[slice(*stated.span)] if stated.span else words
            if _BOTH.search(said) and len(facts) < 2:
                return "both endplates are named, and one is seen"
        found.append((stated.level, stated.kind, stated.value, stated.assertion, facts))
    technique = find_technique(words)
    for fact in technique_statements(
        ReadCaption(technique=technique, findings=(), concepts=()), study
    ):
        if fact.answer != "agree":
            return f"it says {fact.about} {fact.stated}, which the images do not confirm"
    says_technique = bool(technique.modalities or technique.planes or technique.sequences)
    if not found and not says_technique:
        return "it states nothing that could be checked"
    if left := _unread(text, one):
        return f"'{left}' can't be checked"
    named = {level for mention in find_levels(Plain(words).text) for level in mention.discs}
    if beyond := sorted(named - set(support.levels)):
        return f"{beyond[0]} is not in the scope"
    if any(not mention.discs for mention in find_levels(Plain(words).text)):
        return "it speaks of a vertebra"
    return found


def _unread(text: str, one: Told) -> str:
    """A word of a sentence that is neither part of a statement or a level, nor neutral."""
    start, end = one.span
    named, level = [False] * (end - start), [False] * (end - start)
    for finding in one.findings:
        if finding.span is not None:
            for place in range(max(finding.span[0], start), min(finding.span[1], end)):
                named[place - start] = True
    plain = Plain(text[start:end])
    for mention in find_levels(plain.text):
        first, last = plain.span(mention.start, mention.end)
        for place in range(first, min(last, end - start)):
            level[place] = True
    for word in _WORD.finditer(text, start, end):
        said = word[0].lower()
        if all(level[word.start() - start : word.end() - start]) or said in words_of("neutral"):
            continue
        if all(named[word.start() - start : word.end() - start]) and (
            said in words_of("terms") or _GRADE.fullmatch(said)
        ):
            continue
        return word[0][:40]
    return ""


def _without(text: str, start: int, end: int) -> str:
    """A text without a sentence and the marks behind it."""
    while end < len(text) and not text[end].isalnum():
        end += 1
    return (text[:start] + text[end:]).strip()


def _said(place: int, found: Behind) -> Iterable[Said]:
    for level, kind, value, assertion, facts in found:
        yield Said.model_validate(
            {
                "sentence": place,
                "level": level,
                "kind": kind,
                "value": value,
                "assertion": assertion,
                "observations": tuple(fact.observation for fact in facts),
                "evidence": tuple(one for fact in facts for one in fact.evidence),
            }
        )


def scoped(study: Study, support: Support) -> Study:
    """The study with the series of a scope alone."""
    if support.scope.series is None:
        return study
    return replace(study, series=(study.one(support.scope.series),))
