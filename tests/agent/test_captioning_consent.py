"""Pictures leave for a captioner's server after the user's own yes in the chat, and not before."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from agent import chat
from agent.events import Answer, Failed
from agent.session import Session

Say = Callable[[Session, str], Answer]


@pytest.fixture
def asked(session: Session, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """What a server was asked that the session's captions come from, by a far address of it."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    kept: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            kept.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            text = "L4-L5: Disc herniation. L2-L3: Disc herniation."
            body = json.dumps({"choices": [{"message": {"content": text}}]}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    session.captioner = (f"openai:tiny@http://0.0.0.0:{server.server_port}/v1", 5.0)
    yield kept
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_user_is_asked_and_a_yes_sends_and_captions(
    session: Session, say: Say, asked: list[Any]
) -> None:
    offer = say(session, "caption the T2")
    assert offer.text.startswith("1 picture of this study would be sent to http://0.0.0.0:")
    assert "unencrypted" in offer.text
    assert offer.text.endswith("(yes or no)")
    assert asked == []
    told = say(session, "yes")
    assert asked
    assert "> L4-L5: Disc herniation" in told.text
    assert "L2-L3: Disc herniation" not in told.text
    before = len(asked)
    again = say(session, "caption the T2")  # the yes holds for this study and this address
    assert "> L4-L5: Disc herniation" in again.text
    assert len(asked) > before


def test_a_no_and_anything_else_sends_nothing(session: Session, say: Say, asked: list[Any]) -> None:
    say(session, "caption this study")
    assert say(session, "no").text == "Nothing was sent."
    say(session, "caption this study")
    say(session, "what is at L4-L5?")
    list(chat.stream(session, "yes"))
    assert asked == []
    assert not session.consents.given(session.study.key, session.captioner[0].partition("@")[2])


def test_another_study_or_address_is_asked_about_again(
    session: Session, say: Say, asked: list[Any], make_reading: Callable[..., Any]
) -> None:
    say(session, "caption the T2")
    say(session, "yes")
    sent = len(asked)
    session.take(make_reading(key="another"))
    assert say(session, "caption the T2").text.endswith("(yes or no)")
    session.captioner = ("openai:tiny@https://captions.example/v1", 1.0)
    assert "https://captions.example:" in say(session, "caption the T2").text
    assert len(asked) == sent


@pytest.mark.parametrize("said", ["what is at L3-L4?", "yes, but is it safe?", "don't send"])
def test_a_language_model_can_not_say_yes_for_the_user(
    session: Session, asked: list[Any], said: str
) -> None:
    from types import SimpleNamespace

    from agent import captioning

    runtime: Any = SimpleNamespace(context=SimpleNamespace(session=session), stream_writer=None)
    session.turn, session.said = 1, "caption the T2"
    captioning.write(runtime, {"style": "standard", "sequence": "t2"})
    assert session.pending is not None
    session.turn, session.said = 2, said
    from radixgpt.errors import InputError

    with pytest.raises(InputError, match="not said yes"):
        captioning.allow(runtime, session.pending.edit, accept=True)  # type: ignore[arg-type]
    assert asked == []


def test_a_server_on_this_machine_is_not_asked_about(
    session: Session, say: Say, asked: list[Any]
) -> None:
    session.captioner = (session.captioner[0].replace("0.0.0.0", "127.0.0.1"), 5.0)
    assert "> L4-L5: Disc herniation" in say(session, "caption the T2").text
    assert asked


def test_a_server_that_fails_after_the_yes_is_told(session: Session, say: Say) -> None:
    session.captioner = ("openai:tiny@http://0.0.0.0:9/v1", 1.0)
    say(session, "caption the T2")
    last = list(chat.stream(session, "yes"))[-1]
    told = last.problem if isinstance(last, Failed) else getattr(last, "text", "")
    assert "can't be reached" in told
