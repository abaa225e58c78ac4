"""Report text to findings: the door of the reader of texts.

Rules read the styles of reports and notes: headings, lists of levels, sides, degrees, denial,
doubt and history, and the slips of dictation. What an annotator would mark stands in
``docs/reference/annotation-guide.md``; how well the rules agree with one, in
``docs/reference/report-language.md``.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeVar, cast

from radixgpt.case import Assertion, StatedFinding
from radixgpt.language.assertion import Scope, assertion_at, excepted, find_scopes
from radixgpt.language.clause import Mention, read_clause
from radixgpt.language.forms import Entries
from radixgpt.language.levels import LevelMention, find_levels
from radixgpt.language.lexicon import scan
from radixgpt.language.places import Context, levels_of, with_levels
from radixgpt.language.sections import split_sections
from radixgpt.language.sentences import Sentence, divide, split_sentences
from radixgpt.language.sides import with_sides
from radixgpt.language.spelling import Plain
from radixgpt.observation import Side
from radixgpt.report import Section

_READ: tuple[Section, ...] = ("clinical_information", "findings", "impression")
"""Sections that state findings; what was known before the study is historical."""
Severity = Literal["mild", "moderate", "severe"]
_FILLED_IN = re.compile(r" ?: ?(mild|moderate|severe)\b(?= *(?:[.,;)\n]|$))")
"""What a form fills in behind a finding: "canal stenosis: moderate"."""
_STILL_THERE = ("fracture", "hardware", "epidural_fibrosis")
"""Kinds that an earlier event left behind: an old fracture is seen all the same."""
_T = TypeVar("_T")
_COLUMNS = re.compile(r"\|? ?(?:levels?|segments?|discs?) ?\|")
_OLD = re.compile(
    r"(?<!acute on )\b(?:chronic|healed|remote|long[- ]?standing)(?: [a-z0-9-]+){0,3} ?$"
)
_TYPES = ("protrusion", "extrusion", "sequestration")


@dataclass(frozen=True)
class Reading:
    """What a report says.

    Attributes:
        sections: its text by section.
        findings: what it states, with spans within the text of the section.
    """

    sections: dict[Section, str]
    findings: tuple[StatedFinding, ...]


def read(text: str) -> Reading:
    """Read a whole report or note, headings and all."""
    sections = split_sections(text)
    findings = tuple(
        finding
        for section in _READ
        if section in sections
        for finding in findings_in(sections[section], section)
    )
    return Reading(sections, findings)


def findings_in(text: str, section: Section = "findings") -> tuple[StatedFinding, ...]:
    """Read the text of one section.

    Each level, side, kind and assertion comes once, where the text first says it. What the
    clinical information takes to be there was there before the study, and is historical.
    """
    found: dict[tuple[str, str | None, str | None, str], StatedFinding] = {}
    for _, stated in _by_sentence(Plain(text), section):
        for finding in stated:
            key = finding.kind, finding.level, finding.side, finding.assertion
            earlier = found.get(key)
            if earlier is None or _is_more(finding, earlier):
                found[key] = finding
    return tuple(found.values())


@dataclass(frozen=True)
class Told:
    """One sentence of a text.

    Attributes:
        span: its first and last+1 character.
        findings: what it states, also where an earlier sentence states the same.
    """

    span: tuple[int, int]
    findings: tuple[StatedFinding, ...]


def sentences_in(text: str) -> tuple[Told, ...]:
    """Every sentence of a text without sections, with what it states where it stands.

    For a check of texts sentence by sentence: nothing that is said twice is left out.
    """
    plain = Plain(text)
    return tuple(
        Told(plain.span(sentence.start, sentence.end), tuple(stated))
        for sentence, stated in _by_sentence(plain, "findings")
    )


def _by_sentence(plain: Plain, section: Section) -> Iterator[tuple[Sentence, list[StatedFinding]]]:
    """Each sentence of a text with what it states, in order."""
    items, levels = scan(plain.text), find_levels(plain.text)
    item_starts = [item.start for item in items]
    level_starts = [level.start for level in levels]
    context = Context()
    entries_of = Entries(plain.text, levels)
    done = 0
    for whole in split_sentences(plain.text):
        # Read with the sentence before, or the heads of a table's columns.
        if whole.end <= done or _COLUMNS.match(plain.text, whole.start, whole.end):
            yield whole, []
            continue
        own = [item for item in _within(items, item_starts, whole) if item.start >= done]
        filled, rest, done = entries_of.read(whole.start, whole.end, own)
        filled.sort(key=lambda mention: mention.start)
        rest_starts = [item.start for item in rest]
        filled_starts = [mention.start for mention in filled]
        named = _within(levels, level_starts, whole)
        for sentence in divide(plain.text, whole, own, named):
            own = _within(rest, rest_starts, sentence)
            entries = _within(filled, filled_starts, sentence)
            named = _within(levels, level_starts, sentence)
            if not own and not named and not entries:
                yield sentence, []
                continue
            mentions = read_clause(plain.text, sentence.start, sentence.end, own, named)
            mentions = with_sides(plain.text, sentence.start, mentions, own)
            mentions = sorted([*mentions, *entries], key=lambda mention: mention.start)
            places, context = with_levels(plain.text, sentence, mentions, named, context)
            yield sentence, _stated(plain, sentence, mentions, places, section)


def _within(found: list[_T], starts: list[int], sentence: Sentence) -> list[_T]:
    """What begins within a sentence, of all that was found in a text, in order."""
    return found[bisect_left(starts, sentence.start) : bisect_left(starts, sentence.end)]


def _stated(
    plain: Plain,
    sentence: Sentence,
    mentions: list[Mention],
    places: list[LevelMention | None],
    section: Section,
) -> list[StatedFinding]:
    scopes = find_scopes(plain.text, sentence.start, sentence.end)
    stated: list[StatedFinding] = []
    for mention, place in zip(mentions, places, strict=True):
        around = _around(scopes, mention)
        if around is None:
            continue
        assertion = _assertion(mention, around)
        word = excepted(plain.text, mention.end, place.start) if place else None
        if assertion == "absent" and place and word is not None:
            if any(word <= other.start < place.start for other in mentions):
                place = None  # "no bulge except a protrusion at L4-L5", which is the protrusion's
            else:
                assertion = "present"  # "no bulge except at L4-L5"
        if assertion == "present" and section == "clinical_information":
            assertion = "historical"
        value = _value(plain.text, sentence, mention)
        side, severity = _side(mention), _severity(plain.text, mention, assertion)
        span = plain.span(*mention.span)
        stated.extend(
            StatedFinding(
                level=level,
                kind=mention.kind,
                value=value,
                side=side,
                severity=severity,
                assertion=assertion,
                section=section,
                span=span,
            )
            for level in levels_of(mention, place)
        )
    return stated


def _around(scopes: list[Scope], mention: Mention) -> Assertion | None:
    """What the words around a mention say of it; a denial counts only where it is judged."""
    whole = assertion_at(scopes, mention.start, mention.state[0])
    if mention.judged is None:
        return whole
    own = assertion_at(scopes, mention.judged)
    return whole if own == "present" and whole != "absent" else own


def _assertion(mention: Mention, around: Assertion) -> Assertion:
    if mention.assertion == "absent":
        return "absent"
    if mention.kind == "postoperative" and around == "present":
        return "historical"
    if mention.kind in _STILL_THERE and around == "historical":
        return "present"
    if mention.assertion == "uncertain" and around == "present":
        return "uncertain"  # "Pfirrmann III to IV" commits itself to neither
    return around


def _value(text: str, sentence: Sentence, mention: Mention) -> str | int | None:
    if mention.kind == "fracture" and (
        "old" in text[sentence.start : sentence.end].split()
        or _OLD.search(text, sentence.start, mention.start)
        or _OLD.match(text, mention.start)
    ):
        return "old"
    return mention.value


def _side(mention: Mention) -> Side | None:
    if not mention.sides:
        return None
    return "bilateral" if len(mention.sides) > 1 else cast("Side", next(iter(mention.sides)))


def _severity(text: str, mention: Mention, assertion: Assertion) -> Severity | None:
    if assertion == "absent":
        return None
    filled = _FILLED_IN.match(text, mention.span[1])
    return cast("Severity | None", mention.severity or (filled and filled[1]))


def _is_more(later: StatedFinding, earlier: StatedFinding) -> bool:
    """Whether a finding stated again says more: an extrusion after a protrusion at one place."""
    if later.assertion == "absent":
        return later.value is None and earlier.value is not None
    if later.kind == "disc_herniation" and later.value in _TYPES:
        return earlier.value not in _TYPES or _TYPES.index(str(later.value)) > _TYPES.index(
            str(earlier.value)
        )
    return earlier.value is None and later.value is not None
