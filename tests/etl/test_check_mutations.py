"""Whatever is changed in a sentence, its level, grade, side, negation or number, is caught.

In every language that a report can be written in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl.check import STATING, check, check_sentence
from etl.edit import restyle
from radixgpt.level import LUMBAR_DISCS
from radixgpt.report import Report, Sentence
from radixgpt.style import LANGUAGES

ROMANS = ("I", "II", "III", "IV", "V")
SLOW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@dataclass(frozen=True)
class Tongue:
    """What the mutations need to know of a language."""

    everywhere: tuple[str, str]  # all lumbar levels in words, where something is and is not
    instead: str  # four of them
    joint: str  # before the last level of a list
    roman: str  # pattern of what stands before a Roman numeral
    modic: str  # pattern of a Modic type
    degrees: tuple[str, ...]
    plates: tuple[str, str]  # words for one endplate and the other
    sides: tuple[str, ...]
    sided: tuple[str, str]  # pattern of a noun without a side, and the template that puts one to it
    number: str  # pattern of a measured number
    ways: tuple[str, str]  # of a slip
    none: str  # pattern of what a negated sentence begins with
    no: str
    doubled: tuple[str, str]  # pattern and template that deny such a sentence again
    negations: tuple[tuple[str, str], ...]  # words that are exchanged


# Every row: English, German.
ROWS: dict[str, tuple[Any, Any]] = {
    "everywhere": (
        ("all five lumbar levels", "any lumbar level"),
        ("allen fünf lumbalen Segmenten", "einem der fünf lumbalen Segmente"),
    ),
    "instead": ("L1-L2 to L4-L5", "den Segmenten L1-L2 bis L4-L5"),
    "joint": (" and ", " und "),
    "roman": (
        "(?<=Pfirrmann )|(?<=Meyerding grade )",
        "(?<=Pfirrmann )|(?<=Meyerding Grad )",
    ),
    "modic": (r"(?<=[Tt]ype )\d(?= Modic)", r"(?<=Typ )\d"),
    "degrees": (
        ("Minimal", "Mild", "Moderate", "Severe"),
        ("Minimale", "Geringgradige", "Mittelgradige", "Hochgradige"),
    ),
    "plates": (("above", "below"), ("Grundplatte", "Deckplatte")),
    "sides": (("left", "right", "bilateral"), ("links", "rechts", "beidseits")),
    "sided": (
        (
            r"(?<!left )(?<!right )(?<!bilateral )(disc bulging|disc herniation"
            r"|disc space narrowing|spondylolisthesis)",
            r"left \1",
        ),
        (
            r"(Bandscheibenvorwölbung|Bandscheibenvorfall|Spondylolisthese)"
            r"(?! (?:links|rechts|beidseits))",
            r"\1 links",
        ),
    ),
    "number": (r"\d+(?= mm|%)", r"\d+(?= mm| %)"),
    "ways": (("anterior", "posterior"), ("Ventralversatz", "Dorsalversatz")),
    "none": ("No ", "Keine? "),
    "no": ("No ", "Keine "),
    "doubled": ((" seen", " not seen"), (r"\.$", " nicht vorhanden.")),
    "negations": (
        (
            (" without ", " with "),
            (" with ", " without "),
            (" but not ", " and "),
            ("Indeterminate: ", ""),
            ("Not assessed: ", ""),
            ("Indeterminate: ", "Not assessed: "),
            (" seen", " indeterminate"),
        ),
        (
            (" ohne ", " mit "),
            (" mit ", " ohne "),
            (", nicht aber ", " und "),
            (" und keine ", " und "),
            ("Unklar: ", ""),
            ("Nicht beurteilt: ", ""),
            ("Unklar: ", "Nicht beurteilt: "),
        ),
    ),
}
TONGUES = {
    language: Tongue(**{name: row[place] for name, row in ROWS.items()})
    for place, language in enumerate(LANGUAGES)
}


def replaced(text: str, match: re.Match[str], new: str) -> str:
    return text[: match.start()] + new + text[match.end() :]


def others(text: str, pattern: str, instead: tuple[str, ...]) -> Iterator[str]:
    """The text with each match replaced by each of the others."""
    for match in re.finditer(pattern, text):
        for word in instead:
            if word != match[0]:
                yield replaced(text, match, word)


def swapped(text: str, pairs: tuple[tuple[str, str], ...]) -> Iterator[str]:
    for one, two in pairs:
        if one in text:
            yield text.replace(one, two)


def other_levels(text: str, tongue: Tongue) -> Iterator[str]:
    yield from others(text, r"T12-L1|L\d-[LS]\d", LUMBAR_DISCS)
    yield from swapped(text, tuple((words, tongue.instead) for words in tongue.everywhere))
    for match in re.finditer(rf"(?:, |{tongue.joint})L\d-[LS]\d", text):
        yield replaced(text, match, "")


def other_grades(text: str, tongue: Tongue) -> Iterator[str]:
    yield from others(text, rf"(?:{tongue.roman})[IV]+", ROMANS)
    yield from others(text, tongue.modic, tuple("0123"))
    yield from others(text, "|".join(tongue.degrees), tongue.degrees)
    one, two = tongue.plates
    named = {word for word in tongue.plates if word in text}
    if len(named) == 1 and "Grund- und" not in text:
        yield from swapped(text, ((one, two), (two, one)))


def other_sides(text: str, tongue: Tongue) -> Iterator[str]:
    yield from others(text, "|".join(tongue.sides), tongue.sides)
    for match in re.finditer("|".join(tongue.sides), text):
        yield re.sub(" +", " ", replaced(text, match, ""))
    for match in re.finditer(tongue.sided[0], text):
        yield replaced(text, match, match.expand(tongue.sided[1]))


def other_numbers(text: str, tongue: Tongue) -> Iterator[str]:
    for match in re.finditer(tongue.number, text):
        for number in (int(match[0]) + 1, int(match[0]) * 2 + 1, 0):
            if str(number) != match[0]:
                yield replaced(text, match, str(number))
    one, two = tongue.ways
    yield from swapped(text, ((one, two), (two, one)))


def other_negations(text: str, tongue: Tongue) -> Iterator[str]:
    label, _, rest = text.rpartition(": ")
    label = f"{label}: " if label else ""
    if match := re.match(tongue.none, rest):
        yield label + rest[match.end() :]
        yield label + re.sub(*tongue.doubled, rest)
    else:
        yield f"{label}{tongue.no}{rest[0].lower()}{rest[1:]}"
    yield from swapped(text, tongue.negations)


MUTATORS = (other_levels, other_grades, other_sides, other_numbers, other_negations)


def told_in(language: str, report: Report) -> Report:
    return report if language == "en" else restyle(report, report.style, language)


def mutated(text: str, language: str) -> Iterator[str]:
    return (new for mutate in MUTATORS for new in mutate(text, TONGUES[language]))


def problems(report: Report, sentence: Sentence, text: str) -> list[str]:
    named = [f for f in report.findings if f.id in sentence.findings]
    return check_sentence(
        text, named, level=sentence.level, complete=True, language=report.language
    )


@pytest.mark.parametrize("language", LANGUAGES)
@SLOW
@given(data=st.data())
def test_every_change_of_meaning_is_caught(spines: Any, language: str, data: st.DataObject) -> None:
    report = told_in(language, data.draw(spines.reports()))
    for sentence in report.sentences:
        if sentence.section not in STATING:
            continue
        assert not problems(report, sentence, sentence.text)
        for text in mutated(sentence.text, language):
            assert problems(report, sentence, text), f"{sentence.text!r} -> {text!r}"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("mutate", MUTATORS)
def test_each_kind_of_change_meets_real_sentences(
    degenerated: Report, mutate: Any, language: str
) -> None:
    """The mutators find something to change, so that the property above is not empty."""
    report = told_in(language, degenerated)
    texts = [s.text for s in report.sentences if s.section in STATING]
    assert sum(len(list(mutate(text, TONGUES[language]))) for text in texts) >= 2


@pytest.mark.parametrize("language", LANGUAGES)
@SLOW
@given(data=st.data())
def test_a_changed_report_is_refused_as_a_whole(
    spines: Any, language: str, data: st.DataObject
) -> None:
    report = told_in(language, data.draw(spines.reports()))
    stating = [i for i, s in enumerate(report.sentences) if s.section in STATING]
    place = data.draw(st.sampled_from(stating))
    sentence = report.sentences[place]
    text = data.draw(st.sampled_from(list(mutated(sentence.text, language))))
    changed = sentence.model_copy(update={"text": text})
    sentences = (*report.sentences[:place], changed, *report.sentences[place + 1 :])
    failed = {c.rule for c in check(report.model_copy(update={"sentences": sentences}))
              if not c.passed}  # fmt: skip
    assert "text-agrees-with-findings" in failed
