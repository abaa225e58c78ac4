"""The elements of a DICOM header that are ever looked at, and plain access to their values.

The parser is told to keep the elements of ``ALLOWED`` and skips every other one, so that what a
study must not hold is not even read. Four of them tell one patient from another and are hashed at
once (``radixgpt.reading.identity``); descriptions are only searched for words of a closed
vocabulary (``radixgpt.reading.vocabulary``).
"""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING

from radixgpt.reading.quiet import quiet
from radixgpt.reading.reasons import rejected

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

PIXEL_DATA = 0x7FE00010

ALLOWED: dict[str, tuple[int, str]] = {
    # identity: hashed at once, or turned into a decade
    "PatientName": (0x00100010, "PN"),
    "PatientID": (0x00100020, "LO"),
    "PatientBirthDate": (0x00100030, "DA"),
    "PatientSex": (0x00100040, "CS"),
    "PatientAge": (0x00101010, "AS"),
    "StudyDate": (0x00080020, "DA"),  # the age; else only as a difference
    "LongitudinalTemporalInformationModified": (0x00280303, "CS"),
    # unique identifiers: remapped
    "SOPClassUID": (0x00080016, "UI"),
    "SOPInstanceUID": (0x00080018, "UI"),
    "StudyInstanceUID": (0x0020000D, "UI"),
    "SeriesInstanceUID": (0x0020000E, "UI"),
    # what it is
    "ImageType": (0x00080008, "CS"),
    "Modality": (0x00080060, "CS"),
    "Manufacturer": (0x00080070, "LO"),
    "BurnedInAnnotation": (0x00280301, "CS"),
    "ImageComments": (0x00204000, "LT"),
    # words, only searched for a closed vocabulary
    "StudyDescription": (0x00081030, "LO"),
    "SeriesDescription": (0x0008103E, "LO"),
    "ProtocolName": (0x00181030, "LO"),
    "BodyPartExamined": (0x00180015, "CS"),
    "ViewPosition": (0x00185101, "CS"),
    "AnatomicRegionSequence": (0x00082218, "SQ"),
    "CodeValue": (0x00080100, "SH"),
    # acquisition
    "ContrastBolusAgent": (0x00180010, "LO"),
    "ContrastBolusAgentSequence": (0x00180012, "SQ"),
    "ScanningSequence": (0x00180020, "CS"),
    "SequenceVariant": (0x00180021, "CS"),
    "ScanOptions": (0x00180022, "CS"),
    "MRAcquisitionType": (0x00180023, "CS"),
    "RepetitionTime": (0x00180080, "DS"),
    "EchoTime": (0x00180081, "DS"),
    "InversionTime": (0x00180082, "DS"),
    "MagneticFieldStrength": (0x00180087, "DS"),
    "SliceThickness": (0x00180050, "DS"),
    "SpacingBetweenSlices": (0x00180088, "DS"),
    "FlipAngle": (0x00181314, "DS"),
    "DiffusionBValue": (0x00189087, "FD"),
    "AcquisitionContrast": (0x00089209, "CS"),
    "EchoPulseSequence": (0x00189008, "CS"),
    "SpectrallySelectedSuppression": (0x00189025, "CS"),
    # place and order
    "SeriesNumber": (0x00200011, "IS"),
    "InstanceNumber": (0x00200013, "IS"),
    "PatientOrientation": (0x00200020, "CS"),
    "ImagePositionPatient": (0x00200032, "DS"),
    "ImageOrientationPatient": (0x00200037, "DS"),
    # pixels
    "SamplesPerPixel": (0x00280002, "US"),
    "PhotometricInterpretation": (0x00280004, "CS"),
    "PlanarConfiguration": (0x00280006, "US"),
    "NumberOfFrames": (0x00280008, "IS"),
    "Rows": (0x00280010, "US"),
    "Columns": (0x00280011, "US"),
    "PixelSpacing": (0x00280030, "DS"),
    "BitsAllocated": (0x00280100, "US"),
    "BitsStored": (0x00280101, "US"),
    "HighBit": (0x00280102, "US"),
    "PixelRepresentation": (0x00280103, "US"),
    "WindowCenter": (0x00281050, "DS"),
    "WindowWidth": (0x00281051, "DS"),
    "RescaleIntercept": (0x00281052, "DS"),
    "RescaleSlope": (0x00281053, "DS"),
    "ModalityLUTSequence": (0x00283000, "SQ"),
    # enhanced multi-frame
    "SharedFunctionalGroupsSequence": (0x52009229, "SQ"),
    "PerFrameFunctionalGroupsSequence": (0x52009230, "SQ"),
    "FrameContentSequence": (0x00209111, "SQ"),
    "StackID": (0x00209056, "SH"),
    "PlanePositionSequence": (0x00209113, "SQ"),
    "PlaneOrientationSequence": (0x00209116, "SQ"),
    "PixelMeasuresSequence": (0x00289110, "SQ"),
    "PixelValueTransformationSequence": (0x00289145, "SQ"),
    "FrameVOILUTSequence": (0x00289132, "SQ"),
    "FrameAnatomySequence": (0x00209071, "SQ"),
    "MRImageFrameTypeSequence": (0x00189226, "SQ"),
    "MRTimingAndRelatedParametersSequence": (0x00189112, "SQ"),
    "MREchoSequence": (0x00189114, "SQ"),
    "EffectiveEchoTime": (0x00189082, "FD"),
    "MRModifierSequence": (0x00189115, "SQ"),
    "InversionRecovery": (0x00189009, "CS"),
    "InversionTimes": (0x00189079, "FD"),
    "MRDiffusionSequence": (0x00189117, "SQ"),
}
"""Keyword to tag and value representation (PS3.6)."""

_LONGEST_TEXT = 4096
_BINARY = {"US": "H", "SS": "h", "UL": "I", "SL": "i", "FL": "f", "FD": "d"}
_TEXT = frozenset({"PN", "LO", "DA", "CS", "AS", "UI", "LT", "SH", "DS", "IS", "ST", "UT", "UC"})


class Header:
    """Read-only access to the allowed elements of one data set or sequence item."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        # As parsed, under plain integers: a data set takes its values out, and compares slowly.
        self._elements: dict[int, object] = {int(tag): one for tag, one in dataset.items()}
        # Every frame of a multi-frame object asks the header that they share.
        self._values: dict[str, tuple[bytes, str, bool]] = {}
        self._items: dict[str, list[Header]] = {}

    def has(self, keyword: str) -> bool:
        """Whether the element is there and not empty."""
        return bool(self._raw(keyword)[0])

    def text(self, keyword: str) -> str:
        """All of a text element, stripped; empty when it is not there.

        Bytes beyond ASCII are read as Latin-1, and not more of them than any sound text has: texts
        are only hashed or searched for words.
        """
        value, representation, _ = self._raw(keyword)
        if representation not in _TEXT:
            return ""
        return value[:_LONGEST_TEXT].decode("latin-1").strip(" \t\r\n\0")

    def texts(self, keyword: str) -> tuple[str, ...]:
        """The values of a text element, in capitals."""
        text = self.text(keyword)
        return tuple(part.strip().upper() for part in text.split("\\")) if text else ()

    def numbers(self, keyword: str) -> tuple[float, ...]:
        """The values of a numeric element; empty when one is no finite number."""
        value, representation, little = self._raw(keyword)
        code = _BINARY.get(representation)
        if code is not None:
            size = struct.calcsize(code)
            count = len(value) // size
            order = "<" if little else ">"
            found = [float(n) for n in struct.unpack_from(f"{order}{count}{code}", value)]
        else:
            try:
                found = [float(part) for part in self.text(keyword).split("\\") if part.strip()]
            except ValueError:
                return ()
        return tuple(found) if all(map(math.isfinite, found)) else ()

    def number(self, keyword: str) -> float | None:
        """The first value of a numeric element."""
        found = self.numbers(keyword)
        return found[0] if found else None

    def integer(self, keyword: str, default: int) -> int:
        """The first value of a numeric element as an integer."""
        found = self.number(keyword)
        return default if found is None else int(found)

    def vector(self, keyword: str, length: int) -> tuple[float, ...] | None:
        """The values of a numeric element if there are exactly so many."""
        found = self.numbers(keyword)
        return found if len(found) == length else None

    def items(self, keyword: str) -> list[Header]:
        """The items of a sequence.

        Raises:
            RejectedObjectError: the sequence is damaged or nested too deep.
        """
        if keyword not in self._items:
            self._items[keyword] = self._read_items(keyword)
        return self._items[keyword]

    def _read_items(self, keyword: str) -> list[Header]:
        from pydicom.sequence import Sequence

        tag, _ = ALLOWED[keyword]
        if tag not in self._elements:
            return []
        try:
            with quiet():
                value = self._dataset[tag].value
        except RecursionError:
            raise rejected("nested-too-deep") from None
        except (OSError, ValueError, TypeError, AttributeError, KeyError, NotImplementedError):
            raise rejected("damaged") from None
        return [Header(item) for item in value] if isinstance(value, Sequence) else []

    def item(self, keyword: str) -> Header | None:
        """The first item of a sequence, if any."""
        found = self.items(keyword)
        return found[0] if found else None

    def _raw(self, keyword: str) -> tuple[bytes, str, bool]:
        """Value, value representation and whether it is little-endian."""
        if keyword not in self._values:
            self._values[keyword] = self._read_raw(keyword)
        return self._values[keyword]

    def _read_raw(self, keyword: str) -> tuple[bytes, str, bool]:
        from pydicom.dataelem import RawDataElement

        tag, expected = ALLOWED[keyword]
        element = self._elements.get(tag)
        if not isinstance(element, RawDataElement) or not isinstance(element.value, bytes):
            return b"", expected, True
        stated = element.VR
        known = stated in _BINARY or stated in _TEXT
        return element.value, stated if stated and known else expected, element.is_little_endian
