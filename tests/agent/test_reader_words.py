"""A reader's own words and a signature in the session: kept, undone, set aside, locked."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from agent import chat
from agent.events import Answer
from agent.session import Session
from radixgpt.errors import CheckFailedError, InputError

NOW = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture
def session(phantom: Session) -> Session:
    phantom.draft()
    return phantom


def place(session: Session, start: str) -> int:
    return next(n for n, s in enumerate(session.draft().sentences) if s.text.startswith(start))


def test_words_are_kept_and_taken_back(session: Session) -> None:
    before = session.report
    at = place(session, "L4-L5: Moderate")
    text = session.draft().sentences[at].text.replace(" with ", ", with ")
    session.reword(at, text)
    assert session.draft().sentences[place(session, "L4-L5: Moderate")].text == text
    assert session.last_change == ("wording of a sentence", before)
    assert session.undo() == "wording of a sentence"
    assert session.report == before
    assert session.last_change is None
    with pytest.raises(CheckFailedError, match="no such sentence"):
        session.reword(999, text)


def test_words_are_set_aside_in_another_numbering_and_come_back(session: Session) -> None:
    at = place(session, "L4-L5: Moderate")
    text = session.draft().sentences[at].text.replace(" with ", ", with ")
    session.reword(at, text)
    session.shift(1)
    assert session.aside == session.edits
    assert not any(s.by_reader for s in session.draft().sentences)
    session.shift(-1)
    assert session.aside == ()
    assert text in [s.text for s in session.draft().sentences]


def test_a_preview_changes_nothing(session: Session) -> None:
    from agent.edits import SetGrade

    before = session.report
    other = session.preview(SetGrade("L4-L5", "pfirrmann", 5))
    assert other != before
    assert session.report is before
    assert session.changes == 0


def test_what_is_signed_is_locked_until_it_is_reopened(session: Session) -> None:
    session.set_grade("L4-L5", "pfirrmann", 5)
    draft = session.report
    final = session.sign(name="Ada Reader", role="radiologist", at=NOW)
    assert final.status == "final"
    assert session.signed is final
    assert session.report is draft
    at = place(session, "L1-L2:")
    for change in (
        lambda: session.set_grade("L4-L5", "pfirrmann", 3),
        lambda: session.restyle("concise"),
        lambda: session.shift(1),
        lambda: session.leave_out(at),
        lambda: session.drop_sentences("L4-L5"),
        session.undo,
        lambda: session.sign(name="Ada Reader", role="radiologist", at=NOW),
    ):
        with pytest.raises(CheckFailedError, match="signed"):
            change()
    assert session.report is draft
    session.reopen()
    assert session.signed is None
    session.undo()


def test_of_a_signed_report_no_change_is_offered(session: Session) -> None:
    session.sign(name="Ada Reader", role="radiologist", at=NOW)
    last = list(chat.stream(session, "set L4-L5 to Pfirrmann 5"))[-1]
    assert isinstance(last, Answer)
    assert "is signed and can't be changed" in last.text
    assert session.pending is None


def test_another_study_forgets_who_signed(session: Session) -> None:
    session.sign(name="Ada Reader", role="radiologist", at=NOW)
    session.use(session.study)
    assert session.signed is None
    with pytest.raises(InputError):
        session.undo()
