"""A length that a reader set is the reader's in every format, and every validator takes it."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docx
import pydicom
import pytest

from etl import edit
from etl.load import formats, to_html, to_markdown
from etl.load.job import Job

SAID = "an anterior slip of 7.5 mm (set by the reader; Meyerding grade I)"


@pytest.fixture(scope="module")
def job(bench: Any) -> Job:
    """The bench's report with its slip measured anew by the reader."""
    report = edit.set_measure(bench.job.signed, "L4-L5", "slip_mm", 7.5)
    return Job(report, bench.job.at, bench.job.study, bench.job.source)


def test_the_sr_gives_it_without_a_tool_and_passes(
    job: Job, tmp_path: Path, judge: Callable[..., list[str]]
) -> None:
    made = formats.export(job, ["sr", "sr-text", "dicom-pdf"]).files
    sr = pydicom.dcmread(io.BytesIO(made["findings.sr.dcm"]))
    slips = [
        one
        for group in sr.ContentSequence[-1].ContentSequence
        for one in group.ContentSequence
        if one.ValueType == "NUM" and one.ConceptNameCodeSequence[0].CodeValue.startswith("slip")
    ]
    assert [float(s.MeasuredValueSequence[0].NumericValue) for s in slips][-1] == 7.5
    for slip in slips:
        below = {c.ConceptNameCodeSequence[0].CodeMeaning: c for c in slip.ContentSequence}
        assert below["Comment"].TextValue == "Set by the reader."
        assert "Algorithm Name" not in below
    for name, data in made.items():
        (tmp_path / name).write_bytes(data)
        assert judge("dciodvfy", tmp_path / name) == []


def test_messages_mark_it(job: Job) -> None:
    made = formats.export(job, ["fhir", "hl7"]).files
    entries = json.loads(made["report.fhir.json"])["entry"]
    (slip,) = (
        e["resource"] for e in entries if e["resource"].get("valueQuantity", {}).get("value") == 7.5
    )
    assert slip["note"] == [{"text": "Set by the reader."}]
    lines = made["report.hl7"].decode().split("\r")
    place = next(n for n, line in enumerate(lines) if line.startswith("OBX") and "|7.5|" in line)
    assert lines[place + 1].startswith("NTE|1|L|Set by the reader.")


def test_pages_and_documents_mark_it(job: Job) -> None:
    word = docx.Document(io.BytesIO(formats.export(job, ["docx"]).files["report.docx"]))
    cells = [c.text for t in word.tables for row in t.rows for c in row.cells]
    texts = {
        "docx": " ".join([*(p.text for p in word.paragraphs), *cells]),
        "html": re.sub(r"base64,[^\"]*", "", to_html(job.signed, job.study)),  # type: ignore[arg-type]
        "markdown": to_markdown(job.signed),
    }
    for name, text in texts.items():
        assert SAID in text, name
        assert "7.5 (set by the reader)" in text, name
        assert "measured anterior" not in text, name


def test_a_pdf_marks_it(job: Job, tmp_path: Path, studies: Any) -> None:
    import subprocess

    (tmp_path / "r.pdf").write_bytes(formats.export(job, ["pdf"]).files["report.pdf"])
    said = subprocess.run(
        [studies.tool("pdftotext"), "-raw", str(tmp_path / "r.pdf"), "-"],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    ).stdout
    text = " ".join(said.split())
    assert "7.5 (set by the reader)" in text
    assert "measured anterior" not in text
