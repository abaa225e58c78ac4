"""Events become messages: steps with state and duration, answers with images, plain trouble."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from agent.events import Answer, Event, Failed, Image, Progress, Token, ToolEnded, ToolStarted
from agent.session import Session
from radixgpt.errors import WeightsError
from ui import talk
from ui.desk import Desk

PICTURE = Image(b"png", "L4-L5, sagittal T2, slice 8 [mid]", "s1", 7, "L4-L5")


def _told(*events: Event) -> tuple[Desk, list[object]]:
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
    assert "Grading the discs" in step["content"]
    assert "8 findings" in step["content"]


def test_tokens_stream_into_one_message_that_the_answer_settles() -> None:
    desk, ends = _told(Token("Pfirr"), Token("mann 4"), Answer("Pfirrmann 4."))
    assert [m["content"] for m in desk.messages] == ["Pfirrmann 4."]
    assert ends[:2] == [None, None]
    assert isinstance(ends[2], Answer)


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

    steps = talk.watched(work)
    assert [next(steps), next(steps)] == ["one", "two"]
    with pytest.raises(StopIteration) as end:
        next(steps)
    assert end.value.value == 3


def test_work_beside_us_raises_here() -> None:
    def work(progress: Callable[[str], None]) -> None:
        progress("one")
        raise WeightsError("They are missing.", "Bring them.")

    steps = talk.watched(work)
    assert next(steps) == "one"
    with pytest.raises(WeightsError, match="missing"):
        next(steps)
