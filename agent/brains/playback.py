"""A chat model that says again what a record holds; it asks nobody."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage, ToolCall
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool

from agent.audit.lines import ModelLine
from radixgpt.errors import RadixError

NOT_KEPT = "Done."
"""Said where words were not kept; nothing that the guard would have to mend."""


@dataclass
class Script:
    """What is left to be said in a turn.

    Attributes:
        failed: code of the error that ended the turn.
        unrun: whether the tools that were called last did not run.
        stop: ends the turn.
    """

    lines: list[ModelLine] = field(default_factory=list)
    failed: str = ""
    unrun: bool = False
    stop: Callable[[], None] = lambda: None


class Playback(BaseChatModel):
    """Gives the recorded answers of a turn, one after the other."""

    script: Script

    @property
    def _llm_type(self) -> str:
        return "radixgpt-playback"

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """The same model: what it calls is recorded."""
        return self.bind(**kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        if not self.script.lines:
            error = RadixError("The record holds no further answer.", "Compare the runs.")
            error.code = self.script.failed or "audit"
            raise error
        line = self.script.lines.pop(0)
        if not self.script.lines and self.script.unrun and self.script.failed == "stopped":
            self.script.stop()
        calls = [
            ToolCall(name=call.name, args=dict(call.args), id=f"call_{uuid.uuid4().hex[:12]}")
            for call in line.calls
        ]
        text = line.text if line.text is not None else "" if calls else NOT_KEPT
        message = AIMessage(content=text, tool_calls=calls)
        return ChatResult(generations=[ChatGeneration(message=message)])
