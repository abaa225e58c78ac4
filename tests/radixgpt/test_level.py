"""Names of levels: parsing, order and shifting."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radixgpt import level
from radixgpt.errors import LevelError

discs = st.sampled_from(level.DISCS)


def test_names() -> None:
    assert level.VERTEBRAE[0] == "C1"
    assert level.VERTEBRAE[-1] == "S2"
    assert level.DISCS[0] == "C2-C3"
    assert level.DISCS[-1] == "S1-S2"
    assert "C7-T1" in level.DISCS
    assert "T12-L1" in level.DISCS
    assert len(level.DISCS) == len(level.VERTEBRAE) - 2
    assert set(level.LUMBAR_DISCS) < set(level.DISCS)


def test_discs_are_counted_upwards_from_the_lumbosacral_one() -> None:
    assert [level.disc_at(i) for i in range(-1, 6)] == [
        *("S1-S2", "L5-S1", "L4-L5", "L3-L4", "L2-L3", "L1-L2", "T12-L1"),
    ]


@given(disc=discs)
def test_index_is_the_inverse_of_the_name(disc: str) -> None:
    assert level.disc_at(level.disc_index(disc)) == disc
    assert f"{level.vertebra_above(disc)}-{level.vertebra_below(disc)}" == disc


@given(disc=discs, by=st.integers(-3, 3))
def test_shifts_add_up(disc: str, by: int) -> None:
    try:
        moved = level.shift(disc, by)
    except LevelError:
        assert not -1 <= level.disc_index(disc) + by <= level.disc_index("C2-C3")
        return
    assert level.shift(moved, -by) == disc
    assert level.disc_index(moved) - level.disc_index(disc) == by


@pytest.mark.parametrize("index", [-2, len(level.DISCS) - 1, 1000])
def test_there_is_no_disc_beyond_the_spine(index: int) -> None:
    with pytest.raises(LevelError, match="no disc"):
        level.disc_at(index)


@pytest.mark.parametrize(
    ("text", "disc"),
    [
        ("L4-L5", "L4-L5"),
        ("l4/l5", "L4-L5"),
        ("L4/5", "L4-L5"),
        ("L4 5", "L4-L5"),
        ("L45", "L4-L5"),
        ("L4L5", "L4-L5"),
        ("L4–L5", "L4-L5"),
        ("L4 - L5", "L4-L5"),
        ("L5-S1", "L5-S1"),
        ("L5/1", "L5-S1"),
        ("l5 s1", "L5-S1"),
        ("L5S1", "L5-S1"),
        ("T12-L1", "T12-L1"),
        ("T12/L1", "T12-L1"),
        ("C5-6", "C5-C6"),
        ("T9-10", "T9-T10"),
        ("what about L3-L4?", "L3-L4"),
    ],
)
def test_usual_spellings(text: str, disc: str) -> None:
    assert level.parse_disc(text) == disc


@pytest.mark.parametrize(
    "text", ["", "L4", "L2-L5", "L5-L4", "L6-S1", "S1-L5", "x" * 200, "L3-L4 and L4-L5", "disc"]
)
def test_what_names_no_single_disc_is_an_error(text: str) -> None:
    with pytest.raises(LevelError) as caught:
        level.parse_disc(text)
    assert len(caught.value.problem) < 80


def test_all_discs_of_a_text_in_order_each_once() -> None:
    text = "L5-S1 is worse than L4/5, and l5 s1 again; T12-L1 is fine"
    assert level.find_discs(text) == ["L5-S1", "L4-L5", "T12-L1"]


@given(text=st.text(max_size=60))
def test_any_text_gives_known_discs(text: str) -> None:
    found = level.find_discs(text)
    assert set(found) <= set(level.DISCS)
    assert len(found) == len(set(found))


@given(
    disc=discs,
    join=st.sampled_from(["-", "/", " ", " - ", "–", ""]),
    lower=st.booleans(),
    before=st.sampled_from(["", "at ", "("]),
)
def test_every_disc_is_read_in_every_spelling(
    disc: str, join: str, lower: bool, before: str
) -> None:
    text = before + disc.replace("-", join)
    assert level.parse_disc(text.lower() if lower else text) == disc


def test_order_runs_from_head_to_tail() -> None:
    names = ["L5-S1", "S1", "C2", "L5", "L4-L5", "T12-L1", "C2-C3", "L1"]
    assert sorted(names, key=level.order) == [
        *("C2", "C2-C3", "T12-L1", "L1", "L4-L5", "L5", "L5-S1", "S1"),
    ]
    everything = [*level.VERTEBRAE, *level.DISCS]
    assert len({level.order(name) for name in everything}) == len(everything)


@pytest.mark.parametrize("name", ["L7", "", "L4-L6", "l4-l5"])
def test_an_unknown_level_has_no_order(name: str) -> None:
    with pytest.raises(LevelError, match="not a level"):
        level.order(name)
