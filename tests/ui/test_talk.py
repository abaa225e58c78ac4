"""Events become messages: steps with state and duration, answers with images, plain trouble."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import unescape
from threading import Event

import pytest

from agent.events import (
    Answer,
    Failed,
    Image,
    Progress,
    SimilarCase,
    Token,
    Took,
    ToolEnded,
    ToolStarted,
)
from agent.events import Event as Told
from agent.session import Session
from radixgpt.errors import RadixError, WeightsError
from ui import talk
from ui.desk import Desk

PICTURE = Image(b"png", "L4-L5, sagittal T2, slice 8 [mid]", "s1", 7, "L4-L5")


def _told(*events: Told) -> tuple[Desk, list[object]]:
    desk = Desk(Session())
    return desk, [*talk.converse(desk, events)]


def test_a_tool_step_is_pending_while_it_runs_and_done_after() -> None:
    desk = Desk(Session())
    seen = []
    for _ in talk.converse(
        desk,
        [
            ToolStarted("1", "findings", "Look up the findings", {}),
            Progress("Grading the discs"),
            ToolEnded("1", "findings", "Look up the findings", "8 findings", 0.2),
            Answer("Done."),
        ],
    ):
        seen.append(desk.messages[0]["metadata"]["status"])
    assert seen == ["pending", "pending", "done", "done"]
    step = desk.messages[0]
    assert step["metadata"]["title"] == "Look up the findings"
    assert step["metadata"]["duration"] > 0
    assert step["content"] == "8 findings"


def test_what_runs_within_a_tool_is_shown_as_a_step_of_its_own_while_it_runs() -> None:
    desk = Desk(Session())
    seen = []
    for _ in talk.converse(
        desk,
        [
            ToolStarted("1", "findings", "Look up the findings", {}),
            Progress("Checking what the study is"),
            Progress("Grading the discs"),
            ToolEnded("1", "findings", "Look up the findings", "8 findings", 0.2),
            ToolStarted("2", "report", "Draft the report", {}),
            Progress("Grading the discs"),
            Failed("internal", "The tool failed.", "Ask again."),
        ],
    ):
        steps = [m["metadata"] for m in desk.messages if "metadata" in m]
        seen.append([(s["title"], s["status"]) for s in steps if "parent_id" in s])
    check, grade = "Checking what the study is", "Grading the discs"
    assert seen[:4] == [
        [],
        [(check, "pending")],
        [(check, "done"), (grade, "pending")],
        [(check, "done"), (grade, "done")],
    ]
    assert seen[-1][-1] == (f"{grade} · failed", "done")
    outer, *inner = (m["metadata"] for m in desk.messages[:3])
    assert {step["parent_id"] for step in inner} == {outer["id"]}
    assert all(step["duration"] > 0 for step in inner)


def test_tokens_stream_into_one_message_that_the_answer_settles() -> None:
    desk = Desk(Session())
    tokens = [Token(f"{n} ") for n in range(200)]
    seen = [
        (desk.messages[0]["content"], end)
        for end in talk.converse(desk, [*tokens, Answer("Pfirrmann 4.")])
    ]
    assert seen[0] == ("0 ", None)
    assert len(seen) < 100  # a redraw for every token would make the page lag behind
    assert seen[-1][0] == "Pfirrmann 4."
    assert isinstance(seen[-1][1], Answer)
    assert len(desk.messages) == 1


def test_an_answer_carries_its_images_and_moves_the_viewer() -> None:
    desk, _ = _told(Answer("Bulge.", images=(PICTURE,)))
    text = desk.messages[0]["content"]
    assert f"study/{desk.token}/evidence/" in text
    assert "(#show=s1.7.L4-L5)" in text
    assert "[mid]" not in text
    assert desk.focus is not None
    assert (desk.focus["series"], desk.focus["slice"]) == ("s1", 7)


def test_what_the_guard_refused_is_said() -> None:
    desk, _ = _told(Answer("Bulge.", guarded=("a fracture at L1",)))
    assert "a fracture at L1" in desk.messages[0]["content"]


def test_what_a_turn_took_stands_below_its_answer() -> None:
    spent = Took(
        seconds=2.44,
        steps=(("Looking up findings", 0.1),),
        model="google:g",
        model_calls=2,
        model_seconds=2.2,
        tokens_in=4331,
        tokens_out=40,
        cost=0.0136,
    )
    desk, _ = _told(Answer("Bulge.", took=spent))
    assert desk.messages[0]["content"] == (
        "Bulge.\n\n<small>2.4 s: looking up findings 0.1 s, google:g 2.2 s in 2 calls · "
        "4,331 tokens in, 40 out · 0.0136 at your prices</small>"
    )


def test_a_failed_turn_says_what_mends_it_and_keeps_no_half_answer() -> None:
    desk, ends = _told(
        ToolStarted("1", "draft", "Draft the report", {}),
        Token("half"),
        Failed("input", "No study is open.", "Open one first."),
    )
    assert desk.messages[-1]["content"] == "**No study is open.** Open one first."
    assert desk.messages[0]["metadata"]["status"] == "done"
    assert "failed" in desk.messages[0]["metadata"]["title"]
    assert "half" not in [m["content"] for m in desk.messages]
    assert isinstance(ends[-1], Failed)


def test_work_beside_us_reports_and_returns() -> None:
    def work(progress: Callable[[str], None]) -> int:
        progress("one")
        progress("two")
        return 3

    steps = talk.watched(work, Event())
    assert [next(steps), next(steps)] == ["one", "two"]
    with pytest.raises(StopIteration) as end:
        next(steps)
    assert end.value.value == 3


def test_work_beside_us_raises_here() -> None:
    def work(progress: Callable[[str], None]) -> None:
        progress("one")
        raise WeightsError("They are missing.", "Bring them.")

    steps = talk.watched(work, Event())
    assert next(steps) == "one"
    with pytest.raises(WeightsError, match="missing"):
        next(steps)


def test_work_that_is_stopped_ends_before_its_next_step() -> None:
    stop, done = Event(), []

    def work(progress: Callable[[str], None]) -> None:
        progress("one")
        stop.wait(5)
        progress("two")
        done.append("two")

    steps = talk.watched(work, stop)
    assert next(steps) == "one"
    stop.set()
    with pytest.raises(RadixError, match="Stopped"):
        next(steps)
    assert done == []


def test_a_turn_that_is_stopped_is_closed_and_fails() -> None:
    stop, closed = Event(), Event()

    def turn() -> Iterator[Told]:
        try:
            yield ToolStarted("1", "findings", "Look up the findings", {})
            stop.wait(5)
            yield Token("too late")
        finally:
            closed.set()

    events = talk.stoppable(turn(), stop)
    assert isinstance(next(events), ToolStarted)
    stop.set()
    (end,) = events
    assert isinstance(end, Failed)
    assert end.problem == "Stopped."
    assert closed.is_set()


def test_a_turn_that_is_not_stopped_comes_whole_and_raises_here() -> None:
    def turn() -> Iterator[Told]:
        yield Token("a")
        raise WeightsError("They are missing.", "Bring them.")

    events = talk.stoppable(turn(), Event())
    assert next(events) == Token("a")
    with pytest.raises(WeightsError):
        next(events)


def test_a_similar_case_is_a_card_on_which_no_text_is_markup() -> None:
    hostile = "Modic 2.\n\n# Big ![x](http://evil/x.png) <img src=x onerror=alert(1)> **bold** `a`"
    case = SimilarCase(
        number=1,
        case="others/<1>",
        alike="much alike",
        shared=("Modic 2 at L4-L5",),
        differing=(),
        unstated=("slip",),
        text=hostile,
        written="written by a person",
        source="others",
        licence="CC BY 4.0",
        png=b"png",
    )
    answer = "One case.\n\n1. much alike. shared: Modic 2 at L4-L5\n\nIts text is a person's."
    desk, _ = _told(Answer(answer, similar=(case, case)))
    text = desk.messages[0]["content"]
    assert "shared:" not in text  # the card tells it
    assert text.startswith("One case.")
    assert "Its text is a person's." in text
    row = text.split("\n\n")[-1]
    assert row.count('<article class="rx-case">') == 2
    assert row.count("another patient</em>") == 2
    assert "much alike" in row
    assert "<details open><summary>In both: 1</summary>" in row
    assert "<details><summary>Not stated: 1</summary>" in row
    assert "Otherwise" not in row
    assert unescape(row).count(hostile) == 2
    for mark in ("onerror=", "](", "**", "# Big", "`", "others/<", "\n"):
        assert mark not in row
    assert f"study/{desk.token}/evidence/" in row
