"""Language models on this machine, run by transformers: a folder, a cached name or a GGUF file.

The chat template of the model's own tokenizer renders messages and tools; tool calls are read from
JSON, with or without ``<tool_call>`` marks (Hermes and Qwen style), a ``python_tag`` or a list
(Llama and Mistral style).
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    SystemMessage,
    ToolCall,
    ToolMessage,
)
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool

from radixgpt.errors import LanguageModelError

MOST_TOKENS = 400
_MARKED = re.compile(r"<tool_call>\s*(.*?)\s*(?:</tool_call>|$)", re.DOTALL)
_THOUGHT = re.compile(r"<think>.*?(?:</think>|$)", re.DOTALL)
_TAGS = ("<|python_tag|>", "[TOOL_CALLS]", "functools")


class LocalBrain(BaseChatModel):
    """A causal language model of transformers as a chat model that can call tools.

    Attributes:
        model: the transformers model.
        tokenizer: its tokenizer, with a chat template that takes tools.
    """

    model: Any
    tokenizer: Any
    most_tokens: int = MOST_TOKENS

    @property
    def _llm_type(self) -> str:
        return "radixgpt-transformers"

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """The model with these tools in its prompt."""
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        *,
        tools: Sequence[dict[str, Any]] = (),
        **kwargs: Any,
    ) -> ChatResult:
        import torch

        tokens = self.tokenizer.apply_chat_template(
            [as_dict(message) for message in messages],
            tools=list(tools) or None,
            add_generation_prompt=True,
            return_tensors="pt",
            return_dict=True,
        )
        length = tokens["input_ids"].shape[1]
        with torch.inference_mode():
            output = self.model.generate(
                **tokens,
                max_new_tokens=self.most_tokens,
                do_sample=False,
                pad_token_id=self.tokenizer.pad_token_id or self.tokenizer.eos_token_id,
            )
        text = self.tokenizer.decode(output[0, length:], skip_special_tokens=False)
        for special in self.tokenizer.all_special_tokens:
            text = text.replace(special, "")
        known = {tool["function"]["name"] for tool in tools}
        return ChatResult(generations=[ChatGeneration(message=parse(text, known))])


def as_dict(message: BaseMessage) -> dict[str, Any]:
    """A message in the form that chat templates take."""
    if isinstance(message, ToolMessage):
        return {"role": "tool", "name": message.name or "", "content": message.text}
    if isinstance(message, AIMessage):
        calls = [
            {"type": "function", "function": {"name": call["name"], "arguments": call["args"]}}
            for call in message.tool_calls
        ]
        said: dict[str, Any] = {"role": "assistant", "content": message.text}
        return {**said, "tool_calls": calls} if calls else said
    role = "system" if isinstance(message, SystemMessage) else "user"
    return {"role": role, "content": message.text}


def parse(text: str, known: set[str]) -> AIMessage:
    """Tool calls and plain text of what a model wrote.

    Args:
        text: without special tokens.
        known: names of the tools; JSON that names none of them is plain text.
    """
    plain = _THOUGHT.sub("", text).strip()
    pieces = _MARKED.findall(plain)
    rest = _MARKED.sub("", plain).strip()
    if not pieces:
        bare = plain
        for tag in _TAGS:
            bare = bare.removeprefix(tag).strip()
        fence = re.fullmatch(r"```(?:json)?\s*(.*?)\s*```", bare, re.DOTALL)
        pieces = [fence.group(1) if fence else bare]
        rest = plain
    calls = [call for piece in pieces for call in _calls(piece, known)]
    if calls and rest == plain:
        rest = ""
    return AIMessage(content=rest, tool_calls=calls)


def _calls(piece: str, known: set[str]) -> list[ToolCall]:
    try:
        found = json.loads(piece)
    except json.JSONDecodeError:
        return []
    calls: list[ToolCall] = []
    for one in found if isinstance(found, list) else [found]:
        if not isinstance(one, dict):
            continue
        nested = one.get("function")
        inner = nested if isinstance(nested, dict) else one
        name = inner.get("name")
        args = inner.get("arguments", inner.get("parameters", {}))
        if isinstance(args, str):
            try:
                args = json.loads(args)
            except json.JSONDecodeError:
                continue
        if name in known and isinstance(args, dict):
            calls.append(ToolCall(name=name, args=args, id=f"call_{uuid.uuid4().hex[:12]}"))
    return calls


def load(kind: str, where: str, *, tools: bool = True) -> LocalBrain:
    """A model from a GGUF file, a folder, or a name that is in the cache.

    Args:
        kind: ``gguf`` or ``transformers``.
        where: the file, the folder or the name.
        tools: whether its chat template has to take tools.

    Raises:
        LanguageModelError: a package or the model is missing, it has no chat template, or that
            takes no tools.
    """
    needed = ("transformers", "gguf", "accelerate") if kind == "gguf" else ("transformers",)
    missing = [package for package in needed if find_spec(package) is None]
    if missing:
        raise LanguageModelError(
            f"Running '{kind}' models needs {' and '.join(missing)}.",
            f"Install it: pip install -e '.[llm]' {' '.join(missing)}.",
        )
    from transformers import AutoModelForCausalLM, AutoTokenizer

    options: dict[str, Any] = {}
    source: str = where
    if kind == "gguf":
        path = Path(where).expanduser()
        if not path.is_file():
            raise LanguageModelError(
                f"There is no file '{path.name[:60]}'.", "Give the path of a .gguf file."
            )
        source, options = str(path.parent), {"gguf_file": path.name}
    try:
        tokenizer = AutoTokenizer.from_pretrained(source, **options)
        model = AutoModelForCausalLM.from_pretrained(source, **options).eval()
    except (OSError, ValueError, KeyError) as error:
        raise LanguageModelError(
            f"'{Path(where).name[:60]}' can't be loaded as a language model "
            f"({type(error).__name__}).",
            "Check the path, and that it holds a causal language model with its tokenizer.",
        ) from error
    if tools:
        require_tools(tokenizer)
    elif not tokenizer.chat_template:
        raise LanguageModelError(
            "This language model has no chat template.", "Choose an instruct model."
        )
    return LocalBrain(model=model, tokenizer=tokenizer)


def require_tools(tokenizer: Any) -> None:
    """Refuse a tokenizer whose chat template is missing or ignores tools.

    Raises:
        LanguageModelError: it is.
    """
    template = tokenizer.chat_template
    if isinstance(template, dict):
        template = template.get("tool_use") or template.get("default") or ""
    if not template or "tools" not in template:
        raise LanguageModelError(
            "This language model's chat template takes no tools.",
            "Choose an instruct model that can call tools, or RADIXGPT_LLM=embedded.",
        )
