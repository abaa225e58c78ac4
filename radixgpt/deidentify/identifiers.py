"""What a source says that must not be in the output: looked for in the bytes that are written.

The allow-list alone decides what is written. This is the test of it that every object has to pass.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from radixgpt.deidentify.values import several

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_OF_VR = frozenset({"PN", "DA", "DT", "UI"})
_NUMBER_KEYWORDS = """
PatientID OtherPatientIDs IssuerOfPatientID AccessionNumber StudyID
InstitutionName InstitutionAddress InstitutionalDepartmentName StationName DeviceSerialNumber
PatientAddress PatientTelephoneNumbers PatientInsurancePlanCodeSequence RequestingService
MedicalRecordLocator PerformedProcedureStepID ScheduledProcedureStepID RequestedProcedureID
PlacerOrderNumberImagingServiceRequest FillerOrderNumberImagingServiceRequest AdmissionID
IssuerOfAdmissionID ServiceEpisodeID MilitaryRank Occupation RegionOfResidence
DetectorID GantryID PlateID CassetteID
"""
_NUMBERS = frozenset(_NUMBER_KEYWORDS.split())
_SHORTEST = 4
_SHORTEST_DIGITS = 6
_SHORTEST_IN_PIXELS = 8
_DEEPEST = 16


def of_source(dataset: Dataset) -> frozenset[bytes]:
    """Names, numbers, days and UIDs of a source, in lower case, as far as they can be told apart.

    Shorter ones than four letters or six digits occur by chance, so they can't be looked for.
    """
    found: set[bytes] = set()
    _collect(dataset, found, 0)
    return frozenset(found)


def _collect(dataset: Dataset, found: set[bytes], depth: int) -> None:
    from pydicom.datadict import dictionary_keyword, dictionary_VR

    for tag in list(dataset.keys()):
        raw = dataset.get_item(tag, keep_deferred=True)
        vr = getattr(raw, "VR", None)
        keyword = ""
        if not tag.is_private:
            try:
                vr, keyword = vr or dictionary_VR(tag), dictionary_keyword(tag)
            except KeyError:
                continue
        if vr not in _OF_VR and vr != "SQ" and keyword not in _NUMBERS:
            continue
        try:
            value = dataset[tag].value
        except (ValueError, TypeError, AttributeError, KeyError, NotImplementedError, OSError):
            continue  # what can't be read is not written either
        if vr == "SQ":
            for item in several(value) if depth < _DEEPEST else []:
                _collect(item, found, depth + 1)
        else:
            for one in several(value):
                found.update(_parts(str(vr), one))


def _parts(vr: str, value: Any) -> set[bytes]:
    text = str(value).strip("\0 ")
    if vr in ("DA", "DT"):
        parts = [re.sub(r"\D", "", text)[:8]]
    elif vr == "PN":
        parts = re.split(r"[\^=\s,._]+", text)
    elif vr == "UI":
        parts = [] if text.startswith("1.2.840.10008.") else [text]
    else:
        parts = [text]
    return {
        encoded.lower()
        for part in parts
        for encoded in (_encoded(part),)
        if len(encoded) >= (_SHORTEST_DIGITS if part.isdigit() else _SHORTEST)
    }


def _encoded(text: str) -> bytes:
    """Bytes as an output would hold them, which is ASCII where it can be."""
    return text.encode("utf-8", "surrogateescape")


def left(written: bytes, pixels: int, closed: bytes, secrets: frozenset[bytes]) -> bool:
    """Whether an identifier of the source is in an output.

    Args:
        written: the whole object.
        pixels: how many of its last bytes are samples.
        closed: what was written from closed lists of words, where an identifier may occur as the
            common word that it is; lower case.
        secrets: identifiers of the source, lower case.
    """
    header = written[: len(written) - pixels].lower()
    samples = written[len(written) - pixels :]
    return any(
        header.count(secret) > closed.count(secret)
        or (
            len(secret) >= _SHORTEST_IN_PIXELS
            and len(set(secret)) > 3
            and (secret in samples or secret.upper() in samples)
        )
        for secret in secrets
    )
