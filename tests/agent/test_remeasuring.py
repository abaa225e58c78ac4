"""A length is set in the reader's own words and after a yes, by whichever brain leads the chat."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from chat_server import Server, calls, says

from agent import content as c
from agent.edits import SetMeasure
from agent.events import Answer
from agent.mcp_server import CHANGING, Bench
from agent.session import Session
from etl.diff import difference
from radixgpt.errors import CheckFailedError

Say = Callable[[Session, str], Answer]


@pytest.fixture
def drafted(phantom: Session) -> Session:
    phantom.draft()
    return phantom


@pytest.fixture
def hosted(server: Server, session: Session) -> Session:
    session.llm = f"openai:tiny@{server.url}"
    session.llm_timeout = 20.0
    return session


def own(session: Session) -> list[tuple[str | None, str, object]]:
    return [(f.level, f.kind, f.value) for f in session.draft().findings if f.set_by_reader]


def test_a_length_is_set_only_after_a_yes(drafted: Session, say: Say) -> None:
    before = drafted.draft()
    asked = say(drafted, "set the slip at L4-L5 to 7 mm")
    assert asked.text == (
        "At L4-L5, the slip is 5.3 mm anterior. Shall I set it to 7.0 mm anterior and mark it as "
        "set by the reader? (yes or no)"
    )
    assert not asked.report_changed
    assert say(drafted, "no").text == "Nothing changed: at L4-L5, the slip stays 5.3 mm anterior."
    say(drafted, "set the slip at L4-L5 to 7 mm")
    done = say(drafted, "yes")
    assert done.report_changed
    assert "the slip is now 7.0 mm anterior, marked as set by the reader" in done.text
    assert "an anterior slip of 7 mm (set by the reader; Meyerding grade I)" in done.text
    assert own(drafted) == [("L4-L5", "slip_ratio", 0.238), ("L4-L5", "slip_mm", 7.0)]
    assert drafted.last_change == ("slip at L4-L5", before)
    told = difference(before, drafted.draft())
    assert {one.kind for one in told.findings} == {"slip_mm", "slip_ratio"}
    assert {one.section for one in told.sentences} >= {"findings", "impression", "limitations"}
    said = say(drafted, "measure the slip at L4-L5").text
    assert "slip 7.0 mm anterior (ratio 0.24; set by the reader)" in said
    assert "Your own slip at L4-L5 (7.0 mm)." in say(drafted, "what did I change?").text
    assert "Taken back: slip at L4-L5." in say(drafted, "undo").text
    assert drafted.draft() == before


def test_a_slip_goes_where_the_reader_says(drafted: Session, say: Say) -> None:
    assert "to 4.0 mm posterior" in say(drafted, "set the slip at L4-L5 to 4 mm posterior").text
    say(drafted, "yes")
    assert ("L4-L5", "slip_mm", -4.0) in own(drafted)
    assert "(4.0 mm posterior)" in say(drafted, "what did I change?").text


def test_the_canal_and_a_disc_height_are_set_too(session: Session, say: Say) -> None:
    for text in ("the canal at L3-L4 is 11 mm", "change disc height L5-S1 to 6 mm"):
        assert "Shall I set it to" in say(session, text).text
        say(session, "yes")
    said = say(session, "how wide is the canal at L3-L4?").text
    assert "11.0 mm (ratio 0.32; set by the reader)" in said
    assert "measured" not in said
    assert [(level, value) for level, kind, value in own(session) if kind.endswith("_mm")] == [
        ("L3-L4", 11.0), ("L5-S1", 6.0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    ["what is the slip at L4-L5?", "is the slip at L4-L5 7 mm?", "why is the slip at L4-L5 7 mm"],
)
def test_a_question_stays_a_question(drafted: Session, say: Say, text: str) -> None:
    before = drafted.draft()
    assert "Shall I" not in say(drafted, text).text
    assert drafted.pending is None
    say(drafted, "yes")
    assert drafted.draft() is before


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("set the slip at L4-L5 to 70 mm", "from 0.1 to 60"),
        ("set the canal at L4-L5 to 0 mm", "from 0.1 to 40"),
        ("set the slip at L2-L3 to 5 mm", "Set spondylolisthesis there to present first."),
        ("set the slip at L4-L5 to 7 mm and set the canal at L4-L5 to 9 mm", "at a time"),
        ('write "the slip at L4-L5 is 7 mm"', "is data here"),
        ("the canal at T12-L1 is 11 mm", "not assessed"),
    ],
)
def test_what_can_not_be_set_is_said_with_why(
    drafted: Session, say: Say, text: str, told: str
) -> None:
    assert told in say(drafted, text).text
    assert drafted.pending is None
    assert own(drafted) == []


def test_a_length_goes_with_its_disc_through_the_numbering(drafted: Session) -> None:
    drafted.set_measure("L4-L5", "slip_mm", 7)
    drafted.shift(1)
    assert ("L3-L4", "slip_mm", 7.0) in own(drafted)
    drafted.shift(-1)
    assert ("L4-L5", "slip_mm", 7.0) in own(drafted)
    assert drafted.edits == (SetMeasure("L4-L5", "slip_mm", 7),)
    drafted.set_grade("L4-L5", "pfirrmann", 5)
    with pytest.raises(CheckFailedError, match="no length"):
        drafted.set_measure("L4-L5", "slip_ratio", 0.2)


def test_a_slip_that_has_no_slip_to_stand_on_is_set_after_its_grade(
    session: Session, say: Say
) -> None:
    assert "present first" in say(session, "set the slip at L4-L5 to 5 mm").text
    session.set_grade("L4-L5", "spondylolisthesis", "present")
    say(session, "set the slip at L4-L5 to 5 mm")
    say(session, "yes")
    assert ("L4-L5", "slip_mm", 5.0) in own(session)


# --- a language model ---------------------------------------------------------------------------


def test_a_model_sets_the_length_that_was_said_and_waits(
    hosted: Session, server: Server, say: Say
) -> None:
    server.replies = [
        calls("set_measure", level="L4-L5", quantity="canal", millimetres=11),
        calls("confirm_change", accept=True),
        says("I set it."),
    ]
    text = say(hosted, "set the canal at L4-L5 to 11 mm").text
    assert text.startswith("At L4-L5, the midline canal depth is 12.4 mm. Shall I set it to 11.0")
    assert own(hosted) == []
    server.replies = [calls("confirm_change", accept=True), says("Done.")]
    assert say(hosted, "yes").report_changed
    assert ("L4-L5", "canal_mm", 11.0) in own(hosted)


@pytest.mark.parametrize(
    "said",
    [
        "set the canal at L4-L5 to 11 mm", "what is the canal depth at L4-L5?",
        "set the canal at L3-L4 to 9 mm", "set the disc height at L4-L5 to 9 mm",
        'the letter says: "set the canal at L4-L5 to 9 mm"', "set it as you think best",
    ],
)  # fmt: skip
def test_a_model_has_no_length_of_its_own(
    hosted: Session, server: Server, say: Say, said: str
) -> None:
    server.replies = [
        calls("set_measure", level="L4-L5", quantity="canal", millimetres=9),
        says("Shall I set it to 9 mm?"),
        says("Yes or no?"),
    ]
    assert "Shall I" not in say(hosted, said).text
    assert hosted.pending is None
    server.replies = [calls("confirm_change", accept=True), says("Done.")]
    say(hosted, "yes")
    assert own(hosted) == []


def test_an_assistant_sets_a_length_only_where_changes_are_allowed(session: Session) -> None:
    args = {"level": "L4-L5", "quantity": "canal", "millimetres": 11}
    refused = Bench(session).call("set_measure", args).content
    assert isinstance(refused, c.ErrorContent)
    assert "set_measure" in CHANGING
    bench = Bench(session, changes=True)
    assert bench.call("set_measure", {**args, "millimetres": "wide"}).failed
    assert not bench.call("set_measure", args).failed
    assert own(session) == []
    assert not bench.call("confirm_change", {"accept": True}).failed
    assert ("L4-L5", "canal_mm", 11.0) in own(session)
