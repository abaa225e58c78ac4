"""A server on the loopback that keeps what it is asked and answers as its subclass says."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import pytest

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY")


@dataclass(frozen=True)
class Asked:
    """A request: its method, its path, its headers in lower case, and its JSON."""

    method: str
    path: str
    headers: dict[str, str]
    body: dict[str, Any]


@dataclass(frozen=True)
class Given:
    """An answer: its status, its body and the headers that differ from the usual."""

    status: int
    body: str | bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class Loopback:
    """A server that hands each POST to :meth:`answer`; ``url`` is where it listens."""

    def __init__(self) -> None:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                headers = {name.lower(): value for name, value in self.headers.items()}
                given = outer.answer(Asked(self.command, self.path, headers, body))
                if given is None:
                    self.close_connection = True
                    return
                content = given.body.encode() if isinstance(given.body, str) else given.body
                usual = {"Content-Type": "application/json", "Content-Length": str(len(content))}
                self.send_response(given.status)
                for name, value in {**usual, **given.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"

    def answer(self, asked: Asked) -> Given | None:
        """What is answered; None drops the connection without an answer."""
        raise NotImplementedError

    @contextmanager
    def running(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[Self]:
        """The server while it runs, with no proxy before it."""
        for name in PROXIES:
            monkeypatch.delenv(name, raising=False)
        thread = threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.http.shutdown()
            self.http.server_close()
            thread.join()
