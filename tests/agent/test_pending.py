"""A yes answers the message before, never an older offer."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from agent.events import Answer
from agent.session import Session


@pytest.mark.parametrize("between", ["undo", "what is at L5-S1?", "is there a tumour"])
def test_an_offer_lapses_with_the_next_message(
    session: Session, say: Callable[[Session, str], Answer], between: str
) -> None:
    before = session.draft()
    asked = say(session, "set the Pfirrmann grade at L4-L5 to 2")
    assert "Shall I set it to Pfirrmann II" in asked.text
    answered = [_any(session, say, text) for text in (between, "yes")]
    assert not any(answered)
    assert session.draft().findings == before.findings


def _any(session: Session, say: Callable[[Session, str], Answer], text: str) -> bool:
    """Whether a message changed the report; a refusal did not."""
    try:
        return say(session, text).report_changed
    except AssertionError:
        return False
