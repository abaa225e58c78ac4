"""Several tools in one turn, a second try, an end on request, and what a turn took."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from chat_server import Server, says
from chat_server import calls as call
from traffic import Player, answers_of

from agent import chat, lookups, steps, took
from agent.events import Answer, Event, Failed, ToolEnded, ToolStarted
from agent.session import Session
from agent.state import Terms

Say = Callable[[Session, str], Answer]


def many(*wanted: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    """A message with several calls."""
    made = [call(name, **args)["tool_calls"][0] for name, args in wanted]
    for number, one in enumerate(made):
        one["id"] = f"call_{number}"
    return {"role": "assistant", "content": None, "tool_calls": made}


@pytest.fixture
def hosted(server: Server, session: Session) -> Session:
    session.llm = f"openai:tiny@{server.url}"
    session.llm_timeout = 20.0
    session.draft()
    return session


LOOKS = (
    ("get_findings", {"levels": ["L4-L5"]}),
    ("measure", {"levels": ["L4-L5"], "quantities": ["slip"]}),
    ("find_levels", {}),
)


def test_lookups_of_one_message_run_side_by_side_and_are_noted_in_order(
    hosted: Session, server: Server, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = threading.Barrier(len(LOOKS), timeout=20)  # breaks if they run one by one
    real = lookups.report_of

    def report_of(*args: Any, **more: Any) -> Any:
        place = together.wait()
        time.sleep(0.02 * place)
        return real(*args, **more)

    monkeypatch.setattr(lookups, "report_of", report_of)
    server.replies = [many(*LOOKS), says("L4-L5: Disc herniation.")]
    say(hosted, "what is at L4-L5, and how much slip, and which levels are there?")
    noted = [line.name for line in hosted.audit.lines if line.kind == "tool"]
    assert noted == [name for name, _ in LOOKS]


def test_a_change_waits_for_what_stands_before_it_and_is_waited_for(
    hosted: Session, server: Server, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, int]] = []
    real = lookups.report_of

    def report_of(runtime: Any, **more: Any) -> Any:
        time.sleep(0.05)
        seen.append((runtime.tool_call_id, hosted.changes))
        return real(runtime, **more)

    monkeypatch.setattr(lookups, "report_of", report_of)
    server.replies = [
        many(LOOKS[0], ("remove_sentences", {"level": "L4-L5"}), LOOKS[0], LOOKS[1]),
        says("Done."),
    ]
    say(hosted, "take L4-L5 out of the report")
    assert seen[0] == ("call_0", 0)
    assert sorted(seen[1:]) == [("call_2", 1), ("call_3", 1)]
    kinds = [getattr(line, "name", line.kind) for line in hosted.audit.lines]
    after = kinds[kinds.index("get_findings") :]
    assert after[:5] == ["get_findings", "report", "remove_sentences", "get_findings", "measure"]


# --- a second try ---------------------------------------------------------------------------------


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "PAUSE", 0.01)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "k")
    monkeypatch.setenv("GOOGLE_API_KEY", "k")


def led(session: Session, player: Player, service: str) -> list[Event]:
    model = {"google": "gemini-tiny"}.get(service, "tiny")
    session.llm = f"{service}:{model}@{player.url}"
    session.llm_timeout = 20.0
    return list(chat.stream(session, "is there a herniation at L4-L5?"))


def tries(events: list[Event]) -> list[ToolEnded]:
    assert {e.id for e in events if isinstance(e, ToolStarted)} == {
        e.id for e in events if isinstance(e, ToolEnded)
    }
    return [e for e in events if isinstance(e, ToolEnded) and e.name == "again"]


@pytest.mark.parametrize("service", ["anthropic", "google", "ollama"])
@pytest.mark.usefixtures("quick")
def test_an_overloaded_service_is_asked_once_more(
    session: Session, player: Player, service: str
) -> None:
    known = answers_of(service)
    player.answers = [known["busy"], *known["turn"]]
    events = led(session, player, service)
    assert isinstance(events[-1], Answer), events[-1]
    (again,) = tries(events)
    assert not again.failed
    assert str(known["busy"]["status"]) in again.summary
    assert len(player.asked) == 3


@pytest.mark.parametrize("service", ["anthropic", "google", "ollama"])
@pytest.mark.usefixtures("quick")
def test_a_dropped_connection_is_tried_again_and_no_more_than_once(
    session: Session, player: Player, service: str
) -> None:
    player.answers = [None, *answers_of(service)["turn"]]
    events = led(session, player, service)
    assert isinstance(events[-1], Answer), events[-1]
    assert len(tries(events)) == 1
    asked = len(player.asked)
    session.graph = None
    player.answers = [None, None, None]
    events = led(session, player, service)
    assert isinstance(events[-1], Failed)
    assert "can't be reached" in events[-1].problem
    assert [one.failed for one in tries(events)] == [True]
    assert len(player.asked) == asked + 2


@pytest.mark.parametrize(("service", "seconds"), [("anthropic", 7.0), ("google", 6.0)])
@pytest.mark.usefixtures("quick")
def test_a_server_is_left_alone_for_as_long_as_it_asks(
    session: Session, player: Player, monkeypatch: pytest.MonkeyPatch, service: str, seconds: float
) -> None:
    waited: list[float] = []
    monkeypatch.setattr(Session, "stopped_within", lambda _, s: bool(waited.append(s)))
    known = answers_of(service)
    player.answers = [known["limited"], *known["turn"]]
    assert isinstance(led(session, player, service)[-1], Answer)
    for_an_hour = {**known["limited"], "headers": {"retry-after": "3600"}}
    player.answers = [for_an_hour, *known["turn"]]
    led(session, player, service)
    assert waited == [seconds, steps.LONGEST_PAUSE]


@pytest.mark.usefixtures("quick")
def test_an_answer_that_is_broken_off_is_asked_for_again_and_then_told(
    session: Session, player: Player
) -> None:
    known = answers_of("ollama")
    player.answers = [known["broken_off"], *known["turn"]]
    assert isinstance(led(session, player, "ollama")[-1], Answer)
    session.graph = None
    player.answers = [known["broken_off"], known["broken_off"]]
    failed = led(session, player, "ollama")[-1]
    assert isinstance(failed, Failed)
    assert failed.problem == "The language model's server broke off in the middle of its answer."


# --- the end on request ---------------------------------------------------------------------------


def test_a_turn_ends_between_two_steps_and_takes_back_what_it_changed(
    session: Session, say: Say
) -> None:
    before = session.draft()
    events = []
    for event in chat.stream(session, "take L4-L5 out of the report and make it concise"):
        events.append(event)
        if isinstance(event, ToolEnded):
            assert session.changes == 1
            session.cancel()
    assert [e.name for e in events if isinstance(e, ToolEnded)] == ["remove_sentences"]
    last = events[-1]
    assert isinstance(last, Failed)
    assert last.code == "stopped"
    assert session.draft() == before
    assert session.changes == 0
    assert "L4-L5: Disc herniation." in say(session, "is there a herniation at L4-L5?").text


def test_a_message_whose_tools_have_not_begun_is_dropped_whole(
    hosted: Session, server: Server, say: Say
) -> None:
    server.replies = [
        many(("remove_sentences", {"level": "L4-L5"}), ("restyle", {"style": "concise"}))
    ]
    events = []
    for event in chat.stream(hosted, "take L4-L5 out of the report and make it concise"):
        events.append(event)
        if isinstance(event, ToolStarted):
            hosted.cancel()
    assert isinstance(events[-1], Failed)
    assert events[-1].code == "stopped"
    assert hosted.changes == 0
    assert not any(line.kind == "tool" for line in hosted.audit.lines)
    server.replies = [call("get_findings", levels=["L4-L5"]), says("L4-L5: Disc herniation.")]
    assert say(hosted, "what is at L4-L5?").text == "L4-L5: Disc herniation."
    roles = [m["role"] for m in server.asked[-1]["messages"]]
    assert roles.count("tool") == 3  # a server refuses a call without a result


def test_what_does_not_run_is_not_ended(session: Session, say: Say) -> None:
    session.cancel()
    assert say(session, "what is at L4-L5?").text


# --- what a turn took -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("service", "tokens"),
    [("anthropic", (4405, 93)), ("google", (4331, 137)), ("ollama", (4169, 46))],
)  # Google counts thoughts apart, and bills them as output
@pytest.mark.usefixtures("quick")
def test_a_turn_tells_its_seconds_tokens_and_what_they_cost_the_user(
    session: Session, player: Player, service: str, tokens: tuple[int, int]
) -> None:
    session.terms = Terms(price_in=3.0, price_out=15.0)
    player.answers = answers_of(service)["turn"]
    answer = led(session, player, service)[-1]
    assert isinstance(answer, Answer)
    found = answer.took
    assert found is not None
    assert (found.tokens_in, found.tokens_out) == tokens
    assert found.model_calls == 2
    assert [title for title, _ in found.steps] == ["Looking up findings"]
    assert 0 < found.model_seconds <= found.seconds
    assert found.cost == pytest.approx((3 * tokens[0] + 15 * tokens[1]) / 1e6)
    line = took.line(found)
    assert f"{tokens[0]:,} tokens in, {tokens[1]} out" in line
    assert "at your prices" in line
    assert player.url not in line


def test_the_embedded_brain_has_no_tokens_and_no_prices(session: Session, say: Say) -> None:
    session.terms = Terms(price_in=3.0, price_out=15.0)
    found = say(session, "what is at L4-L5?").took
    assert found is not None
    assert (found.tokens_in, found.tokens_out, found.cost) == (None, None, None)
    assert found.model == "embedded"
    assert "tokens" not in took.line(found)


def test_no_sum_is_told_where_a_call_was_not_counted() -> None:
    meter = took.Meter()
    meter.modelled(1.0, {"input_tokens": 5, "output_tokens": 6})
    assert meter.took(2.0, "m", Terms()).tokens_in == 5
    meter.modelled(1.0, None)
    found = meter.took(2.0, "m", Terms(price_in=1.0, price_out=1.0))
    assert (found.tokens_in, found.tokens_out, found.cost) == (None, None, None)
