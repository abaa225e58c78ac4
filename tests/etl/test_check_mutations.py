"""Whatever is changed in a sentence, its level, grade, side, negation or number, is caught."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl.check import STATING, check, check_sentence
from radixgpt.level import LUMBAR_DISCS
from radixgpt.report import Report, Sentence

ROMANS = ("I", "II", "III", "IV", "V")
DEGREES = ("Minimal", "Mild", "Moderate", "Severe")
NOUNS = ("disc bulging", "disc herniation", "disc space narrowing", "spondylolisthesis")


def replaced(text: str, match: re.Match[str], new: str) -> str:
    return text[: match.start()] + new + text[match.end() :]


def other_levels(text: str) -> Iterator[str]:
    for match in re.finditer(r"T12-L1|L\d-[LS]\d", text):
        for level in LUMBAR_DISCS:
            if level != match[0]:
                yield replaced(text, match, level)
    if "the five lumbar levels" in text:
        yield text.replace("the five lumbar levels", "L1-L2 to L4-L5")
    for match in re.finditer(r"(?:, | and )L\d-[LS]\d", text):
        yield replaced(text, match, "")


def other_grades(text: str) -> Iterator[str]:
    for match in re.finditer(r"(?<=Pfirrmann )[IV]+|(?<=Meyerding grade )[IV]+", text):
        for roman in ROMANS:
            if roman != match[0]:
                yield replaced(text, match, roman)
    for match in re.finditer(r"(?<=[Tt]ype )\d(?= Modic)", text):
        for grade in "0123":
            if grade != match[0]:
                yield replaced(text, match, grade)
    for match in re.finditer(r"Minimal|Mild|Moderate|Severe", text):
        for degree in DEGREES:
            if degree != match[0]:
                yield replaced(text, match, degree)


def other_sides(text: str) -> Iterator[str]:
    for match in re.finditer(r"left|right|bilateral", text):
        for side in ("left", "right", "bilateral"):
            if side != match[0]:
                yield replaced(text, match, side)
        yield re.sub(" +", " ", replaced(text, match, ""))
    for noun in NOUNS:
        for match in re.finditer(rf"(?<!left )(?<!right )(?<!bilateral ){noun}", text):
            yield replaced(text, match, f"left {noun}")


def other_numbers(text: str) -> Iterator[str]:
    for match in re.finditer(r"\d+(?= mm|%)", text):
        for number in (int(match[0]) + 1, int(match[0]) * 2 + 1, 0):
            if str(number) != match[0]:
                yield replaced(text, match, str(number))
    for one, two in (("anterior", "posterior"), ("posterior", "anterior")):
        if one in text:
            yield text.replace(one, two)


def other_negations(text: str) -> Iterator[str]:
    label, _, rest = text.rpartition(": ")
    label = f"{label}: " if label else ""
    if rest.startswith("No "):
        yield label + rest.removeprefix("No ")
        yield label + rest.replace(" seen", " not seen")
    else:
        yield f"{label}No {rest[0].lower()}{rest[1:]}"
    for one, two in (
        (" without ", " with "),
        (" with ", " without "),
        (" but not ", " and "),
        ("Indeterminate: ", ""),
        ("Not assessed: ", ""),
        ("Indeterminate: ", "Not assessed: "),
        (" seen", " indeterminate"),
    ):
        if one in text:
            yield text.replace(one, two)


MUTATORS = (other_levels, other_grades, other_sides, other_numbers, other_negations)


def problems(report: Report, sentence: Sentence, text: str) -> list[str]:
    named = [f for f in report.findings if f.id in sentence.findings]
    return check_sentence(text, named, level=sentence.level, complete=True)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_every_change_of_meaning_is_caught(spines: Any, data: st.DataObject) -> None:
    report = data.draw(spines.reports())
    for sentence in report.sentences:
        if sentence.section not in STATING:
            continue
        assert not problems(report, sentence, sentence.text)
        for mutate in MUTATORS:
            for text in mutate(sentence.text):
                assert problems(report, sentence, text), f"{sentence.text!r} -> {text!r}"


@pytest.mark.parametrize("mutate", MUTATORS)
def test_each_kind_of_change_meets_real_sentences(degenerated: Report, mutate: Any) -> None:
    """The mutators find something to change, so that the property above is not empty."""
    texts = [s.text for s in degenerated.sentences if s.section in STATING]
    assert sum(len(list(mutate(text))) for text in texts) >= 2


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_changed_report_is_refused_as_a_whole(spines: Any, data: st.DataObject) -> None:
    report = data.draw(spines.reports())
    stating = [i for i, s in enumerate(report.sentences) if s.section in STATING]
    place = data.draw(st.sampled_from(stating))
    sentence = report.sentences[place]
    mutated = [text for mutate in MUTATORS for text in mutate(sentence.text)]
    changed = sentence.model_copy(update={"text": data.draw(st.sampled_from(mutated))})
    sentences = (*report.sentences[:place], changed, *report.sentences[place + 1 :])
    failed = {c.rule for c in check(report.model_copy(update={"sentences": sentences}))
              if not c.passed}  # fmt: skip
    assert "text-agrees-with-findings" in failed
