"""One turn of the chat as a stream of events."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agent import brains, leaving
from agent.asked import Heard
from agent.events import (
    Answer,
    Event,
    Failed,
    Image,
    Progress,
    SimilarCase,
    SyntheticImage,
    Token,
    ToolEnded,
    ToolStarted,
)
from agent.session import Session
from agent.took import Meter
from radixgpt.errors import LanguageModelError, RadixError, StoppedError

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage, ToolMessage

LONGEST = 4000
"""Characters of a message that are taken."""
_PIECE = re.compile(r"\S+\s*|\s+")
_WAIT = 600.0


@dataclass
class _Turn:
    """What has happened in this turn so far."""

    begun: dict[str, tuple[str, float]] = field(default_factory=dict)
    images: list[Image] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    similar: list[SimilarCase] = field(default_factory=list)
    synthetic: list[SyntheticImage] = field(default_factory=list)
    answer: Any = None
    meter: Meter = field(default_factory=Meter)


def stream(session: Session, text: str) -> Iterator[Event]:
    """Answer a message: tool steps as they run, then the answer's text in pieces, then the answer.

    The text is given out once the guard has passed it, so nothing unchecked is ever shown. Errors
    of the project end the turn with :class:`agent.events.Failed`; they are not raised.
    """
    if not session.talking.acquire(timeout=_WAIT):
        yield Failed("busy", "The turn before has not ended.", "Wait for it and ask again.")
        return
    try:
        wanted, ahead = leaving.settle(session, text[:LONGEST])
        if wanted is None:
            yield Token(ahead)
            yield Answer(ahead)
            return
        yield from _answered(session, wanted, ahead)
    except RadixError as error:
        yield Failed(error.code, error.problem, error.mend)
    finally:
        session.talking.release()


def _answered(session: Session, text: str, ahead: str) -> Iterator[Event]:
    """The turn of a message; ``ahead`` is said before its answer."""
    before, changes = session.report, session.changes
    turn = _Turn()
    told = False
    begun = time.perf_counter()
    try:
        session.begin_turn()
        session.turn += 1
        session.said = text
        session.heard = session.hear(text) if session.brain != "embedded" else Heard()
        session.audit.said(session.turn, text, session.heard)
        yield from _run(session, text, turn)
        said = turn.answer
        words = said.text if said is not None else ""
        if not words:
            raise LanguageModelError(
                "The language model gave no answer.",
                "Ask again, or use another model (RADIXGPT_LLM=embedded needs none).",
            )
        guarded = tuple(said.additional_kwargs.get("guarded", ()))
        session.audit.answered(session.turn, words, len(guarded))
        told = True
        words = ahead + words
        for piece in _PIECE.findall(words):
            yield Token(piece)
        seconds = time.perf_counter() - begun
        yield Answer(
            words,
            tuple(turn.images),
            tuple(dict.fromkeys(turn.findings)),
            session.report is not before,
            guarded,
            tuple(turn.similar),
            tuple(turn.synthetic),
            turn.meter.took(seconds, brains.named(session.brain), session.terms),
        )
    except GeneratorExit:
        if not told:
            _break_off(session, changes)
        raise
    except RadixError as error:
        if error.code == StoppedError.code:
            _break_off(session, changes)
        else:
            session.audit.answered(session.turn, "", 0, failed=error.code)
        yield Failed(error.code, error.problem, error.mend)


def _break_off(session: Session, changes: int) -> None:
    """The turn was stopped: what it has changed is taken back, so that nothing is half done.

    Nor may a tool call stay open in the conversation's memory: language models refuse a
    conversation in which a call has no result.
    """
    from langchain_core.messages import AIMessage, ToolMessage
    from langchain_core.runnables import RunnableConfig

    from agent import graph

    while session.changes > changes:
        session.undo()
    if session.pending is not None and session.pending.turn == session.turn:
        session.pending = None
    session.audit.answered(session.turn, "", 0, failed=StoppedError.code)
    if session.graph is None:
        return
    memory = RunnableConfig(configurable={"thread_id": session.thread})
    messages = graph.of(session).get_state(memory).values.get("messages", ())
    answered = {m.tool_call_id for m in messages if isinstance(m, ToolMessage)}
    calls = [call for m in messages if isinstance(m, AIMessage) for call in m.tool_calls]
    broken = [
        ToolMessage("The user stopped this.", tool_call_id=call["id"], name=call["name"])
        for call in calls
        if call["id"] not in answered
    ]
    graph.of(session).update_state(
        memory, {"messages": [*broken, AIMessage("(Stopped by the user.)")]}
    )


def _film_is_open(session: Session) -> bool:
    """Whether a radiograph is open; a picture without a header is looked at to know."""
    if not session.has_study or session.brain != "embedded":
        return False
    if session.reading is None and any(one.slices > 1 for one in session.study.series):
        return False
    return bool(session.look().eligibility.radiographs)


def _run(session: Session, text: str, turn: _Turn) -> Iterator[Event]:
    """Run the graph and give out its tool steps; the final message is left in the turn."""
    from langchain.agents.middleware.model_call_limit import ModelCallLimitExceededError
    from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

    from agent import graph
    from agent.arguments import Context

    updates = graph.of(session).stream(
        {"messages": [HumanMessage(text, additional_kwargs={"film": _film_is_open(session)})]},
        config={"configurable": {"thread_id": session.thread}, "recursion_limit": 50},
        context=Context(session, turn.meter),
        stream_mode=["updates", "custom"],
    )
    try:
        for mode, update in updates:
            if mode == "custom":
                if isinstance(update, Progress | ToolStarted | ToolEnded):
                    yield update
                continue
            if not isinstance(update, dict):
                continue
            for change in update.values():
                for message in (change or {}).get("messages", ()):
                    if isinstance(message, AIMessage):
                        turn.answer = message
                        yield from _started(message, turn)
                    elif isinstance(message, ToolMessage):
                        yield _ended(message, turn)
    except ModelCallLimitExceededError as error:
        raise LanguageModelError(
            "The language model called tools without coming to an answer.",
            "Ask for less at a time, or use another model (RADIXGPT_LLM=embedded needs none).",
        ) from error


def _started(message: AIMessage, turn: _Turn) -> Iterator[Event]:
    from agent.toolbox import TITLES

    for call in message.tool_calls:
        key, name = call["id"] or call["name"], call["name"]
        turn.begun[key] = (name, time.perf_counter())
        yield ToolStarted(key, name, TITLES.get(name, name), call["args"])


def _ended(message: ToolMessage, turn: _Turn) -> Event:
    from agent import content as c
    from agent.arguments import Shown
    from agent.toolbox import TITLES

    key = message.tool_call_id
    name, begun = turn.begun.get(key, (message.name or "", time.perf_counter()))
    seconds, title = time.perf_counter() - begun, TITLES.get(name, name)
    shown = message.artifact
    if isinstance(shown, Shown):
        turn.images.extend(shown.images)
        turn.findings.extend(shown.findings)
        turn.similar.extend(shown.similar)
        turn.synthetic.extend(shown.synthetic)
        return ToolEnded(key, name, title, shown.summary, seconds, shown.images)
    told = c.from_text(message.text)
    summary = told.problem if isinstance(told, c.ErrorContent) else "The call was not understood."
    return ToolEnded(key, name, title, summary, seconds, failed=True)
