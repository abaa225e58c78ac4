"""KAUH, SPIDER's masks and Sudirman: pictures without gradings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from data.mapping import kauh, sudirman
from data.mapping.kauh import read_name
from data.mapping.source import Source
from data.mapping.views import views
from radixgpt.errors import CaseError


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("N1, Rt TAIS, F, 15 yrs", {"sex": "F", "age_years": 15}),
        ("N1,S,20,M_1_0", {"sex": "M", "age_years": 20}),
        ("N12,S,F,56_1_1", {"sex": "F", "age_years": 56}),
        ("N15,S,63.M_1003_2", {"sex": "M", "age_years": 63}),
        ("n39,s,49,f_1004_3", {"sex": "F", "age_years": 49}),
        ("N36,N,M,.23_1_0", {"sex": "M", "age_years": 23}),
        ("N59,N,34M,F_1_0", {"age_years": 34}),
        ("N32,N,F,F_1_0", {"sex": "F"}),
        ("N7, Rt TAIS, F, 97 yrs", {"sex": "F", "age_years": 90}),
        ("", {}),
    ],
)
def test_age_and_sex_come_from_a_name(name: str, facts: dict[str, Any]) -> None:
    assert read_name(name, "scoliosis")[0] == facts


@pytest.mark.parametrize(
    ("name", "curves"),
    [
        ("N1, Rt TAIS, F, 15 yrs", [("thoracic", "right")]),
        ("N1, Lt TL AIS, F, 15 yrs", [("thoracolumbar", "left")]),
        ("N1, Rt T and Lt L AIS, F, 15 yrs", [("thoracic", "right"), ("lumbar", "left")]),
        ("N1, Rt T and L L AIS, F, 15 yrs", [("thoracic", "right"), ("lumbar", "left")]),
        ("N1, Lt LIS, F, 15 yrs", [("lumbar", "left")]),
        ("N1, Rt AIS, F, 15 yrs", [(None, "right")]),
        ("N1,S,20,F_1_0", [(None, None)]),
    ],
)
def test_curves_come_from_a_name(name: str, curves: list[Any]) -> None:
    found = read_name(name, "scoliosis")[1]
    assert [(f.value, f.side) for f in found] == curves
    assert {(f.kind, f.assertion) for f in found} == {("scoliosis", "present")}


@pytest.mark.parametrize(
    ("name", "levels"),
    [
        ("N1, Olisthesis L5-S1, F, 34 yrs", ["L5-S1"]),
        ("N1, Olisthesis. L4-5, F, 34 yrs", ["L4-L5"]),
        ("N1, Olisthesis L3-4, L4-5, L5-S1, F, 55 Yrs", ["L3-L4", "L4-L5", "L5-S1"]),
        ("N1,S,63,M_1003_2", [None]),
    ],
)
def test_levels_come_from_a_name(name: str, levels: list[Any]) -> None:
    facts, found = read_name(name, "spondylolisthesis")
    assert [f.level for f in found] == levels
    assert facts["age_years"] in (34, 55, 63)


def _radiographs(sources: Any, rows: list[list[str]]) -> None:
    for number, row in enumerate(rows):
        if row[0]:
            sources.picture(f"kauh/images/{row[0]}", number)
    sources.table("kauh/labels.csv", ["image", "label", "original_name"], rows)


def _with_view(label: str, view: str | None) -> str:
    """A staged picture with this view; one that isn't listed for None."""
    if view is None:
        return f"{label}_999.jpg"
    stem = {"scoliosis": "scol", "spondylolisthesis": "spond", "normal": "normal"}[label]
    return next(
        Path(place).name
        for place, seen in views().items()
        if seen.view == view and Path(place).name.startswith(stem)
    )


@pytest.mark.parametrize(
    ("label", "view", "kinds"),
    [
        ("scoliosis", "ap", {("scoliosis", "present")}),
        ("spondylolisthesis", "lateral", {("spondylolisthesis", "present")}),
        ("spondylolisthesis", "ap", set()),
        ("normal", "ap", {("scoliosis", "absent")}),
        ("scoliosis", None, set()),
    ],
)
def test_a_label_is_a_finding_only_where_its_view_shows_it(
    sources: Any, label: str, view: str | None, kinds: set[tuple[str, str]]
) -> None:
    _radiographs(sources, [[_with_view(label, view), label, "N1,S,20,F_1_0"]])
    (case,), refused = sources.map("kauh")
    assert not refused
    assert {(f.kind, f.assertion) for f in case.findings} == kinds
    assert case.facts["label"] == label
    assert case.images[0].view == view
    gated = any("no finding" in warning for warning in case.warnings)
    assert gated == (not kinds)


def test_an_original_name_stays_behind(sources: Any) -> None:
    name = "Doe Jane, S, 20, F"
    _radiographs(sources, [["scol_000.jpg", "scoliosis", name]])
    (case,), _ = sources.map("kauh")
    assert "Doe" not in case.model_dump_json()
    assert case.patient == "kauh/scol_000"


def test_bad_rows_of_labels_are_told(sources: Any) -> None:
    good = ["scol_000.jpg", "scoliosis", ""]
    _radiographs(sources, [good, ["scol_001.jpg", "crooked", ""], ["scol_002.jpg", "", ""], good])
    sources.picture("kauh/images/scol_003.jpg", 9)
    (sources.folder("kauh") / "images" / "scol_002.jpg").unlink()
    cases, refused = sources.map("kauh")
    assert [case.id for case in cases] == ["kauh/scol_000"]
    assert sources.told(refused) == [
        ("labels.csv", 3, "label is none of the known words."),
        ("labels.csv", 4, "label is empty."),
        ("labels.csv", 5, "It repeats the picture of row 2."),
        ("scol_003.jpg", None, "No row of labels.csv names this picture."),
    ]


def _mask(sources: Any, name: str, labels: np.ndarray) -> None:
    path = sources.folder("spider_masks") / "masks" / name
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(labels.astype(np.uint8)).save(path)


def test_masks_belong_to_their_slices_and_patients_to_spider(sources: Any) -> None:
    for number in (9, 11):
        sources.picture(f"spider_masks/images/12_t2_SPACE_slice{number}.png", number)
        _mask(sources, f"12_t2_SPACE_slice{number}.png", np.full((64, 48), 3))
    (case,), refused = sources.map("spider_masks")
    assert not refused
    assert (case.id, case.patient) == ("spider_masks/12", "spider/12")
    assert [image.facts["slice"] for image in case.images] == [9, 11]
    assert case.images[0].mask == "gathered/spider_masks/masks/12_t2_SPACE_slice9.png"
    assert case.images[0].sequence == "t2_space"


def test_masks_that_dont_fit_are_told(sources: Any) -> None:
    for number in (1, 2, 3, 4):
        sources.picture(f"spider_masks/images/12_t2_SPACE_slice{number}.png", number)
    sources.picture("spider_masks/images/odd.png", 5)
    _mask(sources, "12_t2_SPACE_slice1.png", np.zeros((64, 47)))
    _mask(sources, "12_t2_SPACE_slice2.png", np.full((64, 48), 4))
    (sources.folder("spider_masks") / "masks" / "12_t2_SPACE_slice3.png").write_bytes(b"no mask")
    _mask(sources, "13_t2_SPACE_slice1.png", np.zeros((64, 48)))
    (case,), refused = sources.map("spider_masks")
    assert [image.mask for image in case.images] == [None] * 4
    assert "Slice 4 has no mask." in case.warnings
    assert {(file, reason) for file, _, reason in sources.told(refused)} == {
        ("odd.png", "The name has another form than patient_t2_SPACE_sliceN."),
        ("13_t2_SPACE_slice1.png", "No picture belongs to this mask."),
        ("12_t2_SPACE_slice1.png", "The mask has another size than its picture."),
        ("12_t2_SPACE_slice2.png", "The mask holds other labels than 0 to 3."),
        ("12_t2_SPACE_slice3.png", "The mask is damaged or cut off."),
    }


def test_slices_without_patients_share_one(sources: Any) -> None:
    place, seen = next((p, v) for p, v in views().items() if v.mid_sagittal and "sudirman" in p)
    sources.picture(f"sudirman/{Path(place).name}", 1)
    sources.picture("sudirman/unlisted.png", 2)
    cases, refused = sources.map("sudirman")
    assert not refused
    assert {case.patient for case in cases} == {"sudirman/unknown"}
    images = {Path(case.images[0].path).name: case.images[0] for case in cases}
    listed = images[Path(place).name]
    assert (listed.plane, listed.sequence) == ("sagittal", seen.sequence)
    assert listed.facts == {"mid_sagittal": "yes"}
    assert images["unlisted.png"].plane == "unknown"


@pytest.mark.parametrize("key", ["sudirman", "spider_masks"])
def test_a_folder_without_pictures_fails(sources: Any, key: str) -> None:
    sources.folder(key)
    with pytest.raises(CaseError, match="no picture"):
        sources.map(key)


@pytest.mark.data
def test_the_staged_radiographs_and_slices_map_whole(shared_data: Path, sources: Any) -> None:
    own = sources.source("kauh")
    for mapper, key, place, number in (
        (kauh.units, "kauh", "kauh_xray", 272),
        (sudirman.units, "sudirman", "sudirman_slices", 198),
    ):
        source = Source(key, shared_data, shared_data / place, own.studies, own.keys)
        units = [unit.work() for unit in mapper(source)]
        assert not [refused for unit in units for refused in unit.refused]
        cases = [case for unit in units for case in unit.cases]
        assert len(cases) == number
        if key == "kauh":
            assert sum("age_years" in case.facts for case in cases) == 271
            assert sum("sex" in case.facts for case in cases) == 269
            assert sum(bool(case.findings) for case in cases) == 239
