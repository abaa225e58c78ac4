"""Answers in the form of a language model's service, played by a server on the loopback.

No service was reached: the answers in ``tests/agent/traffic`` are written by hand after the
services' published formats, and their errors after what users have reported. The clients that read
them are the real ones.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[1] / "agent" / "traffic"


@dataclass(frozen=True)
class Asked:
    """A request: its path, its headers in lower case, and its JSON."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


class Player:
    """Plays answers in order, whatever is asked, and keeps what was asked.

    An answer is a status with a ``body`` of JSON, or with ``lines`` of it; None drops the
    connection without an answer.
    """

    def __init__(self) -> None:
        self.answers: list[dict[str, Any] | None] = []
        self.asked: list[Asked] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                headers = {name.lower(): value for name, value in self.headers.items()}
                outer.asked.append(Asked(self.path, headers, body))
                answer = outer.answers.pop(0)
                if answer is None:
                    self.close_connection = True
                    return
                if "lines" in answer:
                    text = "".join(json.dumps(line) + "\n" for line in answer["lines"])
                else:
                    text = json.dumps(answer["body"])
                self.send_response(answer["status"])
                for name, value in {
                    "Content-Type": "application/json", **answer.get("headers", {})
                }.items():  # fmt: skip
                    self.send_header(name, value)
                content = text.encode()
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"


def answers_of(service: str) -> dict[str, Any]:
    """The answers of a service, by name."""
    return json.loads((FOLDER / f"{service}.json").read_text(encoding="utf-8"))


@pytest.fixture
def player(monkeypatch: pytest.MonkeyPatch) -> Iterator[Player]:
    """A player that no proxy stands before."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    made = Player()
    thread = threading.Thread(target=made.http.serve_forever, daemon=True)
    thread.start()
    yield made
    made.http.shutdown()
    made.http.server_close()
    thread.join()
