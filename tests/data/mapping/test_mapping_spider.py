"""SPIDER: pictures, series and gradings of a patient become one case; bad rows cost themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from data.mapping import spider
from data.mapping.source import Source
from radixgpt.errors import CaseError


def _state(finding: Any) -> tuple[str, str, Any, str]:
    return (finding.level, finding.kind, finding.value, finding.assertion)


def test_a_patient_is_a_case(sources: Any) -> None:
    sources.spider()
    cases, refused = sources.map("spider")
    assert not refused
    assert [case.id for case in cases] == ["spider/7", "spider/12"]
    case = cases[1]
    assert case.patient == "spider/12"
    assert case.facts == {"sex": "F", "num_discs": 7, "num_vertebrae": 7, "subset": "training"}
    assert [image.sequence for image in case.images] == ["t1", "t2"]
    image = case.images[0]
    assert (image.path, image.rows, image.columns) == ("gathered/spider/images/12_t1.png", 64, 48)
    assert (image.modality, image.plane, image.region) == ("MR", "sagittal", "lumbar")
    assert image.spacing is None
    assert image.facts["echo_time_ms"] == 100.0
    assert image.facts["manufacturer"] == "SIEMENS"
    assert any("millimetres" in warning for warning in case.warnings)
    assert case.report_origin == "none"


def test_grades_become_findings_and_concepts(sources: Any) -> None:
    sources.spider()
    cases, _ = sources.map("spider")
    states = {_state(finding) for finding in cases[1].findings}
    assert ("L5-S1", "pfirrmann", 4, "present") in states
    assert ("L5-S1", "disc_bulging", None, "present") in states
    assert ("L5-S1", "modic", 0, "absent") in states
    assert ("L4-L5", "modic", 2, "present") in states
    assert ("L4-L5", "disc_bulging", None, "absent") in states
    assert len(states) == 16
    meanings = {concept.meaning for concept in cases[1].concepts}
    assert meanings == {"disc degeneration, Pfirrmann IV", "disc bulging", "Modic type II change"}


def test_discs_are_numbered_from_the_bottom(sources: Any) -> None:
    row = sources.grading_row
    sources.spider(gradings=[row(12, disc) for disc in (0, 1, 6, 9)])
    cases, refused = sources.map("spider")
    case = next(case for case in cases if case.id == "spider/12")
    levels = list(dict.fromkeys(finding.level for finding in case.findings))
    assert levels == ["S1-S2", "L5-S1", "T12-L1", "T9-T10"]
    assert any("below L5-S1" in warning for warning in case.warnings)
    assert any("Disc 9 was graded, and 7 discs" in warning for warning in case.warnings)
    assert any("No disc of this patient" in warning for warning in cases[0].warnings)
    assert not refused


@pytest.mark.parametrize(
    ("grades", "told", "left"),
    [
        ({"pfirrmann": 6}, "pfirrmann is 6, out of range.", 0),
        ({"modic": -1}, "modic is -1, out of range.", 0),
        ({"bulging": "yes"}, "bulging is no number.", 0),
        ({"pfirrmann": 2.5}, "pfirrmann is 2.5, not a whole number.", 0),
        ({"pfirrmann": "NaN"}, "pfirrmann is empty.", 7),
        ({"modic": "3-Jan"}, "modic holds a date: a spreadsheet may have turned a grade or level "
         "into it.", 7),
        ({"pfirrmann": "3.0"}, None, 8),
    ],
)  # fmt: skip
def test_bad_grades(sources: Any, grades: dict[str, Any], told: str | None, left: int) -> None:
    row = sources.grading_row
    sources.spider(gradings=[row(7, 1), row(12, 1, **grades), row(12, 2)])
    cases, refused = sources.map("spider")
    assert sources.told(refused) == ([("gradings.csv", 3, told)] if told else [])
    findings = next(case for case in cases if case.id == "spider/12").findings
    assert len([f for f in findings if f.level == "L5-S1"]) == left
    assert len([f for f in findings if f.level == "L4-L5"]) == 8


def test_rows_that_repeat_or_contradict(sources: Any) -> None:
    row = sources.grading_row
    graded = [row(12, 1), row(12, 1), row(12, 2, modic=1), row(12, 2, modic=2), row(12, 3)]
    sources.spider(gradings=[*graded, row(7, 1)])
    cases, refused = sources.map("spider")
    differ = "Rows 4, 5 grade one disc differently."
    assert sorted(sources.told(refused)) == [
        ("gradings.csv", 3, "It repeats row 2."),
        ("gradings.csv", 4, differ),
        ("gradings.csv", 5, differ),
    ]
    levels = {f.level for f in next(c for c in cases if c.id == "spider/12").findings}
    assert levels == {"L5-S1", "L3-L4"}


def test_two_sexes_under_one_id_are_no_case(sources: Any) -> None:
    row = sources.series_row
    sources.spider([row("12_t1", 12), row("12_t2", 12, sex="M"), row("7_t2", 7)])
    cases, refused = sources.map("spider")
    assert [case.id for case in cases] == ["spider/7"]
    reason = "Rows 2 and 3 give one patient two sexes: two people may share the id."
    assert sources.told(refused) == [("series.csv", 2, reason), ("series.csv", 3, reason)]


def test_a_picture_of_another_patient_is_refused(sources: Any) -> None:
    row = sources.series_row
    sources.spider([row("12_t1", 12), row("7_t2", 12), row("odd", 12), row("12_t2", "")])
    cases, refused = sources.map("spider")
    images = {case.id: [Path(i.path).name for i in case.images] for case in cases}
    assert images == {"spider/7": [], "spider/12": ["12_t1.png"]}
    told = sources.told(refused)
    assert told[0][:2] == ("series.csv", 3)
    assert "two people in one row" in told[0][2]
    assert "another form" in told[1][2]
    assert {one[0] for one in told[3:]} == {"12_t2.png", "7_t2.png", "odd.png"}


def test_missing_damaged_and_unnamed_pictures(sources: Any) -> None:
    folder = sources.spider()
    (folder / "images" / "12_t1.png").unlink()
    whole = (folder / "images" / "7_t2.png").read_bytes()
    (folder / "images" / "7_t2.png").write_bytes(whole[: len(whole) // 2])
    sources.picture("spider/images/99_t2.png", 9)
    cases, refused = sources.map("spider")
    assert sorted(sources.told(refused), key=lambda one: one[0]) == [
        ("7_t2.png", None, "The picture is damaged or cut off."),
        ("99_t2.png", None, "No row of series.csv names this picture."),
        ("series.csv", 2, "There is no picture 12_t1.png."),
    ]
    assert any("No picture of this patient" in warning for warning in cases[0].warnings)
    assert [len(case.images) for case in cases] == [0, 1]


def test_series_that_count_differently_are_told(sources: Any) -> None:
    row = sources.series_row
    sources.spider([row("12_t1", 12, discs=7), row("12_t2", 12, discs=8), row("7_t2", 7)])
    cases, _ = sources.map("spider")
    warnings = next(case for case in cases if case.id == "spider/12").warnings
    assert any("different numbers of discs: 7 and 8" in warning for warning in warnings)
    assert any("2 of 7 counted discs are graded" in warning for warning in warnings)


def test_pictures_known_to_be_upside_down_say_so(sources: Any) -> None:
    row = sources.series_row
    sources.spider([row("57_t2", 57), row("7_t2", 7)], [sources.grading_row(57, 1)])
    cases, _ = sources.map("spider")
    turned = {case.id: [i.facts.get("upside_down") for i in case.images] for case in cases}
    assert turned == {"spider/7": [None], "spider/57": ["yes"]}
    assert "Picture 57_t2 is stored upside down." in cases[1].warnings


def test_the_published_columns_are_understood(sources: Any) -> None:
    folder = sources.spider()
    published = (
        "Patient,IVD label,Modic,UP endplate,LOW endplate,Spondylolisthesis,Disc herniation,"
        "Disc narrowing,Disc bulging,Pfirrman grade\n12,1,0,0,0,0,0,0,1,3\n"
    )
    (folder / "gradings.csv").write_text(published)
    cases, refused = sources.map("spider")
    assert not refused
    assert len(next(case for case in cases if case.id == "spider/12").findings) == 8


def test_a_table_without_its_columns_fails_the_source(sources: Any) -> None:
    folder = sources.spider()
    (folder / "gradings.csv").write_text("patient,disc,modic\n12,1,0\n")
    with pytest.raises(CaseError, match=r"gradings.csv, row 1: the columns pfirrmann, .* missing"):
        sources.map("spider")


def test_a_table_that_is_too_long_to_be_joined_is_told(
    sources: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources.spider()
    monkeypatch.setattr(spider, "_MOST_ROWS", 2)
    with pytest.raises(CaseError, match=r"series.csv has more than 2 rows"):
        sources.map("spider")


@pytest.mark.data
def test_the_staged_set_maps_whole(shared_data: Path, sources: Any) -> None:
    shared = sources.source("spider")
    source = Source("spider", shared_data, shared_data / "spider", shared.studies, shared.keys)
    units = [unit.work() for unit in spider.units(source)]
    cases = [case for unit in units for case in unit.cases]
    assert not [refused for unit in units for refused in unit.refused]
    assert (len(cases), sum(len(case.images) for case in cases)) == (179, 360)
    assert sum(len(case.findings) for case in cases) == 1240 * 8
    assert all(case.facts["sex"] in ("F", "M") for case in cases)
    ninth = {case.id for case in cases for f in case.findings if f.level == "T9-T10"}
    assert len(ninth) == 7
    assert sum(i.facts.get("upside_down") == "yes" for c in cases for i in c.images) == 8
