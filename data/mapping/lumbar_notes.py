"""Radiologists' notes on lumbar MRI: a case a note, a note a patient.

Staged as ``lumbar_mri_notes.csv``; published as a workbook, which has to be saved as CSV. The
patients are those of the Sudirman images, and have the same keys.
"""

from __future__ import annotations

from collections.abc import Iterator

from data.mapping import texts
from data.mapping.source import Source, Unit
from data.mapping.table import Columns
from radixgpt.errors import CaseError

PATIENTS = "sudirman"
NOTES = texts.Reports(
    "lumbar_mri_notes.csv",
    Columns(
        needed={
            "id": ("patient_id", "Patient ID"),
            "text": ("note", "Clinician's Notes", "Clinician Notes"),
        }
    ),
    lambda row: {"modality": "MR", "region": "lumbar"},
    patients=PATIENTS,
)


def units(source: Source) -> Iterator[Unit]:
    """A unit a stretch of notes.

    Raises:
        CaseError: the table can't be used.
    """
    table = source.folder / NOTES.table
    books = sorted(source.folder.glob("*.xls*"))
    if books and not table.exists():
        raise CaseError(
            f"{books[0].name} is a workbook, which isn't read.",
            f"Save its sheet as CSV UTF-8 beside it, as {NOTES.table}, with the columns "
            "Patient ID and Clinician's Notes.",
        )
    return texts.units(source, NOTES)
