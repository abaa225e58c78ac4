"""The clinical question: what it asks, and that the impression answers it first."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl import edit
from etl.asked import Asked, asked_in, unknown
from etl.check import check
from radixgpt.report import Report

HERNIATION = ("disc_herniation",)


def impression(report: Report) -> list[str]:
    return [s.text for s in report.section("impression")]


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("Not provided.", ()),
        ("Low back pain. Known disc herniation at L4-L5.", ()),
        ("Low back pain. L4-L5 disc herniation?", (Asked(HERNIATION, ("L4-L5",)),)),
        ("Rule out prolapse at L5/S1.", (Asked(HERNIATION, ("L5-S1",)),)),
        ("Question: disc prolapse", (Asked(HERNIATION),)),
        ("V. a. Bandscheibenvorfall L4/5. Schmerzen.", (Asked(HERNIATION, ("L4-L5",)),)),
        ("Ausschluss Spinalkanalstenose.", (Asked(("spinal_canal",)),)),
        ("Foraminal stenosis?", (Asked(("foramina",)),)),
        ("Fragestellung: Wirbelgleiten?", (Asked(("spondylolisthesis",)),)),
        ("Why does it hurt?", (Asked(()),)),
    ],
)
def test_what_is_asked(text: str, asked: tuple[Asked, ...]) -> None:
    assert asked_in(text) == asked


@settings(deadline=None)
@given(st.text(max_size=80))
def test_any_text_can_be_asked(text: str) -> None:
    unknown(asked_in(text))


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("style", ["standard", "concise", "prose"])
def test_what_was_asked_is_answered_first(degenerated: Report, style: str, language: str) -> None:
    plain = edit.restyle(degenerated, style, language)
    asked = edit.tell(plain, question="Modic changes at L4-L5?")
    first = asked.section("impression")[0]
    stated = [f for f in asked.findings if f.id in first.findings]
    assert ("modic", "L4-L5") in {(f.kind, f.level) for f in stated}
    assert impression(asked)[0] != impression(plain)[0]
    assert all(c.passed for c in check(asked) if c.severity == "error")


def test_a_level_that_the_impression_passes_over_is_answered(degenerated: Report) -> None:
    asked = edit.tell(degenerated, question="disc bulging at L1-L2?")
    assert impression(asked)[0] == (
        "No disc bulging seen at L1-L2 on the graded mid-sagittal slices."
    )
    assert impression(asked)[1:] == impression(degenerated)


def test_what_no_tool_looks_at_is_not_assessed(degenerated: Report) -> None:
    asked = edit.tell(degenerated, "Leg pain", "canal stenosis, fracture")
    assert impression(asked)[0] == "Not assessed: spinal canal stenosis and vertebral bodies."
    assert [s.text for s in asked.section("clinical_information")] == [
        "Leg pain. Question: canal stenosis, fracture"
    ]
    names = set(asked.section("impression")[0].findings)
    assert {f.kind for f in asked.findings if f.id in names} == {"spinal_canal", "vertebral_bodies"}
    german = edit.restyle(asked, "standard", "de")
    assert impression(german)[0] == "Nicht beurteilt: Spinalkanalstenose und Wirbelkörper."
    assert german.section("clinical_information")[0].text.startswith("Leg pain. Fragestellung: ")


def test_another_question_takes_the_place_of_the_first(degenerated: Report) -> None:
    first = edit.tell(degenerated, question="canal stenosis?")
    (told,) = first.section("clinical_information")
    other = edit.reword(first, told, "Leg pain.")
    assert impression(other) == impression(degenerated)
    assert [f.id for f in other.findings] == [f.id for f in degenerated.findings]


def test_a_question_without_a_known_name_is_left_to_the_reader(degenerated: Report) -> None:
    asked = edit.tell(degenerated, question="Why does it hurt?")
    assert impression(asked) == impression(degenerated)
    assert "left to the reader" in asked.section("limitations")[-1].text


def test_dates_and_numbers_of_the_question_are_taken_out(degenerated: Report) -> None:
    asked = edit.tell(degenerated, question="herniation as on 12.03.2024, MRN 1234567?")
    text = asked.section("clinical_information")[0].text
    assert "2024" not in text
    assert "1234567" not in text
