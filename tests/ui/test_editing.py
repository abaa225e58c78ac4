"""Edits from the page: proposed, confirmed, refused in a sentence, undone, signed."""

from __future__ import annotations

from typing import Any

import pytest

from agent.session import Session
from radixgpt.errors import CheckFailedError, InputError, RadixError
from ui import editing, pane, revision
from ui.desk import Desk

PFIRRMANN_5 = {"do": "propose", "level": "L4-L5", "kind": "pfirrmann", "value": 5}


@pytest.fixture
def desk(drafted: Session) -> Desk:
    return Desk(drafted)


def sentence(desk: Desk, section: str, start: str = "") -> dict[str, Any]:
    report = desk.session.draft()
    return next(
        {"place": place, "was": s.text}
        for place, s in enumerate(report.sentences)
        if s.section == section and start in s.text
    )


def test_a_grade_changes_only_once_it_is_confirmed(desk: Desk) -> None:
    before = desk.session.report
    editing.carry_out(desk, PFIRRMANN_5)
    assert desk.session.report is before
    shown = revision.revision(desk)
    assert "<del>4</del> <ins>5</ins>" in shown
    assert "set by the reader" in shown
    assert "<del>Moderate</del> <ins>Severe</ins>" in shown
    assert 'data-do="confirm"' in shown
    said = editing.carry_out(desk, {"do": "confirm"})
    assert said == "L4-L5, disc degeneration: 5, set by the reader."
    assert "rx-reader" in pane.pane(desk)
    shown = revision.revision(desk)
    assert "Last change: grade at L4-L5" in shown
    assert "<ins>5</ins>" in shown
    assert editing.carry_out(desk, {"do": "undo"}) == "Taken back: grade at L4-L5."
    assert desk.session.report == before
    assert revision.revision(desk) == ""


def test_a_proposal_can_be_left_and_is_not_confirmed_twice(desk: Desk) -> None:
    editing.carry_out(desk, PFIRRMANN_5)
    editing.carry_out(desk, {"do": "discard"})
    assert revision.revision(desk) == ""
    with pytest.raises(InputError, match="No change waits"):
        editing.carry_out(desk, {"do": "confirm"})


def test_a_proposal_that_the_chat_has_overtaken_is_no_longer_shown(desk: Desk) -> None:
    editing.carry_out(desk, PFIRRMANN_5)
    desk.session.shift(1)
    assert "rx-proposed" not in pane.pane(desk)
    with pytest.raises(InputError, match="No change waits"):
        editing.carry_out(desk, {"do": "confirm"})


@pytest.mark.parametrize(
    "changed",
    [
        {"value": 6},
        {"value": "5"},
        {"value": True},
        {"value": None},
        {"kind": "x"},
        {"level": "L9"},
    ],
)
def test_no_scale_no_proposal(desk: Desk, changed: dict[str, Any]) -> None:
    with pytest.raises(RadixError):
        editing.carry_out(desk, {**PFIRRMANN_5, **changed})
    assert desk.proposal is None


def test_words_are_checked_at_once(desk: Desk) -> None:
    here = sentence(desk, "findings", "L4-L5: Moderate")
    said = here["was"].replace(" with ", ", with ")
    editing.carry_out(desk, {"do": "word", **here, "text": said})
    assert said in pane.pane(desk)
    assert "Worded by the reader" in pane.pane(desk)
    with pytest.raises(InputError, match="changed meanwhile"):
        editing.carry_out(desk, {"do": "word", **here, "text": said})
    now = sentence(desk, "findings", "L4-L5: Moderate")
    with pytest.raises(CheckFailedError, match="does not agree with its findings"):
        editing.carry_out(desk, {"do": "word", **now, "text": said.replace("Moderate", "Severe")})
    assert desk.session.changes == 1


def test_a_sentence_can_be_taken_out(desk: Desk) -> None:
    here = sentence(desk, "impression")
    editing.carry_out(desk, {"do": "leave-out", **here})
    impression = [s.text for s in desk.session.draft().section("impression")]
    assert here["was"] not in impression
    assert "<del>" in revision.revision(desk)


def test_nothing_is_edited_while_an_answer_is_written(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(editing, "_PATIENCE", 0.01)
    with desk.turn, pytest.raises(InputError, match="being written"):
        editing.carry_out(desk, PFIRRMANN_5)
    assert not desk.turn.locked()


def test_nothing_is_signed_while_a_change_waits_and_nothing_changed_once_signed(desk: Desk) -> None:
    who = {"do": "sign", "name": "Ada Reader", "role": "radiologist"}
    editing.carry_out(desk, PFIRRMANN_5)
    with pytest.raises(InputError, match="waits to be confirmed"):
        editing.carry_out(desk, who)
    editing.carry_out(desk, {"do": "discard"})
    editing.carry_out(desk, who)
    assert desk.session.signed is not None
    for asked in (PFIRRMANN_5, {"do": "undo"}, {"do": "leave-out", **sentence(desk, "impression")}):
        with pytest.raises(CheckFailedError, match="signed"):
            editing.carry_out(desk, asked)
    editing.carry_out(desk, {"do": "reopen"})
    editing.carry_out(desk, PFIRRMANN_5)


def test_what_is_unknown_or_too_early_is_told(session: Session) -> None:
    for asked, why in (({"do": "format"}, "unknown"), ({"do": "undo"}, "no draft yet")):
        with pytest.raises(InputError, match=why):
            editing.carry_out(Desk(Session()), asked)


def test_text_in_a_change_is_never_markup(desk: Desk) -> None:
    here = sentence(desk, "clinical_information")
    editing.carry_out(desk, {"do": "word", **here, "text": "<img src=x> & pain"})
    for html in (revision.revision(desk), pane.pane(desk)):
        assert "<img" not in html
        assert "&lt;img" in html
