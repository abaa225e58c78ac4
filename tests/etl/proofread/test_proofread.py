"""Every rule of proofreading finds its slip, names the sentences, and leaves right texts alone."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.proofread import proofread
from radixgpt.level import LUMBAR_DISCS

GOOD = """EXAM: MRI of the lumbar spine without contrast
CLINICAL INFORMATION: 54-year-old female with left leg pain.
COMPARISON: None available.
FINDINGS:
L3-L4: Mild disc bulging. No canal stenosis.
L4-L5: Left paracentral disc extrusion with severe canal stenosis. Type 2 Modic changes.
L5-S1: Normal disc.
IMPRESSION:
1. Left paracentral disc extrusion at L4-L5 with severe canal stenosis.
2. Mild disc bulging at L3-L4.
"""

SLIPS = [
    (
        "Left paracentral disc extrusion at L4",
        "Right paracentral disc extrusion at L4",
        "laterality",
    ),
    ("extrusion at L4-L5 with severe", "extrusion at L4-L5 with mild", "grade"),
    ("2. Mild disc bulging at L3-L4", "2. Mild disc bulging at L2-L3", "level"),
    ("2. Mild disc bulging at", "2. Spondylolisthesis at", "impression-beyond-findings"),
    ("L5-S1: Normal disc.", "L5-S1: Normal disc. No disc extrusion at L4-L5.", None),
    ("L5-S1: Normal disc.", "L5-S1: Normal disc. No disc bulging at L3-L4.", "contradiction"),
    ("Type 2 Modic changes.", "Type 2 Modic changes, unchanged.", "no-prior"),
    ("Type 2 Modic changes.", "Type 2 Modic changes. Interval progression.", "no-prior"),
    ("L5-S1: Normal disc.", "L5-S1: Normal disc. The prostate is enlarged.", "sex"),
    ("MRI of the", "CT of the", "modality"),
    ("L5-S1: Normal disc.", "L5-S1: Normal disc. The root enhances: enhancement.", "contrast"),
    ("L5-S1: Normal", "L6-S1: Normal", "no-such-level"),
    ("L3-L4: Mild", "L4-L3: Mild", "no-such-level"),
    ("Type 2 Modic", "Modic type 4", "off-the-scale"),
    ("L5-S1: Normal disc.", "L5-S1: Pfirrmann grade 6.", "off-the-scale"),
    ("L5-S1: Normal disc.", "L5-S1: Normal disc. Slip of [ ] mm.", "unfilled"),
    ("L5-S1: Normal disc.", "L5-S1: Normal normal disc.", "word-twice"),
    (
        "1. Left paracentral disc extrusion at L4-L5 with severe canal stenosis.\n",
        "",
        "severe-left-out",
    ),
]


def rules(text: str, **told: object) -> set[str]:
    return {remark.rule for remark in proofread(text, **told)}  # type: ignore[arg-type]


def test_a_right_report_has_no_remark() -> None:
    assert proofread(GOOD) == ()


@pytest.mark.parametrize(("right", "wrong", "rule"), [s for s in SLIPS if s[2]])
def test_every_slip_is_found_and_its_sentence_named(right: str, wrong: str, rule: str) -> None:
    assert GOOD.count(right) == 1
    text = GOOD.replace(right, wrong)
    found = [remark for remark in proofread(text) if remark.rule == rule]
    assert found
    for remark in found:
        assert remark.sentences
        assert all(sentence in text for sentence in remark.sentences)


def test_every_rule_has_a_slip() -> None:
    named = {rule for _, _, rule in SLIPS if rule} | {"missing-section"}
    assert named == {
        *("contradiction", "laterality", "grade", "level", "impression-beyond-findings"),
        *("severe-left-out", "no-prior", "sex", "modality", "contrast", "no-such-level"),
        *("off-the-scale", "unfilled", "word-twice", "missing-section"),
    }


def test_a_prior_study_may_be_compared_with() -> None:
    text = GOOD.replace("Type 2 Modic changes.", "Type 2 Modic changes, unchanged.")
    assert rules(text.replace("None available.", "MRI of last year.")) == set()
    assert rules(text, prior=True) == set()
    assert rules(GOOD.replace("disc bulging. No", "disc bulging. The spine is stable. No")) >= {
        "no-prior"
    }


def test_what_is_told_stands_above_what_is_read() -> None:
    text = GOOD.replace("L5-S1: Normal disc.", "L5-S1: Normal disc. Uterine fibroids.")
    assert rules(text) == set()
    assert rules(text, sex="male") == {"sex"}
    assert "modality" in rules(GOOD, modality="CT")


def test_sections_that_are_missing_are_told() -> None:
    assert rules("L4-L5: disc bulging.") == {"missing-section"}


@pytest.mark.parametrize("level", ["L5-S1", "T12-L1", "C7-T1", "L4-5", "L4/5", "L5-1", "C8", "S2"])
def test_levels_that_there_are(level: str) -> None:
    assert "no-such-level" not in rules(f"FINDINGS: {level} is normal.\nIMPRESSION: Normal.")


@given(st.text(max_size=400))
@settings(max_examples=60, deadline=None)
def test_any_text_can_be_read(text: str) -> None:
    for remark in proofread(text):
        assert remark.text.strip()
        assert remark.severity in ("error", "warning")


@given(st.sampled_from(LUMBAR_DISCS), st.sampled_from(("left", "right")))
@settings(max_examples=10, deadline=None)
def test_sides_are_held_level_by_level(level: str, side: str) -> None:
    other = "right" if side == "left" else "left"
    text = f"FINDINGS: {level}: {side} foraminal stenosis.\n"
    text += f"IMPRESSION: {{}} foraminal stenosis at {level}."
    assert "laterality" not in rules(text.format(side.capitalize()))
    assert "laterality" in rules(text.format(other.capitalize()))


UNHEADED = (
    "{} of a 62-year-old {}. Comparison: none.\n"
    "Findings: L4-L5: Disc bulge. {}\nImpression: Disc bulge at L4-L5."
)


@pytest.mark.parametrize(
    ("exam", "patient", "said", "rule"),
    [
        ("MRI lumbar spine", "woman", "The prostate is enlarged.", "sex"),
        ("MRI lumbar spine", "man", "The uterus is bulky.", "sex"),
        ("CT lumbar spine without contrast", "man", "Modic type 1 changes.", "modality"),
        ("CT lumbar spine without contrast", "man", "Enhancing epidural tissue.", "contrast"),
        ("MRI lumbar spine", "man", "Pfirrmann grade VI.", "off-the-scale"),
        ("MRI lumbar spine", "man", "Modic type IV changes.", "off-the-scale"),
        ("MRI lumbar spine", "man", "Pfirrmann grade IV. Modic type II changes.", None),
        ("MRI lumbar spine", "woman", "The uterus is bulky.", None),
    ],
)
def test_a_report_that_begins_without_a_heading(
    exam: str, patient: str, said: str, rule: str | None
) -> None:
    assert rules(UNHEADED.format(exam, patient, said)) == ({rule} if rule else set())


def test_what_has_not_changed_is_there() -> None:
    text = (
        "Comparison: MRI 3/2019.\nFindings: No significant interval change in mild L4-L5 disc "
        "bulge. No recurrent disc herniation.\nImpression: Unchanged mild disc bulge at L4-L5."
    )
    assert rules(text) == set()
