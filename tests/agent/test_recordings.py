"""How a recording is read and played, on small ones that are written here."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import httpx
import pytest
import recordings
import yaml
from traffic import Player
from wire import differences

TOLD = {"said": "ä"}
PACKED = gzip.compress(json.dumps(TOLD).encode(), mtime=0)
"""Without the time, which would make the names of tests differ from worker to worker."""


def recording(body: str | bytes, **headers: Any) -> dict[str, Any]:
    """One exchange as a recorder writes it."""
    asked = {"method": "POST", "uri": "https://there.example/v1/say?loud=1", "body": '{"hear": 1}'}
    answer = {
        "status": {"code": 429, "message": "Too Many"},
        "headers": headers,
        "body": {"string": body},
    }
    return {"request": asked, "response": answer}


def archive(folder: Path, name: str, content: bytes) -> Path:
    """A source archive whose tests hold this recording."""
    path = folder / "package-1.tar.gz"
    with tarfile.open(path, "w:gz") as made:
        member = tarfile.TarInfo(f"package-1/tests/cassettes/{name}")
        member.size = len(content)
        made.addfile(member, io.BytesIO(content))
    return path


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (PACKED, {"Content-Encoding": ["gzip"], "Retry-After": ["7"], "Set-Cookie": ["a=b"]}),
        (json.dumps(TOLD), {"content-encoding": ["gzip"], "retry-after": ["7"]}),
        (json.dumps(TOLD).encode(), {"Content-Encoding": "**REDACTED**", "Retry-After": "7"}),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_an_answer_is_played_as_it_came(
    body: str | bytes, headers: dict[str, Any], packed: bool, tmp_path: Path, player: Player
) -> None:
    one = recording(body, **headers)
    if packed:
        told = yaml.safe_dump({"requests": [one["request"]], "responses": [one["response"]]})
        path = archive(tmp_path, "name.yaml.gz", gzip.compress(told.encode()))
    else:
        path = archive(tmp_path, "name.yaml", yaml.safe_dump({"interactions": [one]}).encode())
    (exchange,) = recordings.read(path, "name")
    assert (exchange.method, exchange.path) == ("POST", "/v1/say?loud=1")
    assert (exchange.asked, exchange.told) == ({"hear": 1}, TOLD)
    player.answers = [exchange.given]
    with httpx.Client(trust_env=False) as client:
        answer = client.post(f"{player.url}{exchange.path}", json=exchange.asked)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    assert answer.json() == TOLD
    assert "set-cookie" not in answer.headers
    assert answer.num_bytes_downloaded == len(exchange.given.body)


def test_an_answer_line_by_line_is_a_list(tmp_path: Path) -> None:
    lines = "".join(json.dumps(TOLD) + "\n" for _ in range(2))
    content = yaml.safe_dump({"interactions": [recording(lines)]}).encode()
    (exchange,) = recordings.read(archive(tmp_path, "name.yaml", content), "name")
    assert exchange.told == [TOLD, TOLD]


def test_an_archive_is_the_pinned_one_or_none(tmp_path: Path) -> None:
    name, (version, _) = next(iter(recordings.pins().items()))
    assert recordings.archive(name, tmp_path) is None
    path = tmp_path / f"{name.replace('-', '_')}-{version}.tar.gz"
    path.write_bytes(b"another")
    assert recordings.archive(name, tmp_path) is None


@pytest.mark.parametrize("ci", [False, True])
def test_what_is_not_here_is_skipped_but_fails_in_ci(
    ci: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)
    if ci:
        monkeypatch.setenv("CI", "true")
    kind = pytest.fail.Exception if ci else pytest.skip.Exception
    with pytest.raises(kind, match="the recordings of a-package are not here: run make test"):
        recordings.missing("a-package")


@pytest.mark.parametrize(
    ("ours", "lacking", "besides"),
    [
        ({"a": [{"b": 1}], "c": ""}, set(), set()),
        ({"a": [{"b": 2}]}, {"a[].b"}, set()),
        ({"a": [{}]}, {"a[].b"}, set()),
        ({"a": [{"b": 1, "d": 0}]}, set(), {"a[].d"}),
        ({"a": [{"b": 1}, {"b": 1}]}, {"a"}, set()),
        ({}, {"a"}, set()),
    ],
)
def test_a_request_that_differs_is_told_where(
    ours: Any, lacking: set[str], besides: set[str]
) -> None:
    assert differences(ours, {"a": [{"b": 1}], "e": None}) == (lacking, besides)
