"""A German report leaves in German, whatever the format is, and passes other people's checks."""

from __future__ import annotations

import base64
import io
import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docx
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from etl.edit import restyle
from etl.load import formats
from etl.load.job import Job
from etl.sign import sign

English = Callable[[str], set[str]]


@pytest.fixture(scope="module")
def job(bench: Any) -> Job:
    """The job of exporting the report in German."""
    german = restyle(bench.job.signed, "standard", "de")
    return Job(german, bench.job.at, bench.job.study, bench.job.source)


@pytest.fixture(scope="module")
def files(job: Job) -> dict[str, bytes]:
    return formats.export(job, ["all"]).files


def texts(dataset: Dataset) -> Iterator[str]:
    """Every text of a structured report; the meanings of codes are those of their schemes."""
    for item in dataset.get("ContentSequence", ()):
        if item.ValueType == "TEXT":
            yield str(item.TextValue)
        yield from texts(item)


def test_every_format_is_written(files: dict[str, bytes], job: Job) -> None:
    assert formats.export(job, ["all"]).skipped == {}
    assert len(files) > len(formats.FORMATS) - 1


def test_the_page_is_german(files: dict[str, bytes], english_in: English) -> None:
    page = files["report.html"].decode()
    assert '<html lang="de-DE">' in page
    body = re.sub(r"<style>.*?</style>|<[^>]*>", " ", page, flags=re.DOTALL)
    assert not english_in(body)
    assert not english_in(" ".join(re.findall(r'(?:alt|title|aria-label)="([^"]*)"', page)))


def test_the_word_document_is_german(files: dict[str, bytes], english_in: English) -> None:
    document = docx.Document(io.BytesIO(files["report.docx"]))
    cells = [c.text for t in document.tables for row in t.rows for c in row.cells]
    ends = [document.sections[0].header, document.sections[0].footer]
    around = [p.text for end in ends for p in end.paragraphs]
    text = "\n".join([*(p.text for p in document.paragraphs), *cells, *around])
    assert "Seite" in text
    assert not english_in(text)
    assert document.core_properties.language == "de-DE"


def test_the_pdf_is_german(
    files: dict[str, bytes], english_in: English, tmp_path: Path, studies: Any
) -> None:
    (tmp_path / "r.pdf").write_bytes(files["report.pdf"])
    text = subprocess.run(
        [studies.tool("pdftotext"), "-layout", str(tmp_path / "r.pdf"), "-"],
        check=True,
        capture_output=True,
        timeout=60,
    ).stdout.decode()
    assert text.count("KI-Entwurf, nicht für den klinischen Gebrauch") >= 2
    assert "Seite 1 von" in text
    assert not english_in(text)


@pytest.mark.parametrize("name", ["report.sr.dcm", "findings.sr.dcm"])
def test_a_structured_report_is_german(
    name: str, files: dict[str, bytes], english_in: English
) -> None:
    made = dcmread(io.BytesIO(files[name]))
    language = made.ContentSequence[0]
    assert language.ConceptNameCodeSequence[0].CodeValue == "121049"
    assert language.ConceptCodeSequence[0].CodeValue == "de-DE"
    said = [text for text in texts(made) if not text.startswith("RadiXGPT")]
    assert any("Bandscheibe" in text for text in said)
    assert not english_in(" ".join(said))
    assert not english_in(made.SeriesDescription)


def test_validators_find_no_error(
    files: dict[str, bytes], judge: Callable[..., list[str]], tmp_path: Path
) -> None:
    objects = {name: data for name, data in files.items() if name.endswith(".dcm")}
    assert len(objects) >= 5
    for name, data in objects.items():
        (tmp_path / name).write_bytes(data)
        assert judge("dciodvfy", tmp_path / name) == []
    assert judge("dsrdump", tmp_path / "report.sr.dcm") == []


def test_the_bundle_is_german(files: dict[str, bytes], english_in: English) -> None:
    bundle = json.loads(files["report.fhir.json"])
    resources = [entry["resource"] for entry in bundle["entry"]]
    (report,) = [r for r in resources if r["resourceType"] == "DiagnosticReport"]
    assert report["language"] == "de-DE"
    (form,) = report["presentedForm"]
    assert form["language"] == "de-DE"
    notes = [n["text"] for r in resources for n in r.get("note", ())]
    absent = [r["dataAbsentReason"]["text"] for r in resources if "dataAbsentReason" in r]
    plain = base64.b64decode(form["data"]).decode()
    div = re.sub(r"<[^>]*>", " ", report["text"]["div"])
    assert not english_in(" ".join([plain, div, report["conclusion"], *notes, *absent]))


def test_the_message_is_german(files: dict[str, bytes], english_in: English) -> None:
    segments = [line.split("|") for line in files["report.hl7"].decode().split("\r") if line]
    said = [s[5] for s in segments if s[0] == "OBX" and s[2] == "TX"]
    said.extend(s[3] for s in segments if s[0] == "NTE")
    assert len(said) > 9
    assert not english_in(" ".join(said))


def test_a_signed_report_is_german(job: Job, english_in: English) -> None:
    signed = sign(job.signed, name="Ada Example", role="Ärztin", at=job.at)
    files = formats.export(Job(signed, job.at, job.study, job.source), ["md", "sr-text"]).files
    text = files["report.md"].decode()
    assert "Unterschrieben von Ada Example, Ärztin, 2026-03-04 15:06 (UTC+0100)." in text
    assert "Keine vermerkt." in text
    assert not english_in(text.replace("Ada Example", ""))


def test_a_report_in_american_spelling_says_so(bench: Any) -> None:
    from radixgpt.style import Style

    american = restyle(bench.job.signed, Style(name="here", spelling="American"))
    job = Job(american, bench.job.at, bench.job.study, bench.job.source)
    files = formats.export(job, ["fhir", "sr-text", "html"]).files
    assert b'lang="en-US"' in files["report.html"]
    assert '"language": "en-US"' in files["report.fhir.json"].decode()
    language = dcmread(io.BytesIO(files["report.sr.dcm"])).ContentSequence[0]
    assert language.ConceptCodeSequence[0].CodeValue == "en-US"
