"""Writes a phantom as a DICOM study: sagittal T1- and T2-weighted MR series (PS3.3 A.4).

Where it is asked for, a T2-weighted series of axial slices along the discs is written beside them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from data.synth.phantom_axial import Axial
from data.synth.phantom_axial import axial as render_axial
from data.synth.phantom_parameters import Phantom
from data.synth.phantom_render import Picture, Rendered, SequenceName, slices_of
from data.synth.phantom_signal import Protocol
from radixgpt.errors import InputError

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

THICKNESS_MM = 4.0
GAP_MM = 4.4
"""Distance of neighbouring slice centres."""
SEQUENCES: tuple[SequenceName, ...] = ("t1", "t2")
_DRAWING = 2  # raised when the same parameters give other pictures
_BRIGHTEST = 3000  # stored value of the brightest tissue, of 4095
_TITLES = {"t1": "T1 SE SAG", "t2": "T2 TSE SAG"}
_ECHOES = {"t1": 3, "t2": 17}
_FLIP = {"t1": 90, "t2": 150}


def fingerprint(phantom: Phantom) -> str:
    """Hexadecimal digest of every parameter of a phantom; equal phantoms have equal ones.

    A later parameter counts only where it is set, so that earlier phantoms keep their identifiers.
    :data:`_DRAWING` counts too, so that no two pictures have one identifier.
    """
    told = {"drawing": _DRAWING, **asdict(phantom)}
    if not phantom.curve_deg:
        del told["curve_deg"], told["curve_apex"]
    for disc in told["discs"].values():
        if not disc["stenosis_mm"]:
            del disc["stenosis_mm"]
    text = json.dumps(told, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def write(
    phantom: Phantom,
    folder: Path,
    slices: int = 9,
    size: int = 320,
    axial: Sequence[str] = (),
) -> Path:
    """Write a complete study, one file a slice, right to left.

    Identifiers are derived from the parameters alone, so the same phantom always makes the same
    files. Nothing in them stands for a person: the name is ``SYNTHETIC^PHANTOM``, and the image
    comments begin with ``SYNTHETIC``.

    Args:
        phantom: what to write.
        folder: where; made if need be.
        slices: slices a series, 4.4 mm apart.
        size: rows and columns.
        axial: discs along which an axial T2 slice is written too.

    Returns:
        The folder.

    Raises:
        LevelError: the phantom has no such disc.
        InputError: no slice is asked for, or the folder can't be written.
    """
    if slices < 1:
        raise InputError(f"A study of {slices} slices was asked for.", "Ask for one or more.")
    places = [(i - (slices - 1) / 2) * GAP_MM for i in range(slices)]
    made = slices_of(phantom, SEQUENCES, size, [x - phantom.lateral_mm for x in places])
    key = f"{fingerprint(phantom)} {slices} {size}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for number, name in enumerate(SEQUENCES, start=1):
            _series(phantom, folder, key, number, name, made, places)
        if axial:
            _axial_series(phantom, folder, key, [render_axial(phantom, d, ("t2",)) for d in axial])
    except OSError as error:
        raise InputError(
            "The phantom's study could not be written.", "Give a folder that can be written to."
        ) from error
    return folder


def _series(
    phantom: Phantom,
    folder: Path,
    key: str,
    number: int,
    name: SequenceName,
    made: Sequence[Rendered],
    places: Sequence[float],
) -> None:
    # One factor for the whole series, as a scanner would: grey values stay comparable.
    top = float(np.percentile(np.stack([r.images[name] for r in made]), 99.7))
    protocol = phantom.look.t1 if name == "t1" else phantom.look.t2
    for i, (rendered, x) in enumerate(zip(made, places, strict=True), start=1):
        dataset = _header(phantom, key, number, name, protocol)
        _place(dataset, rendered, x, i, key, number)
        _pixels(dataset, rendered.images[name], top)
        dataset.save_as(folder / f"MR{number:02d}{i:04d}.dcm", enforce_file_format=True)


def _axial_series(phantom: Phantom, folder: Path, key: str, made: Sequence[Axial]) -> None:
    """One slice a disc, from head to tail, as series 3."""
    number = len(SEQUENCES) + 1
    top = float(np.percentile(np.stack([a.images["t2"] for a in made]), 99.7))
    for i, one in enumerate(made, start=1):
        dataset = _header(phantom, key, number, "t2", phantom.look.t2)
        dataset.SeriesInstanceUID = uid(key, "series", "axial t2")
        dataset.SeriesDescription = "T2 TSE AX"
        _instance(dataset, key, number, i)
        dataset.ImageOrientationPatient = [1, 0, 0, *(f"{v:.6f}" for v in one.down)]
        dataset.ImagePositionPatient = [f"{v:.4f}" for v in one.corner]
        dataset.PixelSpacing = [f"{v:.6f}" for v in one.spacing]
        dataset.SliceLocation = f"{one.corner[2]:.4f}"
        del dataset.SpacingBetweenSlices  # each has the tilt of its disc
        _pixels(dataset, one.images["t2"], top)
        dataset.save_as(folder / f"MR{number:02d}{i:04d}.dcm", enforce_file_format=True)


def uid(key: str, *what: object) -> str:
    """A unique identifier under 2.25 (PS3.5 B.2) that depends on its arguments alone."""
    text = " ".join(["radixgpt phantom", key, *map(str, what)])
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big")
    return f"2.25.{number}"


def _header(
    phantom: Phantom, key: str, number: int, name: SequenceName, protocol: Protocol
) -> Dataset:
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import UID, ExplicitVRLittleEndian, MRImageStorage

    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.ImplementationClassUID = UID(uid("implementation"))
    dataset.SpecificCharacterSet = "ISO_IR 100"
    dataset.SOPClassUID = MRImageStorage
    # Patient: type 2 elements that would describe a person stay empty.
    dataset.PatientName = "SYNTHETIC^PHANTOM"
    dataset.PatientID = f"SYNTHETIC-{key[:8].upper()}"
    dataset.PatientBirthDate = ""
    dataset.PatientSex = ""
    # Study and frame of reference
    dataset.StudyInstanceUID = uid(key, "study")
    dataset.StudyDate = ""
    dataset.StudyTime = ""
    dataset.ReferringPhysicianName = ""
    dataset.StudyID = "1"
    dataset.AccessionNumber = ""
    dataset.StudyDescription = "SYNTHETIC MR LUMBAR SPINE"
    dataset.FrameOfReferenceUID = uid(key, "frame of reference")
    dataset.PositionReferenceIndicator = ""
    # Series and equipment
    dataset.Modality = "MR"
    dataset.SeriesInstanceUID = uid(key, "series", name)
    dataset.SeriesNumber = number
    dataset.SeriesDescription = _TITLES[name]
    dataset.BodyPartExamined = "LSPINE"
    dataset.PatientPosition = "HFS"
    dataset.Manufacturer = "RadiXGPT"
    dataset.ManufacturerModelName = "Phantom"
    # MR image
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "OTHER"]
    dataset.ScanningSequence = "SE"
    dataset.SequenceVariant = "SK"
    dataset.ScanOptions = ""
    dataset.MRAcquisitionType = "2D"
    dataset.RepetitionTime = f"{protocol.repetition_ms:.1f}"
    dataset.EchoTime = f"{protocol.echo_ms:.1f}"
    dataset.EchoTrainLength = _ECHOES[name]
    dataset.FlipAngle = _FLIP[name]
    dataset.MagneticFieldStrength = "1.5"
    dataset.ImagedNucleus = "1H"
    dataset.SliceThickness = f"{THICKNESS_MM:.1f}"
    dataset.SpacingBetweenSlices = f"{GAP_MM:.1f}"
    dataset.ContentQualification = "RESEARCH"
    dataset.ImageComments = "SYNTHETIC image of a computed phantom, not of a patient"
    dataset.BurnedInAnnotation = "NO"
    return dataset


def _place(
    dataset: Dataset, rendered: Rendered, x: float, index: int, key: str, number: int
) -> None:
    """Geometry: columns run to the back, rows to the feet (PS3.3 C.7.6.2)."""
    row_mm, column_mm = rendered.spacing
    rows, columns = rendered.labels.shape
    _instance(dataset, key, number, index)
    dataset.ImageOrientationPatient = [0, 1, 0, 0, 0, -1]
    corner = (x, -(columns - 1) / 2 * column_mm, (rows - 1) / 2 * row_mm)
    dataset.ImagePositionPatient = [f"{v:.4f}" for v in corner]
    dataset.SliceLocation = f"{x:.4f}"
    dataset.PixelSpacing = [f"{row_mm:.6f}", f"{column_mm:.6f}"]


def _instance(dataset: Dataset, key: str, number: int, index: int) -> None:
    dataset.SOPInstanceUID = uid(key, "instance", number, index)
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.AcquisitionNumber = 1
    dataset.InstanceNumber = index


def _pixels(dataset: Dataset, image: Picture, top: float) -> None:
    scaled = np.clip(np.rint(image * (_BRIGHTEST / top)), 0, 4095)
    stored: npt.NDArray[np.uint16] = scaled.astype("<u2")
    low, high = (float(v) for v in np.percentile(stored, [1, 99.5]))
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows, dataset.Columns = stored.shape
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.PixelRepresentation = 0
    dataset.WindowCenter = f"{(low + high) / 2:.0f}"
    dataset.WindowWidth = f"{max(high - low, 2):.0f}"
    dataset.LossyImageCompression = "00"
    dataset.PixelData = stored.tobytes()
