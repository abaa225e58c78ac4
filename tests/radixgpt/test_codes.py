"""The table of codes: every check digit holds, and wrong digits are seen."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radixgpt import codes
from radixgpt.check_digits import Scheme, check_digit_holds
from radixgpt.report import SECTIONS, StudyFacts
from radixgpt.terminology.page import PATH, page
from radixgpt.terminology.table import anatomy, terms

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
    assert codes.site_code("L4-L5").value == "84020006"
    assert codes.site_code("L4").value == "11994002"
    assert codes.site_code("S1").scheme == "99RADIXGPT"  # none was confirmed
    with pytest.raises(KeyError):
        codes.site_code("the spine")
    assert codes.part_code("canal").value == "61853006"
    with pytest.raises(KeyError):
        codes.part_code("disc")


def test_there_is_one_table() -> None:
    """What two tables would hold stands in one, and the page lists it."""
    listed = {(c.scheme, c.value) for c in ALL}
    assert {("SCT", row.sct) for row in (*anatomy(), *terms()) if row.sct} <= listed
    assert PATH.read_text(encoding="utf-8") == page()


def test_every_coded_section_is_a_section() -> None:
    assert set(codes.SECTIONS) <= set(SECTIONS)


@pytest.mark.parametrize(
    ("modality", "region", "contrast", "value"),
    [
        ("MR", "lumbar", None, "24968-0"),
        ("MR", "lumbar", True, "24968-0"),  # images without may have been made as well
        ("MR", "lumbar", False, "30679-5"),
        ("MR", "cervical", None, "24935-9"),
        ("MR", "cervical", False, "30667-0"),
        ("CT", "thoracic", None, "24978-9"),
        ("DX", "lumbar", None, "24972-2"),
        ("CR", "thoracic", None, "24983-9"),
        ("MR", "whole-spine", None, "18756-7"),
        ("other", "lumbar", None, "18748-4"),
    ],
)
def test_an_exam_is_coded_only_as_recorded(
    modality: str, region: str, contrast: bool | None, value: str
) -> None:
    facts = StudyFacts(
        key="k",
        modality=modality,
        region=region,
        gradable=False,
        reason=None,
        numbering_basis="",
        series=(),
        contrast=contrast,
    )
    assert codes.exam_code(facts).value == value
