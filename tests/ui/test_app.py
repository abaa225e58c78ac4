"""The web door: what it binds to, what it leaves out, and how it fails."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import app
from agent.session import Session
from radixgpt.settings import Settings
from ui.desk import Desks

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def desks() -> Desks:
    return Desks(Session)


def _run(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_the_page_is_served_to_this_machine_alone(
    desks: Desks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SPACE_ID", raising=False)
    options = app.options(desks)
    assert options["server_name"] == "127.0.0.1"
    assert options["share"] is False
    assert options["allowed_paths"] == []
    assert options["max_file_size"]
    policy = options["app_kwargs"]["middleware"][0]
    assert policy.kwargs["framed_by"] == "'self'"


def test_on_a_space_it_is_served_to_the_platform(
    desks: Desks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPACE_ID", "someone/radixgpt")
    options = app.options(desks)
    assert options["server_name"] == "0.0.0.0"
    assert options["share"] is False
    assert "https://huggingface.co" in options["app_kwargs"]["middleware"][0].kwargs["framed_by"]


def test_sessions_follow_the_settings() -> None:
    desks = app.desks_for(Settings(llm="ollama:some-model", llm_timeout=7.0))
    session = desks.at("one").session
    assert (session.llm, session.llm_timeout) == ("ollama:some-model", 7.0)
    desks.close_all()


def test_the_page_phones_nobody_and_has_no_public_endpoint(desks: Desks) -> None:
    page = app.build(desks)
    assert os.environ["GRADIO_ANALYTICS_ENABLED"] == "False"
    assert page.analytics_enabled is False
    with_code = [fn for fn in page.fns.values() if fn.fn is not None]
    named = {fn.fn.__name__ for fn in with_code}
    assert {"arrive", "ask", "ask_about", "draft", "open_uploads", "open_example"} <= named
    assert {fn.api_visibility for fn in with_code if fn.fn.__name__ != "leave"} == {"private"}
    config = page.get_config_file()
    assert "googleapis" not in str(config.get("stylesheets"))


def test_importing_the_door_brings_nothing_heavy() -> None:
    code = (
        "import app, sys; print([m for m in ('gradio', 'torch', 'langchain') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_an_unknown_setting_is_told_without_a_traceback() -> None:
    done = _run(RADIXGPT_COLOUR="blue")
    assert done.returncode == 1
    assert "RADIXGPT_COLOUR is not a setting" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_taken_port_is_told_without_a_traceback() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = _run(GRADIO_SERVER_PORT=str(taken.getsockname()[1]))
    assert done.returncode == 1
    assert "Another program uses it" in done.stderr
    assert "Traceback" not in done.stderr
