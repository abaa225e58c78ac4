"""The report: findings, the sentences that state them, the checks passed, and provenance."""

from __future__ import annotations

import hashlib
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from radixgpt.finding import Finding
from radixgpt.observation import Evidence
from radixgpt.prior import Prior
from radixgpt.style import Language, Style
from radixgpt.style import Section as Section

SCHEMA_VERSION = "1.2"
DRAFT_MARK = "AI draft, not for clinical use"
SIGNED_MARK = "Drafted by AI research software, read and signed by a person"

SECTIONS: dict[Section, str] = {
    "exam": "Exam",
    "clinical_information": "Clinical information",
    "comparison": "Comparison",
    "technique": "Technique",
    "limitations": "Limitations",
    "findings": "Findings",
    "impression": "Impression",
    "recommendations": "Recommendations",
    "critical_communication": "Critical communication",
}
"""The nine sections in their usual order, with their English headings."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SeriesFacts(_Model):
    """What the report says of a series; nothing that identifies a person."""

    key: str
    modality: str
    plane: str
    sequence: str
    region: str
    slices: int
    shown_slice: int | None = Field(description="The mid-sagittal slice, from 0; null if none")
    slice_thickness_mm: float | None = Field(default=None, description="As the header records it")
    millimetres: bool = Field(description="Whether lengths in millimetres may be stated")
    view: str = Field(default="unknown", description="View of a radiograph: ap, lateral, other")
    facts_from: dict[str, str]


class StudyFacts(_Model):
    """The study as the report sees it."""

    key: str
    modality: str
    region: str
    gradable: bool
    reason: str | None = Field(description="Reason code of triage when not gradable")
    radiographs: tuple[str, ...] = Field(
        default=(), description="Handles of the radiographs that were looked at"
    )
    outlined: bool = Field(
        default=False,
        description="Whether no tool reads such studies and the draft is only laid out",
    )
    numbering_basis: str
    numbering_uncertain: bool = Field(
        default=False, description="Whether another disc could be L5-S1 as well"
    )
    level_shift: int = 0
    synthetic: bool = False
    series: tuple[SeriesFacts, ...]
    field_strengths: tuple[float, ...] = Field(
        default=(), description="Tesla, as the headers record them, ascending"
    )
    contrast: bool | None = Field(
        default=None, description="Whether a contrast agent is recorded as given"
    )
    quarantine: tuple[dict[str, str], ...] = ()
    warnings: tuple[str, ...] = ()


class Structure(_Model):
    """Where something lies that the tools outlined; it is no finding."""

    kind: Literal["vertebra", "canal"]
    level: str | None = Field(description="Null for the canal")
    evidence: tuple[Evidence, ...]


class Sentence(_Model):
    """One sentence; one in the findings or the impression names the findings it states."""

    text: str
    section: Section
    level: str | None = None
    findings: tuple[str, ...] = ()
    changes: tuple[str, ...] = Field(
        default=(), description="Changes from a prior study that it states"
    )
    by_reader: bool = Field(default=False, description="Whether a reader worded it")


Severity = Literal["error", "warning", "info"]
"""How grave a breach of a rule is: an error can't stand; a warning should be looked at."""


class Check(_Model):
    """The outcome of one named rule."""

    rule: str
    severity: Severity = "error"
    passed: bool
    detail: str = ""


class ModelFacts(_Model):
    """A model that took part."""

    name: str
    version: str
    sha256: str


class Provenance(_Model):
    """What made the report, so that it can be made again."""

    software: str
    version: str
    models: tuple[ModelFacts, ...] = ()
    input_sha256: str = Field(default="", description="Hash of the pixels that were read")
    seed: int = 0
    seconds: float | None = Field(default=None, description="Wall time from call to report")


class Signature(_Model):
    """Who answers for a report, and for which one."""

    name: str = Field(description="Given and family name, or Family^Given")
    role: str = Field(description="As what the person signs, such as radiologist")
    organization: str = ""
    signed_at: str = Field(description="Date and time with offset, ISO 8601")
    critical_communication: str = Field(
        default="", description="What the person says of it; empty where nothing was recorded"
    )
    content_sha256: str = Field(description="Hash of what was signed; see Report.content_sha256")


class Report(_Model):
    """A report. ``status`` stays ``draft`` until a person signs."""

    schema_version: str = SCHEMA_VERSION
    status: Literal["draft", "final"] = "draft"
    mark: str = DRAFT_MARK
    study: StudyFacts
    findings: tuple[Finding, ...]
    structures: tuple[Structure, ...] = Field(
        default=(), description="Outlines of vertebrae and canal; those of discs are in findings"
    )
    sentences: tuple[Sentence, ...]
    checks: tuple[Check, ...] = ()
    provenance: Provenance
    style: str = Field(default="standard", description="Name of the style")
    language: Language = Field(default="en", description="Language of the text, RFC 5646")
    house: Style | None = Field(
        default=None, description="The style itself where it is a house's own"
    )
    omitted_levels: tuple[str, ...] = Field(
        default=(), description="Levels that the reader asked to leave out of the text"
    )
    left_out: tuple[Sentence, ...] = Field(
        default=(), description="Single sentences that the reader took out of the text"
    )
    follow_up: bool = Field(default=False, description="Whether suggestions from rules are shown")
    prior: Prior | None = Field(default=None, description="An earlier study that was compared")
    signature: Signature | None = Field(default=None, description="Null until a person signs")

    def content_sha256(self) -> str:
        """Hash of what a signature covers: everything but itself, status, mark and checks."""
        content = self.model_dump_json(exclude={"status", "mark", "signature", "checks"})
        return hashlib.sha256(content.encode()).hexdigest()

    def section(self, name: Section) -> tuple[Sentence, ...]:
        """The sentences of one section, in order."""
        return tuple(s for s in self.sentences if s.section == name)

    @property
    def obligatory(self) -> tuple[Check, ...]:
        """The checks that no report may fail."""
        return tuple(c for c in self.checks if c.severity == "error")

    @property
    def notices(self) -> tuple[Check, ...]:
        """What a person should look at before signing, warnings first, or should know."""
        broken = [c for c in self.checks if c.severity != "error" and not c.passed]
        return tuple(sorted(broken, key=lambda c: c.severity != "warning"))

    def finding(self, finding_id: str) -> Finding | None:
        """The finding with this id, or None."""
        return next((f for f in self.findings if f.id == finding_id), None)
