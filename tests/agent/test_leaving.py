"""A conversation leaves this machine only after a yes; then, and only then, a server is asked."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from traffic import Player, answers_of

from agent import brains, leaving
from agent.brains import hosted
from agent.events import Answer, Failed
from agent.pipeline import Reading
from agent.session import Session
from agent.state import Terms
from radixgpt.consent import Address
from radixgpt.errors import ConsentError

Say = Callable[[Session, str], Answer]
ASKED = "is there a herniation at L4-L5?"


@pytest.fixture
def far(player: Player, session: Session, monkeypatch: pytest.MonkeyPatch) -> Session:
    """A session whose server is said to be elsewhere, though it is played here."""
    monkeypatch.setattr(Address, "here", property(lambda _: False))
    player.answers = answers_of("ollama")["turn"]
    session.llm = f"ollama:tiny@{player.url}"
    session.llm_timeout = 20.0
    return session


def test_the_first_turn_asks_and_names_the_host_and_what_is_sent(
    far: Session, player: Player, say: Say
) -> None:
    asked = say(far, ASKED)
    assert f"The language model is at {player.url}, unencrypted." in asked.text
    assert "word for word" in asked.text
    assert "No image, name, id or path" in asked.text
    assert asked.took is None
    assert player.asked == []


def test_a_yes_sends_the_question_that_was_held_and_is_asked_for_once(
    far: Session, player: Player, say: Say
) -> None:
    say(far, ASKED)
    answer = say(far, "Yes, please.")
    assert answer.text == "At L4-L5 there is a disc herniation."
    assert player.asked[0].body["messages"][-1]["content"] == ASKED
    assert "yes" not in str(player.asked[0].body["messages"][1:]).lower()
    player.answers = answers_of("ollama")["turn"]
    assert "Send?" not in say(far, ASKED).text


def test_a_no_goes_on_with_the_embedded_brain_and_sends_nothing(
    far: Session, player: Player, say: Say
) -> None:
    say(far, ASKED)
    answer = say(far, "no")
    assert answer.text.startswith(leaving.STAYED)
    assert "L4-L5: Disc herniation." in answer.text
    assert far.brain == "embedded"
    assert "L5-S1" in say(far, "what is at L5-S1?").text
    say(far, "take L5-S1 out of the report")  # the embedded brain's own changes need no second yes
    assert far.edits
    assert player.asked == []


@pytest.mark.parametrize("text", ["what about L5-S1?", "yes, and what about L3-L4?", "maybe", ""])
def test_anything_else_is_no_answer(far: Session, player: Player, say: Say, text: str) -> None:
    say(far, ASKED)
    again = say(far, text)
    assert again.text.startswith("Please answer that with yes or no first.")
    assert far.held == text
    assert player.asked == []


def test_another_study_is_asked_about_anew(
    far: Session, player: Player, say: Say, make_reading: Callable[..., Reading]
) -> None:
    say(far, ASKED)
    say(far, "yes")
    far.take(make_reading(key="another"))
    assert "Send?" in say(far, ASKED).text
    say(far, "no")
    far.take(make_reading(key="a third"))
    assert far.brain != "embedded"
    assert "Send?" in say(far, ASKED).text
    assert len(player.asked) == 2


@pytest.mark.parametrize(("hosts", "sent"), [("127.0.0.1", True), ("elsewhere, x.org", False)])
def test_the_setting_allows_its_hosts_alone(
    far: Session, player: Player, say: Say, hosts: str, sent: bool
) -> None:
    far.terms = Terms(send_to=hosts)
    assert ("Send?" not in say(far, ASKED).text) is sent
    assert bool(player.asked) is sent


def test_a_yes_to_pictures_is_none_to_the_conversation(far: Session, say: Say) -> None:
    far.consents.give(far.study.key, brains.leaves_to(far.llm))
    assert "Send?" in say(far, ASKED).text


def test_the_call_itself_is_refused_where_nobody_was_asked(
    far: Session, player: Player, monkeypatch: pytest.MonkeyPatch,
    fail: Callable[[Session, str], Failed],
) -> None:  # fmt: skip
    with pytest.raises(ConsentError, match="nobody allowed that"):
        leaving.require(far, far.llm)
    monkeypatch.setattr(leaving, "settle", lambda _, text: (text, ""))
    failed = fail(far, ASKED)
    assert failed.code == "consent"
    assert "RADIXGPT_LLM_SEND_TO=127.0.0.1" in failed.mend
    assert player.asked == []


def test_a_server_on_this_machine_is_asked_without_a_question(
    player: Player, session: Session, say: Say
) -> None:
    player.answers = answers_of("ollama")["turn"]
    session.llm = f"ollama:tiny@{player.url}"
    assert leaving.question(session) == ""
    assert say(session, ASKED).text == "At L4-L5 there is a disc herniation."


@pytest.mark.parametrize("kind", ["openai", "anthropic", "google"])
def test_the_services_themselves_are_elsewhere(
    kind: str, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_BASE_URL", "OPENAI_API_BASE", "ANTHROPIC_BASE_URL", "ANTHROPIC_API_URL",
                 "GOOGLE_GEMINI_BASE_URL"):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
    session.llm = f"{kind}:some"
    assert hosted._SERVICES[kind].url.startswith("https://")
    assert f"at https://{brains.leaves_to(session.llm).split('/')[2]}." in leaving.question(session)


def test_the_answer_stands_in_the_record(far: Session, say: Say) -> None:
    say(far, ASKED)
    say(far, "no")
    kinds = [(line.kind, getattr(line, "given", None)) for line in far.audit.lines]
    assert ("consent", False) in kinds
    assert [kind for kind, _ in kinds].count("said") == 1
