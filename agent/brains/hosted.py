"""Language models behind a server: OpenAI-compatible, Ollama, Anthropic, Google."""

from __future__ import annotations

import atexit
import os
import re
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from radixgpt.consent import address_of
from radixgpt.errors import LanguageModelError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel


@dataclass(frozen=True)
class _Service:
    """How one kind of server is reached.

    Attributes:
        package: the module of its client.
        url: where it is, unless told otherwise.
        urls: the variables that tell otherwise.
        keys: the variables of its key; none where it asks for none.
    """

    package: str
    url: str
    urls: tuple[str, ...]
    keys: tuple[str, ...] = ()


_SERVICES = {
    "openai": _Service(
        "langchain_openai",
        "https://api.openai.com/v1",
        ("OPENAI_BASE_URL", "OPENAI_API_BASE"),
        ("OPENAI_API_KEY",),
    ),
    "ollama": _Service("langchain_ollama", "http://127.0.0.1:11434", ("OLLAMA_HOST",)),
    "anthropic": _Service(
        "langchain_anthropic",
        "https://api.anthropic.com",
        ("ANTHROPIC_API_URL", "ANTHROPIC_BASE_URL"),
        ("ANTHROPIC_API_KEY",),
    ),
    "google": _Service(
        "langchain_google_genai",
        "https://generativelanguage.googleapis.com",
        ("GOOGLE_GEMINI_BASE_URL",),
        ("GOOGLE_API_KEY", "GEMINI_API_KEY"),
    ),
}
_NO_KEY = "none"
"""What is sent to a server of one's own that asks for no key."""


def where(kind: str, url: str) -> str:
    """The address that a client talks to: the given one, else by its variable, else its own."""
    service = _SERVICES[kind]
    found = url or next((v for name in service.urls if (v := os.environ.get(name))), service.url)
    if kind != "ollama":
        return found
    # OLLAMA_HOST may be a host alone, a port alone, or both
    found = found if "://" in found else f"http://{found}"
    parts = urlsplit(found)
    if parts.hostname is None:
        found = found.replace("://", "://127.0.0.1", 1)
        parts = urlsplit(found)
    if parts.port is None and parts.scheme == "http" and not parts.path.strip("/"):
        found = f"{found.rstrip('/')}:11434"
    return found


def load(kind: str, model: str, url: str, *, timeout: float) -> BaseChatModel:
    """The client of a server; the server itself is first asked in the chat.

    The client tries once: whether it is worth another try, the graph decides and tells.

    Raises:
        LanguageModelError: the package or the key is missing.
        SettingsError: the address is none.
    """
    service = _SERVICES[kind]
    if find_spec(service.package) is None:
        raise LanguageModelError(
            f"The package for '{kind}' models is not installed.",
            "Install it: pip install -e '.[llm]'.",
        )
    key = next((v for name in service.keys if (v := os.environ.get(name))), "")
    if service.keys and not key and not url:
        raise LanguageModelError(
            f"There is no key for '{kind}' models.", f"Set the variable {service.keys[0]}."
        )
    base = where(kind, url)
    here = address_of(base).here  # a proxy of the environment would carry it off the machine
    client: dict[str, Any] = {"trust_env": False} if here else {}
    if kind == "ollama":
        from langchain_ollama import ChatOllama

        return ChatOllama(
            model=model,
            base_url=base,
            temperature=0,
            client_kwargs={"timeout": timeout, **client},
        )
    if kind == "anthropic":
        from langchain_anthropic import ChatAnthropic
        from pydantic import SecretStr

        return ChatAnthropic(
            model_name=model,
            base_url=base,
            api_key=SecretStr(key or _NO_KEY),
            temperature=0,
            timeout=timeout,
            max_retries=0,
            stop=None,
        )
    if kind == "google":
        from langchain_google_genai import ChatGoogleGenerativeAI
        from pydantic import SecretStr

        return ChatGoogleGenerativeAI(  # with its own temperature: some repeat themselves at 0
            model=model,
            base_url=base,
            api_key=SecretStr(key or _NO_KEY),
            vertexai=False,
            timeout=timeout,
            max_retries=1,  # counted with the first
            client_args=client or None,
        )
    from langchain_openai import ChatOpenAI
    from openai import DefaultHttpxClient
    from pydantic import SecretStr

    http = DefaultHttpxClient(timeout=timeout, **client) if here else None
    if http is not None:
        atexit.register(http.close)  # the model that holds it is kept until the end
    return ChatOpenAI(
        model=model,
        base_url=base,
        api_key=SecretStr(key or _NO_KEY),
        temperature=0,
        timeout=timeout,
        max_retries=0,
        http_client=http,
    )


def failures(kind: str) -> tuple[type[Exception], ...]:
    """What the client may raise when it is called."""
    import httpx

    common: tuple[type[Exception], ...] = (httpx.HTTPError, ConnectionError, TimeoutError)
    if find_spec("httpx2") is not None:  # some clients take the one, some the other
        import httpx2

        common = (*common, httpx2.HTTPError)
    if kind == "openai":
        from openai import OpenAIError

        return (*common, OpenAIError)
    if kind == "anthropic":
        from anthropic import AnthropicError

        return (*common, AnthropicError)
    if kind == "google":
        from google.genai.errors import APIError
        from langchain_google_genai.chat_models import ChatGoogleGenerativeAIError

        return (*common, APIError, ChatGoogleGenerativeAIError)
    from ollama import RequestError, ResponseError

    return (*common, RequestError, ResponseError)


def status_of(error: BaseException | None) -> int | None:
    """The HTTP status that a server answered with; None where it did not answer."""
    while error is not None:
        for name in ("status_code", "code"):
            found = getattr(error, name, None)
            if isinstance(found, int) and found > 0:
                return found
        error = error.__cause__
    return None


_WORTH_A_TRY = (408, 409, 429)


def passing(error: Exception) -> bool:
    """Whether the same call may succeed soon: a dropped connection, too many calls, a 5xx.

    A server that took longer than the user waits for it is not asked twice.
    """
    status = status_of(error)
    if status is not None:
        return status in _WORTH_A_TRY or (status >= 500 and not _no_tools(status, str(error)))
    return "timeout" not in type(error).__name__.lower()


def asked_to_wait(error: BaseException | None) -> float:
    """Seconds that a server asks to be left alone for; 0 where it does not say."""
    while error is not None:
        headers = getattr(getattr(error, "response", None), "headers", None) or {}
        told = str(headers.get("retry-after", ""))
        if told.isdecimal():
            return float(told)
        if delay := _retry_delay(getattr(error, "details", None)):
            return delay
        error = error.__cause__
    return 0.0


def _retry_delay(answer: object) -> float:
    """The pause that Google asks for: in the answer's ``RetryInfo``, not in a header."""
    told = answer.get("error") if isinstance(answer, dict) else None
    details = told.get("details") if isinstance(told, dict) else None
    for one in details if isinstance(details, list) else ():
        found = re.fullmatch(r"(\d+(?:\.\d+)?)s", str(dict(one).get("retryDelay", "")))
        if found:
            return float(found.group(1))
    return 0.0


def _broken_off(error: BaseException | None) -> bool:
    """Whether a server began its answer and then told of an error, as Ollama does."""
    while error is not None:
        if getattr(error, "error", None) and getattr(error, "status_code", None) == -1:
            return True
        error = error.__cause__
    return False


_SERVER_WITHOUT_TOOLS = re.compile(r"--jinja|--enable-auto-tool-choice|--tool-call-parser")
"""How llama.cpp and vLLM name the flag without which they take no tools."""
_NO_TOOLS = re.compile(
    r"(?:tools?\b|tool use|function calling).{0,60}\b(?:not|n't)\b.{0,20}"
    r"(?:support|enabled|allowed)"
    r"|\b(?:not|n't) support.{0,20}(?:tools?\b|function)"
    r"|unsupported.{0,40}\btools?\b",
    re.IGNORECASE | re.DOTALL,
)
_BAD_KEY = re.compile(r"api[ _]key.{0,20}(?:not valid|invalid|expired|not found)", re.IGNORECASE)
"""Google answers to a wrong key with 400."""


def _no_tools(status: int | None, told: str) -> bool:
    if _SERVER_WITHOUT_TOOLS.search(told):
        return True
    return status in (None, 400, 404, 422, 500, 501) and bool(_NO_TOOLS.search(told))


def explained(kind: str, model: str, error: Exception) -> LanguageModelError:
    """An error of a client in words for the user, without addresses or keys."""
    status, told = status_of(error), str(error)
    name = f"The language model '{model[:60]}'"
    if flag := _SERVER_WITHOUT_TOOLS.search(told):
        return LanguageModelError(
            f"The server of '{model[:60]}' was started without tools, so it can't call any.",
            f"Start it with {flag.group()}, or use RADIXGPT_LLM=embedded.",
        )
    if _no_tools(status, told):
        return LanguageModelError(
            f"{name} can't call tools.", "Choose a model that can, or RADIXGPT_LLM=embedded."
        )
    if status in (401, 403) or (status == 400 and _BAD_KEY.search(told)):
        keys = _SERVICES[kind].keys if kind in _SERVICES else ()
        return LanguageModelError(
            f"The server of '{kind}' refused the key.", f"Check {keys[0] if keys else 'the key'}."
        )
    if status == 404:
        return LanguageModelError(
            f"{name} is not known to its server.", "Check the name and the address."
        )
    if status == 429:
        return LanguageModelError(
            "The language model's server takes no more for now (429).",
            "Wait a while, look at the limits of your account, or use RADIXGPT_LLM=embedded.",
        )
    if status is not None:
        return LanguageModelError(
            f"The language model's server answered with an error ({status}).",
            "Look at the server, or use RADIXGPT_LLM=embedded.",
        )
    if _broken_off(error):
        return LanguageModelError(
            "The language model's server broke off in the middle of its answer.",
            "Look at its log, or use RADIXGPT_LLM=embedded.",
        )
    if "timeout" in type(error).__name__.lower():
        return LanguageModelError(
            "The language model's server took too long.",
            "Set a longer RADIXGPT_LLM_TIMEOUT, or use RADIXGPT_LLM=embedded.",
        )
    return LanguageModelError(
        f"The language model's server can't be reached ({type(error).__name__}).",
        "Start it and check its address in RADIXGPT_LLM, or use RADIXGPT_LLM=embedded.",
    )
