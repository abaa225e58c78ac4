"""A conversation's memory grows by its words alone, and still remembers."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest

from agent import chat, graph
from agent.events import Answer, Failed, ToolStarted
from agent.memory import Memory
from agent.session import Session

Say = Callable[[Session, str], Answer]


@pytest.fixture
def session(phantom: Session) -> Session:
    return phantom


def kept(session: Session) -> tuple[int, int]:
    """How many states are kept, and how many bytes."""
    memory = graph.of(session).checkpointer
    assert isinstance(memory, Memory)
    states = sum(len(s) for spaces in memory.storage.values() for s in spaces.values())
    return states, sum(len(data) for _, data in memory.blobs.values())


def test_it_grows_by_words_and_not_by_pictures(session: Session, say: Say) -> None:
    sizes = []
    for _ in range(4):
        assert say(session, "What is at L4-L5?").images
        sizes.append(kept(session))
    assert {states for states, _ in sizes} == {2}
    steps = [later - earlier for (_, earlier), (_, later) in pairwise(sizes)]
    assert max(steps) < 60_000
    assert max(steps) < 1.5 * min(steps)


def test_a_later_turn_still_knows_what_was_spoken_of(session: Session, say: Say) -> None:
    say(session, "What is at L4-L5?")
    assert "L5-S1" in say(session, "and at L5-S1?").text


def test_another_study_takes_the_place_of_the_one_before(session: Session, say: Say) -> None:
    say(session, "What is at L4-L5?")
    assert session.reading is not None
    session.take(session.reading)
    say(session, "What is at L4-L5?")
    memory = graph.of(session).checkpointer
    assert isinstance(memory, Memory)
    assert list(memory.storage) == [session.thread]
    assert {place[0] for place in memory.blobs} == {session.thread}


def test_a_turn_that_is_stopped_leaves_no_call_open(session: Session, say: Say) -> None:
    turn = chat.stream(session, "What is at L4-L5?")
    while not isinstance(next(turn), ToolStarted):
        pass
    turn.close()  # type: ignore[attr-defined]
    memory = {"configurable": {"thread_id": session.thread}}
    messages = graph.of(session).get_state(memory).values["messages"]  # type: ignore[arg-type]
    called = {call["id"] for m in messages if m.type == "ai" for call in m.tool_calls}
    assert messages[-1].text == "(Stopped by the user.)"
    assert called <= {m.tool_call_id for m in messages if m.type == "tool"}
    assert session.audit.lines[-1].failed == "stopped"  # type: ignore[union-attr]
    assert "L4-L5" in say(session, "What is at L4-L5?").text
    assert not isinstance(say(session, "and at L5-S1?"), Failed)
