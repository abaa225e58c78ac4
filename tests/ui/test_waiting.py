"""The sheet at the address before the page: soon there, quiet, and out of the way in time."""

from __future__ import annotations

import http.client
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from radixgpt.errors import SettingsError
from ui import waiting

ROOT = Path(__file__).resolve().parents[2]


def _get(port: int, path: str = "/") -> tuple[int, dict[str, str], str]:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
        return answer.status, dict(answer.headers), answer.read().decode()


def test_the_sheet_says_what_comes_and_fetches_from_its_own_server_alone() -> None:
    with waiting.sheet() as port:
        status, headers, text = _get(port)
        assert status == 200
        assert "Not a medical device" in text
        assert "http" not in text.replace("http-equiv", "")
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert headers[waiting.MARK] == "1"
        with pytest.raises(urllib.error.HTTPError, match="503"):
            _get(port, "/gradio_api/info")


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "OPTIONS", "NONSENSE"])
def test_any_method_is_answered_in_its_own_words(method: str) -> None:
    with waiting.sheet() as port:
        asked = http.client.HTTPConnection(waiting.HOST, port, timeout=20)
        asked.request(method, "/?__theme=dark", headers={"Content-Length": "0"})
        answer = asked.getresponse()
        content = answer.read().decode()
        asked.close()
    assert answer.status == (200 if method == "HEAD" else 503)
    assert answer.headers["Server"] == "RadiXGPT"
    assert answer.headers[waiting.MARK] == "1"
    assert method not in content
    assert content == "" if method == "HEAD" else "is opening" in content


def test_an_address_with_a_query_is_the_page_too() -> None:
    with waiting.sheet() as port:
        assert "Not a medical device" in _get(port, "/?__theme=dark")[2]


def test_its_port_is_free_as_soon_as_it_ends() -> None:
    with waiting.sheet() as port:
        _get(port)
    with socket.socket() as after:
        after.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as Gradio's server does
        after.bind((waiting.HOST, port))


def test_a_port_that_is_taken_is_refused_or_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GRADIO_SERVER_PORT", raising=False)
    with waiting.sheet() as first, waiting.sheet() as second:
        assert first != second
        with pytest.raises(SettingsError, match=f"on port {first}"), waiting.sheet(first):
            pass
        monkeypatch.setenv("GRADIO_SERVER_PORT", str(second))
        with pytest.raises(SettingsError, match=f"on port {second}"), waiting.sheet():
            pass


@pytest.mark.parametrize("told", ["seven", "99999", "0"])
def test_what_is_no_port_is_named(monkeypatch: pytest.MonkeyPatch, told: str) -> None:
    monkeypatch.setenv("GRADIO_SERVER_PORT", told)
    with pytest.raises(SettingsError, match=f"'{told}', which is no port"), waiting.sheet():
        pass


def test_it_imports_nothing_that_takes_long() -> None:
    code = "import sys, ui.waiting; print({'gradio', 'torch', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "set()", done.stderr
