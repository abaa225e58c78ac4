"""A server on the loopback that speaks the OpenAI protocol and answers as it was told to."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

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


class Server:
    """Answers with the replies it was given, in order, and keeps what it was asked."""

    def __init__(self) -> None:
        self.replies: list[Reply | tuple[int, str]] = []
        self.asked: list[dict[str, Any]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                outer.asked.append(json.loads(self.rfile.read(length)))
                reply = outer.replies.pop(0)
                if isinstance(reply, tuple):
                    status, body = reply[0], {"error": {"message": reply[1], "type": "x"}}
                else:
                    finish = "tool_calls" if "tool_calls" in reply else "stop"
                    choice = {"index": 0, "message": reply, "finish_reason": finish}
                    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
                    status, body = 200, {
                        "id": "1", "object": "chat.completion", "created": 1, "model": "tiny",
                        "choices": [choice], "usage": usage,
                    }  # fmt: skip
                content = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/v1"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server that no proxy stands before; ``replies`` are what it answers, in order."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    made = Server()
    thread = threading.Thread(target=made.http.serve_forever, daemon=True)
    thread.start()
    yield made
    made.http.shutdown()
    made.http.server_close()
    thread.join()
