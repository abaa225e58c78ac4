"""A study of images, and a draft made of it: what goes to a PACS and comes from it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.uid import generate_uid


class Study:
    """A small study of one patient: UIDs and bytes of its objects."""

    def __init__(self, count: int = 4, **elements: Any) -> None:
        self.uid, self.number = generate_uid(), f"ZQ-{generate_uid()[-8:]}"
        self.files: dict[str, bytes] = {}
        series = generate_uid()
        for number in range(count):
            base = dcmread(str(get_testdata_file("MR_small.dcm", download=False)))
            base.StudyInstanceUID, base.SeriesInstanceUID = self.uid, series
            base.SOPInstanceUID = base.file_meta.MediaStorageSOPInstanceUID = generate_uid()
            base.PatientName, base.PatientID = "ZQDOE^JANE", self.number
            base.StudyDate, base.StudyDescription = "20240105", "MRI lumbar spine"
            base.InstanceNumber = number
            for keyword, value in elements.items():
                setattr(base, keyword, value)
            buffer = io.BytesIO()
            base.save_as(buffer)
            self.files[str(base.SOPInstanceUID)] = buffer.getvalue()

    def write(self, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        for number, data in enumerate(self.files.values()):
            (folder / f"zqdoe-{number}.dcm").write_bytes(data)
        return folder


@pytest.fixture
def make_study() -> type[Study]:
    return Study


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    for name in ("RADIXGPT_PACS", "DICOMWEB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
