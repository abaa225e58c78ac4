"""Captions in the chat: routed by rules, bounded by what was seen, shown as they were written."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from agent import content as c
from agent import pictures
from agent.events import Answer
from agent.session import Session
from agent.texts import worded
from radixgpt.language.reader import findings_in
from radixgpt.report import DRAFT_MARK
from tools import classifier
from tools.router import load_router, routes
from tools.router.calls import Call

Say = Callable[[Session, str], Answer]


@pytest.fixture(autouse=True)
def _no_crops(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sessions' pixels are noise, so no crop is cut of them; their observations are given."""
    monkeypatch.setattr(classifier, "cuts", lambda *_: ({}, {}))


@pytest.mark.parametrize(
    ("text", "args"),
    [
        ("describe this image", {"sequence": "t2"}),
        ("Please describe the picture.", {"sequence": "t2"}),
        ("caption the T2", {"sequence": "t2"}),
        ("describe the T1-weighted image", {"sequence": "t1"}),
        ("write a caption for the T1 image", {"sequence": "t1"}),
        ("write a description of this image", {"sequence": "t2"}),
        ("describe L4-L5", {"level": "L4-L5"}),
        ("can you describe L5/S1 for me", {"level": "L5-S1"}),
        ("give me a short caption of L3-L4", {"level": "L3-L4", "style": "brief"}),
        ("caption the L4-L5 disc like a note", {"level": "L4-L5", "style": "note"}),
        ("generate a caption", {}),
        ("caption this study", {}),
    ],
)  # fmt: skip
def test_a_caption_is_asked_for_by_words(text: str, args: dict[str, str]) -> None:
    (route,) = routes(load_router(), text, None)
    assert route.call == Call("caption_image", args)


@pytest.mark.parametrize(
    "text",
    ["describe the study", "describe all discs", "describe the findings at L4-L5",
     "describe the L4-L5 level", "describe every disc as normal", "describe L4-L5 as healthy",
     "show me the T2", "check this caption: L4-L5 bulge.", "describe the model architecture",
     "what does the report say about L4-L5", "describe L1-2 through L3-4"],
)  # fmt: skip
def test_other_requests_stay_what_they_are(text: str) -> None:
    tools = {route.call.tool for route in routes(load_router(), text, None)}
    assert "caption_image" not in tools


def quoted(answer: Answer) -> str:
    """The caption within an answer."""
    return "\n".join(line[2:] for line in answer.text.splitlines() if line.startswith("> "))


def test_a_caption_of_a_disc_says_what_was_seen_there(session: Session, say: Say) -> None:
    answer = say(session, "describe L4-L5")
    said = findings_in(quoted(answer))
    assert said
    assert {one.level for one in said} == {"L4-L5"}
    there = {one.kind for one in said if one.assertion == "present"}
    assert there <= {"pfirrmann", "disc_degeneration", "disc_herniation", "disc_narrowing"}
    assert answer.images[0].level == "L4-L5"
    assert "led back to what the graders saw" in answer.text
    assert answer.text.endswith(f"{DRAFT_MARK}.")


def test_what_is_not_certain_is_told_beside_the_caption(session: Session, say: Say) -> None:
    answer = say(session, "caption this study")
    assert quoted(answer)
    assert "disc bulging at L1-L2: below its threshold" in answer.text
    of_t1 = say(session, "caption the T1")
    assert "pfirrmann" not in {one.kind for one in findings_in(quoted(of_t1))}
    assert "needs a T2-weighted image" in of_t1.text


def test_an_incomplete_and_an_empty_caption_say_why() -> None:
    content = c.CaptionedContent(
        of="study", level=None, sequence="", text="", silence="the captioner wrote nonsense",
        statements=0, not_stated=(), unsaid=("disc bulging at L4-L5",), model="any",
    )  # fmt: skip
    told = worded(content)
    assert told.startswith("Nothing may be said of this study: the captioner wrote nonsense.")
    assert "grade is certain" not in told
    assert "**Not complete: seen, and not in the caption**\n- disc bulging at L4-L5" in told


def test_what_the_reader_set_is_not_said_to_be_seen(session: Session, say: Say) -> None:
    session.set_grade("L4-L5", "pfirrmann", 2)
    answer = say(session, "describe L4-L5")
    assert "pfirrmann" not in {one.kind for one in findings_in(quoted(answer))}
    assert "set by the reader" in answer.text


def test_a_refused_study_has_no_caption(refused_session: Session, say: Say) -> None:
    answer = say(refused_session, "describe this image")
    assert not quoted(answer)
    assert "lumbar" in answer.text


def test_marks_of_no_place_show_no_image(session: Session) -> None:
    assert pictures.of_marks(session.look().study, [("L4-L5", ())]) == ()


def test_the_next_message_takes_a_caption_up_and_no_later_one(session: Session, say: Say) -> None:
    say(session, "write a caption for this study")
    one = quoted(say(session, "and one for L5-S1 alone"))
    assert {place.level for place in findings_in(one)} == {"L5-S1"}
    assert "**Caption" not in say(session, "is there a herniation at L4-L5?").text
    assert "**Caption" not in say(session, "and L5-S1?").text
