"""What goes on around each step of a turn: order, record, count, retry, and the end on request."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from langchain.agents.middleware import (
    AgentMiddleware,
    ModelRequest,
    ModelResponse,
    ToolCallRequest,
)
from langchain_core.messages import AIMessage, AnyMessage, ToolMessage
from langchain_core.tools import BaseTool

from agent import brains, leaving
from agent.arguments import Context, Shown
from agent.events import ToolEnded, ToolStarted
from agent.session import Session
from agent.toolbox import LOOKUPS, TITLES
from radixgpt.errors import StoppedError

Handler = Callable[[ModelRequest[Context]], ModelResponse[Any]]
ToolHandler = Callable[[ToolCallRequest], Any]

PAUSE = 1.0
"""Seconds before a language model's server is asked once more."""
LONGEST_PAUSE = 10.0
"""Seconds that a server may ask to be left alone before that."""
AGAIN = "Asking the language model once more"


def said(response: ModelResponse[Any]) -> AIMessage | None:
    """What the model said."""
    return next((m for m in reversed(response.result) if isinstance(m, AIMessage)), None)


class RecordMiddleware(AgentMiddleware[Any, Context]):
    """Notes in the session's record what the language model was asked and answered, and counts it.

    It stands innermost, so that an answer is noted before the guard has seen it.
    """

    def wrap_model_call(
        self, request: ModelRequest[Context], handler: Handler
    ) -> ModelResponse[Any]:
        """Call the model."""
        begun = time.perf_counter()
        response = handler(request)
        message = said(response)
        context = request.runtime.context
        if message is not None:
            seconds = time.perf_counter() - begun
            context.meter.modelled(seconds, cast(Any, message.usage_metadata))
            system = "" if request.system_message is None else request.system_message.text
            tools = [one.name for one in request.tools if isinstance(one, BaseTool)]
            asked = [system, tools, *(_spoken(one) for one in request.messages)]
            session = context.session
            session.audit.modelled(session.turn, asked, message.text, message.tool_calls)
        return response


@dataclass
class _Calls:
    """The calls of one message.

    Attributes:
        beside: whether its lookups may run side by side.
        ended: which have ended, each with what is to be noted of it.
        noted: how many stand in the record.
    """

    beside: bool
    ended: dict[int, Callable[[], None]] = field(default_factory=dict)
    noted: int = 0


class InOrderMiddleware(AgentMiddleware[Any, Context]):
    """Runs the calls of one message so that it comes out alike each time, and notes them in order.

    Calls of a message are given to threads. Lookups that stand side by side in it run side by side,
    once there is a report that they all look things up in; whatever changes something waits for all
    that stand before it, and all that stand after it wait for it. A turn that is to end drops the
    calls of a message that has not begun, and never some of them.
    """

    def __init__(self) -> None:
        super().__init__()
        self._calls: dict[str, _Calls] = {}
        self._change = threading.Condition()

    def wrap_tool_call(self, request: ToolCallRequest, handler: ToolHandler) -> Any:
        """Call the tool when it is its turn.

        Raises:
            StoppedError: the turn is to end.
        """
        message, place, names = _place(request)
        context = cast(Context, request.runtime.context)
        session = context.session
        with self._change:
            if message not in self._calls:
                if session.stopping:
                    raise StoppedError
                self._calls[message] = _Calls(beside=session.report is not None)
            calls = self._calls[message]
            before = _waits_for(place, names) if calls.beside else range(place)
            self._change.wait_for(lambda: all(one in calls.ended for one in before))
        note: Callable[[], None] = _nothing
        begun = time.perf_counter()
        try:
            returned = handler(request)
            seconds = time.perf_counter() - begun
            if isinstance(returned, ToolMessage):
                note = _noting(context, request, returned, seconds)
        finally:
            with self._change:
                calls.ended[place] = note
                while calls.noted in calls.ended:
                    calls.ended[calls.noted]()
                    calls.noted += 1
                if calls.noted == len(names):
                    self._calls.pop(message, None)
                self._change.notify_all()
        return returned


def _waits_for(place: int, names: list[str]) -> list[int]:
    """The calls before one that it has to wait for."""
    if names[place] not in LOOKUPS:
        return list(range(place))
    return [one for one in range(place) if names[one] not in LOOKUPS]


def _noting(
    context: Context, request: ToolCallRequest, returned: ToolMessage, seconds: float
) -> Callable[[], None]:
    session, call = context.session, request.tool_call
    shown = returned.artifact if isinstance(returned.artifact, Shown) else None

    def note() -> None:
        context.meter.ran(TITLES.get(call["name"], call["name"]), seconds)
        session.audit.ran(session.turn, call, returned.text, shown)

    return note


def _nothing() -> None:
    """Nothing is to be noted of a call that has failed unforeseen."""


def _place(request: ToolCallRequest) -> tuple[str, int, list[str]]:
    """The message that a call is of, how many calls stand before it there, and all their tools."""
    spoken = next(m for m in reversed(request.state["messages"]) if isinstance(m, AIMessage))
    ids = [call["id"] for call in spoken.tool_calls]
    names = [call["name"] for call in spoken.tool_calls]
    wanted = request.tool_call["id"]
    if wanted not in ids:
        return f"{wanted}", 0, [request.tool_call["name"]]
    # a server may give the same ids in each of its messages
    return f"{len(request.state['messages'])} {spoken.id} {ids}", ids.index(wanted), names


def _spoken(message: AnyMessage) -> list[Any]:
    """What a message says, without the random ids that join calls to results."""
    calls = message.tool_calls if isinstance(message, AIMessage) else []
    return [message.type, message.text, [[call["name"], call["args"]] for call in calls]]


class ReachMiddleware(AgentMiddleware[Any, Context]):
    """Reaches a language model's server: only where it may be, once more after a passing failure.

    The errors of its client become the project's own.
    """

    def __init__(self, llm: str) -> None:
        super().__init__()
        self._llm = llm

    def wrap_model_call(
        self, request: ModelRequest[Context], handler: Handler
    ) -> ModelResponse[Any]:
        """Call the model.

        Raises:
            ConsentError: the conversation would leave this machine unasked.
            LanguageModelError: it can't be reached or refuses.
            StoppedError: the turn is to end.
        """
        session = request.runtime.context.session
        if session.stopping:
            raise StoppedError
        leaving.require(session, self._llm)
        failures = brains.failures(self._llm)
        try:
            return handler(request)
        except failures as error:
            if not brains.passing(error):
                raise brains.explained(self._llm, error) from error
            first = error
        tell = request.runtime.stream_writer
        step, begun = f"again-{uuid.uuid4().hex[:8]}", time.perf_counter()
        tell(ToolStarted(step, "again", AGAIN, {}))
        failed = True
        try:
            _pause(session, brains.wait(first, PAUSE, LONGEST_PAUSE))
            response = handler(request)
            failed = False
        except failures as error:
            raise brains.explained(self._llm, error) from error
        finally:
            why = brains.explained(self._llm, first).problem
            tell(ToolEnded(step, "again", AGAIN, why, time.perf_counter() - begun, failed=failed))
        return response


def _pause(session: Session, seconds: float) -> None:
    """Wait, unless the turn is to end.

    Raises:
        StoppedError: it is.
    """
    if session.stopped_within(seconds):
        raise StoppedError
