"""What a reader does to the report on the page; the session carries it out and checks it.

A grade is proposed first and changed when the reader confirms what it would change. Words, and
taking out a sentence, are done at once: they state nothing new. Everything can be undone until the
report is signed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from agent.edits import SetGrade
from agent.session import Session
from radixgpt.errors import InputError, RadixError
from radixgpt.report import Report
from ui import statement
from ui.desk import Desk

_PATIENCE = 5.0
"""Seconds that an edit waits for the answer that is being written."""


def carry_out(desk: Desk, asked: Mapping[str, Any]) -> str:
    """Do what is asked for and say in a sentence what was done.

    Args:
        desk: whose report it is.
        asked: ``do`` names one of :data:`DEEDS`, the other entries are what it takes.

    Raises:
        RadixError: it can't be done; nothing has changed.
    """
    deed = DEEDS.get(str(asked.get("do")))
    if deed is None:
        raise InputError("The page asked for something unknown.", "Load the page anew.")
    if not desk.turn.acquire(timeout=_PATIENCE):
        raise InputError("An answer is being written.", "Wait for its end, or stop it.")
    try:
        if desk.session.report is None:
            raise InputError("There is no draft yet.", "Draft the report first.")
        return deed(desk, asked)
    finally:
        desk.turn.release()


def _word(desk: Desk, asked: Mapping[str, Any]) -> str:
    place = _place(desk.session, asked)
    desk.session.reword(place, _text(asked, "text"))
    desk.proposal = None
    return "The sentence is worded anew and agrees with its findings."


def _leave_out(desk: Desk, asked: Mapping[str, Any]) -> str:
    desk.session.leave_out(_place(desk.session, asked))
    desk.proposal = None
    return "The sentence is out of the report; the limitations say so."


def _propose(desk: Desk, asked: Mapping[str, Any]) -> str:
    session = desk.session
    value = asked.get("value")
    change = SetGrade(
        _text(asked, "level"),
        _text(asked, "kind"),
        value if isinstance(value, int) else str(value)[:20],
        session.level_shift,
    )
    session.preview(change)
    desk.proposal = change
    return "Nothing is changed yet: look at what would change, and confirm it."


def _confirm(desk: Desk, asked: Mapping[str, Any]) -> str:
    change = desk.proposal
    if change is None or change.numbering != desk.session.level_shift:
        desk.proposal = None
        raise InputError("No change waits to be confirmed.", "Choose the grade again.")
    desk.session.set_grade(change.level, change.kind, change.value)
    desk.proposal = None
    return f"{change.level}, {statement.title(change.kind)}: {change.value}, set by the reader."


def _discard(desk: Desk, asked: Mapping[str, Any]) -> str:
    desk.proposal = None
    return "Nothing was changed."


def _undo(desk: Desk, asked: Mapping[str, Any]) -> str:
    desk.proposal = None
    return f"Taken back: {desk.session.undo()}."


def _sign(desk: Desk, asked: Mapping[str, Any]) -> str:
    if desk.proposal is not None:
        raise InputError("A change waits to be confirmed.", "Make it or discard it, then sign.")
    desk.session.sign(
        name=_text(asked, "name"),
        role=_text(asked, "role"),
        at=datetime.now().astimezone(),
        organization=_text(asked, "organization"),
        critical_communication=_text(asked, "critical_communication"),
    )
    return "The report is signed. The downloads are final; the draft is kept."


def _reopen(desk: Desk, asked: Mapping[str, Any]) -> str:
    desk.session.reopen()
    return "Back to the draft. What was downloaded as final stays signed by whom it names."


DEEDS: dict[str, Callable[[Desk, Mapping[str, Any]], str]] = {
    "word": _word,
    "leave-out": _leave_out,
    "propose": _propose,
    "confirm": _confirm,
    "discard": _discard,
    "undo": _undo,
    "sign": _sign,
    "reopen": _reopen,
}
"""What can be done to the report, by name."""


def proposed(desk: Desk) -> Report | None:
    """The report as the waiting proposal would make it, None where none waits or it lapsed."""
    change, session = desk.proposal, desk.session
    if change is None or session.signed is not None or change.numbering != session.level_shift:
        return None
    try:
        return session.preview(change)
    except RadixError:  # what was changed in the chat meanwhile leaves no place for it
        return None


def _place(session: Session, asked: Mapping[str, Any]) -> int:
    """Place of the sentence that is meant, if it still reads as the page shows it."""
    place, report = asked.get("place"), session.draft()
    if isinstance(place, int) and 0 <= place < len(report.sentences):
        shown = report.sentences[place].text
        if shown == asked.get("was"):
            return place
    raise InputError("The report has changed meanwhile.", "Edit the sentence as it reads now.")


def _text(asked: Mapping[str, Any], name: str) -> str:
    value = asked.get(name, "")
    return value if isinstance(value, str) else ""
