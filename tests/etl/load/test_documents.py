"""PDF and Word: everything that the report says, the mark on every page, and nobody's name."""

from __future__ import annotations

import io
import re
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import docx
import pytest

from etl.load import formats
from etl.load.job import Job
from radixgpt.report import DRAFT_MARK, SIGNED_MARK, Report


def _pages(pdf: bytes, folder: Path, studies: Any) -> list[str]:
    """The text of each page, with single blanks."""
    (folder / "r.pdf").write_bytes(pdf)
    raw = subprocess.run(
        [studies.tool("pdftotext"), "-layout", str(folder / "r.pdf"), "-"],
        check=True,
        capture_output=True,
        timeout=60,
    ).stdout.decode()
    return [" ".join(page.split()) for page in raw.split("\f")[:-1]]


def _squeezed(text: str) -> str:
    """Text without what a line break may add or take."""
    return re.sub(r"\s+", "", text)


def _pdf(job: Job) -> bytes:
    return formats.export(job, ["pdf"]).files["report.pdf"]


def _docx(job: Job) -> Any:
    return docx.Document(io.BytesIO(formats.export(job, ["docx"]).files["report.docx"]))


def _docx_text(document: Any) -> str:
    cells = [c.text for t in document.tables for row in t.rows for c in row.cells]
    return "\n".join([*(p.text for p in document.paragraphs), *cells])


def test_the_mark_and_the_number_stand_on_each_page(
    bench: Any, tmp_path: Path, studies: Any
) -> None:
    for job, mark in ((bench.job, DRAFT_MARK), (bench.signed().job, SIGNED_MARK)):
        pages = _pages(_pdf(job), tmp_path, studies)
        assert len(pages) >= 2
        for number, page in enumerate(pages, start=1):
            assert page.startswith(mark)
            assert f"page {number} of {len(pages)}" in page


def test_a_pdf_says_all_of_the_report(bench: Any, tmp_path: Path, studies: Any) -> None:
    alone = Job(bench.job.signed, bench.job.at)  # without pictures the columns are not mixed
    text = _squeezed("".join(_pages(_pdf(alone), tmp_path, studies)))
    for sentence in bench.job.report.sentences:
        assert _squeezed(sentence.text) in text


def test_a_pdf_shows_the_key_images(bench: Any, tmp_path: Path, studies: Any) -> None:
    (tmp_path / "r.pdf").write_bytes(_pdf(bench.job))
    listed = subprocess.run(
        [studies.tool("pdfimages"), "-list", str(tmp_path / "r.pdf")],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    ).stdout.splitlines()[2:]
    overviews, crops = 2, 2 * 5
    assert len(listed) == overviews + crops


def test_any_script_is_printed_or_shown_to_be_missing(
    tmp_path: Path, studies: Any, spines: Any, bench: Any
) -> None:
    said = "Schmerz im Rücken <b>& Bein; Łódź; 腰痛"
    report = studies.report_on(bench.folder, spines, clinical_information=said)
    assert "lacks some characters" not in "".join(_pages(_pdf(bench.job), tmp_path, studies))
    text = " ".join(_pages(_pdf(Job(report, studies.AT)), tmp_path, studies))
    assert "Schmerz im Rücken <b>& Bein; Łódz; ??" in text
    assert "lacks some characters" in text
    assert said in _docx_text(_docx(Job(report, studies.AT)))


def test_a_word_document_says_all_of_the_report(bench: Any) -> None:
    for job, mark in ((bench.job, DRAFT_MARK), (bench.signed().job, SIGNED_MARK)):
        document = _docx(job)
        text = _docx_text(document)
        for sentence in job.report.sentences:
            assert sentence.text.removeprefix(f"{sentence.level}: ") in text
        assert mark in document.sections[0].header.paragraphs[0].text
        assert {"PAGE", "NUMPAGES"} <= set(
            re.findall(r"[A-Z]+", document.sections[0].footer._element.xml)
        )
        described = [p.get("descr") for p in document.element.iter() if p.tag.endswith("}docPr")]
        assert len(described) == 2 + 2 * 5
        assert all(described)


def test_pages_and_documents_name_nobody(bench: Any, tmp_path: Path, studies: Any) -> None:
    text = " ".join(_pages(_pdf(bench.job), tmp_path, studies))
    word = formats.export(bench.job, ["docx"]).files["report.docx"]
    with zipfile.ZipFile(io.BytesIO(word)) as parts:
        text += "".join(
            parts.read(n).decode() for n in parts.namelist() if n.endswith((".xml", ".rels"))
        )
    for name in ("html", "md", "json"):
        for data in formats.export(bench.job, [name]).files.values():
            text += data.decode()
    assert not [part for part in studies.identity if part in text]


@pytest.mark.parametrize("name", ["pdf", "docx", "html", "md"])
def test_a_signed_report_says_who_signed_and_leaves_no_line_to_fill(
    name: str, bench: Any, tmp_path: Path, studies: Any
) -> None:
    job = bench.signed().job
    (data,) = formats.export(job, [name]).files.values()
    if name == "pdf":
        text = " ".join(_pages(data, tmp_path, studies))
    elif name == "docx":
        text = _docx_text(docx.Document(io.BytesIO(data)))
    else:
        text = data.decode().replace("\\", "")
    assert "Ada Example, Radiologist, Example Clinic" in text
    assert "____" not in text
    assert "None recorded." in text
    assert DRAFT_MARK not in text
    assert "Not reviewed by a person" not in text


def test_a_refused_study_gives_pages_too(
    tmp_path: Path, studies: Any, spines: Any, bench: Any
) -> None:
    from etl import draft
    from radixgpt.eligibility import Eligibility

    report: Report = draft(
        bench.job.study, Eligibility(gradable=False, reason="not-lumbar"), [], models=spines.MODELS
    )
    job = Job(report, studies.AT, bench.job.study, bench.job.source)
    pages = _pages(_pdf(job), tmp_path, studies)
    assert "not graded" in " ".join(pages)
    made = formats.export(job, [formats.ALL])
    assert set(made.skipped) == {"seg", "sc"}


def test_no_heading_of_a_table_is_broken(bench: Any, tmp_path: Path, studies: Any) -> None:
    assert "Spondylolisthesis" in " ".join(_pages(_pdf(bench.job), tmp_path, studies)).split()
