from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from agent.pipeline import Reading
from agent.session import Session
from radixgpt.errors import InputError, LevelError


def test_changes_are_undone_in_their_order(session: Session) -> None:
    first = session.draft()
    session.set_grade("L4-L5", "pfirrmann", 2)
    second = session.draft()
    session.drop_sentences("L2-L3")
    session.restyle("concise")
    assert session.report is not None
    assert session.report.style == "concise"
    assert session.report.omitted_levels == ("L2-L3",)
    assert [f.value for f in session.findings(lambda f: f.set_by_reader)] == [2]
    assert [session.undo(), session.undo()] == ["style", "sentences on L2-L3"]
    assert session.draft() == second
    session.undo()
    assert session.draft() == first
    with pytest.raises(InputError, match="nothing to undo"):
        session.undo()


def test_the_draft_is_written_once(session: Session) -> None:
    steps: list[str] = []
    assert session.draft(steps.append) is session.draft(steps.append)
    assert steps == ["Writing and checking the report"]


def test_a_change_that_fails_changes_nothing(session: Session) -> None:
    before = session.draft()
    with pytest.raises(LevelError):
        session.set_grade("C5-C6", "pfirrmann", 2)
    with pytest.raises(LevelError, match="changes nothing"):
        session.shift(0)
    assert session.draft() is before


def test_another_study_leaves_nothing_behind(
    session: Session, make_reading: Callable[..., Reading]
) -> None:
    session.set_grade("L4-L5", "pfirrmann", 2)
    thread = session.thread
    session.use(make_reading({}, key="other").study)
    assert session.report is None
    assert session.reading is None
    assert session.thread != thread
    assert session.study.key == "other"
    assert Session().key != session.key


def test_a_study_that_can_not_be_read_leaves_the_open_one(session: Session, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no image")
    before = session.draft()
    with pytest.raises(InputError):
        session.load(tmp_path / "notes.txt")
    assert session.draft() is before
    with pytest.raises(InputError):
        Session.open(tmp_path / "nothing")


@pytest.mark.data
def test_a_real_pair_is_read_reported_asked_and_shifted(shared_data: Path, tmp_path: Path) -> None:
    from agent import chat
    from agent.events import Answer, Progress

    for name in ("1_t1.png", "1_t2.png"):
        (tmp_path / name).write_bytes((shared_data / "spider" / "images" / name).read_bytes())
    session = Session.open(tmp_path)
    events = list(chat.stream(session, "write the report"))
    assert any(isinstance(e, Progress) for e in events)
    assert isinstance(events[-1], Answer)
    report = session.draft()
    assert report.study.gradable
    assert {f.level for f in report.findings if f.kind == "pfirrmann"} >= {"L4-L5", "L5-S1"}
    session.set_grade("L4-L5", "pfirrmann", 1)
    shifted = session.shift(1)
    assert shifted.study.level_shift == 1
    by_reader = [f for f in shifted.findings if f.set_by_reader]
    assert [(f.level, f.value) for f in by_reader] == [("L3-L4", 1)]
    assert session.undo() == "numbering up"
    assert session.level_shift == 0
