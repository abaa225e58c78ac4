"""The web door: what it binds to, what it leaves out, and how it fails."""

from __future__ import annotations

import json
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


def _run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
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


_ASK_THE_PAGE = """
import json, os
import app
from agent.session import Session
from ui.desk import Desks

page = app.build(Desks(Session))
functions = [f for f in page.fns.values() if f.fn is not None]
print(json.dumps({
    "analytics": [page.analytics_enabled, os.environ["GRADIO_ANALYTICS_ENABLED"]],
    "stylesheets": page.get_config_file().get("stylesheets"),
    "functions": {f.fn.__name__: f.api_visibility for f in functions},
}))
"""


def test_the_page_phones_nobody_and_offers_no_public_endpoint() -> None:
    # In a process of its own: Gradio leaves event loops unclosed, which is an error here.
    told = json.loads(_run("-c", _ASK_THE_PAGE).stdout.splitlines()[-1])
    assert told["analytics"] == [False, "False"]
    assert "googleapis" not in str(told["stylesheets"])
    functions = told["functions"]
    functions.pop("leave")  # Gradio sets the unload event up by itself
    expected = "arrive ask ask_about changed clear draft open_uploads open_prior open_example stop"
    assert functions.keys() == {*expected.split()}
    assert {*functions.values()} == {"private"}


def test_importing_the_door_brings_nothing_heavy() -> None:
    code = (
        "import app, sys; print([m for m in ('gradio', 'torch', 'langchain') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_an_unknown_setting_is_told_without_a_traceback() -> None:
    done = _run("app.py", RADIXGPT_COLOUR="blue")
    assert done.returncode == 1
    assert "RADIXGPT_COLOUR is not a setting" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_taken_port_is_told_without_a_traceback() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = _run("cli.py", "chat", "--no-browser", "--port", str(taken.getsockname()[1]))
    assert done.returncode == 2
    assert "Another program uses it" in done.stderr
    assert "Traceback" not in done.stderr


def test_told_to_stop_it_leaves_no_file_behind(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    given = {"GRADIO_SERVER_PORT": str(port), "TMPDIR": str(tmp_path), "SPACE_ID": ""}
    with subprocess.Popen(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env={**os.environ, **given},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as served:
        assert served.stdout is not None
        assert f"127.0.0.1:{port}" in served.stdout.readline()
        assert list(tmp_path.glob("radixgpt-page-*"))
        served.terminate()
        assert "Traceback" not in served.stdout.read()
    assert served.returncode == 143
    assert not list(tmp_path.iterdir())
