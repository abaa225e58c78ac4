"""What the two ways into a PACS share: the question, and how its objects are kept."""

from __future__ import annotations

import re
from dataclasses import dataclass

from data.gather.source import Terms
from radixgpt.errors import GatherError

_UID = re.compile(r"[0-9A-Za-z.]{1,64}")  # PS3.5 section 9.1, and the hashes that some write
_DATES = re.compile(r"\d{8}(-(\d{8})?)?|-\d{8}")  # a date or a range, PS3.4 C.2.2.2.5

TERMS = Terms(
    licence="the institution's own data",
    licence_url=None,
    commercial=False,
    citation="not published",
    ask=False,
)
"""The terms of a PACS, as far as the user stated no others."""


@dataclass(frozen=True)
class Question:
    """Which studies and series are wanted; at least one part of it is given.

    Attributes:
        studies: Study Instance UIDs.
        patient: a patient id; it goes to the PACS and nowhere else.
        dates: ``YYYYMMDD`` or a range ``YYYYMMDD-YYYYMMDD`` of study dates.
        modality: such as ``MR``; other series of the studies are left where they are.
        description: of the study, with ``*`` and ``?`` as wildcards.
        limit: most studies to gather.
    """

    studies: tuple[str, ...] = ()
    patient: str = ""
    dates: str = ""
    modality: str = ""
    description: str = ""
    limit: int | None = None

    def check(self) -> None:
        """Stop what the standard doesn't know, and what would fetch a whole PACS.

        Raises:
            GatherError: nothing was asked for, or a part of it can't be.
        """
        parts = (self.studies, self.patient, self.dates, self.modality, self.description)
        if not any(parts) and self.limit is None:
            raise GatherError(
                "A PACS holds more than one wants.",
                "Say which studies: --study, --patient, --dates, --modality, --description or "
                "--limit.",
            )
        if not all(_UID.fullmatch(uid) for uid in self.studies):
            raise GatherError(
                "A study UID is made of digits and dots, 64 at most.",
                "Copy it from the PACS, for --study.",
            )
        if self.dates and not _DATES.fullmatch(self.dates):
            raise GatherError(
                "The dates can't be read.", "Write YYYYMMDD or YYYYMMDD-YYYYMMDD, for --dates."
            )
        if "\\" in self.patient + self.modality + self.description:
            raise GatherError(
                "A backslash means several values in DICOM.", "Ask for one value at a time."
            )

    def matching(self) -> list[dict[str, str]]:
        """The matching keys at study level, one set of them a query."""
        shared = {
            "PatientID": self.patient,
            "StudyDate": self.dates,
            "ModalitiesInStudy": self.modality,
            "StudyDescription": self.description,
        }
        keys = {keyword: value for keyword, value in shared.items() if value}
        if self.studies:
            return [{**keys, "StudyInstanceUID": uid} for uid in self.studies]
        return [keys]
