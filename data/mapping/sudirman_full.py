"""Sudirman as published: lumbar MRI as DICOM, a folder a patient; a case is a study.

``01_MRI_Data/<patient>/...``. The notes of ``lumbar_notes`` are on the same patients.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from data.mapping import studies
from data.mapping.lumbar_notes import PATIENTS
from data.mapping.source import Source, Unit


def units(source: Source) -> Iterator[Unit]:
    """A unit a study, after one for the files that belong to none.

    Raises:
        CaseError: the folder is empty.
    """
    return studies.units(source, _patient)


def _patient(within: PurePosixPath) -> str:
    number = next((part for part in within.parts[:-1] if part.isdecimal()), "")
    return f"{PATIENTS}/{int(number)}" if number else ""
