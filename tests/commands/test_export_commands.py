"""From a study to files in every format, and a signature, through the terminal door."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pydicom
import pytest
from typer.testing import CliRunner

import cli
from radixgpt.report import DRAFT_MARK, SIGNED_MARK

run = CliRunner().invoke

EVERY = {
    "report.json", "report.md", "report.html", "report.docx", "report.pdf", "findings.sr.dcm",
    "report.sr.dcm", "outlines-s1.seg.dcm", "outlines-s2.seg.dcm", "key-image-1.dcm",
    "key-image-2.dcm", "report.pdf.dcm", "report.fhir.json", "report.hl7",
}  # fmt: skip
IDENTITY = ("SYNTHETIC^PHANTOM", "SYNTHETIC-")
"""Name and start of the id of the bundled phantom."""


@pytest.fixture(scope="module")
def drafted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The bundled study, and the report on it."""
    folder = tmp_path_factory.mktemp("export")
    assert run(cli.app, ["demo", str(folder / "study")]).exit_code == 0
    made = run(cli.app, ["report", str(folder / "study"), "-o", str(folder / "out"), "-q"])
    assert made.exit_code == 0, made.output
    return folder / "study", folder / "out" / "report.json"


def test_everything_is_written_from_a_report_and_its_study(
    drafted: tuple[Path, Path], tmp_path: Path
) -> None:
    study, report = drafted
    made = run(cli.app, ["export", str(report), "--study", str(study), "-o", str(tmp_path)])
    assert made.exit_code == 0, made.output
    assert {path.name for path in tmp_path.iterdir()} == EVERY
    assert made.stdout.startswith(DRAFT_MARK)
    assert not [part for part in IDENTITY if part in made.output]
    source = pydicom.dcmread(next(study.iterdir()), stop_before_pixels=True)
    for path in tmp_path.glob("*.dcm"):
        one = pydicom.dcmread(path)
        assert one.PatientID == source.PatientID
        assert one.StudyInstanceUID == source.StudyInstanceUID


def test_without_the_study_the_rest_is_written(drafted: tuple[Path, Path], tmp_path: Path) -> None:
    made = run(cli.app, ["export", str(drafted[1]), "-o", str(tmp_path), "--json", "-q"])
    assert made.exit_code == 0, made.output
    said = json.loads(made.stdout)
    assert sorted(said["files"]) == sorted(p.name for p in tmp_path.iterdir())
    assert set(said["skipped"]) == {"html", "sr", "sr-text", "seg", "sc", "dicom-pdf"}
    for path in tmp_path.iterdir():
        assert not [part for part in IDENTITY if part.encode() in path.read_bytes()]


def test_a_report_is_signed_beside_its_draft(drafted: tuple[Path, Path], tmp_path: Path) -> None:
    study, report = drafted
    signed = tmp_path / "signed.json"
    call = ["sign", str(report), "--name", "Ada Example", "--role", "Radiologist"]
    made = run(cli.app, [*call, "-o", str(signed)])
    assert made.exit_code == 0, made.output
    assert "Signed by Ada Example, Radiologist" in made.stdout
    assert json.loads(report.read_text(encoding="utf-8"))["status"] == "draft"
    assert json.loads(signed.read_text(encoding="utf-8"))["status"] == "final"
    exported = run(
        cli.app,
        ["export", str(signed), "--to", "sr,hl7,md", "--study", str(study), "-o", str(tmp_path)],
    )
    assert exported.exit_code == 0, exported.output
    assert exported.stdout.startswith(SIGNED_MARK)
    sr = pydicom.dcmread(tmp_path / "findings.sr.dcm")
    assert (sr.VerificationFlag, sr.PreliminaryFlag) == ("VERIFIED", "FINAL")
    assert "|F\r" in (tmp_path / "report.hl7").read_bytes().decode()
    again = run(cli.app, [*call, "-o", str(signed)])
    assert again.exit_code == 2
    assert "there already" in again.output


def _altered(path: Path, folder: Path, change: Any) -> Path:
    report = json.loads(path.read_text(encoding="utf-8"))
    change(report)
    (folder / "altered.json").write_text(json.dumps(report), encoding="utf-8")
    return folder / "altered.json"


def _other_grade(report: dict[str, Any]) -> None:
    one = next(f for f in report["findings"] if f["kind"] == "pfirrmann" and f["value"] == 4)
    one["value"] = 2


def _called_final(report: dict[str, Any]) -> None:
    report["status"] = "final"


@pytest.mark.parametrize("change", [_other_grade, _called_final])
def test_a_report_that_was_altered_is_not_exported(
    change: Any, drafted: tuple[Path, Path], tmp_path: Path
) -> None:
    altered = _altered(drafted[1], tmp_path, change)
    made = run(cli.app, ["export", str(altered), "-o", str(tmp_path / "out")])
    assert made.exit_code == 6
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--to", "xls"], 2, "no format 'xls'"),
        (["--to", ","], 2, "No format"),
        (["--to", "sr"], 3, "--study"),
        (["--to", "html"], 3, "--study"),
        (["--study", "nowhere"], 3, "nothing"),
    ],
)
def test_what_can_t_be_done_is_said(
    arguments: list[str], code: int, says: str, drafted: tuple[Path, Path], tmp_path: Path
) -> None:
    made = run(cli.app, ["export", str(drafted[1]), "-o", str(tmp_path / "out"), *arguments])
    assert made.exit_code == code
    assert says in made.output
    assert "Traceback" not in made.output


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"status": "draft"}', "\x00\xff"])
def test_what_is_no_report_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text(content, encoding="latin-1")
    for call in (["export"], ["sign", "--name", "Ada Example", "--role", "Radiologist"]):
        made = run(cli.app, [*call, str(tmp_path / "r.json")])
        assert made.exit_code == 3
        assert "no report" in made.output
    assert run(cli.app, ["export", str(tmp_path / "none.json")]).exit_code == 3
