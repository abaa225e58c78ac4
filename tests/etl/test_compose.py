"""The report as a radiologist would read it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl import draft
from etl.compose import said
from radixgpt.eligibility import REASONS, Eligibility
from radixgpt.finding import GRADED
from radixgpt.level import LUMBAR_DISCS
from radixgpt.report import DRAFT_MARK, SECTIONS, Report


def texts(report: Report, section: Any) -> list[str]:
    return [s.text for s in report.section(section)]


def at(report: Report, level: str) -> str:
    return " ".join(s.text for s in report.section("findings") if s.level == level)


def test_the_degenerated_spine_level_by_level(degenerated: Report) -> None:
    assert at(degenerated, "L2-L3") == (
        "L2-L3: Mild disc degeneration (Pfirrmann III) without disc space narrowing, bulging or "
        "herniation."
    )
    assert at(degenerated, "L4-L5") == (
        "L4-L5: Moderate disc degeneration (Pfirrmann IV) with disc space narrowing and disc "
        "bulging, without disc herniation. "
        "Spondylolisthesis with a measured anterior slip of 6 mm (Meyerding grade I). "
        "Type 2 Modic changes with endplate changes above and below the disc. "
        "Measured midline canal depth 10 mm."
    )
    assert at(degenerated, "L5-S1") == (
        "L5-S1: Severe disc degeneration (Pfirrmann V) with disc space narrowing, disc bulging "
        "and disc herniation. "
        "Type 1 Modic changes with endplate changes below but not above the disc."
    )
    assert [s.text for s in degenerated.section("findings") if s.level is None] == [
        "No spondylolisthesis seen at L1-L2 to L3-L4 and L5-S1.",
        "No Modic changes or endplate changes seen at L1-L2 to L3-L4.",
    ]


def test_the_same_spine_as_prose(spines: Any) -> None:
    report = spines.write(spines.degenerated(), style="prose")
    said = texts(report, "findings")
    assert said[0] == "Severe disc degeneration (Pfirrmann V) at L5-S1."
    assert "Disc bulging at L3-L4 to L5-S1." in said
    assert "Type 2 Modic endplate changes at L4-L5." in said
    assert "Endplate changes above and below the disc at L4-L5." in said
    assert all(s.level is None for s in report.section("findings"))
    assert texts(report, "impression") == texts(spines.write(spines.degenerated()), "impression")


def test_the_impression_is_ranked_and_groups_levels(degenerated: Report) -> None:
    assert texts(degenerated, "impression") == [
        "Spondylolisthesis at L4-L5 with a measured anterior slip of 6 mm (Meyerding grade I).",
        "Disc herniation at L5-S1.",
        "Severe disc degeneration (Pfirrmann V) with disc space narrowing and disc bulging at "
        "L5-S1.",
        "Moderate disc degeneration (Pfirrmann IV) with disc bulging at L3-L4 and L4-L5; disc "
        "space narrowing at L4-L5.",
        "Type 1 Modic endplate changes at L5-S1 and type 2 Modic endplate changes at L4-L5.",
        "Mild disc degeneration (Pfirrmann III) at L2-L3.",
    ]


def test_the_concise_impression_is_short(spines: Any) -> None:
    report = spines.write(spines.degenerated(), style="concise")
    assert texts(report, "impression") == [
        "Spondylolisthesis at L4-L5.",
        "Disc herniation at L5-S1.",
        "Disc degeneration at L2-L3 to L5-S1, most severe at L5-S1 (Pfirrmann V).",
        "Type 1 Modic endplate changes at L5-S1 and type 2 Modic endplate changes at L4-L5.",
    ]
    assert "Measured" not in " ".join(texts(report, "findings"))


def test_the_concise_impression_holds_what_has_no_grade(spines: Any) -> None:
    discs = spines.healthy(L4_L5={"disc_bulging": "present", "disc_narrowing": "present"})
    report = spines.write(discs, style="concise", t2=False)
    assert texts(report, "impression") == ["Disc space narrowing and disc bulging at L4-L5."]


def test_levels_of_one_grade_are_worst_together(spines: Any) -> None:
    discs = spines.healthy(L3_L4={"pfirrmann": 5}, L4_L5={"pfirrmann": 4}, L5_S1={"pfirrmann": 5})
    report = spines.write(discs, style="concise")
    assert texts(report, "impression") == [
        "Disc degeneration at L3-L4 to L5-S1, most severe at L3-L4 and L5-S1 (Pfirrmann V)."
    ]


def test_endplates_of_several_levels_are_one_short_item(spines: Any) -> None:
    both = {"endplate_upper": "present", "endplate_lower": "present"}
    discs = spines.healthy(L2_L3=both, L3_L4=both, L4_L5=both, L1_L2={"endplate_upper": "present"})
    discs["L3-L4"].confidence = 0.6
    report = spines.write(discs)
    assert "Endplate changes above but not below the disc." in at(report, "L1-L2")
    assert (
        "Endplate changes at L1-L2, L2-L3 and L4-L5; probable endplate changes at L3-L4."
        in texts(report, "impression")
    )
    assert "endplate changes above" not in " ".join(texts(report, "impression")).lower()


def test_one_endplate_beside_a_modic_change_is_named(spines: Any) -> None:
    discs = spines.healthy(L4_L5={"modic": 2})
    discs["L4-L5"].statuses["endplate_lower"] = "indeterminate"
    assert at(spines.write(discs), "L4-L5").endswith(
        "Type 2 Modic changes without further changes of the endplate above the disc."
    )


def test_what_is_absent_everywhere_is_said_once(spines: Any) -> None:
    report = spines.write(spines.healthy())
    assert texts(report, "findings")[0] == (
        "No disc herniation, spondylolisthesis, Modic changes or endplate changes seen at any "
        "lumbar level on the graded mid-sagittal slices."
    )
    assert at(report, "L1-L2") == (
        "L1-L2: Minimal disc degeneration (Pfirrmann II) without disc space narrowing or bulging."
    )
    assert texts(report, "impression") == [
        "Minimal disc degeneration (Pfirrmann II) at all five lumbar levels.",
        "No disc herniation or spondylolisthesis seen at any lumbar level on the graded "
        "mid-sagittal slices.",
    ]


def test_a_perfect_spine_still_has_an_impression(spines: Any) -> None:
    perfect = {level: {"pfirrmann": 1} for level in ("L1_L2", "L2_L3", "L3_L4", "L4_L5", "L5_S1")}
    report = spines.write(spines.healthy(**perfect), style="concise")
    assert texts(report, "findings")[1] == (
        "All five lumbar levels: No disc degeneration (Pfirrmann I), narrowing or bulging seen."
    )
    assert texts(report, "impression")[0] == (
        "No disc degeneration (Pfirrmann I) seen at any lumbar level on the graded "
        "mid-sagittal slices."
    )


def test_what_is_indeterminate_is_grouped(spines: Any) -> None:
    discs = spines.healthy()
    for level in ("L3-L4", "L4-L5"):
        discs[level].statuses = {"disc_herniation": "indeterminate", "modic": "indeterminate"}
    report = spines.write(discs)
    assert "Indeterminate: disc herniation and Modic changes at L3-L4 and L4-L5." in texts(
        report, "findings"
    )
    assert texts(report, "impression")[-1] == "Indeterminate: disc herniation at L3-L4 and L4-L5."
    assert any("indeterminate where" in text for text in texts(report, "limitations"))


def test_a_level_of_which_nothing_is_known(spines: Any) -> None:
    discs = spines.healthy()
    discs["L2-L3"].statuses = dict.fromkeys(GRADED, "indeterminate")
    del discs["L1-L2"]
    report = spines.write(discs)
    assert at(report, "L2-L3") == "L2-L3: Indeterminate."
    assert at(report, "L1-L2") == "L1-L2: Not assessed; the disc could not be located."


def test_doubt_is_said(spines: Any) -> None:
    discs = spines.healthy(L4_L5={"disc_herniation": "present", "pfirrmann": 4})
    discs["L4-L5"].confidence = 0.6
    report = spines.write(discs)
    assert "with probable disc herniation, without" in at(report, "L4-L5")
    assert texts(report, "impression")[0] == "Probable disc herniation at L4-L5."


def test_sides_are_said(spines: Any) -> None:
    discs = spines.healthy(L4_L5={"disc_herniation": "present"})
    discs["L4-L5"].sides = {"disc_herniation": "left"}
    report = spines.write(discs)
    assert "with left disc herniation, without" in at(report, "L4-L5")
    assert texts(report, "impression")[0] == "Left disc herniation at L4-L5."


def test_lengths_only_where_spacing_is_known(spines: Any) -> None:
    discs = spines.healthy(L4_L5={"spondylolisthesis": "present", "slip_ratio": -0.3})
    report = spines.write(discs, spacing=False)
    assert "a measured posterior slip of 30% of the vertebral depth (Meyerding grade II)." in at(
        report, "L4-L5"
    )
    assert any("not given in millimetres" in text for text in texts(report, "limitations"))
    assert not any("millimetres" in text for text in texts(spines.write(discs), "limitations"))


@pytest.mark.parametrize(
    ("t1", "t2", "limit", "finding"),
    [
        (False, True, "No T1-weighted", "Not assessed: Modic changes at all five lumbar levels."),
        (
            True,
            False,
            "No T2-weighted",
            "Not assessed: disc degeneration grade and Modic changes at all five lumbar levels.",
        ),
    ],
)
def test_a_missing_sequence(spines: Any, t1: bool, t2: bool, limit: str, finding: str) -> None:
    report = spines.write(spines.healthy(), t1=t1, t2=t2)
    assert any(text.startswith(limit) for text in texts(report, "limitations"))
    assert finding in texts(report, "findings")
    assert "type" not in " ".join(texts(report, "impression")).lower()


def test_limitations_are_always_there(degenerated: Report) -> None:
    said = " ".join(texts(degenerated, "limitations"))
    assert "T2-weighted slice 2 of 3 and T1-weighted slice 2 of 3" in said
    assert "marrow lesions were not assessed" in said
    assert "counted upwards from the lowest disc, taken as L5-S1" in said
    assert "transitional anatomy cannot be excluded" in said


def test_a_shift_is_told(spines: Any) -> None:
    said = texts(spines.write(spines.healthy(), shift=1), "limitations")
    assert any("taken as L4-L5" in text for text in said)
    assert "The numbering was moved up by 1 level on the reader's request." in said


def test_technique_without_a_header(spines: Any) -> None:
    report = spines.write(spines.healthy(), header=False)
    assert texts(report, "technique") == [
        "Sequences are not recorded in the images' headers.",
        "Intravenous contrast: not recorded.",
    ]
    assert any("was judged from the images" in text for text in texts(report, "limitations"))


def test_technique_from_the_header(degenerated: Report) -> None:
    assert texts(degenerated, "technique") == [
        "Sagittal T1-weighted and T2-weighted series at 1.5 T.",
        "Intravenous contrast: not recorded.",
    ]


def test_fixed_sections(degenerated: Report) -> None:
    assert texts(degenerated, "comparison") == ["None available."]
    assert texts(degenerated, "recommendations") == ["None generated."]
    assert texts(degenerated, "critical_communication")[0].endswith("____________________")
    assert degenerated.mark == DRAFT_MARK


@pytest.mark.parametrize("reason", REASONS)
def test_a_refused_study_gets_nine_sections_and_the_reason(spines: Any, reason: Any) -> None:
    study, _ = spines.study()
    report = draft(study, Eligibility(False, reason, "x"), [], models=())
    assert {s.section for s in report.sentences} == set(SECTIONS)
    assert texts(report, "findings") == ["All five lumbar levels: not assessed."]
    assert texts(report, "impression") == [
        f"All five lumbar levels: not assessed. {REASONS[reason]}"
    ]
    assert f"This study was not graded. {REASONS[reason]}" in texts(report, "limitations")
    assert len(report.section("findings")[0].findings) == len(GRADED) * len(LUMBAR_DISCS)


def test_a_synthetic_study_says_so(spines: Any) -> None:
    study, eligibility = spines.study()
    study = replace(study, series=tuple(replace(s, synthetic=True) for s in study.series))
    report = draft(study, eligibility, spines.observe(spines.healthy()), models=())
    assert "Synthetic study, not of a patient." in texts(report, "exam")
    assert "The images are marked synthetic." in texts(report, "limitations")


def test_warnings_are_told_once_and_only_of_graded_series(spines: Any) -> None:
    study, eligibility = spines.study()
    first, second = (replace(s, warnings=("A slice is missing.",)) for s in study.series)
    other = replace(first, key="s3", warnings=("Only here.",))
    study = replace(study, series=(first, second, other), warnings=("Two objects are alike.",))
    report = draft(study, eligibility, spines.observe(spines.healthy()), models=())
    said = texts(report, "limitations")
    assert said.count("A slice is missing.") == 1
    assert "Two objects are alike." in said
    assert "Only here." not in said


def test_the_history_is_stated_without_dates_and_numbers(spines: Any) -> None:
    study, eligibility = spines.study()
    report = draft(
        study,
        eligibility,
        spines.observe(spines.healthy()),
        models=(),
        clinical_information="Pain since 2024-03-01,\n MRN 12345678.\x00 " + "x " * 600,
    )
    (said,) = texts(report, "clinical_information")
    assert said.startswith("Pain since [date], MRN [number].")
    assert len(said) < 620
    assert texts(spines.write(spines.healthy()), "clinical_information") == ["Not provided."]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_report_is_whole_and_never_calls_anything_normal(
    spines: Any, data: st.DataObject
) -> None:
    report = data.draw(spines.reports())
    assert all(c.passed for c in report.obligatory)
    assert [s.section for s in report.sentences] == sorted(
        (s.section for s in report.sentences), key=list(SECTIONS).index
    )
    words = " ".join(s.text for s in report.sentences)
    assert not re.search(r"\b(normal|unremarkable|unchanged|stable)\b", words, re.IGNORECASE)
    assert not re.search(r"  |\.\.|,,| \.| ,|None\b(?! available| generated)|nan|\{|\}", words)
    assert all(s.text[0].isupper() and s.text[-1] in "._" for s in report.sentences)
    for sentence in report.sentences:
        stating = sentence.section in ("findings", "impression")
        assert bool(sentence.findings) == stating


def test_an_uncertain_numbering_is_told(spines: Any) -> None:
    study, eligibility = spines.study()
    seen = spines.observe(spines.healthy())
    torn = [
        o.model_copy(update={"status": "indeterminate"}) if o.kind == "numbering" else o
        for o in seen
    ]
    for observations, uncertain in ((seen, False), (torn, True)):
        report = draft(study, eligibility, observations, models=spines.MODELS)
        assert report.study.numbering_uncertain is uncertain
        told = any("numbering is uncertain" in text for text in texts(report, "limitations"))
        assert told is uncertain
        assert all(check.passed for check in report.obligatory)


@pytest.mark.parametrize("style", ["standard", "prose"])
def test_a_probable_finding_stands_behind_a_sure_one(spines: Any, style: str) -> None:
    """ "Probable narrowing and bulging" could be read as two doubts."""
    seen = spines.write(spines.healthy(L4_L5={"disc_bulging": "present"}))
    unsure = {"confidence": 0.6, "value": "present"}
    found = [
        f.model_copy(update=unsure) if (f.level, f.kind) == ("L4-L5", "disc_narrowing") else f
        for f in seen.findings
    ]
    told = " ".join(s.text for s in said(seen.study, found, style=style)).lower()
    assert "disc bulging and probable disc space narrowing" in told


def test_levels_that_read_alike_are_told_together_where_the_style_says_so(spines: Any) -> None:
    same = {"pfirrmann": 4, "disc_bulging": "present", "modic": 2, "endplate_upper": "present",
            "endplate_lower": "present"}  # fmt: skip
    report = spines.write(spines.healthy(L2_L3=same, L3_L4=same, L5_S1=same), style="concise")
    found = texts(report, "findings")
    assert (
        "L2-L3 and L3-L4: Moderate disc degeneration (Pfirrmann IV) with disc bulging, without "
        "disc space narrowing. Type 2 Modic changes with endplate changes above and below the disc."
    ) in found
    assert at(report, "L5-S1").startswith("L5-S1: Moderate")


def test_prose_never_denies_endplate_changes_beside_a_modic_change(spines: Any) -> None:
    report = spines.write(spines.healthy(L4_L5={"modic": 2}), style="prose")
    said = texts(report, "findings")
    assert "No further endplate changes seen at L4-L5." in said
    assert "No Modic changes or endplate changes seen at L1-L2 to L3-L4 and L5-S1." in said


def test_prose_puts_what_shares_its_levels_together(spines: Any) -> None:
    both = {"disc_bulging": "present", "disc_narrowing": "present"}
    report = spines.write(spines.healthy(L3_L4=both, L4_L5=both), style="prose")
    assert "Disc space narrowing and disc bulging at L3-L4 and L4-L5." in texts(report, "findings")
