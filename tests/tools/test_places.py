"""Levels as they are written: those that exist, and those that don't."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radixgpt.level import LUMBAR_DISCS
from tools.router import Call, Previous
from tools.router.resolve import Ask, resolve
from tools.router.slots import read

BEFORE = Previous(Call("get_findings", {"levels": ["L3-L4"], "kinds": ["pfirrmann"]}))
INTENTS = (
    "findings", "measure", "image", "explain", "remove", "set_grade", "follow_up", "shift", "yes",
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("call L9-S4 pfirrmann 2", "L9-S4"), ("pfirrmann at L6-L7", "L6-L7"), ("modic C9", "C9"),
        ("T13-L1 bulging?", "T13-L1"), ("remove L7-S1", "L7-S1"), ("L6 herniated", "L6"),
        ("what about L4-L9", "L4-L9"), ("l4/7", "L4-L7"), ("L0-L1", "L0-L1"), ("L4-L4", "L4-L4"),
        ("L46 disc", "L46"), ("yes, L8", "L8"), ("show me S9", "S9"), ("th14", "T14"),
    ],
)  # fmt: skip
def test_what_is_no_level_is_refused_whatever_was_spoken_of(text: str, name: str) -> None:
    said = read(text)
    assert said.unknown == (name,)
    assert said.discs == ()
    for intent in INTENTS:
        assert resolve(intent, said, BEFORE) == Call("not_assessed")


@pytest.mark.parametrize(
    ("text", "disc"), [("L4-L3", "L3-L4"), ("S1/L5", "L5-S1"), ("5-4", "L4-L5"), ("l54", "L4-L5")]
)
def test_a_disc_named_upside_down_is_asked_back(text: str, disc: str) -> None:
    said = read(f"pfirrmann at {text}")
    assert (said.discs, said.turned) == ((disc,), True)
    asked = resolve("findings", said, None)
    assert isinstance(asked, Ask)
    assert [option.args["levels"] for option in asked.options] == [[disc]]
    change = resolve("remove", read(f"remove {text}"), None)
    assert isinstance(change, Ask)


@pytest.mark.parametrize(
    ("text", "others"),
    [
        ("T12-L1", ("T12-L1",)), ("t12 l1", ("T12-L1",)), ("C5/6", ("C5-C6",)),
        ("s1 s2", ("S1-S2",)), ("Th11", ("T11",)), ("T11-L2", ("T11-L2",)), ("S3", ("S3",)),
        ("the level above L1-L2", ("T12-L1",)), ("the disc below L5-S1", ("S1-S2",)),
    ],
)  # fmt: skip
def test_levels_outside_of_the_lumbar_discs_are_told_apart(
    text: str, others: tuple[str, ...]
) -> None:
    said = read(f"pfirrmann at {text}")
    assert (said.others, said.unknown, said.discs) == (others, (), ())


@pytest.mark.parametrize(
    "text",
    [
        "T1 and T2",
        "T1/T2",
        "T2-weighted",
        "it's 3 of 5",
        "at 9 o'clock",
        "vitamin C 12",
        "t2 flair",
    ],
)
def test_what_only_looks_like_a_level_is_none(text: str) -> None:
    said = read(text)
    assert (said.unknown, said.others, said.discs) == ((), (), ())


@pytest.mark.parametrize(
    ("text", "disc"),
    [
        ("the level above L5-S1", "L4-L5"), ("one below L3/4", "L4-L5"),
        ("the disc just over L2-L3", "L1-L2"), ("the middle disc", "L3-L4"),
    ],
)  # fmt: skip
def test_a_neighbour_is_counted_from_the_disc_that_is_named(text: str, disc: str) -> None:
    assert read(f"show me {text}").discs == (disc,)


@given(
    letters=st.tuples(st.sampled_from("CTLS"), st.sampled_from("CTLS")),
    numbers=st.tuples(st.integers(0, 14), st.integers(0, 14)),
)
def test_no_pair_is_read_as_a_disc_that_it_does_not_name(
    letters: tuple[str, str], numbers: tuple[int, int]
) -> None:
    first, second = (f"{letter}{n}" for letter, n in zip(letters, numbers, strict=True))
    said = read(f"pfirrmann at {first}-{second}")
    lumbar = ("L1", "L2", "L3", "L4", "L5", "S1")
    if first in lumbar and second in lumbar and first != second:
        ends = {said.discs[0].split("-")[0], said.discs[-1].split("-")[1]}
        assert ends == {first, second}
    elif not {first, second} & {"T1", "T2"}:
        assert not set(said.discs) & set(LUMBAR_DISCS)
        assert said.others or said.unknown


@pytest.mark.parametrize(
    "text",
    [
        "L-4/5", "L4_5", "l4.5", "L4:5", "L four L five", "the fourth lumbar disc",
        "between the fourth and fifth lumbar vertebrae", "L_4-5",
    ],
)  # fmt: skip
def test_odd_spellings_of_a_disc_are_read(text: str) -> None:
    assert read(f"herniation {text}").discs == ("L4-L5",)
