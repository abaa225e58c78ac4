"""Two studies: whether of one patient, and how far apart, told without a name or a date."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from radixgpt.patient import days_between, likeness
from radixgpt.reading import read
from radixgpt.study import Study

Write = Callable[..., Path]
OF_ONE: dict[str, Any] = {"PatientBirthDate": "19600102", "PatientSex": "F"}


@pytest.fixture
def study(write: Write, tmp_path: Path) -> Callable[..., Study]:
    def made(**elements: Any) -> Study:
        return read(write(f"{len(list(tmp_path.rglob('*')))}.dcm", **{**OF_ONE, **elements}))

    return made


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ({}, "same"),
        ({"PatientName": "Doe^Jane^Mary"}, "same"),
        ({"PatientBirthDate": None}, "same"),
        ({"PatientID": None}, "unknown"),
        ({"PatientID": "OTHER-1"}, "different"),
        ({"PatientName": "ROE^JANE"}, "different"),
        ({"PatientBirthDate": "19600103"}, "excluded"),
        ({"PatientSex": "M"}, "excluded"),
    ],
)
def test_likeness(study: Callable[..., Study], other: dict[str, Any], expected: str) -> None:
    one, two = study().subject, study(**other).subject
    assert likeness(one, two) == likeness(two, one) == expected


def test_an_id_that_stands_for_many_proves_nothing(study: Callable[..., Study]) -> None:
    shared = {"PatientID": "ANON", "PatientName": "ANON"}
    assert likeness(study(**shared).subject, study(**shared).subject) == "unknown"
    assert likeness(study().subject, None) == "unknown"


@pytest.mark.parametrize(
    ("before", "after", "days"),
    [
        ({"StudyDate": "20230215"}, {"StudyDate": "20240215"}, 365),
        ({"StudyDate": "20240301"}, {"StudyDate": "20240215"}, -15),
        ({"StudyDate": "20230230"}, {"StudyDate": "20240215"}, None),
        ({}, {"StudyDate": "20240215"}, None),
        ({"StudyDate": "20230215", "LongitudinalTemporalInformationModified": "MODIFIED"},
         {"StudyDate": "20240215"}, None),
        ({"StudyDate": "20230215", "LongitudinalTemporalInformationModified": "MODIFIED"},
         {"StudyDate": "20240215", "LongitudinalTemporalInformationModified": "MODIFIED"}, 365),
        ({"StudyDate": "20230215", "LongitudinalTemporalInformationModified": "REMOVED"},
         {"StudyDate": "20240215", "LongitudinalTemporalInformationModified": "REMOVED"}, None),
    ],
)  # fmt: skip
def test_days_between(
    study: Callable[..., Study], before: dict[str, Any], after: dict[str, Any], days: int | None
) -> None:
    assert days_between(study(**before).subject, study(**after).subject) == days


def test_shifted_dates_of_unproven_patients_tell_nothing(study: Callable[..., Study]) -> None:
    moved = {"LongitudinalTemporalInformationModified": "MODIFIED", "PatientID": None}
    one, two = study(StudyDate="20230215", **moved), study(StudyDate="20240215", **moved)
    assert days_between(one.subject, two.subject) is None


def test_the_day_is_no_date(study: Callable[..., Study]) -> None:
    subject = study(StudyDate="20240215").subject
    assert subject is not None
    assert subject.day is not None
    assert subject.day > 3_000_000  # beyond the ordinal of any date there is
    assert "subject" not in repr(study())
