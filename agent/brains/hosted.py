"""Language models behind a server: OpenAI-compatible, Ollama, Anthropic."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import TYPE_CHECKING

from radixgpt.errors import LanguageModelError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

_PACKAGE = {
    "openai": "langchain_openai",
    "ollama": "langchain_ollama",
    "anthropic": "langchain_anthropic",
}
_KEY = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY"}
_NO_KEY = "none"
"""What is sent to a server of one's own that asks for no key."""


def load(kind: str, model: str, url: str, *, timeout: float) -> BaseChatModel:
    """The client of a server; the server itself is first asked in the chat.

    Raises:
        LanguageModelError: the package or the key is missing.
    """
    if find_spec(_PACKAGE[kind]) is None:
        raise LanguageModelError(
            f"The package for '{kind}' models is not installed.",
            "Install it: pip install -e '.[llm]'.",
        )
    if kind == "ollama":
        from langchain_ollama import ChatOllama

        return ChatOllama(
            model=model,
            base_url=url or None,
            temperature=0,
            client_kwargs={"timeout": timeout},
        )
    key = os.environ.get(_KEY[kind], "")
    if not key and not url:
        raise LanguageModelError(
            f"There is no key for '{kind}' models.", f"Set the variable {_KEY[kind]}."
        )
    if kind == "anthropic":
        from langchain_anthropic import ChatAnthropic

        return ChatAnthropic(
            model_name=model, temperature=0, timeout=timeout, max_retries=1, stop=None
        )
    from langchain_openai import ChatOpenAI
    from pydantic import SecretStr

    return ChatOpenAI(
        model=model,
        base_url=url or None,
        api_key=SecretStr(key or _NO_KEY),
        temperature=0,
        timeout=timeout,
        max_retries=1,
    )


def failures(kind: str) -> tuple[type[Exception], ...]:
    """What the client may raise when it is called."""
    import httpx

    common: tuple[type[Exception], ...] = (httpx.HTTPError, ConnectionError, TimeoutError)
    if kind == "openai":
        from openai import OpenAIError

        return (*common, OpenAIError)
    if kind == "anthropic":
        from anthropic import AnthropicError

        return (*common, AnthropicError)
    from ollama import RequestError, ResponseError

    return (*common, RequestError, ResponseError)


def explained(kind: str, model: str, error: Exception) -> LanguageModelError:
    """An error of a client in words for the user, without addresses or keys."""
    status = getattr(error, "status_code", None)
    told = str(error).lower()
    name = f"The language model '{model[:60]}'"
    if "tool" in told and ("support" in told or status in (400, 422)):
        return LanguageModelError(
            f"{name} can't call tools.", "Choose a model that can, or RADIXGPT_LLM=embedded."
        )
    if status in (401, 403):
        return LanguageModelError(
            f"The server of '{kind}' refused the key.", f"Check {_KEY.get(kind, 'the key')}."
        )
    if status == 404:
        return LanguageModelError(
            f"{name} is not known to its server.", "Check the name and the address."
        )
    if isinstance(status, int):
        return LanguageModelError(
            f"The language model's server answered with an error ({status}).",
            "Look at the server, or use RADIXGPT_LLM=embedded.",
        )
    return LanguageModelError(
        f"The language model's server can't be reached ({type(error).__name__}).",
        "Start it and check its address in RADIXGPT_LLM, or use RADIXGPT_LLM=embedded.",
    )
