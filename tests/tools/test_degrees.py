"""A degree that is dictated stands for the Pfirrmann grade that the report words so."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tools.router import Call, Previous, load_router
from tools.router.degrees import GRADES

ENGLISH = Path(__file__).resolve().parents[2] / "etl/languages/en.yaml"

LOOKED = Previous(Call("get_findings", {"levels": ["L4-L5"]}))


def _grade(level: str, value: str) -> Call:
    return Call("set_grade", {"level": level, "kind": "pfirrmann", "value": value})


@pytest.mark.parametrize(
    ("text", "level", "value"),
    [
        ("call it mild", "L4-L5", "3"),
        ("Call it mild.", "L4-L5", "3"),
        ("please make it moderate", "L4-L5", "4"),
        ("call L2-L3 minimal", "L2-L3", "2"),
        ("call the degeneration at L5-S1 severe", "L5-S1", "5"),
        ("make that mild degeneration instead", "L4-L5", "3"),
    ],
)
def test_it_is_a_grade_at_the_level_spoken_of(text: str, level: str, value: str) -> None:
    assert load_router().route(text, LOOKED).call == _grade(level, value)


@pytest.mark.parametrize("text", ["call it mild", "make it severe"])
def test_without_a_level_it_is_asked_back(text: str) -> None:
    for before in (None, Previous(Call("get_findings"))):
        route = load_router().route(text, before)
        assert (route.call.tool, route.missing) == ("ask_back", "level")


@pytest.mark.parametrize(
    "text", ["is it mild?", "is the degeneration at L4-L5 mild", "which levels are severe"]
)
def test_a_question_changes_nothing(text: str) -> None:
    assert load_router().route(text, LOOKED).call.tool not in ("set_grade", "told")


@pytest.mark.parametrize("text", ["call it normal", "mark L4-L5 as healthy"])
def test_of_what_is_to_be_normal_the_finding_is_asked(text: str) -> None:
    route = load_router().route(text, LOOKED)
    assert (route.call.tool, route.missing) == ("ask_back", "kind")


def test_what_has_no_degrees_is_told_so() -> None:
    route = load_router().route("call the herniation mild", LOOKED)
    assert route.call == Call("told", {"topic": "no_degrees"})


def test_the_degrees_are_the_words_of_the_report() -> None:
    told = yaml.safe_load(ENGLISH.read_text(encoding="utf-8"))["words"]["degeneration"]
    assert {told[grade].lower(): grade for grade in told if grade > 1} == GRADES
