"""A reader's own changes follow their discs through the numbering, and are never lost unsaid."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from agent import pipeline
from agent.edits import HIGHEST, LOWEST, DropSentences, SetGrade, level_of
from agent.events import Answer
from agent.pipeline import Reading
from agent.session import Session
from data.synth.bundled import study_folder
from radixgpt.errors import LevelError

Say = Callable[[Session, str], Answer]


@pytest.fixture(scope="module")
def phantom() -> Reading:
    return pipeline.look(pipeline.read_study(Path(study_folder())))


@pytest.fixture
def opened(phantom: Reading) -> Session:
    made = Session()
    made.take(phantom)
    return made


def _by_reader(session: Session) -> list[tuple[str | None, object]]:
    return [(f.level, f.value) for f in session.draft().findings if f.set_by_reader]


def test_a_grade_that_leaves_the_report_is_said_and_comes_back(opened: Session, say: Say) -> None:
    opened.set_grade("L5-S1", "pfirrmann", 2)
    down = say(opened, "shift the numbering down by one").text
    assert "Your own grade at L5-S1 (disc degeneration: Pfirrmann II) is set aside" in down
    assert _by_reader(opened) == []
    up = say(opened, "shift the numbering up by one").text
    assert "Your own grade at L5-S1 (disc degeneration: Pfirrmann II) holds again." in up
    assert _by_reader(opened) == [("L5-S1", 2)]
    assert "is set aside" in say(opened, "undo").text
    assert "holds again" in say(opened, "undo").text
    assert _by_reader(opened) == [("L5-S1", 2)]


def test_changes_move_with_their_discs(opened: Session) -> None:
    opened.set_grade("L4-L5", "pfirrmann", 1)
    opened.drop_sentences("L3-L4")
    shifted = opened.shift(1)
    assert _by_reader(opened) == [("L3-L4", 1)]
    assert shifted.omitted_levels == ("L2-L3",)
    assert opened.aside == ()
    opened.restore_sentences("L2-L3")
    assert opened.edits == (SetGrade("L4-L5", "pfirrmann", 1),)


def test_a_disc_that_is_not_in_the_images_is_named(opened: Session, say: Say) -> None:
    assert "No disc was found for L5-S1" in say(opened, "shift the numbering up by one").text


def test_the_numbering_moves_only_as_far_as_discs_are_left(opened: Session) -> None:
    opened.shift(2)
    with pytest.raises(LevelError, match=r"can't move up by 2.*It can move up by 1 at most"):
        opened.shift(2)
    opened.shift(1)
    with pytest.raises(LevelError, match="as far as it goes; it can move down"):
        opened.shift(1)
    assert opened.level_shift == HIGHEST


def test_below_the_sacrum_there_is_nothing_to_count_from(opened: Session, say: Say) -> None:
    told = say(opened, "shift the numbering down by two").text
    assert "can't move down by 2: that leaves the lumbar spine. It can move down by 1 at" in told
    opened.shift(LOWEST)
    assert opened.level_shift == LOWEST


def test_the_level_of_a_change_is_counted_from_its_own_numbering() -> None:
    change = DropSentences("L4-L5", numbering=-1)
    assert [level_of(change, n) for n in (-1, 0, 2)] == ["L4-L5", "L3-L4", "L1-L2"]
    with pytest.raises(LevelError, match="outside of the lumbar spine"):
        level_of(change, -3)
