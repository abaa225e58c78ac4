"""The agent's graph: a tool-calling chat model, the tools, memory, and what keeps them in line."""

from __future__ import annotations

import logging
import os
from functools import cache
from typing import Any

from langchain.agents import create_agent
from langchain.agents.middleware import (
    AgentMiddleware,
    ModelCallLimitMiddleware,
    ModelRequest,
    ModelResponse,
    ToolCallRequest,
    ToolErrorMiddleware,
)
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langgraph.graph.state import CompiledStateGraph

from agent import answers, brains, guard, replies
from agent import content as c
from agent.arguments import NOT_ASSESSED, Context
from agent.brains.embedded import EmbeddedBrain, contents_of
from agent.memory import Memory
from agent.session import Session
from agent.steps import Handler, InOrderMiddleware, ReachMiddleware, RecordMiddleware, said
from agent.toolbox import TOOLS
from prompts import Prompts
from radixgpt.errors import RadixError

MOST_CALLS = 8
"""Calls of the language model in one turn."""

_LOG = logging.getLogger("radixgpt.agent")


def _stay_at_home() -> None:
    """No tracing, no analytics, no hub, unless the user has said otherwise."""
    for name, value in (
        ("LANGSMITH_TRACING", "false"),
        ("LANGCHAIN_TRACING_V2", "false"),
        ("HF_HUB_OFFLINE", "1"),
        ("HF_HUB_DISABLE_TELEMETRY", "1"),
    ):
        os.environ.setdefault(name, value)


def tool_error(error: Exception, request: ToolCallRequest) -> str:
    """What the model and the user are told of an error within a tool.

    The project's own errors are told in full. Of any other only the type is told, as its text may
    hold a path or a patient's data.
    """
    if isinstance(error, RadixError):
        told = c.ErrorContent(code=error.code, problem=error.problem, mend=error.mend)
    else:
        name = request.tool_call["name"]
        _LOG.error("the tool %s failed with %s", name, type(error).__name__)
        told = c.ErrorContent(
            code="internal",
            problem=f"The tool {name} failed unexpectedly ({type(error).__name__}).",
            mend="Please report it with what you asked.",
        )
    return c.to_text(told)


class GuardMiddleware(AgentMiddleware[Any, Context]):
    """Checks the final text of every turn; one repair, then the templates' answer.

    The embedded brain words by templates only and is not asked again.
    """

    def wrap_model_call(
        self, request: ModelRequest[Context], handler: Handler
    ) -> ModelResponse[Any]:
        """Call the model and check what it says."""
        response = handler(request)
        message = said(response)
        if message is None or message.tool_calls or isinstance(request.model, EmbeddedBrain):
            return response
        checked = self._checked(request, response, message, handler)
        final = said(checked)
        offers = [o for o in map(answers.offer, _returned(request)[1]) if o]
        if final is None or not offers or offers[-1] in final.text:
            return checked
        # what waits for a yes is asked in the program's own words, whatever the model made of it;
        # nor may the model say that it was done
        text = "\n\n".join(part for part in (guard.stated(final.text), offers[-1]) if part)
        return ModelResponse(result=[final.model_copy(update={"content": text})])

    def _checked(
        self,
        request: ModelRequest[Context],
        response: ModelResponse[Any],
        message: AIMessage,
        handler: Handler,
    ) -> ModelResponse[Any]:
        """What may be said of the model's answer."""
        session = request.runtime.context.session
        findings = session.report.findings if session.report else ()
        quotable = _quotable(session)
        wrong = guard.problems(message.text, findings, quotable=quotable)
        if not wrong:
            return response
        template = _template(request) or replies.not_assessed()
        repair = Prompts("agent").render("repair", problems=wrong, template=template)
        again = request.override(
            messages=[*request.messages, message, HumanMessage(repair)], tools=[]
        )
        repaired = said(handler(again))
        if repaired is not None and repaired.text.strip() and not repaired.tool_calls:
            text = repaired.text
            if not guard.problems(text, findings, quotable=quotable):
                return _answer(text, wrong)
        return _answer(template, wrong)


def _quotable(session: Session) -> tuple[str, ...]:
    """What the report says of a prior study, which may be repeated word for word."""
    if session.report is None or session.report.prior is None:
        return ()
    return tuple(s.text for s in session.report.sentences if s.changes or s.section == "comparison")


def _answer(text: str, wrong: tuple[str, ...]) -> ModelResponse[Any]:
    message = AIMessage(content=text, additional_kwargs={"guarded": list(wrong)})
    return ModelResponse(result=[message])


def _template(request: ModelRequest[Context]) -> str:
    """The templates' answer from what the tools returned in this turn."""
    question, contents = _returned(request)
    return answers.compose(contents, question)


def _returned(request: ModelRequest[Context]) -> tuple[str, list[c.Content]]:
    """What the user said in this turn, and what the tools returned since."""
    messages = request.messages
    last = max(i for i, m in enumerate(messages) if isinstance(m, HumanMessage))
    returned = [m for m in messages[last + 1 :] if isinstance(m, ToolMessage)]
    return messages[last].text, contents_of(returned)


@cache
def _system_prompt() -> str:
    return Prompts("agent").render("system", not_assessed=NOT_ASSESSED)


def build(model: BaseChatModel, llm: str) -> CompiledStateGraph[Any, Context, Any, Any]:
    """The agent on one chat model, with a memory of its own."""
    _stay_at_home()
    middleware: list[AgentMiddleware[Any, Context, Any]] = [
        ModelCallLimitMiddleware[Any, Context](run_limit=MOST_CALLS, exit_behavior="error"),
        InOrderMiddleware(),
        ToolErrorMiddleware(tool_error),
        GuardMiddleware(),
        ReachMiddleware(llm),
        RecordMiddleware(),
    ]
    return create_agent(
        model,
        tools=list(TOOLS),
        system_prompt=_system_prompt(),
        middleware=middleware,
        context_schema=Context,
        checkpointer=Memory(),
    )


def of(session: Session) -> CompiledStateGraph[Any, Context, Any, Any]:
    """The graph of a session, built at its first turn.

    Raises:
        LanguageModelError: the configured language model can't be loaded.
        SettingsError: the setting names no language model.
    """
    if session.graph is None:
        _stay_at_home()
        session.graph = build(
            brains.load(session.brain, timeout=session.llm_timeout), session.brain
        )
    graph: CompiledStateGraph[Any, Context, Any, Any] = session.graph
    return graph
