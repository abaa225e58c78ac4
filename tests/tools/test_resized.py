"""A length that is dictated is read with its level, quantity and direction, and no other is."""

from __future__ import annotations

from typing import Any

import pytest

from tools.router import Call, Previous, load_router, routes

LOOKED = Previous(Call("measure", {"levels": ["L4-L5"], "quantities": ["slip"]}))


def calls(text: str, before: Previous | None = None) -> list[tuple[str, dict[str, Any]]]:
    return [(one.call.tool, dict(one.call.args)) for one in routes(load_router(), text, before)]


def wanted(level: str, quantity: str, size: float, **more: str) -> tuple[str, dict[str, Any]]:
    return "set_measure", {"level": level, "quantity": quantity, "millimetres": size, **more}


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("set the slip at L4-L5 to 7 mm", wanted("L4-L5", "slip", 7.0)),
        ("the canal at L3-L4 is 11 mm", wanted("L3-L4", "canal", 11.0)),
        ("change disc height L5-S1 to 6 mm", wanted("L5-S1", "disc_height", 6.0)),
        ("the canal at L4/5 is 5 mm, change it", wanted("L4-L5", "canal", 5.0)),
        ("can you set the slip at L4-L5 to 7 mm?", wanted("L4-L5", "slip", 7.0)),
        ("change the slip at L4-L5 from 5.2 mm to 7 mm", wanted("L4-L5", "slip", 7.0)),
        ("the slip at L4-L5 is 7 mm, not 5 mm", wanted("L4-L5", "slip", 7.0)),
        ("set the slip at L4-L5 to 7,5 mm", wanted("L4-L5", "slip", 7.5)),
        ("set the slip at L4-L5 to 0.7 cm", wanted("L4-L5", "slip", 7.0)),
        ("I measured the canal at L4-L5 as 9 mm", wanted("L4-L5", "canal", 9.0)),
        ("set slip L4-L5 to posterior 4 mm", wanted("L4-L5", "slip", 4.0, direction="posterior")),
        ("retrolisthesis at L3-L4 is 4 mm", wanted("L3-L4", "slip", 4.0, direction="posterior")),
        ("the slip at L4-L5 measures 7 mm anterior",
         wanted("L4-L5", "slip", 7.0, direction="anterior")),
        ("the slip of 5 mm at L4-L5 should be set to 7 mm",
         wanted("L4-L5", "slip", 7.0)),
        ("I said set the slip at L4-L5 to 7 mm", wanted("L4-L5", "slip", 7.0)),
        ("set slip L4-L5 - 7 mm", wanted("L4-L5", "slip", 7.0)),  # the dash parts, and is no sign
        ("set the slip at L4-L5 to 70 mm", wanted("L4-L5", "slip", 70.0)),  # the tool refuses it
    ],
)  # fmt: skip
def test_a_length_is_dictated(text: str, call: tuple[str, dict[str, Any]]) -> None:
    assert calls(text) == [call]


@pytest.mark.parametrize("text", ["the slip is 7 mm", "set it to 7 mm", "make that 7 mm please"])
def test_what_is_not_said_is_of_the_turn_before(text: str) -> None:
    assert calls(text, LOOKED) == [wanted("L4-L5", "slip", 7.0)]
    assert calls(text)[0][0] == "ask_back"


@pytest.mark.parametrize(
    "text",
    [
        "what is the slip at L4-L5?", "is the slip at L4-L5 7 mm?", "how many mm is the slip?",
        "the slip at L4-L5 is 7 mm, right?", "why is the slip at L4-L5 5 mm",
        "if the slip at L4-L5 is 7 mm what grade is it", "you say the slip at L4-L5 is 5 mm",
        "the slip at L4-L5 is more than 7 mm", "the slip at L4-L5 was 7 mm",
        "the letter says the canal at L4-L5 is 9 mm", "don't set the slip at L4-L5 to 7 mm",
        "what would happen if I set the slip at L4-L5 to 7 mm", "slip in mm at L4-L5",
        'the report says "set the slip at L4-L5 to 7 mm"',
        "my colleague said: set the slip at L4-L5 to 7 mm",
        "set the slip at L4-L5 to 7 mm in the prior", "the slip at L4-L5 on the old film is 7 mm",
        "set the slip at L4-L5 to 7 mm unless it is larger", "the slip at L4-L5 is probably 7 mm",
        "I guess the slip at L4-L5 is 7 mm", "the slice thickness is 7 mm at L4-L5",
        "set L4-L5 to Pfirrmann 3", "the herniation at L4-L5 is 7 mm",
    ],
)  # fmt: skip
def test_a_question_a_supposition_and_anothers_word_set_nothing(text: str) -> None:
    for before in (None, LOOKED):
        assert "set_measure" not in [tool for tool, _ in calls(text, before)]


@pytest.mark.parametrize(
    "text",
    [
        "set the slip at L4-L5 to 25%", "set slip at L4-L5 to 7 mm and the canal to 9 mm",
        "set the disc height at L4-L5 and L5-S1 to 6 mm", "set the slip at L4-L5 to 5 mm or 7 mm",
        "set the slip at L4-L5 to -7 mm", "set the slip at L4-L5 to minus 7 mm",
        "set the slip at L4-L5 to −7 mm", "set the slip at L4-L5 to 7-8 mm",
        "set the slip at L4-L5 to 7 to 8 mm", "set the slip at L4-L5 to 7 mm up to 8 mm",
        "set the slip at L4-L5 to 7 mm anterior and posterior",
    ],
)  # fmt: skip
def test_what_can_not_be_set_at_once_is_told(text: str) -> None:
    assert calls(text) == [("told", {"topic": "measured"})]


def test_no_such_level_is_told() -> None:
    for text in ("set the slip at L9-L10 to 7 mm", "the canal at T12-L1 is 11 mm"):
        assert calls(text)[0][0] == "not_assessed"


def test_a_yes_with_the_same_number_is_a_yes_and_another_number_a_new_offer() -> None:
    offered = Previous(Call(*wanted("L4-L5", "slip", 7.0)), pending=True)
    for text in ("yes", "yes, set it to 7 mm", "go ahead"):
        assert calls(text, offered) == [("confirm_change", {"accept": True})]
    assert calls("no", offered) == [("confirm_change", {"accept": False})]
    assert calls("make it 6 mm", offered) == [wanted("L4-L5", "slip", 6.0)]
