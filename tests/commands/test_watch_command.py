"""``radixgpt watch`` as a user calls it, with the real drafting; killed in the middle."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import IO

import pytest
from pydicom import dcmread
from pydicom.uid import generate_uid
from typer.testing import CliRunner, Result

from cli import app
from data.synth import bundled
from radixgpt.report import DRAFT_MARK

ROOT = Path(__file__).resolve().parents[2]


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["watch", *map(str, arguments)])


def put(folder: Path, studies: int) -> int:
    """Put so many copies of the bundled study there, each a study of its own."""
    files = sorted(bundled.study_folder().glob("*.dcm"))
    for number in range(studies):
        study, series = generate_uid(), {}
        for path in files:
            made = dcmread(path)
            made.StudyInstanceUID = study
            made.SeriesInstanceUID = series.setdefault(made.SeriesInstanceUID, generate_uid())
            made.SOPInstanceUID = made.file_meta.MediaStorageSOPInstanceUID = generate_uid()
            made.PatientID, made.PatientName = f"ZQ-{number}", f"SYNTHETIC^ZQ{number}"
            made.save_as(folder / f"zq-{number}-{path.name}")
    return len(files)


def start(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(ROOT / "cli.py"), "watch", str(folder), "--json", "--once",
         "--complete-after", "1", "--to", "json,sr"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def until(lines: IO[str] | None, event: str) -> list[dict[str, object]]:
    """The events up to one of a kind."""
    assert lines is not None
    seen = []
    for line in lines:
        seen.append(json.loads(line))
        if seen[-1]["event"] == event:
            break
    return seen


def test_killed_in_the_middle_it_drafts_each_study_once(tmp_path: Path) -> None:
    incoming = tmp_path / "incoming"
    incoming.mkdir()
    objects = put(incoming, studies=2)
    events: list[dict[str, object]] = []
    for event in ("arriving", "drafting", "drafted"):
        process = start(tmp_path)
        events += until(process.stdout, event)
        if event == "drafting":
            time.sleep(1.0)  # well within the drafting
        process.send_signal(signal.SIGKILL)
        process.communicate()
        pids = _orphans(tmp_path)
        assert not pids, "the drafting process ends with the watching one"
    process = start(tmp_path)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    events += [json.loads(line) for line in out.splitlines()]

    done = sorted(tmp_path.glob("done/study-*"))
    assert len(done) == 2
    for folder in done:
        assert len(list((folder / "images").iterdir())) == objects
        report = json.loads((folder / "draft" / "report.json").read_text())
        assert report["mark"] == DRAFT_MARK
        state = json.loads((folder / "state.json").read_text())
        assert (state["read"], state["skipped"]) == (True, {})
        found = dcmread(folder / "draft" / "findings.sr.dcm")
        assert str(found.PatientID).startswith("ZQ-")
        assert found.VerificationFlag == "UNVERIFIED"
    drafted = Counter(e["study"] for e in events if e["event"] == "drafted")
    assert drafted.keys() <= {folder.name for folder in done}
    assert set(drafted.values()) == {1}
    assert not list((tmp_path / "working").iterdir())
    assert not list(incoming.iterdir())
    told = json.dumps(events) + " ".join(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*"))
    assert "zq" not in (told + err).lower()


def _orphans(folder: Path) -> list[int]:
    """Processes that still have files of the spool open, after a moment to end in."""
    for _ in range(50):
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                opened = [str(link.readlink()) for link in (entry / "fd").iterdir()]
            except OSError:
                continue
            if any(path.startswith(str(folder)) for path in opened):
                found.append(int(entry.name))
        if not found:
            return []
        time.sleep(0.1)
    return found


def test_a_signal_ends_it_at_once_and_nothing_is_lost(tmp_path: Path) -> None:
    (tmp_path / "incoming").mkdir()
    put(tmp_path / "incoming", studies=1)
    process = start(tmp_path)
    until(process.stdout, "drafting")
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "Traceback" not in err
    assert len(list((tmp_path / "working").glob("study-*"))) == 1


def test_what_is_set_aside_ends_in_another_exit_code(tmp_path: Path) -> None:
    (tmp_path / "incoming").mkdir()
    (tmp_path / "incoming" / "zqnotes.txt").write_text("Jane")
    result = call(tmp_path, "--once", "--complete-after", 0)
    assert result.exit_code == 4
    assert "quarantined" in result.output
    assert "unknown-format" in result.output
    assert "zqnotes" not in result.output


def test_wrong_calls_say_what_mends_them(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    folder = tmp_path / "spool"
    wrong: list[tuple[tuple[object, ...], int, str]] = [
        ((), 2, "FOLDER"),
        ((tmp_path / "file",), 2, "it is a file"),
        ((tmp_path / "file" / "spool", "--once"), 2, "can't be used"),
        ((folder, "--complete-after", -1), 2, "complete-after"),
        ((folder, "--complete-after", "soon"), 2, "complete-after"),
        ((folder, "--timeout", 0), 2, "timeout"),
        ((folder, "--to", "fax"), 2, "no format 'fax'"),
        ((folder, "--to", ","), 2, "No format"),
        ((folder, "--listen", "11112"), 2, "AET:PORT"),
        ((folder, "--listen", "US:0"), 2, "AET:PORT"),
        ((folder, "--listen", "US@0.0.0.0:11112"), 2, "--admit"),
        ((folder, "--listen", "US@203.0.113.9:11112", "--admit", "PACS"), 8, "can listen"),
        ((folder, "--admit", "PACS"), 2, "without --listen"),
        ((folder, "--listen", "US:11112", "--admit", "A" * 17), 2, "AET:PORT"),
        ((folder, "--forever"), 2, "No such option"),
    ]
    for arguments, code, said in wrong:
        result = call(*arguments)
        assert result.exit_code == code, (arguments, result.output)
        assert said.lower() in " ".join(result.output.split()).lower(), (arguments, result.output)
        assert "Traceback" not in result.output


@pytest.mark.parametrize("option", ["--json", "--quiet"])
def test_an_empty_folder_is_done_at_once(option: str, tmp_path: Path) -> None:
    result = call(tmp_path / "spool", "--once", option)
    assert (result.exit_code, result.stdout) == (0, "")
    assert (tmp_path / "spool" / "incoming").is_dir()
