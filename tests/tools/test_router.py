from __future__ import annotations

import string
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval import routing
from finetune.router import predictor
from radixgpt.level import LUMBAR_DISCS, disc_index
from tools.router import Call, Previous, load_router, requests
from tools.router import words as lexicon
from tools.router.resolve import Ask, resolve
from tools.router.slots import read

discs = st.sampled_from(LUMBAR_DISCS)


def spellings(disc: str) -> list[str]:
    above, below = disc.split("-")
    short = f"{above}/{below[1]}"
    return [
        disc, disc.lower(), f"{above}/{below}", f"{above} {below}", f"{above}{below}", short,
        f"{above}-{below[1]}", f"{above} on {below}", f"between {above} and {below}",
        f"{above[1]}/{below[1]}", f"{above[1]}-{below[1]}", f"{above}–{below}",
    ]  # fmt: skip


@given(data=st.data(), disc=discs)
def test_a_disc_is_read_in_every_spelling(data: st.DataObject, disc: str) -> None:
    said = data.draw(st.sampled_from(spellings(disc)))
    slots = read(f"herniation at {said}?")
    assert slots.discs == (disc,)
    assert slots.kinds == ("disc_herniation",)
    assert "xdisc" in slots.masked


@given(first=discs, second=discs)
def test_two_discs_are_read_in_their_order(first: str, second: str) -> None:
    found = read(f"compare {first} with {second}").discs
    assert found == ((first,) if first == second else (first, second))


@given(first=discs, second=discs)
def test_the_shift_is_from_what_it_is_called_to_what_it_is(first: str, second: str) -> None:
    slots = read(f"what you call {first} is really {second}")
    assert slots.by == ((disc_index(second) - disc_index(first)) or None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("S1 to L3", ("L3-L4", "L4-L5", "L5-S1")),
        ("L4 up to L2", ("L2-L3", "L3-L4")),
        ("L1 to L4", ("L1-L2", "L2-L3", "L3-L4")),
        ("L3 through S1", ("L3-L4", "L4-L5", "L5-S1")),
        ("L1-2 through L3-4", ("L1-L2", "L2-L3", "L3-L4")),
        ("the two lowest discs", ("L4-L5", "L5-S1")),
        ("upper three discs", ("L1-L2", "L2-L3", "L3-L4")),
        ("the lumbosacral junction", ("L5-S1",)),
        ("the bottom line", ()),
        ("show the T1 and the T2", ()),
        ("a 2-3 day trip", ("L2-L3",)),
        ("1/5 or 4/2", ()),
        ("L5", ()),
    ],
)
def test_ranges_and_names_of_levels(text: str, expected: tuple[str, ...]) -> None:
    assert read(text).discs == expected


@pytest.mark.parametrize("text", ["C5-C6", "T11-T12", "Th12/L1", "S1-S2", "c5/6", "T12-L1"])
def test_levels_that_are_not_lumbar_discs_are_kept_apart(text: str) -> None:
    slots = read(f"Pfirrmann at {text}")
    assert slots.others
    assert slots.discs == ()
    assert resolve("findings", slots, None) == Call("not_assessed")


@pytest.mark.parametrize(
    ("text", "by"),
    [
        ("shift up by one", 1), ("levels down 2", -2), ("+1", 1), ("numbering -2", -2),
        ("you are one level too low", 1), ("one level too high", -1), ("shift the levels", None),
        ("move it caudally by two", -2), ("up and down", None),
    ],
)  # fmt: skip
def test_directions_of_a_shift(text: str, by: int | None) -> None:
    assert read(text).by == by


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("set L4-L5 to Pfirrmann IV", 4), ("make it a 2", 2), ("change from 3 to 4", 4),
        ("modic type one", 1), ("grade three at L4/5", 3), ("I would look again", None),
        ("Pfirrmann L4-5", None), ("set it to zero", 0),
    ],
)  # fmt: skip
def test_grades(text: str, number: int | None) -> None:
    assert read(text).number == number


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("herneation", "herniation"), ("pfirman", "pfirrmann"), ("modick", "modic"),
        ("degneration", "degeneration"), ("stenossis", "stenosis"), ("levles", "levels"),
    ],
)  # fmt: skip
def test_misspelt_words_of_the_trade_are_mended(wrong: str, right: str) -> None:
    assert lexicon.mend(wrong, frozenset()) == right
    assert lexicon.mend(wrong, frozenset({wrong})) == wrong


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("slipped disc", ("disc_herniation",)), ("slipped vertebra", ("spondylolisthesis",)),
        ("black disc", ("pfirrmann",)), ("is the canal narrowed", ()),
        ("lost disc height", ("disc_narrowing",)),
        ("end plates", ("endplate_upper", "endplate_lower")),
        ("superior endplate", ("endplate_upper",)), ("foraminal narrowing", ()),
    ],
)  # fmt: skip
def test_kinds(text: str, kinds: tuple[str, ...]) -> None:
    if text == "foraminal narrowing":  # the intent refuses it, the word alone may name a kind
        assert read(text).unassessed
        return
    assert read(text).kinds == kinds


def ask(intent: str, text: str, previous: Previous | None = None) -> Any:
    return resolve(intent, read(text), previous)


def test_an_endplate_of_a_vertebra_is_one_of_a_disc() -> None:
    upper_of_l5 = ask("findings", "superior endplate of L5")
    assert upper_of_l5.args == {"levels": ["L4-L5"], "kinds": ["endplate_lower"]}
    lower_of_l4 = ask("findings", "lower endplate of L4")
    assert lower_of_l4.args == {"levels": ["L4-L5"], "kinds": ["endplate_upper"]}


def test_a_vertebra_alone_is_asked_back_with_both_discs() -> None:
    asked = ask("findings", "is L4 degenerated")
    assert isinstance(asked, Ask)
    assert [option.args["levels"] for option in asked.options] == [["L3-L4"], ["L4-L5"]]
    assert ask("findings", "is L1 degenerated").args["levels"] == ["L1-L2"]


def test_neighbours_outside_the_lumbar_spine_are_not_assessed() -> None:
    lowest = Previous(Call("get_findings", {"levels": ["L5-S1"], "kinds": ["modic"]}))
    assert ask("follow_up", "and the level below?", lowest) == Call("not_assessed")
    assert ask("follow_up", "and the level above?", lowest).args["levels"] == ["L4-L5"]


def test_incomplete_requests_say_what_is_missing() -> None:
    assert ask("shift", "shift the numbering").missing == "direction"
    assert ask("set_grade", "change the grade at L4-L5").missing == "kind"
    assert ask("set_grade", "change the Modic type at L4-L5").missing == "value"
    assert ask("remove", "remove it").missing == "level"
    assert ask("explain", "why").missing == "level"
    assert ask("follow_up", "and there").missing == "meaning"
    assert ask("yes", "yes") == Call("thanks")


@settings(max_examples=200, deadline=None)
@given(
    text=st.text(max_size=80)
    | st.text(string.ascii_lowercase + string.digits + " -/?,l", max_size=60),
    tool=st.sampled_from(["get_findings", "measure", "explain", "show_image", "undo", "ask_back"]),
)
def test_any_text_leads_somewhere(text: str, tool: str) -> None:
    args = {"levels": ["L4-L5"]} if tool in ("get_findings", "measure") else {}
    route = load_router().route(text, Previous(Call(tool, args)))
    assert 0 <= route.confidence <= 1.0001
    assert len(route.options) <= 2
    for level in route.call.args.get("levels", []):
        assert level in LUMBAR_DISCS


def test_the_shipped_router_reaches_its_aim_on_the_test_part() -> None:
    marks = routing.mark(routing.load("test"), predictor(load_router()))
    assert routing.score(marks, repeats=10).call >= 0.95


def test_a_warm_call_is_quick() -> None:
    router = load_router()
    router.route("warm")
    begun = time.process_time()
    for utterance in routing.load("test")[:100]:
        router.route(utterance.text)
    assert (time.process_time() - begun) / 100 < 0.05


L45 = Call("get_findings", {"levels": ["L4-L5"]})
NARROWED = Call("get_findings", {"levels": ["L1-L2"], "kinds": ["disc_narrowing"]})
SLIP = Call("get_findings", {"kinds": ["spondylolisthesis"]})
IMAGE = Call("show_image", {"level": "L3-L4", "sequence": "t2"})


def at(tool: str, disc: str, **more: Any) -> Call:
    many = tool in ("get_findings", "measure")
    return Call(tool, {"levels": [disc], **more} if many else {"level": disc, **more})


@pytest.mark.parametrize(
    ("said", "before", "call"),
    [
        ("L2-L3?", NARROWED, at("get_findings", "L2-L3", kinds=["disc_narrowing"])),
        ("ok, next L5/S1", L45, at("get_findings", "L5-S1")),
        ("What do you think about it?", IMAGE, at("get_findings", "L3-L4")),
        ("Which millimetres at L4-L5?", SLIP, at("measure", "L4-L5", quantities=["slip"])),
        ("What is really at L3-L4?", L45, at("get_findings", "L3-L4")),
        ("And what does this man have at L5-S1?", None, at("get_findings", "L5-S1")),
        ("In which images did you see L4-L5?", None, at("explain", "L4-L5")),
        ("Patients whose L4-L5 is very similar", None, at("find_similar_cases", "L4-L5")),
        ("The impression is too long, please shorten it", None, Call("shorten_impression")),
    ],
)
def test_what_takes_up_the_turn_before_or_asks_plainly(
    said: str, before: Call | None, call: Call
) -> None:
    (found,) = requests.routes(load_router(), said, Previous(before) if before else None)
    assert found.call == call


def test_a_level_alone_answers_no_question_that_waits() -> None:
    pending = Previous(Call("set_grade", {"level": "L4-L5", "kind": "modic", "value": "1"}), True)
    (found,) = requests.routes(load_router(), "L4-L5", pending)
    assert found.call.tool != "confirm_change"
