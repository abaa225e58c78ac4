"""A prior study of the same patient in a report: what it is, what it found, what has changed."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from radixgpt.finding import Finding

Verdict = Literal[
    "unchanged", "increased", "decreased", "new", "resolved", "other", "not_clear", "not_compared"
]
"""What became of a finding. ``not_clear``: a difference within the error of grading or measuring;
``other``: another type of a scale without an order, or a slip the other way; ``not_compared``:
without a value in one."""
CLEAR: frozenset[Verdict] = frozenset({"increased", "decreased", "new", "resolved", "other"})
"""The verdicts that call a change."""

Numbering = Literal["agrees", "uncertain", "other-basis"]
"""Whether a level means the same disc in both studies, as far as the software can tell."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Change(_Model):
    """What became of one finding."""

    id: str = Field(description="c1, c2, ... within the report")
    finding: str = Field(description="Id of the finding of this study")
    prior: str = Field(description="Id of the finding of the prior study")
    verdict: Verdict
    limit: float | None = Field(
        default=None, description="Difference of a measured number from which a change is called"
    )


class Prior(_Model):
    """The prior study and the comparison with it.

    No date is held: only the days between, where the headers tell them truly.
    """

    source: Literal["study", "report"] = Field(description="Read anew, or an earlier report.json")
    same_patient: Literal["header", "stated"] = Field(
        description="From the headers' keyed hashes, or stated by the person"
    )
    interval_days: int | None = Field(default=None, ge=0)
    modality: str
    region: str
    numbering: Numbering
    measurable: bool = Field(
        description="Whether pixel spacing is known in both; without it no measures are compared"
    )
    report_sha256: str = Field(description="Hash of the content of the prior's report")
    findings: tuple[Finding, ...] = Field(
        description="Of the prior, p1, p2, ...; their series and slices are the prior's"
    )
    changes: tuple[Change, ...] = ()

    def finding(self, finding_id: str) -> Finding | None:
        """The prior's finding with this id, or None."""
        return next((f for f in self.findings if f.id == finding_id), None)
