from __future__ import annotations

import pytest

from eval import routing
from eval.routing import Call, Mark, Turn, Utterance


def right(utterances: tuple[Utterance, ...]) -> list[Mark]:
    return [Mark(u, u.call) for u in utterances]


def test_the_parts_are_large_enough_and_hold_every_tool() -> None:
    train, test = routing.load("train"), routing.load("test")
    assert len(train) >= 500
    assert len(test) >= 220
    tools = {u.call.tool for u in train}
    assert {u.call.tool for u in test} == tools
    assert set(routing.WITHOUT_TOOL) <= tools
    assert len({u.voice for u in test}) >= 5
    assert sum(u.after is not None for u in test) >= 40


@pytest.mark.parametrize("part", ["test", "fresh"])
def test_no_part_that_marks_holds_what_was_learned(part: routing.Part) -> None:
    assert routing.near_duplicates(routing.load("train"), routing.load(part)) == []


def test_what_makes_two_utterances_alike() -> None:
    assert routing.similarity("Pfirrmann at L4-L5?", "pfirrmann at L4/5") == 1
    assert routing.similarity("Pfirrmann at L4-L5?", "pfirrmann at L3/4") < 1
    assert routing.similarity("show me the image", "take L1-L2 out") < 0.2


def test_perfect_and_useless_predictions() -> None:
    test = routing.load("test")
    perfect = routing.score(right(test))
    assert (perfect.tool, perfect.call, perfect.interval) == (1.0, 1.0, (1.0, 1.0))
    useless = routing.score(routing.mark(test, lambda text, after: Call("dance")))
    assert (useless.tool, useless.call) == (0.0, 0.0)


def test_a_wrong_argument_is_wrong_and_a_default_is_not() -> None:
    call = Call("get_findings", {"levels": ["L4-L5", "L5-S1"]})
    utterance = Utterance("both", call, 0, "lay")
    same = Call("get_findings", {"levels": ["L5-S1", "L4-L5"], "kinds": [], "which": "all"})
    assert Mark(utterance, same).right
    wrong = Mark(utterance, Call("get_findings", {"levels": ["L4-L5"]}))
    assert wrong.right_tool
    assert not wrong.right


def test_the_interval_is_that_of_whole_groups() -> None:
    calls = Call("a"), Call("b")
    marks = [Mark(Utterance("x", calls[0], g, "lay"), calls[g % 2]) for g in range(40)]
    scores = routing.score(marks)
    low, high = scores.interval
    assert scores.call == 0.5
    assert 0.3 < low < 0.5 < high < 0.7
    one_group = [Mark(Utterance("x", calls[0], 0, "lay"), c) for c in calls * 20]
    assert routing.score(one_group).interval == (0.5, 0.5)
    with pytest.raises(ValueError, match="nothing to score"):
        routing.score([])


def test_the_difference_is_paired_and_of_whole_groups() -> None:
    call, other = Call("a"), Call("b")
    said = [Utterance("x", call, group, "lay") for group in range(40)]
    all_right = [Mark(u, call) for u in said]
    half_right = [Mark(u, call if u.group % 2 else other) for u in said]
    gain, low, high = routing.difference(all_right, half_right)
    assert gain == 0.5
    assert 0.3 < low < 0.5 < high < 0.7
    assert routing.difference(half_right, all_right)[0] == -0.5
    assert routing.difference(half_right, half_right) == (0.0, 0.0, 0.0)
    one_group = [Mark(Utterance("x", call, 0, "lay"), m.predicted) for m in half_right]
    right_there = [Mark(m.utterance, call) for m in one_group]
    assert routing.difference(right_there, one_group) == (0.5, 0.5, 0.5)
    with pytest.raises(ValueError, match="same utterances"):
        routing.difference(all_right, half_right[1:])


def test_the_table_counts_by_tool() -> None:
    calls = Call("a"), Call("b", {"x": 1}), Call("b", {"x": 2})
    marks = [
        Mark(Utterance("x", calls[0], 0, "lay"), calls[0]),
        Mark(Utterance("x", calls[1], 1, "lay"), calls[2]),
    ]
    text = routing.table(routing.score(marks))
    assert "| a | 1 | 1 | 1 |" in text
    assert "| b | 1 | 1 | 0 |" in text
    assert "| **all** | 2 | 100.0% | **50.0%**" in text


def test_the_turn_before_is_read() -> None:
    turns = [u.after for u in routing.load("test") if u.after is not None]
    assert all(isinstance(turn, Turn) for turn in turns)
    assert any(turn.pending for turn in turns)
    assert any(len(turn.options) == 2 for turn in turns)
