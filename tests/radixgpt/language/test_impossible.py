"""Levels and grades that there are not, and such as only look like it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radixgpt.language.impossible import find_impossible
from radixgpt.level import DISCS, VERTEBRAE


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Modic 2 at L9-L10", ["L9-L10"]),
        ("herniation at L0/L1 and T13", ["L0/L1", "T13"]),
        ("disc bulge at L4-L4", ["L4-L4"]),
        ("bulge at C1-C2", ["C1-C2"]),
        ("Pfirrmann grade 7 at L4-L5", ["Pfirrmann grade 7"]),
        ("Pfirrmann 3.5", ["Pfirrmann 3.5"]),
        ("Modic type V changes", ["Modic type V"]),
        ("type 4 Modic changes at L6", ["L6", "type 4 Modic"]),
        ("Meyerding grade 6", ["Meyerding grade 6"]),
    ],
)
def test_what_there_is_not_is_named_as_it_was_written(text: str, named: list[str]) -> None:
    found = find_impossible(text)
    assert [one.named for one in found] == named
    assert all(one.allowed.endswith(".") for one in found)


@pytest.mark.parametrize(
    "text",
    ["Pfirrmann grade IV at L4/5, L5-1 and D12-L1", "Modic 2/3 at L45 and LV5/SV1", "C8 root",
     "compressing the C8 nerve", "T2 signal", "T2* image", "L2-S1", "L4,5", "Modic changes at L4",
     "pfirrmann 3-4", "canal of 12 mm", ""],
)  # fmt: skip
def test_what_there_is_is_left_alone(text: str) -> None:
    assert find_impossible(text) == ()


@given(st.sampled_from((*DISCS, *VERTEBRAE)), st.sampled_from(("at {}", "{}: bulge", "({})")))
def test_no_level_is_called_impossible(level: str, around: str) -> None:
    assert find_impossible(around.format(level)) == ()


@given(st.text(max_size=80))
def test_any_text_can_be_looked_at(text: str) -> None:
    for one in find_impossible(text):
        assert one.named
