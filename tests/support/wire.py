"""What the requests and answers of each service say, read from their raw JSON.

It shares nothing with the clients that it judges.
"""

from __future__ import annotations

import json
from typing import Any

Body = dict[str, Any]
Call = tuple[str, Body]
"""A tool's name and its arguments."""


class Wire:
    """A service's form.

    Attributes:
        base: what stands behind the server's address in the setting.
        keys: the headers that a key may go in; none where there is none.
    """

    base = ""
    keys: tuple[str, ...] = ()

    def system(self, asked: Body) -> str:
        """The system prompt; empty where there is none."""
        raise NotImplementedError

    def question(self, asked: Body) -> str:
        """What the user said first."""
        raise NotImplementedError

    def tools(self, asked: Body) -> list[Body]:
        """The tools as they stand in the request."""
        raise NotImplementedError

    def function(self, tool: Body) -> Body:
        """A tool as OpenAI describes one: name, description, parameters."""
        raise NotImplementedError

    def results(self, asked: Body) -> list[Body]:
        """The results of tools, each as the entry that stands in the request."""
        raise NotImplementedError

    def result(self, entry: Body) -> str:
        """What such an entry says."""
        raise NotImplementedError

    def calls(self, told: Any) -> list[Call]:
        """The tools that an answer calls."""
        raise NotImplementedError

    def text(self, told: Any) -> str:
        """What an answer says."""
        raise NotImplementedError

    def tokens(self, told: Any) -> tuple[int, int]:
        """What an answer tells of its cost: tokens in, tokens out with those of thoughts."""
        raise NotImplementedError


class Anthropic(Wire):
    keys = ("x-api-key", "authorization")

    def system(self, asked: Body) -> str:
        return str(asked.get("system", ""))

    def question(self, asked: Body) -> str:
        return str(asked["messages"][0]["content"])

    def tools(self, asked: Body) -> list[Body]:
        return list(asked.get("tools", ()))

    def function(self, tool: Body) -> Body:
        names = {"name": "name", "description": "description", "input_schema": "parameters"}
        return {ours: tool[theirs] for theirs, ours in names.items()}

    def results(self, asked: Body) -> list[Body]:
        blocks = [b for m in asked["messages"] for b in m["content"] if isinstance(b, dict)]
        return [b for b in blocks if b["type"] == "tool_result"]

    def result(self, entry: Body) -> str:
        return str(entry["content"])

    def calls(self, told: Any) -> list[Call]:
        return [(b["name"], b["input"]) for b in told["content"] if b["type"] == "tool_use"]

    def text(self, told: Any) -> str:
        return "".join(b["text"] for b in told["content"] if b["type"] == "text")

    def tokens(self, told: Any) -> tuple[int, int]:
        return told["usage"]["input_tokens"], told["usage"]["output_tokens"]


class Google(Wire):
    keys = ("x-goog-api-key",)

    def system(self, asked: Body) -> str:
        return "".join(p["text"] for p in asked.get("systemInstruction", {}).get("parts", ()))

    def question(self, asked: Body) -> str:
        return "".join(p["text"] for p in asked["contents"][0]["parts"])

    def tools(self, asked: Body) -> list[Body]:
        return [f for t in asked.get("tools", ()) for f in t["functionDeclarations"]]

    def function(self, tool: Body) -> Body:
        return {**tool, "parameters": _small(tool["parameters"])}

    def results(self, asked: Body) -> list[Body]:
        parts = [part for content in asked["contents"] for part in content["parts"]]
        return [part["functionResponse"] for part in parts if "functionResponse" in part]

    def result(self, entry: Body) -> str:
        return json.dumps(entry["response"])

    def calls(self, told: Any) -> list[Call]:
        called = [part.get("functionCall") for part in self._parts(told)]
        return [(one["name"], one["args"]) for one in called if one]

    def text(self, told: Any) -> str:
        return "".join(part.get("text", "") for part in self._parts(told))

    def tokens(self, told: Any) -> tuple[int, int]:
        used = told["usageMetadata"]
        return (
            used["promptTokenCount"],
            used["candidatesTokenCount"] + used.get("thoughtsTokenCount", 0),
        )

    def _parts(self, told: Any) -> list[Body]:
        return list(told["candidates"][0]["content"]["parts"])


class OpenAI(Wire):
    base = "/v1"
    keys: tuple[str, ...] = ("authorization",)

    def system(self, asked: Body) -> str:
        return "".join(m["content"] for m in asked["messages"] if m["role"] == "system")

    def question(self, asked: Body) -> str:
        return str(next(m["content"] for m in asked["messages"] if m["role"] == "user"))

    def tools(self, asked: Body) -> list[Body]:
        return list(asked.get("tools") or ())

    def function(self, tool: Body) -> Body:
        return dict(tool["function"])

    def results(self, asked: Body) -> list[Body]:
        return [m for m in asked["messages"] if m["role"] == "tool"]

    def result(self, entry: Body) -> str:
        return str(entry["content"])

    def calls(self, told: Any) -> list[Call]:
        called = [c["function"] for c in told["choices"][0]["message"].get("tool_calls") or ()]
        return [(one["name"], json.loads(one["arguments"])) for one in called]

    def text(self, told: Any) -> str:
        return told["choices"][0]["message"]["content"] or ""

    def tokens(self, told: Any) -> tuple[int, int]:
        return told["usage"]["prompt_tokens"], told["usage"]["completion_tokens"]


class Ollama(OpenAI):
    """Near OpenAI's form; an answer comes line by line, and arguments are no text."""

    base = ""
    keys: tuple[str, ...] = ()

    def calls(self, told: Any) -> list[Call]:
        called = [c["function"] for m in self._said(told) for c in m.get("tool_calls", ())]
        return [(one["name"], one["arguments"]) for one in called]

    def text(self, told: Any) -> str:
        return "".join(message["content"] for message in self._said(told))

    def tokens(self, told: Any) -> tuple[int, int]:
        last = told[-1] if isinstance(told, list) else told
        return last["prompt_eval_count"], last["eval_count"]

    def _said(self, told: Any) -> list[Body]:
        return [line["message"] for line in (told if isinstance(told, list) else [told])]


WIRES: dict[str, Wire] = {
    "anthropic": Anthropic(),
    "google": Google(),
    "ollama": Ollama(),
    "openai": OpenAI(),
}


def _small(schema: Any) -> Any:
    """A schema with its types in small letters, as JSON Schema has them."""
    if isinstance(schema, list):
        return [_small(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: value.lower() if name == "type" and isinstance(value, str) else _small(value)
        for name, value in schema.items()
    }


def differences(ours: Any, theirs: Any, at: str = "") -> tuple[set[str], set[str]]:
    """Where a request of ours differs from a recorded one.

    Nothing (null, an empty text, list or object) is the same as a field that is not there.

    Returns:
        The places of theirs that ours lacks or has otherwise, and those that ours has besides.
    """
    if isinstance(ours, dict) and isinstance(theirs, dict):
        lacking: set[str] = set()
        besides: set[str] = set()
        for name in ours.keys() | theirs.keys():
            place = f"{at}.{name}".strip(".")
            one, other = ours.get(name), theirs.get(name)
            if _nothing(one) and _nothing(other):
                continue
            if _nothing(one) or _nothing(other):
                (lacking if _nothing(one) else besides).add(place)
                continue
            less, more = differences(one, other, place)
            lacking |= less
            besides |= more
        return lacking, besides
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        found = [differences(*pair, f"{at}[]") for pair in zip(ours, theirs, strict=True)]
        return set().union(*(f[0] for f in found)), set().union(*(f[1] for f in found))
    return (set(), set()) if ours == theirs else ({at}, set())


def _nothing(value: Any) -> bool:
    return value is None or value in ("", [], {})
