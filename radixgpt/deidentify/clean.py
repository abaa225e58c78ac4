"""One DICOM object in, one de-identified object out, or the reason why there is none.

What is written is made anew: explicit little-endian, an empty preamble, uncompressed samples of
exactly the size that the header states, and the elements of :mod:`radixgpt.deidentify.allowed`.
Comments within compressed pixels, overlays in their unused bits, private elements and whatever
follows the pixels have no way through.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from datetime import timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from radixgpt import __version__
from radixgpt.deidentify import burned_in, identifiers, values, words
from radixgpt.deidentify.allowed import EMPTY, RULES, Rule
from radixgpt.reading.dataset import BIG_ENDIAN, EXPLICIT, parse_whole
from radixgpt.reading.decoder import Decoder
from radixgpt.reading.dicom import check_is_image
from radixgpt.reading.header import Header
from radixgpt.reading.identity import Keyring, is_synthetic
from radixgpt.reading.limits import LIMITS, Limits
from radixgpt.reading.pixels import PixelFacts, facts, samples, sign_extended
from radixgpt.reading.quiet import quiet
from radixgpt.reading.reasons import rejected
from radixgpt.reading.sniff import sniff

if TYPE_CHECKING:
    from pydicom.dataelem import DataElement
    from pydicom.dataset import Dataset

SHIFTED = "113107"
OPTIONS = ("113100", "113105", SHIFTED, "113108")
"""PS3.16 CID 7050: basic profile, descriptors cleaned, modified dates and sex and age retained."""


def method(*, shifted: bool) -> tuple[str, ...]:
    """What was done, in words; no date that there was none of is told to be shifted."""
    return (
        f"RadiXGPT {__version__}: allow-list of elements",
        f"UIDs replaced, {'dates shifted by patient' if shifted else 'no date kept'}",
        "Pixels not searched for faces",
    )


_LOSSY = frozenset({"1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51"})
_ENHANCED = frozenset(f"1.2.840.10008.5.1.4.1.1.{last}" for last in ("2.1", "4.1", "4.4"))
_DEEPEST = 16
_MAY_BE_EMPTY = frozenset({Rule.TERM, Rule.NUMBER, Rule.DATE, Rule.WORDS})
"""An element that the source has stays, if only empty: many have to be there (type 2)."""


@dataclass(frozen=True)
class Cleaned:
    """A de-identified object.

    Attributes:
        data: a DICOM file.
        name: a path for it that tells nothing: patient, study, series, object.
        burned_in: why it may show text, where that was allowed; else None.
    """

    data: bytes = field(repr=False)
    name: str
    burned_in: burned_in.Why | None = None


@dataclass(frozen=True)
class _Person:
    """What the header says of the patient, as far as it is needed.

    Attributes:
        known_by: what tells patients apart: the number, else name and birth date, else the study.
        age: age string, or empty.
        synthetic: whether there is no patient at all.
        agent: whether a contrast agent is named by a code.
    """

    known_by: str
    age: str
    synthetic: bool
    agent: bool

    @classmethod
    def of(cls, header: Header) -> _Person:
        number = header.text("PatientID").casefold()
        name, born = header.text("PatientName").casefold(), header.text("PatientBirthDate")
        known_by = f"study\0{header.text('StudyInstanceUID')}"
        if number:
            known_by = f"id\0{number}"
        elif name:
            known_by = f"name\0{name}\0{born}"
        days = values.day_of(born), values.day_of(header.text("StudyDate"))
        return cls(
            known_by=known_by,
            age=values.age(header.text("PatientAge"), *days),
            synthetic=is_synthetic(header),
            agent=bool(header.items("ContrastBolusAgentSequence")),
        )


@dataclass
class _Work:
    """What the rules need to know, and what they have written from closed lists."""

    keys: Keyring
    shift: timedelta
    little: bool
    signed: bool
    closed: list[str] = field(default_factory=list)
    shifted: bool = False


def clean(
    data: bytes,
    keys: Keyring,
    decoder: Decoder,
    *,
    limits: Limits = LIMITS,
    allow_burned_in: bool = False,
) -> Cleaned:
    """De-identify one object.

    Args:
        data: the bytes of a DICOM file.
        keys: equal keys give equal pseudonyms, UIDs and shifts of dates.
        decoder: the process that decodes compressed pixels.
        limits: as of reading.
        allow_burned_in: pass what may show text, too.

    Raises:
        RejectedObjectError: it can't be cleaned, with the reason code.
    """
    kind, reason = sniff(data)
    if kind is None:
        raise rejected(reason)
    if kind != "dicom":
        raise rejected("no-preamble" if kind == "bare-dicom" else "not-dicom")
    source, parsed = parse_whole(data, limits)
    header = parsed.header
    check_is_image(parsed)
    found = facts(header, limits)
    uids = [header.text(f"{level}InstanceUID") for level in ("Study", "Series", "SOP")]
    if not all(uids) or not header.text("SOPClassUID"):
        raise rejected("no-identity")
    stack = samples(parsed, found, decoder)
    text = burned_in.why(header, stack)
    if text and not allow_burned_in:
        raise rejected("burned-in")
    person = _Person.of(header)  # before the values of the source are taken out
    work = _Work(
        keys, values.shift_of(person.known_by, keys), parsed.syntax != BIG_ENDIAN, found.signed
    )
    try:
        with quiet():
            made = _cleaned(source, work, 0)
            _complete(made, person, work)
            size = _put_pixels(made, stack, found)
            if parsed.syntax in _LOSSY:
                made.LossyImageCompression = "01"
            written = _written(made)
            secrets = identifiers.of_source(source) - _days(made)
    except RecursionError:
        raise rejected("nested-too-deep") from None
    except (
        *(ValueError, TypeError, AttributeError, KeyError, IndexError, LookupError),
        *(NotImplementedError, struct.error, OverflowError),
    ):
        raise rejected("damaged") from None
    closed = "\n".join(work.closed).lower().encode()
    if identifiers.left(written, size, closed, secrets):
        raise rejected("identifier-left")
    study, series, instance = (
        keys.digest(domain, uid).hex()[:16]
        for domain, uid in zip(("study", "series", "instance"), uids, strict=True)
    )
    name = f"{made.PatientID}/study-{study}/series-{series}/{instance}.dcm"
    return Cleaned(written, name, text)


def _cleaned(source: Dataset, work: _Work, depth: int) -> Dataset:
    from pydicom.datadict import dictionary_VR, keyword_for_tag
    from pydicom.dataset import Dataset

    if depth > _DEEPEST:
        raise rejected("nested-too-deep")
    made = Dataset()
    for tag in list(source.keys()):
        keyword = "" if tag.is_private else keyword_for_tag(tag)
        rule = RULES.get(keyword)
        if rule is None:
            continue
        vr = dictionary_VR(tag)
        if vr == "US or SS":
            vr = "SS" if work.signed else "US"
        elif vr == "US or OW":
            vr = "OW"
        value = _value(rule, keyword, vr, source[tag], work, depth)
        if value or rule in _MAY_BE_EMPTY:
            made.add_new(tag, vr, value or "")
    if "LUTData" in made and not _is_table(made):
        del made.LUTData
    return made


def _value(rule: Rule, keyword: str, vr: str, element: DataElement, work: _Work, depth: int) -> Any:
    """The value to be written; empty where the element is left out."""
    value = element.value
    if isinstance(value, bytes) and rule not in (Rule.TABLE, Rule.NUMBER):
        return None  # a representation that the standard does not know for it
    if rule is Rule.NUMBER:
        return values.numbers(_integers(value, vr, work.little), vr)
    if rule is Rule.TABLE:
        return _integer_bytes(value, work.little)
    if rule is Rule.UID:
        return values.uids(value, work.keys)
    if rule is Rule.DATE:
        days = values.dates(value, work.shift)
        work.shifted = work.shifted or bool(days)
        return days
    if rule is Rule.LABEL:
        return values.label(value, work.keys)
    if rule is Rule.TAGS:
        return [tag for tag in values.several(value) if not tag.is_private]
    if rule in (Rule.CODES, Rule.ITEMS):
        items = [_item(rule, one, work, depth) for one in values.several(value)]
        return [item for item in items if item]
    said = _said(rule, keyword, value)
    work.closed.extend(said)
    return said


def _said(rule: Rule, keyword: str, value: Any) -> list[str]:
    """Values from closed lists."""
    if keyword == "BodyPartExamined":
        said = [words.body_part(str(value))]
    elif rule is Rule.TERM:
        said = values.terms(keyword, value)
    elif rule is Rule.DUMMY:
        said = ["removed"]
    else:
        said = [_description(keyword, " ".join(str(one) for one in values.several(value)))]
    return [one for one in said if one]


def _description(keyword: str, text: str) -> str:
    if keyword == "Manufacturer":
        from radixgpt.reading.vocabulary import manufacturer

        return manufacturer(text) or ("removed" if text.strip() else "")
    if keyword == "ContrastBolusAgent":
        return words.contrast_agent(text)
    return "" if keyword == "ImageComments" else words.known_words(text)


def _integers(value: Any, vr: str, little: bool) -> Any:
    """Words that the parser left as bytes, since it could not tell their sign."""
    if not isinstance(value, bytes):
        return value
    kind = {"SS": "i2", "US": "u2"}.get(vr)
    if kind is None or len(value) % 2:
        return None
    return [int(one) for one in np.frombuffer(value, dtype=("<" if little else ">") + kind)]


def _integer_bytes(value: Any, little: bool) -> bytes:
    """A table of 16-bit words, little-endian."""
    if isinstance(value, bytes):
        table = np.frombuffer(value[: len(value) // 2 * 2], dtype="<u2" if little else ">u2")
    else:
        table = np.asarray(values.several(value)).astype("<u2")
    return table.astype("<u2").tobytes()


def _is_table(item: Dataset) -> bool:
    described = values.several(item.get("LUTDescriptor"))
    entries = (int(described[0]) % 65536 or 65536) if len(described) == 3 else 0
    return bool(entries) and len(item.LUTData) == 2 * entries


def _item(rule: Rule, source: Dataset, work: _Work, depth: int) -> Dataset | None:
    made = _cleaned(source, work, depth + 1)
    if rule is Rule.ITEMS:
        return made
    found = values.code(
        str(source.get("CodingSchemeDesignator", "")), str(source.get("CodeValue", ""))
    )
    if found is None:
        return None
    made.CodeValue, made.CodingSchemeDesignator, made.CodeMeaning = found
    work.closed.extend(found)
    return made


def _complete(made: Dataset, person: _Person, work: _Work) -> None:
    """Add what stands in place of the patient, and the record of what was done."""
    from pydicom.dataset import Dataset

    for keyword in EMPTY:
        if keyword not in made:
            setattr(made, keyword, "")
    made.PatientName = made.PatientID = values.pseudonym(person.known_by, work.keys)
    made.PatientSex = made.get("PatientSex", "")
    if person.age:
        made.PatientAge = person.age
    several_frames = str(made.SOPClassUID) in _ENHANCED
    if not made.get("Manufacturer"):
        made.Manufacturer = "removed" if several_frames else ""
    if several_frames:
        made.ContentTime = "000000"  # of type 1 in these; no time of day is kept
    if person.synthetic:
        made.ImageComments = "SYNTHETIC"
    if person.agent and not made.get("ContrastBolusAgent"):
        made.ContrastBolusAgent = "contrast agent"
    made.PatientIdentityRemoved = "YES"
    done = method(shifted=bool(work.shifted))
    made.DeidentificationMethod = list(done)
    record = []
    for option in (o for o in OPTIONS if work.shifted or o != SHIFTED):
        item = Dataset()
        found = values.code("DCM", option)
        if found is None:
            raise KeyError(option)
        item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = found
        work.closed.extend(found)
        record.append(item)
    made.DeidentificationMethodCodeSequence = record
    made.LongitudinalTemporalInformationModified = "MODIFIED" if work.shifted else "REMOVED"
    work.closed.extend((*done, "SYNTHETIC", "contrast agent", "MODIFIED", "REMOVED"))
    work.closed.append(str(made.SOPClassUID))


def _put_pixels(made: Dataset, stack: npt.NDArray[Any], found: PixelFacts) -> int:
    """Write the samples, and the elements that describe them; returns their length in bytes."""
    if found.samples == 1 and found.signed:
        stack = sign_extended(stack, found.stored)
    size = stack.dtype.itemsize
    data = np.ascontiguousarray(stack, dtype=stack.dtype.newbyteorder("<")).tobytes()
    made.SamplesPerPixel = found.samples
    made.PhotometricInterpretation = "RGB" if found.samples == 3 else found.photometric
    if found.samples == 3:
        made.PlanarConfiguration = 0
    elif "PlanarConfiguration" in made:
        del made.PlanarConfiguration
    made.Rows, made.Columns = found.rows, found.columns
    if found.frames > 1:
        made.NumberOfFrames = found.frames
    made.BitsAllocated = 8 * size
    made.BitsStored = found.stored
    made.HighBit = found.stored - 1
    made.PixelRepresentation = int(found.signed)
    padded = data + b"\0" * (len(data) % 2)
    made.add_new(0x7FE00010, "OB" if size == 1 else "OW", padded)
    return len(padded)


def _written(made: Dataset) -> bytes:
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import UID

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = made.SOPClassUID
    meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    meta.TransferSyntaxUID = UID(EXPLICIT)
    file = FileDataset("", made, file_meta=meta, preamble=b"\0" * 128)
    buffer = BytesIO()
    file.save_as(buffer, enforce_file_format=True, implicit_vr=False, little_endian=True)
    return buffer.getvalue()


def _days(made: Dataset) -> frozenset[bytes]:
    """The days that were written: shifted, one may be that of another event of the source."""
    return frozenset(
        str(element.value).encode() for element in made.iterall() if element.VR in ("DA", "DT")
    )
