"""Structured reports of a draft, found again so that the final ones can name them."""

from __future__ import annotations

from pathlib import Path

from etl.load.dicom.common import KINDS, MANUFACTURER
from etl.load.job import Draft
from radixgpt.errors import InputError
from radixgpt.reading.quiet import quiet

_DOCUMENTS = frozenset({KINDS["findings"].sop_class, KINDS["text"].sop_class})
_WANTED = [
    "SOPClassUID",
    "SOPInstanceUID",
    "SeriesInstanceUID",
    "StudyInstanceUID",
    "Manufacturer",
    "VerificationFlag",
]
_MOST_FILES = 2000


def drafts_in(path: Path, study: str) -> tuple[Draft, ...]:
    """The unverified structured reports that this software wrote on a study.

    Args:
        path: a file, or a folder such as one that a draft was exported into.
        study: UID of the study.

    Raises:
        InputError: there are none.
    """
    from pydicom import dcmread
    from pydicom.errors import InvalidDicomError

    files = sorted(p for p in path.iterdir() if p.is_file()) if path.is_dir() else [path]
    found = []
    for file in files[:_MOST_FILES]:
        try:
            with quiet():
                header = dcmread(file, stop_before_pixels=True, specific_tags=_WANTED)
                values = {name: str(header.get(name, "")) for name in _WANTED}
        except (InvalidDicomError, OSError, ValueError, EOFError):
            continue
        if (
            values["SOPClassUID"] in _DOCUMENTS
            and values["Manufacturer"] == MANUFACTURER
            and values["VerificationFlag"] == "UNVERIFIED"
            and values["StudyInstanceUID"] == study
        ):
            found.append(
                Draft(
                    values["SOPClassUID"],
                    values["SOPInstanceUID"],
                    values["SeriesInstanceUID"],
                    values["StudyInstanceUID"],
                )
            )
    if not found:
        raise InputError(
            "No structured report of a draft of this study was found there.",
            "Name the folder that the draft was exported into, or its .sr.dcm.",
        )
    return tuple(found)
