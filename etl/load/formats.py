"""Every format that a report leaves in, by name; a writer is imported when it is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from radixgpt.errors import InputError, SettingsError

if TYPE_CHECKING:
    from etl.load.job import Draft, Job
    from radixgpt.report import Report

Needs = Literal["report", "study", "source"]
"""What a format can't do without: the report, pictures of its study, or DICOM headers."""
ALL = "all"
_LARGEST = 64 * 2**20


@dataclass(frozen=True)
class Format:
    """One format.

    Attributes:
        name: as it is asked for.
        title: what it is.
        needs: what it can't do without.
        media_type: of each file.
        writer: module and function that write it.
    """

    name: str
    title: str
    needs: Needs
    media_type: str
    writer: tuple[str, str]

    def write(self, job: Job) -> dict[str, bytes]:
        """The files of this format by name.

        Raises:
            InputError: what it needs is not at hand.
            CheckFailedError: what was written does not say what the report says.
        """
        from radixgpt.reading.quiet import quiet

        module, function = self.writer
        write: Callable[[Job], dict[str, bytes]] = getattr(
            importlib.import_module(module), function
        )
        # pydicom quotes values that it finds odd, and a patient's must not reach a log.
        with quiet():
            return write(job)


_DICOM = "application/dicom"
_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
FORMATS: dict[str, Format] = {
    one.name: one
    for one in (
        Format("json", "JSON", "report", "application/json", ("etl.load.texts", "json_file")),
        Format("md", "Markdown", "report", "text/markdown", ("etl.load.texts", "markdown_file")),
        Format("html", "page", "study", "text/html", ("etl.load.texts", "html_file")),
        Format("docx", "Word document", "report", _WORD, ("etl.load.docx", "to_docx")),
        Format("pdf", "PDF", "report", "application/pdf", ("etl.load.pdf", "to_pdf")),
        Format(
            "sr",
            "DICOM SR of the findings (TID 1500)",
            "source",
            _DICOM,
            ("etl.load.dicom.measurements", "to_measurements"),
        ),
        Format(
            "sr-text",
            "DICOM SR of the text (TID 2000)",
            "source",
            _DICOM,
            ("etl.load.dicom.narrative", "to_narrative"),
        ),
        Format(
            "seg",
            "DICOM segmentation of vertebrae, discs and canal",
            "source",
            _DICOM,
            ("etl.load.dicom.masks", "to_masks"),
        ),
        Format(
            "sc",
            "DICOM key images",
            "source",
            _DICOM,
            ("etl.load.dicom.capture", "to_captures"),
        ),
        Format(
            "dicom-pdf",
            "PDF as a DICOM object",
            "source",
            _DICOM,
            ("etl.load.dicom.encapsulated", "to_encapsulated"),
        ),
        Format(
            "fhir",
            "FHIR R4 bundle",
            "report",
            "application/fhir+json",
            ("etl.load.fhir", "to_fhir"),
        ),
        Format("hl7", "HL7 v2 ORU^R01", "report", "application/hl7-v2", ("etl.load.hl7", "to_hl7")),
    )
}
"""Every format by name, in the order in which they are listed."""


@dataclass
class Exported:
    """What was written.

    Attributes:
        files: content by file name.
        skipped: why a format was left out where all were asked for, by its name.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)


def chosen(asked: str) -> tuple[str, ...]:
    """The formats that a comma-separated text asks for, each once.

    Raises:
        SettingsError: none, or one that there is not.
    """
    names = tuple(dict.fromkeys(n.strip().lower() for n in asked.split(",") if n.strip()))
    unknown = [n for n in names if n not in FORMATS and n != ALL]
    if unknown or not names:
        raise SettingsError(
            f"There is no format '{unknown[0][:20]}'." if unknown else "No format is named.",
            f"Use some of: {', '.join(FORMATS)}; or {ALL}.",
        )
    return names


def export(job: Job, names: Iterable[str]) -> Exported:
    """Write a report in several formats.

    Args:
        job: the report and what of its study may be used.
        names: of the formats; ``all`` means every one that can be written from what is given.

    Raises:
        InputError: a format that was named needs what is not given.
        CheckFailedError: what was written does not say what the report says.
    """
    names = tuple(names)
    made = Exported()
    for name in FORMATS if ALL in names else names:
        try:
            made.files.update(FORMATS[name].write(job))
        except InputError as error:
            if name in names:
                raise
            made.skipped[name] = error.problem
    return made


def read_report(path: Path) -> Report:
    """A report from its JSON, which still passes its checks.

    Raises:
        InputError: there is no report in the file.
        CheckFailedError: the report does not agree with its findings, or was changed after it was
            signed.
    """
    from pydantic import ValidationError

    from etl.check import require
    from radixgpt.report import Report

    try:
        if path.stat().st_size > _LARGEST:
            raise InputError("The file is too large for a report.", "Give a report.json.")
        text = path.read_bytes()
    except OSError:
        raise InputError(
            "The report can't be opened.", "Give the report.json that radixgpt report wrote."
        ) from None
    try:
        report = Report.model_validate_json(text)
    except ValidationError:
        raise InputError(
            "The file holds no report, or one of another version.",
            "Give the report.json that radixgpt report wrote.",
        ) from None
    return require(report)


def job_of(
    report: Report, study: Path | None, at: datetime, *, supersedes: Path | None = None
) -> Job:
    """What the writers need, from a report and, where it is at hand, the study it was made of.

    Args:
        report: a draft, or a signed one.
        study: that it was written from.
        at: when it is exported, with offset from UTC.
        supersedes: where the exported structured reports of the draft lie, for a signed one.

    Raises:
        InputError: the study can't be read, or is not the one that the report was written from;
            no draft of it is found.
    """
    from etl.load.job import Job

    if supersedes is not None and (study is None or report.signature is None):
        raise InputError(
            "Only a signed report supersedes a draft, and its study has to be known.",
            "Sign the report, and name its study (--study).",
        )
    if study is None:
        return Job(report, at)
    from etl.extract import pixels_sha256
    from radixgpt.reading.source import read_source

    read, source = read_source(study)
    if pixels_sha256(read) != report.provenance.input_sha256:
        raise InputError(
            "The report was not written from this study.",
            "Name the study that it was written from, or write the report anew.",
        )
    drafts: tuple[Draft, ...] = ()
    if supersedes is not None and source is not None:
        from etl.load.dicom.drafts import drafts_in

        drafts = drafts_in(supersedes, str(source.header.get("StudyInstanceUID", "")))
    return Job(report, at, read, source, drafts)
