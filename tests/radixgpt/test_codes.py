"""The table of codes: every check digit holds, and wrong digits are seen."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radixgpt import codes
from radixgpt.check_digits import Scheme, check_digit_holds
from radixgpt.errors import LevelError
from radixgpt.report import SECTIONS

ALL = codes.all_codes()


@pytest.mark.parametrize("code", ALL, ids=lambda c: f"{c.scheme}-{c.value}")
def test_check_digit_of_every_code(code: codes.Code) -> None:
    assert check_digit_holds(code.scheme, code.value)
    assert code.meaning
    assert code.source


def test_a_code_stands_for_one_thing() -> None:
    meanings: dict[tuple[str, str], set[str]] = {}
    for code in ALL:
        meanings.setdefault((code.scheme, code.value), set()).add(code.meaning)
    assert all(len(found) == 1 for found in meanings.values())


@pytest.mark.parametrize(
    ("scheme", "value"),
    [
        ("LN", "24972-8"),  # met in public code for lumbar radiographs
        ("LN", "18756-8"),
        ("LN", "187567"),
        ("LN", "a-1"),
        ("SCT", "715056001"),
        ("SCT", "07105600"),
        ("SCT", "62551"),
        ("RADELEMENT", "RID300"),
    ],
)
def test_wrong_codes_are_seen(scheme: Scheme, value: str) -> None:
    assert not check_digit_holds(scheme, value)


@settings(deadline=None)
@given(st.sampled_from([c for c in ALL if c.scheme in ("LN", "SCT")]), st.data())
def test_one_wrong_digit_is_always_seen(code: codes.Code, data: st.DataObject) -> None:
    places = [i for i, c in enumerate(code.value) if c.isdigit()]
    place = data.draw(st.sampled_from(places))
    digit = data.draw(st.sampled_from([d for d in "0123456789" if d != code.value[place]]))
    wrong = code.value[:place] + digit + code.value[place + 1 :]
    assert not check_digit_holds(code.scheme, wrong)


@settings(deadline=None)
@given(st.sampled_from([c for c in ALL if c.scheme == "SCT"]), st.data())
def test_swapped_neighbours_are_seen_in_snomed(code: codes.Code, data: st.DataObject) -> None:
    places = [i for i in range(len(code.value) - 1) if code.value[i] != code.value[i + 1]]
    i = data.draw(st.sampled_from(places))
    swapped = code.value[:i] + code.value[i + 1] + code.value[i] + code.value[i + 2 :]
    assert not check_digit_holds("SCT", swapped)


def test_levels_have_their_codes() -> None:
    assert codes.level_code("L4/5") == codes.DISCS["L4-L5"]
    assert codes.level_code("L4") == codes.VERTEBRAE["L4"]
    assert codes.level_code("T10-T11") is None
    with pytest.raises(LevelError):
        codes.level_code("the spine")


def test_every_coded_section_is_a_section() -> None:
    assert set(codes.SECTIONS) <= set(SECTIONS)


@pytest.mark.parametrize(
    ("without", "with_", "name"),
    [
        (None, None, "mr-lumbar"),
        (True, False, "mr-lumbar-without"),
        (False, True, "mr-lumbar-with"),
        (True, True, "mr-lumbar-without-and-with"),
        (True, None, "mr-lumbar"),
    ],
)
def test_contrast_is_coded_only_as_recorded(
    without: bool | None, with_: bool | None, name: str
) -> None:
    assert codes.mr_lumbar_exam(without_contrast=without, with_contrast=with_) == codes.EXAMS[name]
