"""Series are split, ordered and turned upright; facts come from the header."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from radixgpt.errors import InputError
from radixgpt.reading import content_hash, ordering, read
from radixgpt.study import BodyRegion, Modality, Plane, Sequence

Write = Callable[..., Path]
AXIAL = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]
CORONAL = [1.0, 0.0, 0.0, 0.0, 0.0, -1.0]
SAGITTAL = [0.0, 1.0, 0.0, 0.0, 0.0, -1.0]


def test_stack_is_ordered_along_the_normal_whatever_the_names(write_stack: Write) -> None:
    study = read(write_stack([8.0, 4.0, 0.0, -4.0, -8.0]))
    (series,) = study.series
    assert series.key == "s1"
    assert series.pixels.shape == (5, 12, 16)
    assert series.pixels.dtype == np.float32
    assert series.geometry is not None
    assert [p[0] for p in series.geometry.positions or ()] == [8.0, 4.0, 0.0, -4.0, -8.0]
    assert series.geometry.slice_gap == pytest.approx(4.0)
    assert series.geometry.spacing == (0.75, 0.5)
    assert len(set(series.instances)) == 5
    reverse = read(write_stack([-8.0, -4.0, 0.0, 4.0, 8.0], folder="reverse"))
    assert np.array_equal(reverse.series[0].pixels[::-1], series.pixels)


def test_header_facts_and_technique(write: Write) -> None:
    (series,) = read(write("a.dcm", Manufacturer="SIEMENS Healthineers")).series
    assert series.modality is Modality.MR
    assert series.plane is Plane.SAGITTAL
    assert series.sequence is Sequence.T2
    assert series.region is BodyRegion.LUMBAR
    assert set(series.facts_from.values()) == {"header"}
    assert series.technique == {
        "field_strength_t": 1.5,
        "echo_time_ms": 102.0,
        "repetition_time_ms": 3500.0,
        "slice_thickness_mm": 4.0,
        "manufacturer": "Siemens",
    }
    assert series.contrast_agent is None
    assert not series.synthetic


def test_facts_that_are_not_recorded_stay_unknown(write: Write) -> None:
    elements = (
        "ScanningSequence EchoTime RepetitionTime BodyPartExamined ImageOrientationPatient "
        "Modality SOPClassUID MagneticFieldStrength SliceThickness"
    )
    (series,) = read(write("a.dcm", **dict.fromkeys(elements.split()))).series
    assert series.modality is Modality.UNKNOWN
    assert series.plane is Plane.UNKNOWN
    assert series.sequence is Sequence.UNKNOWN
    assert series.region is BodyRegion.UNKNOWN
    assert set(series.facts_from.values()) == {"none"}
    assert series.technique == {}
    assert series.geometry is None
    assert not series.has_millimetres()


@pytest.mark.parametrize(
    ("elements", "agent"),
    [
        ({"ContrastBolusAgent": "GADOBUTROL"}, True),
        ({"ContrastBolusAgent": "NONE"}, False),
        ({"ContrastBolusAgent": ""}, None),
        ({}, None),
    ],
)
def test_contrast_agent_only_if_recorded(
    write: Write, elements: dict[str, str], agent: bool | None
) -> None:
    assert read(write("a.dcm", **elements)).series[0].contrast_agent is agent


def test_maker_comes_from_a_closed_list(write: Write) -> None:
    (series,) = read(write("a.dcm", Manufacturer="Dr. Jane Doe, private scanner")).series
    assert "manufacturer" not in series.technique


def test_two_contrasts_are_two_series_in_the_order_of_their_numbers(write: Write) -> None:
    write("x/0.dcm", SeriesInstanceUID="1.2.3", SeriesNumber=7, EchoTime=12, RepetitionTime=550)
    path = write("x/1.dcm", SeriesInstanceUID="1.2.4", SeriesNumber=3)
    study = read(path.parent)
    assert [(s.key, s.sequence) for s in study.series] == [
        ("s1", Sequence.T2),
        ("s2", Sequence.T1),
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"EchoTime": 12.0},
        {"PixelSpacing": [0.5, 0.5]},
        {"ImageOrientationPatient": [0.0, 1.0, 0.0, 0.1, 0.0, -0.995]},
        {"DiffusionBValue": 800.0},
        {"ImagePositionPatient": None},
    ],
)
def test_one_series_of_the_source_is_split_where_slices_differ(
    write: Write, change: dict[str, Any]
) -> None:
    write("x/0.dcm", np.full((12, 16), 1, np.uint16))
    changed = {"ImagePositionPatient": [4.0, -50.0, 60.0], "InstanceNumber": 2, **change}
    path = write("x/1.dcm", np.full((12, 16), 2, np.uint16), **changed)
    study = read(path.parent)
    assert [s.slices for s in study.series] == [1, 1]
    assert all(ordering.SPLIT in s.warnings for s in study.series)


def test_another_matrix_splits(write: Write) -> None:
    write("x/0.dcm", np.zeros((12, 16), np.uint16))
    path = write("x/1.dcm", np.zeros((16, 12), np.uint16), InstanceNumber=2)
    assert sorted(s.pixels.shape for s in read(path.parent).series) == [(1, 12, 16), (1, 16, 12)]


def test_three_plane_localizer_is_split_and_named(write: Write) -> None:
    for number, orientation in enumerate((SAGITTAL, AXIAL, CORONAL)):
        path = write(
            f"x/{number}.dcm",
            np.full((12, 16), number, np.uint16),
            ImageOrientationPatient=orientation,
            InstanceNumber=number,
            EchoTime=5,
            RepetitionTime=20,
            ScanningSequence="GR",
        )
    study = read(path.parent)
    assert {s.plane for s in study.series} == {Plane.SAGITTAL, Plane.AXIAL, Plane.CORONAL}
    assert {s.sequence for s in study.series} == {Sequence.LOCALIZER}


def test_duplicates_are_dropped_with_a_warning(write_stack: Write) -> None:
    folder = write_stack([4.0, 0.0, -4.0])
    original = next(iter(sorted(folder.iterdir())))
    (folder / "copy.dcm").write_bytes(original.read_bytes())
    (series,) = read(folder).series
    assert series.slices == 3
    assert series.warnings == (ordering.DUPLICATES.format(1),)
    assert series.geometry is not None
    assert series.geometry.slice_gap == pytest.approx(4.0)


def test_equal_pixels_at_one_place_are_a_duplicate_under_any_identifier(write: Write) -> None:
    write("x/0.dcm")
    path = write("x/1.dcm", InstanceNumber=2)
    (series,) = read(path.parent).series
    assert series.slices == 1
    assert ordering.DUPLICATES.format(1) in series.warnings


def test_blank_slices_at_different_places_are_no_duplicates(write: Write) -> None:
    for number in range(3):
        path = write(
            f"x/{number}.dcm",
            np.zeros((12, 16), np.uint16),
            ImagePositionPatient=[4.0 * number, 0, 0],
            InstanceNumber=number,
        )
    assert read(path.parent).series[0].slices == 3


def test_other_pixels_at_one_place_become_a_series_of_their_own(write: Write) -> None:
    for number in range(6):
        path = write(
            f"x/{number}.dcm",
            np.full((12, 16), number, np.uint16),
            ImagePositionPatient=[4.0 * (number % 3), 0, 0],
            InstanceNumber=number,
        )
    series = read(path.parent).series
    assert [s.slices for s in series] == [3, 3]
    assert {float(v) for v in series[0].pixels[:, 0, 0]} == {0.0, 1.0, 2.0}


@pytest.mark.parametrize("places", [[8.0, 4.0, -4.0, -8.0], [8.0, 4.0, -4.0]])
def test_missing_slice_is_warned_about_and_not_measured_across(
    write_stack: Write, places: list[float]
) -> None:
    (series,) = read(write_stack(places)).series
    assert ordering.MISSING in series.warnings
    assert series.geometry is not None
    assert series.geometry.slice_gap is None


def test_evenly_missing_slices_are_told_by_the_stated_distance(write_stack: Write) -> None:
    (series,) = read(write_stack([8.0, 0.0, -8.0], SpacingBetweenSlices=4.0)).series
    assert ordering.MISSING in series.warnings


def test_uneven_slices_are_warned_about(write_stack: Write) -> None:
    (series,) = read(write_stack([8.0, 4.0, 0.0, -4.8])).series
    assert ordering.UNEVEN in series.warnings
    assert series.geometry is not None
    assert series.geometry.slice_gap is None


def test_askew_stack_is_not_measured_across(write: Write) -> None:
    for number in range(4):
        path = write(
            f"x/{number}.dcm",
            np.full((12, 16), number, np.uint16),
            ImagePositionPatient=[4.0 * number, 1.0 * number, 0],
            InstanceNumber=number,
        )
    (series,) = read(path.parent).series
    assert ordering.ASKEW_STACK in series.warnings
    assert series.geometry is not None
    assert series.geometry.slice_gap is None


def test_without_position_there_are_no_millimetres_but_a_plane(write: Write) -> None:
    (series,) = read(write("a.dcm", ImagePositionPatient=None)).series
    assert series.plane is Plane.SAGITTAL
    assert series.geometry is None
    assert any("millimetres" in warning for warning in series.warnings)


def test_without_places_the_instance_numbers_order(write: Write) -> None:
    for number in (2, 0, 1):
        path = write(
            f"x/{(number * 2) % 3}.dcm",
            np.full((12, 16), number, np.uint16),
            ImagePositionPatient=None,
            InstanceNumber=number,
        )
    (series,) = read(path.parent).series
    assert [float(v) for v in series.pixels[:, 0, 0]] == [0.0, 1.0, 2.0]


def test_letters_give_plane_and_direction_but_no_place(write: Write) -> None:
    pixels = np.arange(12 * 16, dtype=np.uint16).reshape(12, 16)
    elements = {"ImageOrientationPatient": None, "PatientOrientation": ["A", "F"]}
    (series,) = read(write("a.dcm", pixels, **elements)).series
    assert series.plane is Plane.SAGITTAL
    assert series.geometry is None
    assert np.array_equal(series.pixels[0], pixels[:, ::-1])


@pytest.mark.parametrize(
    "cosines",
    [[0, 0, 0, 0, 0, 0], [1, 0, 0, 1, 0, 0], [0.5, 0, 0, 0, 1, 0], [1, 0, 0]],
)
def test_impossible_direction_cosines_are_not_used(write: Write, cosines: list[float]) -> None:
    (series,) = read(write("a.dcm", ImageOrientationPatient=cosines)).series
    assert series.plane is Plane.UNKNOWN
    assert series.geometry is None


_AXES = (
    [1.0, 0.0, 0.0],
    [-1.0, 0.0, 0.0],
    [0.0, 1.0, 0.0],
    [0.0, -1.0, 0.0],
    [0.0, 0.0, 1.0],
    [0.0, 0.0, -1.0],
)
_PAIRS = [(r, c) for r, c in itertools.product(_AXES, _AXES) if not np.dot(r, c)]


@pytest.mark.parametrize(("row", "column"), _PAIRS)
def test_every_orientation_is_turned_upright_and_keeps_its_place(
    write: Write, row: list[float], column: list[float]
) -> None:
    """The value of each pixel is made from its place in the patient and must still be there."""
    start, spacing = np.array([-7.0, 11.0, 5.0]), (0.75, 0.5)

    def value_at(point: np.ndarray) -> np.ndarray:
        return 500 + point @ np.array([1.0, 8.0, 40.0])

    rows, columns = np.mgrid[:12, :16]
    points = (
        start
        + columns[..., None] * spacing[1] * np.asarray(row)
        + rows[..., None] * spacing[0] * np.asarray(column)
    )
    path = write(
        "a.dcm",
        np.round(4 * value_at(points)).astype(np.uint16),
        ImageOrientationPatient=[*row, *column],
        ImagePositionPatient=list(start),
    )
    (series,) = read(path).series
    geometry = series.geometry
    assert geometry is not None
    assert geometry.orientation is not None
    assert geometry.positions is not None
    along_row, along_column = np.array(geometry.orientation[:3]), np.array(geometry.orientation[3:])
    wanted = {
        Plane.SAGITTAL: ([0, 1, 0], [0, 0, -1]),
        Plane.AXIAL: ([1, 0, 0], [0, 1, 0]),
        Plane.CORONAL: ([1, 0, 0], [0, 0, -1]),
    }[series.plane]
    assert np.array_equal(along_row, wanted[0])
    assert np.array_equal(along_column, wanted[1])
    rows, columns = np.mgrid[: series.pixels.shape[1], : series.pixels.shape[2]]
    points = (
        np.array(geometry.positions[0])
        + columns[..., None] * geometry.spacing[1] * along_row
        + rows[..., None] * geometry.spacing[0] * along_column
    )
    assert np.allclose(series.pixels[0], np.round(4 * value_at(points)))


def test_oblique_slices_of_no_plane_are_left_alone(write: Write) -> None:
    n = 1 / np.sqrt(3)
    row = np.array([1, -1, 0]) / np.sqrt(2)
    column = np.cross([n, n, n], row)
    pixels = np.arange(12 * 16, dtype=np.uint16).reshape(12, 16)
    (series,) = read(
        write("a.dcm", pixels, ImageOrientationPatient=[float(v) for v in (*row, *column)])
    ).series
    assert series.plane is Plane.UNKNOWN
    assert np.array_equal(series.pixels[0], pixels)
    assert series.geometry is not None


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(order=st.permutations(range(5)))
def test_names_never_change_what_is_read(
    tmp_path_factory: pytest.TempPathFactory, make: Callable[..., Any], order: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("any")
    for name, number in enumerate(order):
        made = make(
            np.full((4, 4), number, np.uint16),
            ImagePositionPatient=[-4.0 * number, 0.0, 0.0],
            SOPInstanceUID=f"1.2.3.{number + 1}",
            InstanceNumber=1,
        )
        made.save_as(folder / f"{name}.dcm", enforce_file_format=True)
    study = read(folder, salt=b"salt")
    assert [float(v) for v in study.series[0].pixels[:, 0, 0]] == [0.0, 1.0, 2.0, 3.0, 4.0]
    instances = study.series[0].instances
    assert instances == read(folder, salt=b"salt").series[0].instances


def test_synthetic_objects_are_marked(write: Write) -> None:
    elements = {"ContentQualification": "RESEARCH", "ImageComments": "SYNTHETIC phantom"}
    assert read(write("a.dcm", **elements)).synthetic
    assert not read(write("b.dcm", ContentQualification="RESEARCH")).synthetic


def test_content_hash_depends_on_pixels_alone(write: Write) -> None:
    first = read(write("a.dcm"), salt=b"1")
    same = read(write("b.dcm", PatientID="X", EchoTime=12, RepetitionTime=500), salt=b"2")
    other = read(write("c.dcm", np.ones((12, 16), np.uint16)))
    assert content_hash(first) == content_hash(same)
    assert content_hash(first) != content_hash(other)
    assert len(content_hash(first)) == 64


def test_nothing_at_the_path(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path / "JANE_DOE_1970")
    assert "DOE" not in str(caught.value)
    with pytest.raises(InputError, match="empty"):
        read(tmp_path)
