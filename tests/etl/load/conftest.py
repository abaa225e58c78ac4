"""Small DICOM studies as files, reports written from them, and the tools that judge exports."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage, generate_uid

from etl import draft, edit
from etl.extract import pixels_sha256
from etl.load import formats
from etl.load.job import Job
from etl.prior import Earlier
from etl.sign import sign
from radixgpt.eligibility import Eligibility
from radixgpt.reading.quiet import quiet
from radixgpt.reading.source import read_source
from radixgpt.report import Report

AT = datetime(2026, 3, 4, 15, 6, 7, tzinfo=timezone(timedelta(hours=1)))
SIZE = 64
NAME, BORN, IDENTIFIER, ACCESSION = "Müller-Öz^Zoë", "19480229", "HOSPITAL-4711", "ACC-0815"

UPRIGHT = [0.0, 1.0, 0.0, 0.0, 0.0, -1.0]
UPSIDE_DOWN = [0.0, -1.0, 0.0, 0.0, 0.0, 1.0]
LYING = [0.0, 0.0, 1.0, 0.0, 1.0, 0.0]
"""Directions of rows and columns: as radiologists look at it, turned about, swapped and flipped."""


def write_study(folder: Path, orientation: list[float] = UPRIGHT, **elements: Any) -> Path:
    """A T2 (first) and a T1 series of three sagittal slices each, of noise."""
    folder.mkdir(parents=True, exist_ok=True)
    study, frame = generate_uid(prefix=None), generate_uid(prefix=None)
    for number, (echo, repetition) in enumerate(((102.0, 3500.0), (9.0, 500.0)), start=1):
        series = generate_uid(prefix=None)
        for index in range(3):
            pixels = np.random.default_rng([number, index]).integers(0, 900, (SIZE, SIZE))
            pixels[SIZE // 4 : -SIZE // 4, SIZE // 4 : -SIZE // 4] += 500
            meta = FileMetaDataset()
            meta.TransferSyntaxUID = ExplicitVRLittleEndian
            meta.MediaStorageSOPClassUID = MRImageStorage
            made = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
            values: dict[str, Any] = {
                "SpecificCharacterSet": "ISO_IR 100",
                "ImageType": ["ORIGINAL", "PRIMARY", "OTHER"],
                "SOPClassUID": MRImageStorage,
                "SOPInstanceUID": generate_uid(prefix=None),
                "StudyDate": "20260301",
                "StudyTime": "101112",
                "AccessionNumber": ACCESSION,
                "Modality": "MR",
                "Manufacturer": "SIEMENS",
                "ReferringPhysicianName": "Who^Doctor",
                "PatientName": NAME,
                "PatientID": IDENTIFIER,
                "PatientBirthDate": BORN,
                "PatientSex": "F",
                "BodyPartExamined": "LSPINE",
                "ScanningSequence": "SE",
                "SequenceVariant": "SK",
                "ScanOptions": "",
                "MRAcquisitionType": "2D",
                "EchoTrainLength": 1,
                "EchoTime": echo,
                "RepetitionTime": repetition,
                "MagneticFieldStrength": 1.5,
                "SliceThickness": 4.0,
                "StudyInstanceUID": study,
                "SeriesInstanceUID": series,
                "StudyID": "S1",
                "SeriesNumber": number,
                "InstanceNumber": index + 1,
                "FrameOfReferenceUID": frame,
                "PositionReferenceIndicator": "",
                "ImagePositionPatient": [4.0 * index - 4.0, -100.0, 120.0],
                "ImageOrientationPatient": orientation,
                "SamplesPerPixel": 1,
                "PhotometricInterpretation": "MONOCHROME2",
                "Rows": SIZE,
                "Columns": SIZE,
                "PixelSpacing": [4.0, 3.5],
                "BitsAllocated": 16,
                "BitsStored": 12,
                "HighBit": 11,
                "PixelRepresentation": 0,
                "BurnedInAnnotation": "NO",
                **elements,
            }
            with quiet():  # some values are wrong on purpose
                for keyword, value in values.items():
                    if value is not None:
                        setattr(made, keyword, value)
            meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
            made.PixelData = pixels.astype("<u2").tobytes()
            with quiet():
                made.save_as(folder / f"{number}{index}", enforce_file_format=True)
    return folder


def report_on(folder: Path, spines: Any, **changes: Any) -> Report:
    """The report on a study of such files in which the tools said this of the discs."""
    study, _ = read_source(folder)
    eligibility = Eligibility(
        gradable=True, t1="s2", t2="s1", mid_slices={s.key: 1 for s in study.series}
    )
    discs = changes.pop("discs", None) or spines.degenerated()
    return draft(
        study, eligibility, spines.observe(discs), models=spines.MODELS, seconds=1.0, **changes
    )


@dataclass(frozen=True)
class Bench:
    """A study on disk, and the job of exporting a report on it."""

    folder: Path
    job: Job

    def signed(self) -> Bench:
        """The same, signed."""
        report = sign(
            self.job.signed,
            name="Ada Example",
            role="Radiologist",
            organization="Example Clinic",
            at=AT,
        )
        return replace(self, job=Job(report, AT, self.job.study, self.job.source))


def make_bench(folder: Path, spines: Any, **changes: Any) -> Bench:
    """Write a study, and a report on it."""
    report = report_on(folder, spines, **changes)
    assert report.provenance.input_sha256 == pixels_sha256(read_source(folder)[0])
    return Bench(folder, formats.job_of(report, folder, AT))


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory, spines: Any) -> Bench:
    """A report on a degenerated spine, with a side and an indeterminate finding."""
    discs = spines.degenerated()
    discs["L3-L4"].sides["disc_bulging"] = "left"
    discs["L2-L3"].statuses["disc_narrowing"] = "indeterminate"
    discs["L2-L3"].values["disc_height_mm"] = 8.5
    discs["L2-L3"].statuses["disc_height_mm"] = "not_assessable"
    folder = write_study(tmp_path_factory.mktemp("study") / "upright")
    return make_bench(folder, spines, discs=discs)


@pytest.fixture(scope="module")
def compared(bench: Any, spines: Any) -> Job:
    """The bench's report, compared with an earlier one of a healthy spine."""

    def sure(report: Report) -> Report:
        findings = tuple(
            f.model_copy(update={"plausible": (f.value,)}) if isinstance(f.value, str) else f
            for f in report.findings
        )
        return report.model_copy(update={"findings": findings})

    earlier = Earlier(sure(spines.write(spines.healthy())), read=False, stated=True)
    report = edit.compare(sure(bench.job.signed), earlier)
    return Job(report, bench.job.at, bench.job.study, bench.job.source)


def tool(name: str) -> str:
    """The path of a validator; where there is none the test is skipped, but in CI it fails."""
    found = shutil.which(name)
    if found is None:
        message = f"{name} is not here: the export is not validated"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    return str(found)


def errors_of(name: str, *arguments: str | Path) -> list[str]:
    """The lines of a validator's output that call something an error."""
    result = subprocess.run(
        [tool(name), *map(str, arguments)], capture_output=True, check=False, timeout=60
    )
    lines = (result.stdout + b"\n" + result.stderr).decode("latin-1").splitlines()
    return [line for line in lines if line.startswith(("Error", "E:", "F:"))]


@pytest.fixture(scope="session")
def judge() -> Callable[..., list[str]]:
    """``judge(tool, file...)``: what a validator calls an error."""
    return errors_of


class Studies:
    """Builders, in one fixture."""

    AT = AT
    UPRIGHT = UPRIGHT
    UPSIDE_DOWN = UPSIDE_DOWN
    LYING = LYING
    identity = (NAME, "Müller", "Zoë", IDENTIFIER, BORN, ACCESSION)
    write = staticmethod(write_study)
    report_on = staticmethod(report_on)
    bench = staticmethod(make_bench)
    tool = staticmethod(tool)


@pytest.fixture(scope="session")
def studies() -> type[Studies]:
    """Builders of studies on disk and of reports on them."""
    return Studies
