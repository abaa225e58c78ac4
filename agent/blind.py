"""A report by a language model that is told the kind of examination and nothing else."""

from __future__ import annotations

from functools import cache

from agent import brains
from prompts import Prompts
from radixgpt.errors import LanguageModelError


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
    model = brains.load(setting, timeout=timeout, tools=False)
    try:
        said = model.invoke([HumanMessage(Prompts("blind").render("report", exam=exam))])
    except brains.failures(setting) as error:
        raise brains.explained(setting, error) from error
    text = str(said.text).strip()
    if not text:
        raise LanguageModelError("The language model gave no report.", "Use another model.")
    return text


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
