"""Whether a conversation may leave this machine for a language model, and how a person is asked."""

from __future__ import annotations

from agent import brains
from agent.session import Session
from radixgpt.consent import about_conversation, address_of, answer, stands
from radixgpt.errors import ConsentError

STAYED = "Nothing was sent; the embedded brain answers, on this machine.\n\n"
_AGAIN = "Please answer that with yes or no first.\n\n"


def question(session: Session) -> str:
    """What the person is to be asked before the next turn; empty where nothing is.

    Raises:
        SettingsError: the language model's address is none.
    """
    url = brains.leaves_to(session.brain)
    if not url or _may(session, url):
        return ""
    return about_conversation(url)


def _may(session: Session, url: str) -> bool:
    return (
        not session.asks
        or stands(session.terms.send_to, url)
        or session.consents.given(session.about, url, "conversation")
    )


def require(session: Session, setting: str) -> None:
    """Refuse to call a language model elsewhere that nobody allowed.

    Raises:
        ConsentError: nobody did.
    """
    url = brains.leaves_to(setting)
    if url and not _may(session, url):
        address = address_of(url)
        raise ConsentError(
            f"This conversation would leave this machine for {address}, and nobody allowed that.",
            "Say yes when you are asked (--send-conversation in the terminal), set "
            f"RADIXGPT_LLM_SEND_TO={address.host} to allow it from now on, or use "
            "RADIXGPT_LLM=embedded.",
        )


def settle(session: Session, text: str) -> tuple[str | None, str]:
    """The message to be answered now, and what is to be said before that.

    A message that would leave unasked is held back, and the question stands in for its answer: no
    message is to be answered then (None). After a yes or a no it is the held one.
    """
    asked = question(session)
    if not asked:
        return text, ""
    held = session.held
    said = None if held is None else answer(text)
    if held is None or said is None:
        session.held = text
        return None, asked if held is None else _AGAIN + asked
    session.leave(said)
    return held, "" if said else STAYED
