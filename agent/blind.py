"""A language model that is told the kind of examination and nothing else: no tools, no images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from agent import brains
from prompts import Prompts
from radixgpt.errors import LanguageModelError

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage


@cache
def report(setting: str, exam: str, *, timeout: float = 120.0) -> str:
    """The text that the model writes, asked once a process for each kind of examination.

    The models are asked at temperature 0 and are told nothing else: studies of one kind have one
    report.

    Args:
        setting: as in ``RADIXGPT_LLM``; the embedded brain writes no text.
        exam: such as ``MR of the lumbar spine``.
        timeout: seconds to wait for a server.

    Raises:
        LanguageModelError: the model is embedded, can't be reached, or says nothing.
        SettingsError: the setting names no language model.
    """
    from langchain_core.messages import HumanMessage

    require(setting)
    prompt = HumanMessage(Prompts("blind").render("report", exam=exam))
    text = _said(setting, [prompt], timeout).text.strip()
    if not text:
        raise LanguageModelError("The language model gave no report.", "Use another model.")
    return text


@dataclass
class Conversation:
    """A conversation of its own about a study that the model is not shown.

    Attributes:
        setting: as in ``RADIXGPT_LLM``.
        exam: such as ``MR of the lumbar spine``.
        timeout: seconds to wait for a server.
    """

    setting: str
    exam: str
    timeout: float = 120.0
    _before: list[BaseMessage] = field(default_factory=list)

    def say(self, text: str) -> str:
        """One turn.

        Raises:
            LanguageModelError: the model can't be reached.
        """
        from langchain_core.messages import HumanMessage, SystemMessage

        if not self._before:
            self._before.append(SystemMessage(Prompts("blind").render("chat", exam=self.exam)))
        self._before.append(HumanMessage(text))
        answer = _said(self.setting, self._before, self.timeout)
        self._before.append(answer)
        return answer.text


def _said(setting: str, messages: Sequence[BaseMessage], timeout: float) -> BaseMessage:
    model = brains.load(setting, timeout=timeout, tools=False)
    try:
        return model.invoke(list(messages))
    except brains.failures(setting) as error:
        raise brains.explained(setting, error) from error


def require(setting: str) -> None:
    """Refuse a setting that names no model which writes text.

    Raises:
        LanguageModelError: it is the embedded brain.
        SettingsError: it names no language model.
    """
    kind, _, _ = brains.parse(setting)
    if kind == "embedded":
        raise LanguageModelError(
            "The embedded brain writes no reports, and no other language model is set.",
            "Set RADIXGPT_LLM to a model that does, such as ollama:MODEL.",
        )
