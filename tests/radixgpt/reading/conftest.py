"""Small studies, written as files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage, generate_uid

from radixgpt.reading import read
from radixgpt.reading.quiet import quiet
from radixgpt.study import Study

STUDY_UID = "1.2.826.0.1.3680043.8.498.1"
SERIES_UID = "1.2.826.0.1.3680043.8.498.2"

SAGITTAL = [0.0, 1.0, 0.0, 0.0, 0.0, -1.0]

Write = Callable[..., Path]


def noise(seed: int, shape: tuple[int, ...] = (12, 16)) -> npt.NDArray[np.uint16]:
    """Pixels that no other seed gives."""
    return np.random.default_rng(seed).integers(0, 1000, shape, dtype=np.uint16)


def dataset(pixels: npt.NDArray[Any] | None = None, **elements: Any) -> FileDataset:
    """A sagittal T2 slice of a lumbar spine; an element set to None is left out."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = elements.pop("TransferSyntaxUID", ExplicitVRLittleEndian)
    meta.MediaStorageSOPClassUID = elements.get("SOPClassUID") or MRImageStorage
    made = FileDataset(
        "",
        {},
        file_meta=meta,
        preamble=b"\0" * 128,
        is_implicit_VR=meta.TransferSyntaxUID.is_implicit_VR,
        is_little_endian=meta.TransferSyntaxUID.is_little_endian,
    )
    pixels = noise(0) if pixels is None else pixels
    values: dict[str, Any] = {
        "SOPClassUID": MRImageStorage,
        "SOPInstanceUID": generate_uid(),
        "StudyInstanceUID": STUDY_UID,
        "SeriesInstanceUID": SERIES_UID,
        "PatientName": "DOE^JANE",
        "PatientID": "HOSPITAL-4711",
        "Modality": "MR",
        "InstanceNumber": 1,
        "SeriesNumber": 1,
        "ScanningSequence": "SE",
        "EchoTime": 102.0,
        "RepetitionTime": 3500.0,
        "MagneticFieldStrength": 1.5,
        "BodyPartExamined": "LSPINE",
        "ImageOrientationPatient": SAGITTAL,
        "ImagePositionPatient": [0.0, -50.0, 60.0],
        "PixelSpacing": [0.75, 0.5],
        "SliceThickness": 4.0,
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "Rows": pixels.shape[0],
        "Columns": pixels.shape[1],
        "BitsAllocated": 8 * pixels.dtype.itemsize,
        "BitsStored": 8 * pixels.dtype.itemsize,
        "HighBit": 8 * pixels.dtype.itemsize - 1,
        "PixelRepresentation": int(pixels.dtype.kind == "i"),
        "PixelData": pixels.tobytes(),
    }
    with quiet():  # some values are wrong on purpose
        for keyword, value in {**values, **elements}.items():
            if value is not None:
                setattr(made, keyword, value)
    return made


@pytest.fixture(scope="session")
def make() -> Callable[..., FileDataset]:
    """Make one slice in memory: ``make(pixels, EchoTime=12)``."""
    return dataset


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write one slice: ``write("a.dcm", pixels, EchoTime=12)``; gives its path."""

    def write_one(name: str, pixels: npt.NDArray[Any] | None = None, **elements: Any) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with quiet():
            dataset(pixels, **elements).save_as(path, enforce_file_format=True)
        return path

    return write_one


@pytest.fixture
def write_stack(write: Write, tmp_path: Path) -> Write:
    """Write a stack of slices at places along x, named in no order; gives the folder."""

    def write_slices(places: list[float], folder: str = "stack", **elements: Any) -> Path:
        for number, x in enumerate(places):
            write(
                f"{folder}/{(number * 7) % 11}-{number}.dcm",
                noise(number),
                **{
                    "ImagePositionPatient": [x, -50.0, 60.0],
                    "InstanceNumber": number + 1,
                    **elements,
                },
            )
        return tmp_path / folder

    return write_slices


@pytest.fixture
def beside(write: Write) -> Callable[[bytes], Study]:
    """Read a hostile object that lies beside a sound one."""

    def read_beside(data: bytes, **options: Any) -> Study:
        folder = write("both/1.dcm").parent
        (folder / "0.dcm").write_bytes(data)
        return read(folder, **options)

    return read_beside
