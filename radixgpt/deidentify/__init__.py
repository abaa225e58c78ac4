"""De-identification of DICOM objects by an allow-list: what is not known to be safe is not kept."""

from __future__ import annotations

from radixgpt.deidentify.clean import Cleaned, clean
from radixgpt.deidentify.run import Outcome, deidentify, key_of

__all__ = ["Cleaned", "Outcome", "clean", "deidentify", "key_of"]
