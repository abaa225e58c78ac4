"""A study of the spine that no tool reads gets a draft that is laid out, and states nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from etl import draft
from etl.check import check, check_sentence
from etl.edit import restyle, set_grade, tell
from etl.load.markdown import to_markdown
from etl.outline import items_of
from etl.phrases import Phrases
from etl.styles import styles
from radixgpt.eligibility import Eligibility, Outline
from radixgpt.finding import ITEMS, KINDS
from radixgpt.level import REGION_DISCS
from radixgpt.report import Report
from radixgpt.study import BodyRegion, Modality, Plane, Sequence, Series, Study

CASES = [
    ("MR", "cervical", "not-lumbar"),
    ("MR", "thoracic", "not-lumbar"),
    ("MR", "lumbar", "no-t1-or-t2"),
    ("MR", "whole-spine", "no-column"),
    ("CT", "cervical", "not-mr"),
    ("CT", "thoracic", "not-mr"),
    ("CT", "lumbar", "not-mr"),
    ("CT", "whole-spine", "not-mr"),
]


def laid_out(modality: str, region: str, reason: Any, **options: Any) -> Report:
    series = Series(
        "s1",
        np.ones((2, 80, 80), np.float32),
        modality=Modality(modality),
        plane=Plane.SAGITTAL,
        sequence=Sequence.T2 if modality == "MR" else Sequence.UNKNOWN,
        region=BodyRegion(region),
        facts_from=dict.fromkeys(("modality", "plane", "sequence", "region"), "header"),
        technique={"field_strength_t": 1.5, "slice_thickness_mm": 2.5},
    )
    eligibility = Eligibility(False, reason=reason, outline=Outline(modality, region))
    return draft(Study("k", (series,)), eligibility, [], models=(), **options)


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("style", styles())
@pytest.mark.parametrize(("modality", "region", "reason"), CASES)
def test_nothing_is_assessed_and_all_is_named(
    modality: str, region: str, reason: str, style: str, language: str, english_in: Any
) -> None:
    report = laid_out(modality, region, reason, style=style, language=language)
    assert all(c.passed for c in report.obligatory)
    assert {f.status for f in report.findings} == {"not_assessable"}
    assert {f.level for f in report.findings if f.level} == set(REGION_DISCS[region])
    items = [f.kind for f in report.findings if f.level is None]
    assert tuple(items) == items_of(modality, region)
    stated = {name for s in report.section("findings") for name in s.findings}
    assert stated == {f.id for f in report.findings}
    if language == "de":
        assert not english_in(to_markdown(report))
    if style in ("standard", "short_impression"):
        levels = [s.level for s in report.section("findings") if s.level]
        assert levels == list(REGION_DISCS[region])


def test_a_cervical_mr_reads_as_laid_out() -> None:
    report = laid_out("MR", "cervical", "not-lumbar")
    assert report.section("exam")[0].text == "MRI of the cervical spine."
    assert report.section("technique")[0].text == "Sagittal T2-weighted series at 1.5 T."
    said = [s.text for s in report.section("findings")]
    assert said[0] == "Alignment: not assessed."
    assert said[-1] == "C7-T1: Not assessed."
    limits = [s.text for s in report.section("limitations")]
    assert limits[0] == (
        "This study was not graded. The images show another region of the spine than the lumbar "
        "one."
    )
    assert "every item is to be completed by the reader" in limits[1]
    assert [s.text for s in report.section("impression")] == [
        "C2-C3 to C7-T1: not assessed. The images show another region of the spine than the "
        "lumbar one."
    ]
    assert "| Level |" not in to_markdown(report)


@pytest.mark.parametrize(
    ("region", "question", "said"),
    [
        ("cervical", "Cord compression?", "Not assessed: spinal cord."),
        ("lumbar", "Cauda equina? Fracture?", "Not assessed: vertebral bodies and conus and cauda"),
    ],
)
def test_what_was_asked_is_said_to_be_open(region: str, question: str, said: str) -> None:
    report = laid_out("MR", region, "not-lumbar")
    asked = tell(report, question=question)
    concluded = [s.text for s in asked.section("impression")]
    assert concluded[0].startswith(said)
    assert concluded[1:] == [s.text for s in report.section("impression")]
    assert asked.findings == report.findings


def test_a_ct_tells_its_technique_and_asks_for_nothing_that_it_cannot_show() -> None:
    report = laid_out("CT", "lumbar", "not-mr")
    said = report.section("technique")[0].text
    assert said == "Sagittal CT slices, slice thickness 2.5 mm."
    assert not {"marrow", "cord", "conus"} & {f.kind for f in report.findings}
    reasons = {f.reason for f in report.findings if f.kind in ("pfirrmann", "modic")}
    assert reasons == {"CT does not show it."}


def test_a_reader_may_fill_a_level_in() -> None:
    report = set_grade(laid_out("MR", "cervical", "not-lumbar"), "C5-C6", "disc_bulging", "present")
    said = [s.text for s in report.section("findings") if s.level == "C5-C6"]
    assert said[0] == "C5-C6: Disc bulging."
    assert restyle(report, "prose", "de").findings == report.findings


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("item", ITEMS)
def test_no_sentence_can_say_more_of_an_item(item: str, language: str) -> None:
    phrases = Phrases(language=language)
    noun = phrases.word("kind", item)
    report = laid_out("MR", "whole-spine", "no-column")
    found = [f for f in report.findings if f.kind == item]
    left_open = phrases.say("item_not_assessed", item=noun)
    if found:
        assert not check_sentence(left_open, found, complete=True, language=language)
    for text in (
        phrases.say("present", items=[noun]),
        phrases.say("absent", items=[noun]),
        phrases.say("items_indeterminate", items=[noun]),
        phrases.say("at", text=noun, levels=["L4-L5"]),
    ):
        assert check_sentence(text, found or report.findings, language=language), text


def test_an_item_with_a_value_is_refused() -> None:
    report = laid_out("MR", "cervical", "not-lumbar")
    first = report.findings[0].model_copy(
        update={"status": "value", "value": "present", "reason": None}
    )
    changed = report.model_copy(update={"findings": (first, *report.findings[1:])})
    failed = {c.rule: c.detail for c in check(changed) if not c.passed}
    assert "no tool looks at alignment" in failed["known-kind-and-value"]


def test_every_kind_has_its_words() -> None:
    for language in ("en", "de"):
        phrases = Phrases(language=language)
        assert all(phrases.has_word("column", kind) for kind in KINDS)
        assert all(phrases.has_word("kind", item) for item in ITEMS)
