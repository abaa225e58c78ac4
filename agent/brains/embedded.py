"""The embedded brain: the trained router as a chat model.

It emits the tool call that an utterance asks for, and words the answer from what the tools
returned by templates. It needs no network and invents nothing; what it can't place it asks back.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolCall, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool

from agent import answers
from agent import content as c
from tools.router import Call, Previous, Route, load_router

_SHORT = 4
"""Words below which an answer to a question back hardly stands for itself."""
_OWN_CALLS = ("confirm_change", "undo", "about", "describe_study", "find_levels")
"""Calls that a follow-up does not refer to."""


class EmbeddedBrain(BaseChatModel):
    """A chat model that only knows the tools of the toolbox."""

    @property
    def _llm_type(self) -> str:
        return "radixgpt-embedded"

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """The same model, which will only call these tools."""
        names = [tool.name for tool in tools if isinstance(tool, BaseTool)]
        return self.bind(tools=names, **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        *,
        tools: Sequence[str] = (),
        **kwargs: Any,
    ) -> ChatResult:
        last = max((i for i, m in enumerate(messages) if isinstance(m, HumanMessage)), default=-1)
        question = messages[last].text if last >= 0 else ""
        returned = [m for m in messages[last + 1 :] if isinstance(m, ToolMessage)]
        if returned:
            message = AIMessage(content=answers.compose(contents_of(returned), question))
        else:
            message = _reply(find_route(question, messages[:last]), tools, question)
        return ChatResult(generations=[ChatGeneration(message=message)])


def contents_of(messages: Sequence[ToolMessage]) -> list[c.Content]:
    """What the tools returned; a message that is no content is a tool's plain error."""
    found: list[c.Content] = []
    for message in messages:
        content = c.from_text(message.text)
        if content is None:
            content = c.ErrorContent(
                code="arguments",
                problem="That could not be carried out.",
                mend="Please say it in other words.",
            )
        found.append(content)
    return found


def find_route(question: str, before: Sequence[BaseMessage]) -> Route:
    """Where a message leads; an answer to a question back is read together with what was asked."""
    router, previous = load_router(), previous_turn(before)
    route = router.route(question, previous)
    last = before[-1] if before else None
    asked = last.additional_kwargs.get("asked", "") if isinstance(last, AIMessage) else ""
    if asked and (route.call.tool == "ask_back" or len(question.split()) < _SHORT):
        together = router.route(f"{asked.rstrip('?!. ')}, {question}", previous)
        if together.call.tool not in ("ask_back", "off_topic", "not_assessed", "thanks"):
            return together
    return route


def _reply(route: Route, tools: Sequence[str], question: str) -> AIMessage:
    """The message for a route: a tool call, or an answer without one."""
    call = route.call
    if call.tool in tools:
        wanted = ToolCall(name=call.tool, args=dict(call.args), id=f"call_{uuid.uuid4().hex[:12]}")
        return AIMessage(content="", tool_calls=[wanted])
    if call.tool == "ask_back":
        options = [(option.tool, dict(option.args)) for option in route.options]
        return AIMessage(
            content=answers.ask(route.missing, options),
            additional_kwargs={
                "options": [{"tool": t, "args": a} for t, a in options],
                "asked": "" if options else question,
            },
        )
    plain = {
        "thanks": answers.THANKS,
        "greeting": answers.GREETING,
        "off_topic": answers.OFF_TOPIC,
    }
    return AIMessage(content=plain.get(call.tool) or answers.not_assessed(route.topic))


def previous_turn(messages: Sequence[BaseMessage]) -> Previous | None:
    """The last call that a follow-up may refer to, whether it waits for a yes, and options."""
    calls = [
        Call(call["name"], call["args"])
        for message in messages
        if isinstance(message, AIMessage)
        for call in message.tool_calls
    ]
    last = messages[-1] if messages else None
    offered = last.additional_kwargs.get("options", []) if isinstance(last, AIMessage) else []
    options = tuple(Call(option["tool"], option["args"]) for option in offered)
    returned = [c.from_text(m.text) for m in messages if isinstance(m, ToolMessage)]
    pending = _waits(returned)
    meant = [call for call in calls if call.tool not in _OWN_CALLS]
    if not meant and not options:
        return None
    focus = _affected(returned[-1]) if returned else None
    return Previous(_in_focus(meant) if meant else Call("ask_back"), pending, options, focus)


def _affected(content: c.Content | None) -> str | None:
    """The one level at which findings that were just told are not absent."""
    from etl.check import normal_value

    if not isinstance(content, c.FindingsContent):
        return None
    found = [f for f in content.findings if f.status == "value" and not normal_value(f)]
    levels = {f.level for f in found}
    return levels.pop() if len(levels) == 1 else None


def _in_focus(calls: Sequence[Call]) -> Call:
    """The last call; an image keeps the kind that was spoken of at its level before."""
    last, before = calls[-1], calls[-2] if len(calls) > 1 else None
    if last.tool != "show_image" or before is None:
        return last
    levels = before.args.get("levels") or [before.args.get("level")]
    kinds = before.args.get("kinds") or ([k] if (k := before.args.get("kind")) else [])
    if kinds and levels == [last.args.get("level")]:
        return Call(last.tool, {**last.args, "kinds": kinds})
    return last


def _waits(contents: Sequence[c.Content | None]) -> bool:
    """Whether a change still waits for a yes."""
    waits = False
    for content in contents:
        if isinstance(content, c.PendingContent):
            waits = True
        elif isinstance(content, c.DismissedContent | c.ReportContent):
            waits = waits and isinstance(content, c.ReportContent) and not content.changed
    return waits
