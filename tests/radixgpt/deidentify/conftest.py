"""MR objects, and the one call that de-identifies them."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage, generate_uid

from radixgpt.deidentify import Cleaned, clean
from radixgpt.reading.decoder import Decoder
from radixgpt.reading.identity import Keyring
from radixgpt.reading.limits import LIMITS
from radixgpt.reading.quiet import quiet

KEY = b"k" * 32
STUDY, SERIES = generate_uid(), generate_uid()


def made(**elements: Any) -> FileDataset:
    """A T2 slice of a lumbar spine; an element set to None is left out."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = elements.pop("TransferSyntaxUID", ExplicitVRLittleEndian)
    meta.MediaStorageSOPClassUID = MRImageStorage
    found = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    pixels = elements.pop("pixels", None)
    if pixels is None:
        pixels = np.random.default_rng(5).integers(0, 900, (48, 64), dtype=np.uint16)
    values: dict[str, Any] = {
        "SOPClassUID": MRImageStorage,
        "SOPInstanceUID": generate_uid(),
        "StudyInstanceUID": STUDY,
        "SeriesInstanceUID": SERIES,
        "PatientName": "DOE^JANE",
        "PatientID": "HOSPITAL-4711",
        "PatientSex": "F",
        "StudyDate": "20240105",
        "Modality": "MR",
        "ImageType": ["ORIGINAL", "PRIMARY", "M", "SE"],
        "ScanningSequence": "SE",
        "EchoTime": 102.0,
        "RepetitionTime": 3500.0,
        "BodyPartExamined": "LSPINE",
        "InstanceNumber": 1,
        "Rows": pixels.shape[0],
        "Columns": pixels.shape[1],
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "BitsAllocated": 8 * pixels.dtype.itemsize,
        "BitsStored": 8 * pixels.dtype.itemsize,
        "HighBit": 8 * pixels.dtype.itemsize - 1,
        "PixelRepresentation": 0,
        "PixelData": pixels.tobytes(),
    }
    with quiet():
        for keyword, value in {**values, **elements}.items():
            if value is not None:
                setattr(found, keyword, value)
        if found.file_meta.TransferSyntaxUID.is_little_endian and pixels.dtype.itemsize == 1:
            found["PixelData"].VR = "OB"
    return found


def saved(dataset: Dataset) -> bytes:
    buffer = io.BytesIO()
    with quiet():
        dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


Run = Callable[..., Cleaned]


@pytest.fixture(scope="session")
def run() -> Iterator[Run]:
    """De-identifies the bytes of an object."""
    with Decoder(LIMITS) as decoder:

        def call(data: bytes | Dataset, key: bytes = KEY, **options: Any) -> Cleaned:
            raw = data if isinstance(data, bytes) else saved(data)
            return clean(raw, Keyring(key), decoder, **options)

        yield call


def opened(cleaned: Cleaned) -> FileDataset:
    return dcmread(io.BytesIO(cleaned.data))


@pytest.fixture(scope="session")
def tools() -> Any:
    """The helpers above, for the tests beside this file."""

    class Tools:
        make = staticmethod(made)
        save = staticmethod(saved)
        open = staticmethod(opened)
        key = KEY

    return Tools
