"""Radiologists' notes on lumbar MRI: ``lumbar_mri_notes.csv``, a case a note, a note a patient."""

from __future__ import annotations

from collections.abc import Iterator

from data.mapping import texts
from data.mapping.source import Source, Unit
from data.mapping.table import Columns

NOTES = texts.Reports(
    "lumbar_mri_notes.csv",
    Columns(
        needed={
            "id": ("patient_id", "Patient ID"),
            "text": ("note", "Clinician's Notes", "Clinician Notes"),
        }
    ),
    lambda row: {"modality": "MR", "region": "lumbar"},
)


def units(source: Source) -> Iterator[Unit]:
    """A unit a stretch of notes.

    Raises:
        CaseError: the table can't be used.
    """
    return texts.units(source, NOTES)
