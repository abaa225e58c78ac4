"""What every exported DICOM object has: patient, study, series, equipment, references."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

import radixgpt
from etl.load.job import Job
from etl.phrases import Phrases
from etl.sign import family_and_given
from radixgpt.codes import Code
from radixgpt.reading.quiet import quiet
from radixgpt.report import Signature

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from radixgpt.reading.source import SourceSlice

MANUFACTURER = "RadiXGPT"
DEVICE_UID = "2.25.279093846531245219027365087364102385947"
"""Of the software as an observer, from a random UUID (PS3.5 B.2)."""
_IMPLEMENTATION_UID = "2.25.68126309748218473201983746501928374655"

_PATIENT = ("PatientName", "PatientID", "PatientBirthDate", "PatientSex")
_PATIENT_IF_THERE = ("IssuerOfPatientID", "PatientAge", "PatientSize", "PatientWeight")
_STUDY = (
    "StudyInstanceUID", "StudyDate", "StudyTime", "ReferringPhysicianName", "StudyID",
    "AccessionNumber",
)  # fmt: skip
_STUDY_IF_THERE = ("StudyDescription",)

_FORMS = {
    "DA": re.compile(r"\d{8}"),
    "TM": re.compile(r"\d{2}(\d{2}(\d{2}(\.\d{1,6})?)?)?"),
    "AS": re.compile(r"\d{3}[DWMY]"),
    "DS": re.compile(r"[-+0-9.eE]{1,16}"),
}
"""How values of a representation are written (PS3.5 6.2)."""
_TEXTS = frozenset({"PN", "LO", "SH", "LT", "ST", "UT", "UC"})
"""Value representations that the character set is about (PS3.5 6.1.2)."""

What = Literal["findings", "text", "outlines", "images", "pdf"]
"""What an exported object holds."""


@dataclass(frozen=True)
class Kind:
    """A kind of exported object.

    Attributes:
        sop_class: its UID (PS3.4 B.5).
        modality: of the new series.
        number: of the new series, beyond those of any scanner.
    """

    sop_class: str
    modality: str
    number: int


_STORAGE = "1.2.840.10008.5.1.4.1.1."
KINDS: dict[What, Kind] = {
    "findings": Kind(f"{_STORAGE}88.34", "SR", 9001),  # Comprehensive 3D SR
    "text": Kind(f"{_STORAGE}88.11", "SR", 9002),  # Basic Text SR
    "outlines": Kind(f"{_STORAGE}66.4", "SEG", 9003),  # Segmentation
    "images": Kind(f"{_STORAGE}7", "OT", 9004),  # Secondary Capture
    "pdf": Kind(f"{_STORAGE}104.1", "DOC", 9005),  # Encapsulated PDF
}
"""Every kind of exported object."""


def new_uid() -> str:
    """A UID that no other object has (PS3.5 B.2)."""
    from pydicom.uid import generate_uid

    return str(generate_uid(prefix=None))


def opened(job: Job, what: What, *, series: str | None = None, instance: int = 1) -> Dataset:
    """A data set with all that objects of every kind begin with.

    Patient and study are the source's; empty where it leaves them out (type 2).

    Args:
        job: what is exported.
        what: the object holds.
        series: UID of the new series, where it holds several objects.
        instance: number of the object within the series.

    Raises:
        InputError: the source is not at hand.
    """
    from pydicom.dataset import Dataset

    kind = KINDS[what]
    source = job.needs_source().header
    made = Dataset()
    if source.get("SpecificCharacterSet"):
        made.SpecificCharacterSet = source.SpecificCharacterSet
    made.SOPClassUID = kind.sop_class
    made.SOPInstanceUID = new_uid()
    stamp(made, job.at, "InstanceCreation")
    stamp(made, job.at, "Content")
    for keyword in (*_PATIENT, *_STUDY):
        setattr(made, keyword, _carried(source, keyword))
    for keyword in (*_PATIENT_IF_THERE, *_STUDY_IF_THERE):
        if value := _carried(source, keyword):
            setattr(made, keyword, value)
    made.Modality = kind.modality
    made.SeriesInstanceUID = series or new_uid()
    made.SeriesNumber = kind.number
    made.SeriesDescription = _described(job, what)
    made.InstanceNumber = instance
    made.Manufacturer = MANUFACTURER
    made.ManufacturerModelName = job.report.provenance.software
    made.DeviceSerialNumber = "1"
    made.SoftwareVersions = job.report.provenance.version
    return made


def _described(job: Job, what: What) -> str:
    """What a new series is: ``AI findings, draft``."""
    phrases = Phrases.of(job.report)
    return phrases.say("series_description", what=phrases.word("series", what), draft=not job.final)


def _carried(source: Dataset, keyword: str) -> Any:
    """A value of the source, decoded; empty where it has none, or a date, time or age that is none.

    Old objects write dates as 1997.04.24 and times as 14:04:38, which may not be written any more.
    """
    from pydicom.datadict import dictionary_VR

    value = source.get(keyword)
    if value is None:
        return ""
    form = _FORMS.get(dictionary_VR(keyword))
    if form is None or form.fullmatch(str(value)):
        return value
    plain = re.sub(r"[.:](?=\d\d)", "", str(value))
    return plain if form.fullmatch(plain) else ""


def stamp(dataset: Dataset, at: datetime, what: str) -> None:
    """Date and time of something, such as ``Content``."""
    setattr(dataset, f"{what}Date", f"{at:%Y%m%d}")
    setattr(dataset, f"{what}Time", f"{at:%H%M%S}")


def date_time(at: datetime) -> str:
    """A DICOM DT with its offset (PS3.5 6.2)."""
    return f"{at:%Y%m%d%H%M%S%z}"


def coded(code: Code) -> Dataset:
    """A code as an item (PS3.3 8)."""
    from pydicom.dataset import Dataset

    item = Dataset()
    item.CodeValue = code.value
    item.CodingSchemeDesignator = code.scheme
    item.CodeMeaning = code.meaning
    return item


def own_scheme() -> Dataset:
    """What the project's own coding scheme is (PS3.3 C.12.1, Coding Scheme Identification)."""
    from pydicom.dataset import Dataset

    from radixgpt.codes import OWN, OWN_UID

    item = Dataset()
    item.CodingSchemeDesignator = OWN
    item.CodingSchemeUID = OWN_UID
    item.CodingSchemeName = "RadiXGPT findings and grades"
    item.CodingSchemeVersion = radixgpt.__version__
    item.CodingSchemeResponsibleOrganization = MANUFACTURER
    return item


def reference(slice_: SourceSlice, *, frame: bool = True) -> Dataset:
    """A reference to the object that a slice came from, with its frame if it has several."""
    from pydicom.dataset import Dataset

    item = Dataset()
    item.ReferencedSOPClassUID = str(slice_.header.SOPClassUID)
    item.ReferencedSOPInstanceUID = str(slice_.header.SOPInstanceUID)
    if frame and slice_.frame is not None:
        item.ReferencedFrameNumber = slice_.frame
    return item


def by_series(slices: Iterable[SourceSlice]) -> list[tuple[str, list[Dataset]]]:
    """References to the objects of slices, each once, by the UID of their series."""
    found: dict[str, dict[str, Dataset]] = {}
    for one in slices:
        series = found.setdefault(str(one.header.SeriesInstanceUID), {})
        series.setdefault(str(one.header.SOPInstanceUID), reference(one, frame=False))
    return [(series, list(items.values())) for series, items in found.items()]


def person_name(signature: Signature) -> str:
    """Who signed as a DICOM PN: ``Family^Given``."""
    family, given = family_and_given(signature.name)
    return f"{family}^{given}" if given else family


def encode(dataset: Dataset) -> bytes:
    """The object as a file, explicit little-endian.

    Remarks of the library on values are silenced, as they may quote a patient's.
    """
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import UID, ExplicitVRLittleEndian

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(str(dataset.SOPClassUID))
    meta.MediaStorageSOPInstanceUID = UID(str(dataset.SOPInstanceUID))
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID(_IMPLEMENTATION_UID)
    meta.ImplementationVersionName = f"RADIXGPT_{radixgpt.__version__}"[:16]
    buffer = io.BytesIO()
    with quiet():
        _settle_characters(dataset)
        file = FileDataset(buffer, dataset, file_meta=meta, preamble=b"\0" * 128)
        file.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def _settle_characters(dataset: Dataset) -> None:
    """Keep the source's character set where it can write everything, else take UTF-8.

    Archives compare the bytes of a name, so it should be written as the source writes it. What is
    beyond ASCII and not carried over from there, a signer's name for instance, may need another.
    """
    carried = {*_PATIENT, *_PATIENT_IF_THERE, *_STUDY, *_STUDY_IF_THERE}
    beyond = {
        element.keyword in carried
        for element in dataset.iterall()
        if element.VR in _TEXTS and not str(element.value).isascii()
    }
    if False in beyond or (beyond and "SpecificCharacterSet" not in dataset):
        dataset.SpecificCharacterSet = "ISO_IR 192"


def items(found: Sequence[Dataset]) -> Any:
    """A sequence of items."""
    from pydicom.sequence import Sequence as Items

    return Items(list(found))
