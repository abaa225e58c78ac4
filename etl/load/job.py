"""What the writers of formats are given: a report, and what of its study they may use."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from etl.load.pictures import Picture, crops, overviews
from etl.load.standing import as_read
from radixgpt.errors import InputError
from radixgpt.report import Report
from radixgpt.study import Study

if TYPE_CHECKING:
    from radixgpt.reading.source import Source


@dataclass(frozen=True)
class Draft:
    """A structured report of a draft that was exported before.

    Attributes:
        sop_class, instance: what it is, and which.
        series, study: where it lies.
    """

    sop_class: str
    instance: str
    series: str
    study: str


@dataclass(frozen=True)
class Job:
    """One export; what several formats need is made once.

    Attributes:
        signed: the report, as it is stored.
        at: when it is exported, with offset from UTC.
        study: for pictures; None where only the report is at hand.
        source: whom and what the exported objects refer to; None where that is not known.
        supersedes: structured reports of the draft, which a final report takes the place of.
    """

    signed: Report
    at: datetime
    study: Study | None = None
    source: Source | None = None
    supersedes: tuple[Draft, ...] = ()

    @cached_property
    def report(self) -> Report:
        """The report as it is read: with what its signer says in place of the empty line."""
        return as_read(self.signed)

    @property
    def final(self) -> bool:
        """Whether a person signed."""
        return self.signed.signature is not None

    @cached_property
    def overviews(self) -> tuple[Picture, ...]:
        """Every slice with evidence; none without a study."""
        return () if self.study is None else tuple(overviews(self.report, self.study))

    @cached_property
    def crops(self) -> dict[str, tuple[Picture, ...]]:
        """The surroundings of each level that a sentence is about; none without a study."""
        if self.study is None:
            return {}
        levels = dict.fromkeys(s.level for s in self.report.section("findings") if s.level)
        return {level: tuple(crops(self.report, self.study, level)) for level in levels}

    @cached_property
    def pdf(self) -> bytes:
        """The report as PDF, which is wrapped as a DICOM object, too."""
        from etl.load.pdf import render

        return render(self)

    def needs_study(self) -> Study:
        """The study.

        Raises:
            InputError: only the report is at hand.
        """
        if self.study is None:
            raise InputError(
                "This format shows pictures, which a report does not hold.",
                "Name the study that it was written from (--study).",
            )
        return self.study

    def needs_source(self) -> Source:
        """The original headers.

        Raises:
            InputError: they are not at hand, or the study did not come as DICOM.
        """
        if self.source is None:
            mend = (
                "Name the DICOM study that it was written from (--study)."
                if self.study is None
                else "Choose docx, pdf, html, fhir or hl7: they need no DICOM study."
            )
            raise InputError(
                "A DICOM object has to name its patient and images, and they are not known.", mend
            )
        return self.source
