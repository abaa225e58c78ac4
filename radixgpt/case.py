"""A case: what training and marking learn from, whatever source it came from.

A case joins the images of one study, the text that a person wrote about it, the findings that were
graded or that the text states, and the terms under which it may be used. Either images or text may
be missing. Cases travel as JSON lines: one object a line, UTF-8.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from radixgpt.errors import CaseError
from radixgpt.observation import Side
from radixgpt.report import SECTIONS, Section

Assertion = Literal["present", "absent", "uncertain", "historical"]
"""What a text says of a finding: it is there, it is not, it may be, or it was once."""
Split = Literal["train", "development", "test"]
Origin = Literal["human", "generated", "none"]
"""Who wrote a text: a person, or a program from gradings; ``none`` where there is no text."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Image(_Model):
    """One image file, or one series of DICOM objects, of a case."""

    path: str = Field(description="File or folder within the workspace, with forward slashes")
    sha256: str = Field(description="Hash of the file; of all files in name order for a folder")
    modality: str = Field(default="unknown", description="A value of radixgpt.study.Modality")
    plane: str = Field(default="unknown", description="A value of radixgpt.study.Plane")
    sequence: str = Field(default="unknown", description="A value of radixgpt.study.Sequence")
    region: str = Field(default="unknown", description="A value of radixgpt.study.BodyRegion")
    view: Literal["ap", "lateral"] | None = Field(default=None, description="Of a radiograph")
    rows: int | None = None
    columns: int | None = None
    spacing: tuple[float, float] | None = Field(
        default=None, description="Row and column distance in mm; null where it can't be trusted"
    )
    mask: str | None = Field(default=None, description="A segmentation of it, within the workspace")
    facts: dict[str, str | float | None] = Field(
        default_factory=dict, description="Acquisition facts: manufacturer, field_strength_t, ..."
    )


class StatedFinding(_Model):
    """A finding as a grader or a text states it; the truth that models are marked against."""

    level: str | None = Field(description="Vertebra or disc; null where none is named")
    kind: str = Field(description="A kind of the concept table")
    value: str | int | float | None = Field(
        default=None, description="Grade or type on the kind's scale; null where none is given"
    )
    side: Side | None = None
    severity: Literal["mild", "moderate", "severe"] | None = None
    assertion: Assertion = "present"
    section: Section | None = Field(default=None, description="Where the text states it")
    span: tuple[int, int] | None = Field(
        default=None, description="First and last+1 character within the section's text"
    )


class Concept(_Model):
    """A code for what a case shows; CUIs are UMLS's, meanings are our own words."""

    cui: str | None = None
    sct: str | None = None
    meaning: str = ""


class Case(_Model):
    """One study with what is known about it.

    ``patient`` decides the split. It is the source's own pseudonym behind the source's name, never
    a name or a hospital number; where a source knows no patients, each case is its own.
    """

    id: str = Field(description="Unique: source/number, such as spider/1")
    source: str = Field(description="Key of the gathered source")
    licence: str
    patient: str
    images: tuple[Image, ...] = ()
    report: dict[Section, str] = Field(default_factory=dict, description="Text by section")
    caption: str = Field(default="", description="Text about the images that is no report")
    report_origin: Origin = Field(default="none", description="Of the report or the caption")
    findings: tuple[StatedFinding, ...] = ()
    concepts: tuple[Concept, ...] = ()
    split: Split | None = None
    facts: dict[str, str | float | None] = Field(
        default_factory=dict, description="Of the patient or study: sex, age_years, label, ..."
    )
    warnings: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """All that is written of the case: the report's sections in order, or the caption."""
        sections = [self.report[name] for name in SECTIONS if name in self.report]
        return "\n".join(sections) or self.caption


def write_cases(path: Path, cases: Iterable[Case]) -> int:
    """Write JSON lines and tell how many; the file appears whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(path.name + ".new")
    count = 0
    with new.open("w", encoding="utf-8") as lines:
        for case in cases:
            lines.write(case.model_dump_json(exclude_defaults=True) + "\n")
            count += 1
    new.replace(path)
    return count


def read_cases(path: Path) -> Iterator[Case]:
    """Read JSON lines of cases, one at a time; see :func:`numbered_cases` for its errors."""
    return (case for _, case in numbered_cases(path))


def numbered_cases(path: Path) -> Iterator[tuple[int, Case]]:
    """Read JSON lines of cases, one at a time, each with the number of its line.

    Raises:
        CaseError: the file is missing, isn't UTF-8, or a line is no case; the line is named.
    """
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield number, _case(line, path.name, number)
    except FileNotFoundError as error:
        raise CaseError(
            f"There is no {path.name} here.", "Make it first: radixgpt data map."
        ) from error
    except OSError as error:
        raise CaseError(
            f"{path.name} can't be read: {error.strerror or 'unknown reason'}.",
            "Name a file of JSON lines.",
        ) from error
    except UnicodeDecodeError as error:
        raise CaseError(
            f"{path.name} is not UTF-8 text (byte {error.start}).", "Make it anew, or convert it."
        ) from error


def _case(line: str, name: str, number: int) -> Case:
    try:
        return Case.model_validate_json(line)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the line"
        raise CaseError(
            f"{name}, line {number}: {where}: {first['msg']}.", "Mend or remove the line."
        ) from error
