"""A server on the loopback that speaks the OpenAI protocol and answers as it was told to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from loopback import Asked, Given, Loopback

Reply = dict[str, Any]


def says(text: str) -> Reply:
    return {"role": "assistant", "content": text}


def calls(name: str, **args: Any) -> Reply:
    wanted = {"name": name, "arguments": json.dumps(args)}
    return {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "call_1", "type": "function", "function": wanted}],
    }


class Server(Loopback):
    """Answers with the replies it was given, in order, and keeps the bodies it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.url = f"{self.url}/v1"
        self.replies: list[Reply | tuple[int, str]] = []
        self.asked: list[dict[str, Any]] = []

    def answer(self, asked: Asked) -> Given:
        self.asked.append(asked.body)
        reply = self.replies.pop(0)
        if isinstance(reply, tuple):
            error = {"error": {"message": reply[1], "type": "x"}}
            return Given(reply[0], json.dumps(error))
        finish = "tool_calls" if "tool_calls" in reply else "stop"
        body = {
            "id": "1", "object": "chat.completion", "created": 1, "model": "tiny",
            "choices": [{"index": 0, "message": reply, "finish_reason": finish}],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
        }  # fmt: skip
        return Given(200, json.dumps(body))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server that no proxy stands before; ``replies`` are what it answers, in order."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with Server().running(monkeypatch) as running:
        yield running
