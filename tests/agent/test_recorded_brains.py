"""Hosted models' answers as others have recorded them, played to our clients and to a whole turn.

What is expected is read from the recordings (``recordings.py``); what our clients send is held
against the requests that stand in them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import (
    AIMessage,
    AnyMessage,
    HumanMessage,
    SystemMessage,
    ToolCall,
    ToolMessage,
)
from recordings import ROOT, Exchange, pins
from traffic import Player
from wire import WIRES, Wire, differences

from agent import brains, chat
from agent import took as meter
from agent.events import Answer, Failed, ToolEnded
from agent.session import Session
from etl.check import check
from radixgpt.report import Report

pytestmark = pytest.mark.filterwarnings("ignore:The model 'claude-:DeprecationWarning")
"""A recording outlives the model that was asked."""

Recorded = Callable[[str, str], tuple[Exchange, ...]]

CLAUDE = "langchain-anthropic"
CLAUDE_ALONE = "opentelemetry-instrumentation-genai-anthropic"
GEMINI = "openinference-instrumentation-google-genai"
GEMINI_ALONE = "opentelemetry-instrumentation-google-genai"
OLLAMA = "opentelemetry-instrumentation-ollama"
OPENAI = "opentelemetry-instrumentation-openai-v2"

CALLED = [
    ("anthropic", CLAUDE, "test_agent_loop"),
    ("google", GEMINI, "test_generate_content_with_automatic_tool_calling"),
    ("openai", OPENAI, "test_chat_completion_tool_calls_with_content"),
    ("openai", OPENAI, "test_async_chat_completion_tool_calls_with_content"),
]
"""A tool is called, its result goes back, an answer comes."""
ANSWERED = [
    ("anthropic", CLAUDE, "test_strict_tool_use"),
    ("anthropic", CLAUDE, "test_thinking"),
    ("anthropic", CLAUDE_ALONE, "test_sync_messages_create_captures_tool_use_content"),
    ("anthropic", CLAUDE_ALONE, "test_sync_messages_create_aggregates_cache_tokens"),
    ("google", GEMINI, "test_generate_content_with_raw_json_tool"),
    ("google", GEMINI, "test_chat_session_with_tool"),
    ("google", GEMINI, "test_response_with_multiple_tool_calls[False]"),
    ("google", GEMINI_ALONE, "generate_content_conformance"),
    ("google", GEMINI_ALONE, "test_reasoning_and_token_counts"),
    ("ollama", OLLAMA, "test_ollama_chat_legacy"),
    ("ollama", OLLAMA, "test_ollama_streaming_chat_legacy"),
    ("ollama", OLLAMA, "test_ollama_async_streaming_chat_legacy"),
    ("openai", OPENAI, "test_chat_completion_with_content"),
]
"""One answer, of words or of calls; of a recording of several, the first."""
REFUSED = [
    ("anthropic", CLAUDE_ALONE, "test_sync_messages_create_api_error"),
    ("google", GEMINI_ALONE, "test_sync_interactions_get_invalid_id"),
    ("openai", OPENAI, "test_chat_completion_404"),
]
"""An error. Google's was the answer to another call than ours; it has the form of all of theirs."""
HISTORY = "test_ollama_chat_tool_calls_legacy"

LACKING = {
    "anthropic": set(),
    "google": {
        "systemInstruction.role",
        "tools[].functionDeclarations[].parameters.properties.unit.default",
    },
    "openai": {"tool_choice"},
}
"""What the recorders said besides and ours leaves out, as the services let it."""
BESIDES = {
    "anthropic": {"temperature"},
    "google": {"generationConfig"},
    "openai": {"stream", "temperature"},
}
"""What ours says besides."""


def model_of(exchange: Exchange) -> str:
    """The model that was asked: Google's stands in the path, if anywhere."""
    _, _, last = exchange.path.partition("/models/")
    return last.partition(":")[0] or str((exchange.asked or {}).get("model", "some-model"))


def setting(service: str, exchange: Exchange, player: Player) -> str:
    """The setting by which the played service is asked for the model of the recording."""
    return f"{service}:{model_of(exchange)}@{player.url}{WIRES[service].base}"


def offering(model: BaseChatModel, wire: Wire, asked: Any) -> Any:
    """The model with the tools that a recorded request offers."""
    tools = [{"type": "function", "function": wire.function(t)} for t in wire.tools(asked)]
    return model.bind_tools(tools) if tools else model


def asking(wire: Wire, asked: Any) -> list[AnyMessage]:
    """What a recorded request begins with."""
    system = wire.system(asked)
    begun: list[AnyMessage] = [SystemMessage(system)] if system else []
    return [*begun, HumanMessage(wire.question(asked))]


def spent(message: AIMessage) -> tuple[int, int]:
    used = message.usage_metadata
    assert used is not None
    return used["input_tokens"], used["output_tokens"]


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ANTHROPIC_API_KEY", "GOOGLE_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.setenv(name, "k-of-nobody")


@pytest.mark.parametrize(("service", "package", "name"), CALLED)
def test_a_recorded_call_and_its_answer_are_read_and_asked_for_as_recorded(
    service: str, package: str, name: str, recorded: Recorded, player: Player
) -> None:
    exchanges, wire = recorded(package, name), WIRES[service]
    player.answers = [one.given for one in exchanges]
    model = brains.load(setting(service, exchanges[0], player))
    first, last = exchanges
    messages = asking(wire, first.asked)
    called = offering(model, wire, first.asked).invoke(messages)
    assert [(call["name"], call["args"]) for call in called.tool_calls] == wire.calls(first.told)
    results = wire.results(last.asked)
    assert len(results) == len(called.tool_calls) > 0
    messages += [
        called,
        *(
            ToolMessage(wire.result(entry), tool_call_id=call["id"], name=call["name"])
            for call, entry in zip(called.tool_calls, results, strict=True)
        ),
    ]
    answer = offering(model, wire, last.asked).invoke(messages)
    assert answer.text == wire.text(last.told) != ""
    assert answer.tool_calls == []
    assert [spent(called), spent(answer)] == [wire.tokens(one.told) for one in exchanges]
    assert wire.tokens(first.told) != wire.tokens(last.told)
    lacking, besides = set(), set()
    for asked, was in zip(player.asked, exchanges, strict=True):
        assert (asked.method, asked.path) == (was.method, was.path)
        less, more = differences(asked.body, was.asked)
        lacking |= less
        besides |= more
    assert lacking == LACKING[service]
    assert besides == BESIDES[service]


@pytest.mark.parametrize(("service", "package", "name"), ANSWERED)
def test_a_recorded_answer_is_read_with_its_cost(
    service: str, package: str, name: str, recorded: Recorded, player: Player
) -> None:
    exchange, wire = recorded(package, name)[0], WIRES[service]
    player.answers = [exchange.given]
    model = brains.load(setting(service, exchange, player))
    answer = model.invoke("which question it was is of no matter")
    calls = wire.calls(exchange.told)
    assert answer.text == wire.text(exchange.told)
    assert [(call["name"], call["args"]) for call in answer.tool_calls] == calls
    assert calls or answer.text
    assert len({call["id"] for call in answer.tool_calls}) == len(calls)
    assert spent(answer) == wire.tokens(exchange.told)
    assert (player.asked[0].method, player.asked[0].path) == (exchange.method, exchange.path)


def test_ollama_is_told_of_a_call_and_its_result_as_recorded(
    recorded: Recorded, player: Player
) -> None:
    (exchange,), wire = recorded(OLLAMA, HISTORY), WIRES["ollama"]
    player.answers = [exchange.given]
    model = brains.load(setting("ollama", exchange, player))
    said, returned = exchange.asked["messages"]
    calls = [
        ToolCall(name=c["function"]["name"], args=c["function"]["arguments"], id=f"call-{place}")
        for place, c in enumerate(said["tool_calls"])
    ]
    answer = model.invoke(
        [
            AIMessage(said["content"], tool_calls=calls),
            ToolMessage(returned["content"], tool_call_id="call-0"),
        ]
    )
    assert answer.text == wire.text(exchange.told)
    assert spent(answer) == wire.tokens(exchange.told)
    assert player.asked[0].path == exchange.path
    streamed = {**exchange.asked, "stream": True}  # as ours always lets it
    assert differences(player.asked[0].body, streamed) == (set(), {"options"})


@pytest.mark.parametrize(("service", "package", "name"), REFUSED)
def test_a_recorded_error_is_told_in_our_words(
    service: str,
    package: str,
    name: str,
    recorded: Recorded,
    player: Player,
    session: Session,
    fail: Callable[[Session, str], Failed],
) -> None:
    exchange = recorded(package, name)[0]
    player.answers = [exchange.given]
    session.llm = setting(service, exchange, player)
    failed = fail(session, "hello")
    assert failed.code == "language-model"
    status = exchange.given.status
    known = f"The language model '{model_of(exchange)}' is not known to its server."
    other = f"The language model's server answered with an error ({status})."
    assert failed.problem == (known if status == 404 else other)
    assert exchange.told["error"]["message"] not in failed.problem + failed.mend
    assert len(player.asked) == 1


def led(session: Session, text: str) -> tuple[Answer, list[ToolEnded]]:
    events = list(chat.stream(session, text))
    answer = events[-1]
    assert isinstance(answer, Answer), answer
    return answer, [one for one in events if isinstance(one, ToolEnded)]


@pytest.mark.parametrize(("service", "package", "name"), CALLED)
def test_a_tool_that_is_not_ours_is_refused_and_the_templates_answer(
    service: str,
    package: str,
    name: str,
    recorded: Recorded,
    player: Player,
    session: Session,
) -> None:
    (call, told), wire = recorded(package, name), WIRES[service]
    player.answers = [call.given, told.given, told.given]  # the last where it is asked to mend it
    session.llm = setting(service, call, player)
    session.terms = session.terms.__class__(price_in=3.0, price_out=15.0)
    before = session.draft()
    answer, ended = led(session, "is there a herniation at L4-L5?")
    assert [one.name for one in ended] == [name for name, _ in wire.calls(call.told)]
    assert all(one.failed and not one.images for one in ended)
    assert answer.text == "That could not be carried out. Please say it in other words."
    assert answer.guarded
    assert not answer.findings
    assert not answer.report_changed
    assert session.draft() == before
    assert session.pending is None
    assert answer.took is not None
    tokens = [wire.tokens(one.told) for one in (call, told, told)]
    sent, written = (sum(side) for side in zip(*tokens, strict=True))
    assert (answer.took.tokens_in, answer.took.tokens_out) == (sent, written)
    line = meter.line(answer.took)
    assert f"{sent:,} tokens in, {written:,} out" in line
    assert f"{(3 * sent + 15 * written) / 1_000_000:.4f} at your prices" in line
    # what our own turn sends has the form of what was recorded
    offered, theirs = wire.tools(player.asked[0].body), wire.tools(call.asked)
    fields = {field for tool in theirs for field in tool}
    assert all(fields >= tool.keys() >= fields - {"parameters"} for tool in offered)
    assert {tool["name"] for tool in map(described, offered)} > {"get_findings", "undo"}
    returned, was = wire.results(player.asked[1].body), wire.results(told.asked)
    assert [one.keys() for one in returned] == [one.keys() for one in was]
    for asked in player.asked:
        assert any(asked.headers.get(key, "").endswith("k-of-nobody") for key in wire.keys)
    assert {asked.path for asked in player.asked} == {call.path}


def described(tool: dict[str, Any]) -> dict[str, Any]:
    """What names a tool, which OpenAI puts one deeper."""
    inner: dict[str, Any] = tool.get("function", tool)
    return inner


WORDS = [
    *((service, package, name, 1) for service, package, name in CALLED),
    ("anthropic", CLAUDE, "test_thinking", 0),
    ("google", GEMINI_ALONE, "test_reasoning_and_token_counts", 0),
    ("ollama", OLLAMA, "test_ollama_streaming_chat_legacy", 0),
    ("ollama", OLLAMA, HISTORY, 0),
    ("openai", OPENAI, "test_chat_completion_with_content", 0),
]
"""Recorded words, by the place of their answer."""


@pytest.mark.parametrize(("service", "package", "name", "place"), WORDS)
def test_recorded_words_are_no_answer_and_no_sentence_of_a_report(
    service: str,
    package: str,
    name: str,
    place: int,
    recorded: Recorded,
    player: Player,
    session: Session,
) -> None:
    exchange = recorded(package, name)[place]
    said = WIRES[service].text(exchange.told)
    player.answers = [exchange.given] * 2
    session.llm = setting(service, exchange, player)
    before = session.draft()
    answer, _ = led(session, "is there a herniation at L4-L5?")
    assert answer.guarded
    assert answer.text.startswith("No tool here assesses that")
    assert said not in answer.text
    assert not answer.findings
    assert session.draft() == before
    assert not failing(before)
    assert failing(saying(before, said))


def saying(report: Report, text: str) -> Report:
    """The report with other words for the first of its findings."""
    first = report.section("findings")[0]
    changed = first.model_copy(update={"text": text})
    sentences = tuple(changed if one is first else one for one in report.sentences)
    return report.model_copy(update={"sentences": sentences})


def failing(report: Report) -> list[str]:
    return [one.rule for one in check(report) if one.severity == "error" and not one.passed]


def test_the_page_names_what_is_played() -> None:
    page = (ROOT / "docs" / "reference" / "services.md").read_text(encoding="utf-8")
    for package, (version, _) in pins().items():
        assert f"{package} {version}" in page


@pytest.mark.parametrize("service", ["google", "ollama"])
def test_models_are_told_what_each_argument_may_be(service: str, player: Player) -> None:
    from traffic import answers_of

    from agent.toolbox import TOOLS

    player.answers = [answers_of(service)["turn"][1]]
    brains.load(f"{service}:tiny@{player.url}").bind_tools(list(TOOLS)).invoke("hello")
    told = {
        (tool["name"], name): one
        for tool in map(described, WIRES[service].tools(player.asked[0].body))
        for name, one in tool.get("parameters", {}).get("properties", {}).items()
    }
    assert [place for place, one in told.items() if not one.get("type")] == []
    assert told["get_findings", "levels"]["items"]["enum"][0] == "L1-L2"
    assert "scoliosis" in told["get_findings", "kinds"]["items"]["enum"]
    assert "L5-S1" in told["explain", "level"]["enum"]
    assert "null" not in json.dumps(list(told.values()))
