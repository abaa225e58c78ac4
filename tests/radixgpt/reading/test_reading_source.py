"""The original headers of a study: found again for exports, and told to nobody."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from radixgpt.errors import InputError, MixedPatientsError
from radixgpt.reading import read
from radixgpt.reading.orientation import Turn
from radixgpt.reading.source import read_source

IDENTITY = ("DOE", "JANE", "HOSPITAL-4711")


def test_each_slice_is_found_in_its_object(write: Any, tmp_path: Path) -> None:
    for number in (3, 1, 2):  # in no order
        write(f"{number}", InstanceNumber=number,
              ImagePositionPatient=[5.0 * number, -50.0, 60.0])  # fmt: skip
    study, source = read_source(tmp_path)
    assert source is not None
    for index in range(3):
        header = source.slice("s1", index).header
        assert float(header.ImagePositionPatient[0]) == study.series[0].geometry.positions[index][0]  # type: ignore[index, union-attr]
        assert str(header.PatientName) == "DOE^JANE"
    assert len(source.headers) == 3
    with pytest.raises(InputError, match="not known"):
        source.slice("s1", 3)


def test_the_study_is_the_one_that_read_gives(write: Any, tmp_path: Path) -> None:
    write("1")
    study, _ = read_source(tmp_path)
    again = read(tmp_path)
    assert np.array_equal(study.series[0].pixels, again.series[0].pixels)
    assert study.series[0].key == again.series[0].key
    assert study.series[0].instances != again.series[0].instances  # keys of one reading only


def test_nothing_of_a_source_is_shown_by_accident(
    write: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    write("1", PatientName="DOE^JANE^^^" + "X" * 80, PatientID="HOSPITAL-4711" * 9)
    with caplog.at_level(logging.DEBUG):
        study, source = read_source(tmp_path)
    assert source is not None
    told = f"{study!r} {source!r} {source.slice('s1', 0)!r} {caplog.text} {capsys.readouterr()}"
    assert not [part for part in IDENTITY if part in told]


def test_pictures_have_no_source(tmp_path: Path) -> None:
    Image.fromarray(np.arange(4096, dtype=np.uint8).reshape(64, 64)).save(tmp_path / "a.png")
    study, source = read_source(tmp_path)
    assert source is None
    assert study.series


def test_an_object_that_does_not_name_itself_is_no_source(write: Any, tmp_path: Path) -> None:
    write("1", SeriesInstanceUID=None)
    assert read_source(tmp_path)[1] is None


def test_pictures_among_dicom_objects_are_refused(write: Any, tmp_path: Path) -> None:
    write("1")
    Image.fromarray(np.arange(4096, dtype=np.uint8).reshape(64, 64)).save(tmp_path / "a.png")
    with pytest.raises(InputError, match="some are not"):
        read_source(tmp_path)


def test_two_patients_are_no_source(write: Any, tmp_path: Path) -> None:
    write("1")
    write("2", PatientID="OTHER", InstanceNumber=2)
    with pytest.raises(MixedPatientsError):
        read_source(tmp_path)


def test_damaged_objects_beside_are_passed_over(write: Any, tmp_path: Path) -> None:
    write("1")
    (tmp_path / "2").write_bytes((tmp_path / "1").read_bytes()[:400])
    (tmp_path / "3").write_bytes(b"\0" * 128 + b"DICM" + b"\xff" * 200)
    _, source = read_source(tmp_path)
    assert source is not None
    assert len(source.headers) == 1


@pytest.mark.parametrize("swap", [False, True])
@pytest.mark.parametrize("rows", [False, True])
@pytest.mark.parametrize("columns", [False, True])
def test_a_turned_point_is_turned_back(swap: bool, rows: bool, columns: bool) -> None:
    turn = Turn(swap, rows, columns)
    pixels = np.arange(12).reshape(3, 4)
    turned = turn.pixels(pixels)
    for y in range(turned.shape[0]):
        for x in range(turned.shape[1]):
            column, row = turn.back((x, y), turned.shape)
            assert pixels[int(row), int(column)] == turned[y, x]
