"""A data set as the bytes of its file, and what a reading left out and why."""

from __future__ import annotations

from typing import Any

from pydicom.filebase import DicomBytesIO

from radixgpt.study import Study


def bytes_of(made: Any) -> bytes:
    """The file of a data set."""
    buffer = DicomBytesIO()
    made.save_as(buffer, enforce_file_format=True)
    return bytes(buffer.getvalue())


def reasons(study: Study) -> list[str]:
    """Why each object was left out."""
    return [q.reason for q in study.quarantine]
