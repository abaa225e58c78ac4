"""Reading a study: DICOM, NIfTI, PNG and JPEG to a de-identified, ordered ``Study``."""

from __future__ import annotations

from radixgpt.reading.reader import content_hash, read

__all__ = ["content_hash", "read"]
