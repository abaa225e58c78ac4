"""The command: what it shows, asks, prints and returns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import cli
from commands.data import gather as command
from data.gather import registry

run = CliRunner()


def called(*arguments: str) -> Any:
    return run.invoke(cli.app, ["data", "gather", *arguments])


@pytest.fixture
def published(site: Any, make_zip: Any) -> str:
    """A mirror with KAUH and Open-i."""
    for entry in registry.public():
        for file in entry.files:
            path = "/" + file.remote.address.removeprefix("https://")
            if entry.key == "kauh_full":
                site.files[path] = make_zip({"Normal/1.jpg": b"\xff\xd8\xff"})
    base: str = site.base
    return base


def test_the_list_tells_licence_and_use() -> None:
    shown = called("--list")
    assert shown.exit_code == 0
    assert "openi" in shown.stdout
    rows = {row["source"]: row for row in json.loads(called("--list", "--json").stdout)["sources"]}
    assert rows["openi"]["commercial"] is False
    assert rows["spider_full"]["licence"] == "CC BY 4.0"
    assert rows["spider"]["where"] == "staged"
    assert len(rows) == len(registry.staged()) + len(registry.public())


def test_without_acceptance_nothing_happens(tmp_path: Path, published: str) -> None:
    done = called("kauh_full", "-w", str(tmp_path / "w"), "--mirror", published, "--json")
    assert done.exit_code == 8
    error = json.loads(done.stdout)["error"]
    assert error["code"] == "gather"
    assert "--accept-licence" in error["mend"]
    assert "CC BY 4.0" in done.stderr
    assert "cite" in done.stderr
    assert not (tmp_path / "w" / "gathered").exists()


def test_accepted_by_a_flag_and_told_in_json(tmp_path: Path, published: str) -> None:
    arguments = ["kauh_full", "-w", str(tmp_path / "w"), "--mirror", published]
    done = called(*arguments, "--accept-licence", "--json")
    assert done.exit_code == 0, done.stderr
    (source,) = json.loads(done.stdout)["sources"]
    assert source == {
        "source": "kauh_full",
        "licence": "CC BY 4.0",
        "files": 1,
        "bytes": 3,
        "added": 1,
        "verified": 0,
        "changed": 0,
        "left_out": {},
    }
    again = called(*arguments)
    assert "1 as before" in again.stdout


def test_non_commercial_sets_ask_twice(tmp_path: Path, published: str) -> None:
    once = called("openi", "-w", str(tmp_path), "--mirror", published, "--accept-licence")
    assert once.exit_code == 8
    assert "COMMERCIAL USE IS NOT ALLOWED" in once.stderr
    assert "--non-commercial" in once.stderr


class _Terminal:
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def isatty(self) -> bool:
        return True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@pytest.mark.parametrize(
    ("answers", "accepted"), [(["y", "y"], True), (["y", "n"], False), (["n"], False)]
)
def test_a_terminal_is_asked(
    monkeypatch: pytest.MonkeyPatch, answers: list[str], accepted: bool
) -> None:
    asked: list[str] = []

    def confirm(question: str, **_: Any) -> bool:
        asked.append(question)
        return answers[len(asked) - 1] == "y"

    monkeypatch.setattr("sys.stdin", _Terminal(None))
    monkeypatch.setattr("sys.stderr", _Terminal(__import__("sys").stderr))
    monkeypatch.setattr(command.typer, "confirm", confirm)
    (openi,) = [entry for entry in registry.public() if entry.key == "openi"]
    from data.gather.public import PublicSource

    assert command._accepts(PublicSource(openi), False, False) is accepted
    assert len(asked) == len(answers)


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        ((), 2, "--list"),
        (("nonsense",), 8, "neither a known source nor a path"),
        (("./nowhere",), 3, "nothing that can be opened"),
        (("dimse://nonsense",), 8, "can't be read"),
    ],
)
def test_mistakes_are_told(
    tmp_path: Path, arguments: tuple[str, ...], code: int, told: str
) -> None:
    done = called(*arguments, "-w", str(tmp_path / "w"))
    assert done.exit_code == code
    assert told in done.stderr
    assert "Traceback" not in done.output


def test_own_data_with_its_terms(tmp_path: Path, make_dicom: Any) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "JANE.dcm").write_bytes(make_dicom())
    (tmp_path / "own" / "letter.txt").write_text("Dear Jane")
    arguments = [str(tmp_path / "own"), "-w", str(tmp_path / "w"), "--as", "clinic"]
    done = called(*arguments, "--licence", "CC BY 4.0", "--citation", "Doe 2024")
    assert done.exit_code == 0, done.stderr
    assert "1 left out: unknown-format" in done.stdout
    record = json.loads((tmp_path / "w" / "provenance.jsonl").read_text())
    assert (record["source"], record["licence"], record["citation"]) == (
        "clinic",
        "CC BY 4.0",
        "Doe 2024",
    )
    assert "JANE" not in done.output
    bad = called(*arguments[:-1], "../up")
    assert bad.exit_code == 8


def test_a_workspace_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    done = called("shared", "-w", str(tmp_path / "file"))
    assert done.exit_code == 8
    assert "Traceback" not in done.output
