"""Notes, transcribed reports and captions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from data.mapping import lumbar_notes, mtsamples, roco, texts
from data.mapping.source import Source
from radixgpt.errors import CaseError


def test_a_note_is_a_case_of_its_patient(sources: Any) -> None:
    note = "L4-L5: disc bulge.  \nNo stenosis.\n"
    sources.table("lumbar_notes/lumbar_mri_notes.csv", ["patient_id", "note"], [[3, note]])
    (case,), refused = sources.map("lumbar_notes")
    assert not refused
    assert (case.id, case.patient) == ("lumbar_notes/3", "sudirman/3")
    assert case.text == "L4-L5: disc bulge.\nNo stenosis."
    assert case.report_origin == "human"
    assert case.facts == {"modality": "MR", "region": "lumbar"}


def test_rows_that_cant_be_a_case_are_told(sources: Any) -> None:
    rows = [
        [1, "L4-L5: bulge."],
        [1, "L4-L5: bulge."],
        [1, "L5-S1: bulge."],
        ["", "L4-L5: bulge."],
        [2, " "],
        [3, "#NAME?"],
        ["1.5E+11", "L4-L5: bulge."],
        [4, "L4-L5: bulge."],
        [5, "IMPRESSION:"],
    ]
    sources.table("lumbar_notes/lumbar_mri_notes.csv", ["patient_id", "note"], rows)
    cases, refused = sources.map("lumbar_notes")
    assert [case.id for case in cases] == ["lumbar_notes/1", "lumbar_notes/4"]
    told = sources.told(refused)
    assert [row for _, row, _ in told] == [3, 4, 5, 6, 7, 8, 10]
    assert told[0][2] == "It repeats row 2."
    assert told[1][2].startswith("Row 2 has its id already, with another text")
    assert [one[2].split()[-1] for one in told[2:5]] == ["empty.", "empty.", "error."]
    assert told[6][2] == "Its text is a heading and nothing else."
    assert "L4-L5" not in json.dumps([one.model_dump() for one in refused])


def test_guessed_and_lost_characters_are_told_of(sources: Any) -> None:
    path = sources.folder("lumbar_notes") / "lumbar_mri_notes.csv"
    path.write_bytes(b"patient_id,note\n1,caf\xe9\n2,caf\xef\xbf\xbd\n3,plain text\n")
    cases, _ = sources.map("lumbar_notes")
    assert [case.warnings for case in cases] == [(texts.GUESSED,), (texts.BROKEN,), ()]


def test_a_long_table_is_mapped_a_stretch_at_a_time(sources: Any) -> None:
    rows = [[i, f"L4-L5: bulge of {i} mm."] for i in range(1, 24)] + [[7, "again"]]
    sources.table("lumbar_notes/lumbar_mri_notes.csv", ["patient_id", "note"], rows)
    units = list(texts.units(sources.source("lumbar_notes"), lumbar_notes.NOTES, stretch=10))
    assert [unit.key for unit in units] == ["from row 2", "from row 12", "from row 22"]
    mapped = [unit.work() for unit in units]
    assert [len(one.cases) for one in mapped] == [10, 10, 3]
    assert [len(one.refused) for one in mapped] == [0, 0, 1]
    assert [unit.done <= unit.total for unit in units] == [True] * 3
    assert units[-1].done == units[-1].total


@pytest.mark.parametrize(
    ("title", "spine", "region"),
    [
        ("MRI L-Spine - 1", "yes", "lumbar"),
        ("MRI L-S Spine", "yes", "lumbar"),
        ("CT C-Spine", "yes", "cervical"),
        ("MRI T-L Spine", "yes", "several"),
        ("MRI Brain and C-T Spine", "yes", "several"),
        ("CT Head, Facial Bones, Cervical Spine", "yes", "cervical"),
        ("MRI Spine", "yes", None),
        ("CT Chest", "no", None),
        ("CT Facial Bones", "no", None),
    ],
)
def test_samples_of_the_spine_are_flagged(
    sources: Any, title: str, spine: str, region: str | None
) -> None:
    header = ["note_id", "description", "medical_specialty", "sample_name", "transcription"]
    row = ["8", "MRI of the lumbar spine in passing", "Radiology", title, "FINDINGS:, Normal."]
    sources.table("mtsamples/mtsamples_radiology.csv", [*header, "keywords"], [[*row, "spine"]])
    (case,), _ = sources.map("mtsamples")
    assert (case.facts["spine"], case.facts.get("region")) == (spine, region)
    assert case.facts["title"] == title


FIGURE = {
    "id": "ROCO_1",
    "pmc": "PMC42_fig-001.jpg",
    "licence": "CC BY",
    "caption": "Sagittal view of a spine. ",
    "cuis": ["C0037949", "C0037949", "C0024485"],
}


def _figures(sources: Any, entries: list[Any]) -> tuple[list[Any], list[Any]]:
    path = sources.folder("roco") / "roco_spine_captions.json"
    path.write_text(json.dumps(entries), encoding="utf-8")
    cases, refused = sources.map("roco")
    return cases, sources.told(refused)


def test_a_figure_keeps_its_licence_and_its_article_is_the_patient(sources: Any) -> None:
    other = FIGURE | {"id": "ROCO_2", "licence": "CC0", "pmc": "PMC42_fig-002.jpg"}
    cases, told = _figures(sources, [FIGURE, other])
    assert not told
    assert [case.licence for case in cases] == ["CC BY", "CC0"]
    assert {case.patient for case in cases} == {"roco/PMC42"}
    case = cases[0]
    assert (case.caption, case.report) == ("Sagittal view of a spine.", {})
    assert case.text == case.caption
    assert [concept.cui for concept in case.concepts] == ["C0037949", "C0024485"]
    assert {concept.meaning for concept in case.concepts} == {""}


def test_figures_that_cant_be_a_case_are_told(sources: Any) -> None:
    entries = [
        FIGURE,
        FIGURE,
        FIGURE | {"id": "ROCO_2", "licence": "unknown"},
        FIGURE | {"id": "ROCO_3", "caption": ""},
        {"id": "ROCO_4"},
        "no figure",
        FIGURE | {"id": "ROCO_5", "cuis": ["C123", "C0037949"]},
    ]
    cases, told = _figures(sources, entries)
    assert [case.id for case in cases] == ["roco/ROCO_1", "roco/ROCO_5"]
    assert [row for _, row, _ in told] == [2, 3, 4, 5, 6, 7]
    assert [concept.cui for concept in cases[1].concepts] == ["C0037949"]
    assert "licence" in told[1][2]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"[{]", r"line 1: it is no JSON"),
        (b"\xff[]", "not UTF-8"),
        (b"[]", "no list"),
        (b"{}", "no list"),
    ],
)
def test_a_file_of_captions_that_cant_be_used_says_why(
    sources: Any, content: bytes, told: str
) -> None:
    (sources.folder("roco") / "roco_spine_captions.json").write_bytes(content)
    with pytest.raises(CaseError, match=told):
        sources.map("roco")


def test_missing_captions_are_told(sources: Any) -> None:
    sources.folder("roco")
    with pytest.raises(CaseError, match="missing"):
        sources.map("roco")


@pytest.mark.data
def test_the_staged_texts_map_whole(shared_data: Path, sources: Any) -> None:
    own = sources.source("roco")
    for mapper, key, number in (
        (lumbar_notes.units, "lumbar_notes", 436),
        (mtsamples.units, "mtsamples", 272),
        (roco.units, "roco", 240),
    ):
        source = Source(key, shared_data, shared_data / "reports", own.studies, own.keys)
        units = [unit.work() for unit in mapper(source)]
        refused = [refused.reason for unit in units for refused in unit.refused]
        empty = ["Its text is a heading and nothing else."]
        assert refused == (empty if key == "mtsamples" else [])
        cases = [case for unit in units for case in unit.cases]
        assert len(cases) == number
        assert all(case.text for case in cases)
        if key == "mtsamples":
            assert sum(case.facts["spine"] == "yes" for case in cases) == 31
