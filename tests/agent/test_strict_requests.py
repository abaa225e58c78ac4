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


def test_several_changes_are_listed_and_taken_back_at_once(session: Session, say: Say) -> None:
    first = session.draft()
    say(session, "set pfirrmann at L4-L5 to 3")
    say(session, "yes")
    say(session, "remove L2-L3")
    say(session, "make the report shorter")
    told = say(session, "what did I change").text
    assert "Your own grade at L4-L5 (disc degeneration: Pfirrmann III)." in told
    assert "Your leaving out of L2-L3." in told
    assert "The style is concise." in told
    assert "Set by the reader: disc degeneration at L4-L5." in say(session, "findings L4-L5").text
    assert "1 earlier change can" in say(session, "undo the last 2 changes").text
    say(session, "undo all changes")
    assert session.draft() == first


def test_a_denied_value_is_not_the_one_that_is_set(session: Session, say: Say) -> None:
    assert "set it to Pfirrmann III" in say(session, "L4-L5 is not a 4, it's a 3").text


def test_a_question_is_not_joined_to_an_unfinished_request(session: Session, say: Say) -> None:
    for unfinished in ("set all discs to pfirrmann 1", "delete the sentences"):
        say(session, unfinished)
        answer = say(session, "show me L2-L3")
        assert [image.level for image in answer.images] == ["L2-L3"]
    assert session.draft().omitted_levels == ()


def test_both_readings_can_be_taken(session: Session, say: Say) -> None:
    assert "(1)" in say(session, "Pfirrmann of L5?").text
    both = say(session, "both").text
    assert "L4-L5" in both
    assert "L5-S1" in both


@pytest.mark.parametrize(
    "asked",
    [
        "write it as prose",
        "Please put the report into prose.",
        "can I have the findings in running text",
        "reword the report in full sentences",
        "prose please",
    ],
)
def test_prose_is_a_style_that_can_be_asked_for(session: Session, say: Say, asked: str) -> None:
    say(session, "write the report")
    assert "prose style" in say(session, asked).text
    assert session.style == "prose"
    assert all(s.level is None for s in session.draft().section("findings"))
    assert "shorter" in say(session, "make the impression shorter").text
    assert session.style == "short_prose"
    say(session, "undo")
    say(session, "not as prose")
    assert session.style == "standard"
