"""The embedded brain: the trained router as a chat model.

It emits the tool call that an utterance asks for, and words the answer from what the tools
returned by templates. It needs no network and invents nothing; what it can't place it asks back.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import takewhile
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolCall, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool

from agent import answers, replies
from agent import content as c
from agent.asked import CHANGES, own_words
from agent.toolbox import LOOKUPS
from radixgpt.finding import OF_RADIOGRAPHS
from tools.router import (
    TAKEN_UP,
    Call,
    Previous,
    Route,
    Slots,
    is_request,
    load_router,
    routes,
)

_SHORT = 4
"""Words below which an answer to a question back hardly stands for itself."""
_SETS = ("set_grade", "set_measure")
_CHANGES = (*CHANGES, *_SETS, "confirm_change")
_OWN_CALLS = (
    "confirm_change",
    "undo",
    "about",
    "describe_study",
    "find_levels",
    "list_changes",
    "check_caption",
    "detect_concepts",
    "caption_image",
    "find_similar_cases",
    "compare_prior",
    "make_synthetic_image",
)
"""Calls that a question on findings does not refer to; a few the next message may take up."""


_FILM_CHANGES = (*_SETS, "remove_sentences", "restore_sentences", "shift_numbering")
_EDITS = re.compile(
    r"\W*(?:(?:please|can you|could you|now|and|also),? )*"
    r"(?:remove|delete|drop|omit|erase|leave out|take out|set|change|correct|replace|mark)\b",
    re.IGNORECASE,
)
"""An order to change what is written, though the router took it for a question."""
_FILM_EDITS = ("set_grade", "remove", "shift")
"""Intents that change what a report states of a level."""
_SCOLIOSIS = re.compile(r"\bscolio\w*|\bcobb\b", re.IGNORECASE)
"""What the router leaves to others, and radiographs can answer."""
_CURVE = re.compile(r"\bcurv\w*|\bangles?\b|\bcrooked\b", re.IGNORECASE)
"""Words that mean the sideways curve where a radiograph is open."""
_OTHER_ANGLE = re.compile(
    r"\blordo|\bkypho|\bpelvi|\bsacr|\btilt|\bwedge|\bvertebra|\bdiscs?\b|\bcanal|\bfacet|\bl\d\b"
    r"|\bt\d|\bside\b|\b(?:from|which|what) (?:which |what )?angle (?:was|is it|were)|\btaken\b"
    r"|\bchang|\bwors|\bbetter\b|\bprogress|\bbefore\b|\bprior\b|\bprevious",
    re.IGNORECASE,
)
"""Angles and curves of which no tool measures any, and what takes a comparison."""
_BENDS = re.compile(r"\W*(?:please )?(?:make|reduce|increase|put|straighten)\b", re.IGNORECASE)
"""An order to change the curve."""
_OF_CURVES = ("off_topic", "not_assessed", "ask_back", "get_findings", "measure")


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
        planned = _planned(messages[last + 1 :])
        if len(returned) < len(planned):
            message = AIMessage(content="", tool_calls=_next(planned[len(returned) :]))
        elif returned:
            texts = [answers.compose(contents_of(returned), question)]
            message = AIMessage(content="\n\n".join(texts + _besides(messages[last + 1 :])))
        else:
            found = find_routes(question, messages[:last])
            if last >= 0 and messages[last].additional_kwargs.get("film"):
                found = tuple(_of_film(route, question) for route in found)
            message = _reply(found, tools, question)
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


def find_routes(question: str, before: Sequence[BaseMessage]) -> tuple[Route, ...]:
    """Where a message leads; an answer to a question back is read together with what was asked."""
    router, previous = load_router(), previous_turn(before)
    found = routes(router, question, previous)
    own = own_words(question)
    if own != question and any(route.call.tool in _CHANGES for route in found):
        # what a quoted or pasted text asks for is not asked for by the user
        said = routes(router, own, previous) if own.strip() else ()
        wanted = [route.call for route in said]
        found = tuple(r for r in found if r.call.tool not in _CHANGES or r.call in wanted)
        if not found:
            return (Route(Call("told", {"topic": "pasted"}), 1.0, Slots(text="", masked="")),)
    last = before[-1] if before else None
    kept = last.additional_kwargs if isinstance(last, AIMessage) else {}
    asked = str(kept.get("asked", ""))
    open_ = len(found) == 1 and not is_request(found[0].slots)
    if asked and open_ and (found[0].call.tool == "ask_back" or len(question.split()) < _SHORT):
        joint = " to " if kept.get("missing") == "value" else ", "
        together = router.route(f"{asked.rstrip('?!. ')}{joint}{question}", previous)
        if together.call.tool not in ("ask_back", "off_topic", "not_assessed", "thanks"):
            return (together,)
    return found


def _reply(found: Sequence[Route], tools: Sequence[str], question: str) -> AIMessage:
    """The message for the routes of a question: tool calls, or an answer without one."""
    if _SCOLIOSIS.search(question) and any(r.call.tool == "not_assessed" for r in found):
        found = tuple(_on_radiographs(r) if r.call.tool == "not_assessed" else r for r in found)
    wanted = [route for route in found if route.call.tool in tools]
    # a change of a grade or a length ends in a question, so it comes last
    wanted.sort(key=lambda route: route.call.tool in _SETS)
    if sum(route.call.tool in _SETS for route in wanted) > 1:
        return AIMessage(content=replies.ONE_GRADE)
    if wanted:
        besides = [replies.plain(route) for route in found if route.call.tool not in tools]
        calls = [
            ToolCall(
                name=route.call.tool,
                args=dict(route.call.args),
                id=f"call_{uuid.uuid4().hex[:12]}",
            )
            for route in wanted
        ]
        return AIMessage(
            content="",
            tool_calls=_next(calls),
            additional_kwargs={"planned": calls, "besides": besides},
        )
    (route, *_) = found
    if route.call.tool != "ask_back":
        return AIMessage(content=replies.plain(route))
    options = [{"tool": option.tool, "args": dict(option.args)} for option in route.options]
    return AIMessage(
        content=replies.ask(route),
        additional_kwargs={
            "options": options,
            "asked": "" if options or route.missing == "one" else question,
            "missing": route.missing,
        },
    )


def _of_film(route: Route, question: str) -> Route:
    """What a message means where a radiograph is open, which has no levels and no MR grades."""
    asked = route.call.tool == "ask_back"
    if asked and route.missing == "level" and route.intent == "explain":
        kinds = [kind for kind in route.slots.kinds if kind in OF_RADIOGRAPHS]
        return replace(route, call=Call("explain", {"kind": kinds[0]} if kinds else {}))
    open_ = asked and (route.intent in _FILM_EDITS or route.missing in ("whole_level", "one"))
    bids = route.call.tool in ("get_findings", "not_assessed") and _EDITS.match(question)
    if route.call.tool in _FILM_CHANGES or open_ or bids:
        return replace(route, call=Call("told", {"topic": "film_edit"}))
    curve = _CURVE.search(question) and not (_OTHER_ANGLE.search(question) or route.slots.kinds)
    if curve and _BENDS.match(question):
        return replace(route, call=Call("told", {"topic": "film_edit"}))
    if curve and route.call.tool in _OF_CURVES:
        return _on_radiographs(route)
    if route.call.tool == "not_assessed" and not _SCOLIOSIS.search(question):
        return replace(route, call=Call("told", {"topic": "film"}))
    if route.call.args.get("kinds") == ["pfirrmann"] and not route.slots.kinds:
        return replace(route, call=Call("get_findings", {"kinds": ["spondylolisthesis"]}))
    return route


def _on_radiographs(route: Route) -> Route:
    """A question that only radiographs answer, as the call that looks up their findings."""
    return replace(route, call=Call("get_findings", {"kinds": ["scoliosis"]}))


def _planned(turn: Sequence[BaseMessage]) -> list[ToolCall]:
    """The calls that the first message of a turn has set out, done or not."""
    first = next((m for m in turn if isinstance(m, AIMessage)), None)
    return list(first.additional_kwargs.get("planned", ())) if first else []


def _next(planned: Sequence[ToolCall]) -> list[ToolCall]:
    """The calls to make now: lookups side by side, anything else alone."""
    looks = list(takewhile(lambda call: call["name"] in LOOKUPS, planned))
    return looks or list(planned[:1])


def _besides(turn: Sequence[BaseMessage]) -> list[str]:
    """What is to be said besides the answers of the tools."""
    first = next((m for m in turn if isinstance(m, AIMessage)), None)
    return list(first.additional_kwargs.get("besides", ())) if first else []


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
    turn = messages[
        max((i for i, m in enumerate(messages) if isinstance(m, HumanMessage)), default=0) :
    ]
    told = [c.from_text(m.text) for m in turn if isinstance(m, ToolMessage)]
    pending = any(isinstance(one, c.PendingContent) for one in told)  # an older offer has lapsed
    if any(isinstance(one, c.SendingContent) and one.question for one in told):
        return Previous(calls[-1], pending=True)
    meant = [call for call in calls if call.tool not in _OWN_CALLS]
    own = [Call(call["name"], call["args"]) for m in turn if isinstance(m, AIMessage)
           for call in m.tool_calls if call["name"] in TAKEN_UP]  # fmt: skip
    if not meant and not options and not own:
        return None
    focus = _affected(returned[-1]) if returned else None
    return Previous(
        _in_focus(meant) if meant else Call("ask_back"),
        pending,
        options,
        focus,
        own[-1] if own else None,
    )


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
