"""``radixgpt deidentify`` as a user calls it."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.uid import generate_uid
from typer.testing import CliRunner, Result

from cli import app

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    base = dcmread(str(get_testdata_file("MR_small.dcm", download=False)))
    for number in range(12):
        base.SOPInstanceUID = base.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        base.PatientName, base.PatientID = "ZQDOE^JANE", "ZQ-4711"
        base.InstanceNumber = number
        buffer = io.BytesIO()
        base.save_as(buffer)
        (folder / f"zqdoe-{number}.dcm").write_bytes(buffer.getvalue())
    return folder


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["deidentify", *map(str, arguments)])


def test_it_says_what_it_did_and_tells_nothing(source: Path, tmp_path: Path, home: Path) -> None:
    result = call(source, tmp_path / "out")
    assert result.exit_code == 0
    assert "12 written, 0 there already; 1 patients, 1 studies" in result.output
    assert "zq" not in result.output.lower().replace(str(tmp_path).lower(), "")
    key = home / "radixgpt" / "deidentify.key"
    assert key.read_bytes().hex() not in result.output
    again = call(source, tmp_path / "out", "--json", "--quiet")
    assert json.loads(again.stdout) == {
        "written": 0, "there": 12, "burned_in": 0, "quarantined": {}, "patients": 1, "studies": 1,
    }  # fmt: skip
    files = list((tmp_path / "out").rglob("*.dcm"))
    assert len(files) == 12
    assert not any(b"ZQ" in path.read_bytes() for path in files)


def test_the_same_key_gives_the_same_pseudonyms_and_a_forgotten_one_others(
    source: Path, tmp_path: Path
) -> None:
    def patients(out: str, *options: object) -> set[str]:
        assert call(source, tmp_path / out, "-q", *options).exit_code == 0
        return {path.name for path in (tmp_path / out).iterdir()}

    mine = patients("a", "--key", tmp_path / "my.key")
    assert patients("b", "--key", tmp_path / "my.key") == mine
    assert patients("c", "--key", tmp_path / "other.key") != mine
    forgotten = patients("d", "--forget-key")
    assert forgotten != patients("e", "--forget-key")


def test_what_is_left_out_ends_in_another_exit_code(source: Path, tmp_path: Path) -> None:
    (source / "zqnotes.txt").write_text("Jane")
    result = call(source, tmp_path / "out", "--json")
    assert result.exit_code == 4
    assert json.loads(result.stdout)["quarantined"] == {"unknown-format": 1}
    assert "zqnotes" not in (tmp_path / "out" / "quarantine.jsonl").read_text()


def test_wrong_calls_say_what_mends_them(source: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("x")
    (tmp_path / "empty").mkdir()
    wrong: list[tuple[tuple[object, ...], int, str]] = [
        ((), 2, "IN"),
        ((source,), 2, "OUT"),
        ((tmp_path / "nowhere", tmp_path / "out"), 2, "nothing at this path"),
        ((source, tmp_path / "file"), 2, "it is a file"),
        ((source, source / "out"), 2, "within one another"),
        ((source, source), 2, "within one another"),
        ((tmp_path / "empty", tmp_path / "out"), 3, "empty"),
        ((source, tmp_path / "out", "--key", tmp_path / "out" / "k"), 2, "within the output"),
        ((source, tmp_path / "out", "--key", source / "k"), 2, "within the input"),
        ((source, tmp_path / "out", "--key", tmp_path / "file"), 2, "holds no key"),
        ((source, tmp_path / "out", "--key", tmp_path / "k", "--forget-key"), 2, "not both"),
        ((source, tmp_path / "full", "--forget-key"), 2, "new or empty"),
        ((source, tmp_path / "file" / "out"), 2, "can be written"),
        ((source, tmp_path / "out", "--keep-everything"), 2, "No such option"),
    ]
    for arguments, code, said in wrong:
        result = call(*arguments)
        assert result.exit_code == code, (arguments, result.output)
        assert said.lower() in " ".join(result.output.split()).lower(), (arguments, result.output)
        assert "Traceback" not in result.output


def test_a_run_that_is_killed_goes_on_where_it_was(source: Path, tmp_path: Path) -> None:
    out, whole = tmp_path / "out", tmp_path / "whole"
    command = [sys.executable, str(ROOT / "cli.py"), "deidentify", str(source), "-q"]
    process = subprocess.Popen([*command, str(out)], env=dict(os.environ))
    end = time.monotonic() + 60
    while not any(out.rglob("*.dcm")) and time.monotonic() < end:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert subprocess.run([*command, str(out)], check=False).returncode == 0
    assert subprocess.run([*command, str(whole)], check=False).returncode == 0

    def content(folder: Path) -> dict[str, bytes]:
        found = (p for p in folder.rglob("*") if p.is_file())
        return {p.relative_to(folder).as_posix(): p.read_bytes() for p in found}

    assert content(out) == content(whole)
    assert len(content(whole)) == 12
