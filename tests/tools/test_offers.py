"""A change hangs on a yes or a choice: what says anything else is no answer to an offer."""

from __future__ import annotations

import pytest

from tools.router import Call, Previous, load_router
from tools.router.offers import chosen
from tools.router.resolve import resolve
from tools.router.slots import read

WAITING = Previous(
    Call("set_grade", {"level": "L4-L5", "kind": "pfirrmann", "value": "2"}), pending=True
)
UP_OR_DOWN = (Call("shift_numbering", {"by": 1}), Call("shift_numbering", {"by": -1}))
BESIDE_L5 = tuple(
    Call("get_findings", {"levels": [disc], "kinds": ["pfirrmann"]}) for disc in ("L4-L5", "L5-S1")
)


@pytest.mark.parametrize(
    "text", ["yes", "Yes, please.", "ok do it", "yes, set L4-L5 to 2", "go ahead", "yess", "sure"]
)
def test_a_yes_carries_the_change_out(text: str) -> None:
    assert load_router().route(text, WAITING).call == Call("confirm_change", {"accept": True})


@pytest.mark.parametrize(
    "text",
    [
        "pfirrmann at L6-L7", "prove it", "yes but L3-L4", "yes, make it 3", "yes?", "herniation",
        "finalize", "new patient", "the modic type, yes", "is that right?", "si", "👍", "",
    ],
)  # fmt: skip
def test_what_is_no_plain_yes_changes_nothing(text: str) -> None:
    call = load_router().route(text, WAITING).call
    assert call != Call("confirm_change", {"accept": True})
    assert resolve("yes", read(text), WAITING) != Call("confirm_change", {"accept": True})


@pytest.mark.parametrize(
    ("text", "by"),
    [("up", 1), ("down please", -1), ("the second one", -1), ("2", -1), ("up by two", 2)],
)
def test_a_direction_is_an_answer_to_up_or_down(text: str, by: int) -> None:
    assert chosen(read(text), UP_OR_DOWN) == Call("shift_numbering", {"by": by})


@pytest.mark.parametrize(
    "text",
    [
        "what is up with L4-L5?", "show me the level above L5-S1", "is the upper one narrowed?",
        "L4-L5", "herniation at the lower levels", "is L4-L5 the first?", "ok thanks",
    ],
)  # fmt: skip
def test_a_question_is_no_answer_to_up_or_down(text: str) -> None:
    assert chosen(read(text), UP_OR_DOWN) is None


def test_a_level_answers_which_level_and_another_finding_does_not() -> None:
    assert chosen(read("L5-S1"), BESIDE_L5) == BESIDE_L5[1]
    assert chosen(read("L2-L3 I mean"), BESIDE_L5) == Call(
        "get_findings", {"levels": ["L2-L3"], "kinds": ["pfirrmann"]}
    )
    assert chosen(read("herniation at L4-L5"), BESIDE_L5) is None
    assert chosen(read("L9-S4"), BESIDE_L5) is None


@pytest.mark.parametrize(
    ("text", "means_it"),
    [("yes", True), ("exactly", True), ("right side?", False), ("please show the report", False)],
)
def test_one_reading_is_taken_by_a_yes_alone(text: str, means_it: bool) -> None:
    undo = (Call("undo"),)
    assert (chosen(read(text), undo) is not None) is means_it


@pytest.mark.parametrize("text", ["up", "down", "Upwards."])
def test_a_direction_that_was_not_asked_for_moves_nothing(text: str) -> None:
    before = Previous(Call("get_findings", {"levels": ["L4-L5"]}), focus="L4-L5")
    for previous in (None, before):
        route = load_router().route(text, previous)
        assert (route.call.tool, route.options) == ("ask_back", ())
