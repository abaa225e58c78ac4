"""The language models that can lead the chat, by the setting ``RADIXGPT_LLM``.

======================== ==========================================================
``embedded``             the trained router that ships; no network
``openai:MODEL@URL``     any OpenAI-compatible server; without ``@URL`` OpenAI's own
``ollama:MODEL``         a local Ollama server; ``ollama:MODEL@URL`` for another
``anthropic:MODEL``      Anthropic's API; ``anthropic:MODEL@URL`` for a gateway to it
``google:MODEL``         Google's Gemini API; ``google:MODEL@URL`` likewise
``gguf:PATH``            a GGUF file, run by transformers
``transformers:PATH``    a folder of a transformers model, or its name if it is cached
======================== ==========================================================
"""

from __future__ import annotations

from functools import cache
from pathlib import PurePath
from typing import TYPE_CHECKING

from radixgpt.errors import LanguageModelError, SettingsError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

_HOSTED = ("openai", "ollama", "anthropic", "google")
KINDS = ("embedded", *_HOSTED, "gguf", "transformers")


def parse(setting: str) -> tuple[str, str, str]:
    """Kind, model and URL of a setting; the last two may be empty.

    Raises:
        SettingsError: the setting names no language model.
    """
    kind, _, rest = setting.strip().partition(":")
    model, _, url = rest.partition("@") if kind in _HOSTED else (rest, "", "")
    if kind not in KINDS or (kind != "embedded" and not model) or (kind == "embedded" and rest):
        raise SettingsError(
            f"'{setting[:60]}' is not a language model.",
            "Set RADIXGPT_LLM to embedded, openai:MODEL@URL, ollama:MODEL, anthropic:MODEL, "
            "google:MODEL, gguf:PATH or transformers:PATH.",
        )
    if url and not url.startswith(("http://", "https://")):
        raise SettingsError(
            f"'{url[:60]}' is not the address of a server.", "Begin it with http:// or https://."
        )
    return kind, model, url


def named(setting: str) -> str:
    """The setting without what tells where the model is: no address, no folder.

    Raises:
        SettingsError: the setting names no language model.
    """
    kind, model, _ = parse(setting)
    if kind in ("gguf", "transformers"):
        model = PurePath(model.replace("\\", "/")).name
    return f"{kind}:{model}" if model else kind


@cache
def load(setting: str, *, timeout: float = 120.0, tools: bool = True) -> BaseChatModel:
    """The chat model of a setting, loaded once.

    Args:
        setting: as in ``RADIXGPT_LLM``.
        timeout: seconds to wait for a server.
        tools: whether it has to call tools; without, any chat model on this machine will do.

    Raises:
        SettingsError: the setting names no language model.
        LanguageModelError: a package, a key or a file is missing, or it can't call tools.
    """
    kind, model, url = parse(setting)
    if kind == "embedded":
        from agent.brains.embedded import EmbeddedBrain

        return EmbeddedBrain()
    if kind in _HOSTED:
        from agent.brains import hosted

        return hosted.load(kind, model, url, timeout=timeout)
    from agent.brains import local

    return local.load(kind, model, tools=tools)


def leaves_to(setting: str) -> str:
    """The address of the server that the conversation is sent to; empty where none is asked.

    Raises:
        SettingsError: the setting names no language model.
    """
    kind, _, url = parse(setting)
    if kind not in _HOSTED:
        return ""
    from agent.brains import hosted

    return hosted.where(kind, url)


def failures(setting: str) -> tuple[type[Exception], ...]:
    """What the client of a language model may raise when it is called."""
    kind, _, _ = parse(setting)
    if kind not in _HOSTED:
        return ()
    from agent.brains import hosted

    return hosted.failures(kind)


def passing(error: Exception) -> bool:
    """Whether a call that failed with this is worth another try."""
    from agent.brains import hosted

    return hosted.passing(error)


def wait(error: Exception, usual: float, most: float) -> float:
    """Seconds to wait before another try: as long as the server asks for, within bounds."""
    from agent.brains import hosted

    return min(max(usual, hosted.asked_to_wait(error)), most)


def explained(setting: str, error: Exception) -> LanguageModelError:
    """An error of a client in words for the user, without addresses or keys."""
    kind, model, _ = parse(setting)
    from agent.brains import hosted

    return hosted.explained(kind, model, error)
