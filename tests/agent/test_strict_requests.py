"""What can't be done is refused with what can; what was not asked for is not done."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from agent.events import Answer
from agent.session import Session

Say = Callable[[Session, str], Answer]


def test_a_clarification_lapses_with_a_complete_question(session: Session, say: Say) -> None:
    before = session.draft()
    for question in ("is there a herniation at L4-L5?", "what is up with L4-L5?"):
        assert "(1) moving the numbering up" in say(session, "shift the numbering").text
        assert "L4-L5" in say(session, question).text
        say(session, "Modic at L5-S1?")
        for answer in ("up", "the first one", "1"):
            assert not say(session, answer).report_changed
    assert session.level_shift == 0
    assert session.draft() is before


@pytest.mark.parametrize("text", ["call L9-S4 pfirrmann 2", "L6-L7 Modic?", "remove C9", "T13-L1?"])
def test_a_level_that_does_not_exist_is_named_and_nothing_is_done(
    session: Session, say: Say, text: str
) -> None:
    say(session, "Pfirrmann at L4-L5")
    before = session.draft()
    answer = say(session, text)
    assert answer.text.startswith("There is no level ")
    assert "L1-L2, L2-L3, L3-L4, L4-L5, L5-S1" in answer.text
    assert session.pending is None
    assert session.draft() is before


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("shift down by 7", "can't move down by 7: that leaves the lumbar spine. It can move down"),
        ("set L4-L5 pfirrmann 9", "can't be Pfirrmann 9. Pfirrmann grades are 1 to 5."),
        ("modic 5 at L4-L5", "can't be type 5. Modic types are 0 to 3."),
        ("set pfirrmann at L4-L5 to 3.5", "Pfirrmann grades are 1 to 5."),
        ("set the herniation at L4-L5 to 3", "It is present or absent."),
        ("set L3-L4 and L4-L5 to pfirrmann 3", "One grade at a time"),
        ("set pfirrmann at L4-L5 to 2 and set pfirrmann at L5-S1 to 3", "One grade at a time"),
        ("move the numbering up by half a level", "(1) moving the numbering up by 1"),
    ],
)
def test_what_is_impossible_is_said_with_what_is_possible(
    session: Session, say: Say, text: str, told: str
) -> None:
    before = session.draft()
    assert told in say(session, text).text
    assert session.pending is None
    assert session.draft() is before


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("call L4-L5 herniation present", "present"),
        ("call L4-L5 herniation absent", "absent"),
        ("please mark L4/5 bulging as present", "present"),
    ],
)
def test_a_dictated_value_is_a_change(session: Session, say: Say, text: str, value: str) -> None:
    assert "Shall I" in say(session, text).text
    assert session.pending is not None
    assert session.pending.edit.value == value
    assert say(session, "yes").report_changed


def test_a_missing_value_can_be_said_alone(session: Session, say: Say) -> None:
    assert "grades are 1 to 5" in say(session, "change the Pfirrmann grade at L4-L5").text
    assert "set it to Pfirrmann III" in say(session, "3").text


def test_a_level_that_was_taken_out_comes_back_by_its_name(session: Session, say: Say) -> None:
    say(session, "remove the sentences about L2-L3")
    say(session, "make the report shorter")
    assert session.draft().omitted_levels == ("L2-L3",)
    assert "L2-L3 are back" in say(session, "put L2-L3 back").text
    assert session.draft().omitted_levels == ()
    assert session.style == "concise"
    assert session.edits == ()
    say(session, "undo")
    assert session.draft().omitted_levels == ("L2-L3",)


def test_both_halves_of_a_request_are_done(session: Session, say: Say) -> None:
    answer = say(session, "show L4-L5 and write the report")
    assert [image.level for image in answer.images] == ["L4-L5"]
    assert "**Impression**" in answer.text
    say(session, "remove L2-L3 and L4-L5")
    assert set(session.draft().omitted_levels) == {"L2-L3", "L4-L5"}
    say(session, "undo twice")
    assert session.draft().omitted_levels == ()


def test_longer_is_not_shorter(session: Session, say: Say) -> None:
    say(session, "write the report")
    say(session, "make the impression shorter")
    assert say(session, "make the impression longer").report_changed
    assert session.style == "standard"
