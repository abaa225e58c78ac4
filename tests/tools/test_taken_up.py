"""Short messages that live on the turn before, and those that turn to a level."""

from __future__ import annotations

from typing import Any

import pytest

from tools.router import Call, Previous, load_router, routes

CAPTION = Call("caption_image")
OF_A_DISC = Call("caption_image", {"level": "L4-L5", "style": "note"})
CASES = Call("find_similar_cases")
AT_L4 = Call("get_findings", {"levels": ["L4-L5"]})
ABNORMAL = Call("get_findings", {"which": "abnormal"})


def _call(text: str, previous: Previous | None) -> Call:
    (route,) = routes(load_router(), text, previous)
    return route.call


@pytest.mark.parametrize(
    ("last", "text", "args"),
    [
        (CAPTION, "And one for L5-S1 alone.", {"level": "L5-S1"}),
        (CAPTION, "same for L5-S1", {"level": "L5-S1"}),
        (CAPTION, "what about L4-L5?", {"level": "L4-L5"}),
        (CAPTION, "and the T1?", {"sequence": "t1"}),
        (CAPTION, "a shorter one", {"style": "brief"}),
        (CAPTION, "another one for L3-L4 as a note", {"level": "L3-L4", "style": "note"}),
        (OF_A_DISC, "and the one below", {"level": "L5-S1", "style": "note"}),
        (OF_A_DISC, "and for the whole study", {"style": "note"}),
        (CASES, "and for L5-S1", {"level": "L5-S1"}),
        (CASES, "five more", {"count": 5}),
    ],
)
def test_what_a_tool_just_did_is_taken_up(last: Call, text: str, args: dict[str, Any]) -> None:
    assert _call(text, Previous(Call("ask_back"), last=last)) == Call(last.tool, args)


@pytest.mark.parametrize(
    "text",
    ["is L4-L5 herniated?", "L4-L5 Modic?", "thanks", "and L9-L10?", "remove L4-L5", "undo", "yes"],
)
def test_what_says_more_is_no_request_for_another_caption(text: str) -> None:
    assert _call(text, Previous(Call("ask_back"), last=CAPTION)).tool != "caption_image"


def test_it_is_taken_up_at_once_or_not_at_all() -> None:
    assert _call("and one for L5-S1 alone", None).tool == "ask_back"
    assert _call("and L5-S1?", Previous(AT_L4)) == Call("get_findings", {"levels": ["L5-S1"]})


@pytest.mark.parametrize(
    ("text", "tool", "args"),
    [
        ("Slip in mm?", "measure", {"quantities": ["slip"]}),
        ("listhesis in mm", "measure", {"quantities": ["slip"]}),
        ("canal width in millimetres", "measure", {"quantities": ["canal"]}),
        ("how big is the slip?", "measure", {"quantities": ["slip"]}),
        ("how many mm?", "measure", {}),
        ("Modic?", "get_findings", {"kinds": ["modic"]}),
    ],
)
@pytest.mark.parametrize(
    "before",
    [
        Previous(AT_L4),
        Previous(Call("explain", {"level": "L4-L5"})),
        Previous(Call("show_image", {"level": "L4-L5"})),
        Previous(ABNORMAL, focus="L4-L5"),
    ],
)
def test_a_quantity_alone_is_asked_of_the_level_before(
    before: Previous, text: str, tool: str, args: dict[str, Any]
) -> None:
    assert _call(text, before) == Call(tool, {"levels": ["L4-L5"], **args})


@pytest.mark.parametrize(
    ("text", "args"),
    [
        ("slip in mm at all levels", {"quantities": ["slip"]}),
        ("how big are the slips", {"quantities": ["slip"]}),
        ("slip in mm at L2-L3", {"levels": ["L2-L3"], "quantities": ["slip"]}),
    ],
)
def test_other_levels_are_measured_where_they_are_meant(text: str, args: dict[str, Any]) -> None:
    assert _call(text, Previous(AT_L4)) == Call("measure", args)


@pytest.mark.parametrize("before", [None, Previous(ABNORMAL), Previous(AT_L4)])
@pytest.mark.parametrize(
    "text",
    [
        "Concentrate on L5-S1.",
        "focus on L5/S1 please",
        "let's turn to L5-S1",
        "ok, now let's talk about the L5-S1 disc",
        "back to L5-S1",
        "move on to L5-S1",
        "stick with the lowest disc",
    ],
)
def test_a_level_that_is_turned_to_is_looked_up(before: Previous | None, text: str) -> None:
    assert _call(text, before) == Call("get_findings", {"levels": ["L5-S1"]})


def test_turning_to_a_level_keeps_to_what_is_asked_of_it() -> None:
    focus = _call("Focus on the herniation at L4-L5", None)
    assert focus == Call("get_findings", {"levels": ["L4-L5"], "kinds": ["disc_herniation"]})
    image = Previous(Call("show_image", {"level": "L4-L5"}))
    assert _call("back to L5-S1", image) == Call("show_image", {"level": "L5-S1"})
    assert _call("focus on the nerve roots at L4-L5", None) == Call("not_assessed")
    assert _call("move L5-S1 to L4-L5", None).tool == "shift_numbering"


@pytest.mark.parametrize(
    "text",
    ["And the grade at L5-S1?", "what grade is L5-S1", "grade of L5-S1", "which grade has L5-S1?"],
)
@pytest.mark.parametrize(
    "before",
    [
        None,
        Previous(Call("get_findings", {"levels": ["L3-L4"]})),
        Previous(Call("get_findings", {"levels": ["L5-S1"], "kinds": ["disc_herniation"]})),
    ],
)
def test_the_grade_of_a_disc_is_pfirrmanns(before: Previous | None, text: str) -> None:
    expected = Call("get_findings", {"levels": ["L5-S1"], "kinds": ["pfirrmann"]})
    assert _call(text, before) == expected


def test_a_grade_of_something_else_is_not() -> None:
    modic = Previous(Call("get_findings", {"levels": ["L4-L5"], "kinds": ["modic"]}))
    assert _call("and the grade at L5-S1?", modic).args["kinds"] == ["modic"]
    assert _call("Change the grade at L4-L5", None).tool == "ask_back"
    assert _call("grades of all discs", None) == Call("get_findings")
