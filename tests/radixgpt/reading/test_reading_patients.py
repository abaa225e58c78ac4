"""One patient and one examination are read, whatever lies in the folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from radixgpt.errors import MixedPatientsError
from radixgpt.reading import read

Write = Callable[..., Path]


def test_two_patients_stop_the_reading(write: Write) -> None:
    write("x/0.dcm")
    path = write("x/1.dcm", PatientID="OTHER", PatientName="ROE^RICHARD")
    with pytest.raises(MixedPatientsError, match="more than one patient"):
        read(path.parent)


@pytest.mark.parametrize(
    "second",
    [
        {"PatientID": "HOSPITAL-4712"},
        {"PatientName": "ROE^RICHARD"},
        {"PatientBirthDate": "19700102"},
        {"PatientSex": "M"},
        {"PatientID": "HOSPITAL-4712", "Modality": "SR"},
        {"PatientID": "HOSPITAL-4712", "PixelData": b"\0\0"},
    ],
)
def test_any_sign_of_a_second_patient_stops_the_reading(
    write: Write, second: dict[str, Any]
) -> None:
    write("x/0.dcm", PatientBirthDate="19700101", PatientSex="F")
    path = write("x/1.dcm", **{"PatientBirthDate": "19700101", "PatientSex": "F", **second})
    with pytest.raises(MixedPatientsError):
        read(path.parent)


@pytest.mark.parametrize(
    "second", [{"PatientName": "Doe^Jane^Maria"}, {"PatientName": ""}, {"PatientID": ""}]
)
def test_one_patient_may_be_written_differently(write: Write, second: dict[str, str]) -> None:
    write("x/0.dcm")
    path = write(
        "x/1.dcm", np.ones((12, 16), np.uint16), ImagePositionPatient=[4, -50, 60], **second
    )
    assert read(path.parent).series[0].slices == 2


def test_of_two_examinations_the_larger_is_read(write: Write) -> None:
    write("x/0.dcm", StudyInstanceUID="1.2.9", SeriesInstanceUID="1.2.9.1")
    for number in range(2):
        path = write(
            f"x/{number + 1}.dcm",
            np.full((12, 16), number, np.uint16),
            ImagePositionPatient=[4.0 * number, 0, 0],
        )
    study = read(path.parent)
    assert [s.slices for s in study.series] == [2]
    assert [(q.name, q.reason) for q in study.quarantine] == [("object 1", "other-study")]
    assert study.warnings
