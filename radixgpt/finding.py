"""Findings: merged statements, and the kinds that may be stated at all.

Grades and scales: Pfirrmann 2001 (disc degeneration I-V), Modic 1988 (endplate marrow 0-3),
Meyerding 1932 (slip), disc nomenclature 2.0 (Fardon 2014).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from radixgpt.observation import Evidence, Side, Status


class Finding(BaseModel):
    """One merged statement about one place."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(description="f1, f2, ... within the report")
    level: str | None = Field(description="Vertebra or disc; null for the whole study")
    kind: str = Field(description="One of the kinds of the findings schema")
    value: str | int | float | None = Field(
        default=None, description="Grade, present/absent, or a measured number"
    )
    unit: str | None = Field(default=None, description="Unit of a measured number; 1 is a ratio")
    side: Side | None = None
    status: Status = "value"
    reason: str | None = Field(default=None, description="Why there is no value")
    confidence: float | None = Field(
        default=None, ge=0, le=1, description="Calibrated probability of the stated value"
    )
    plausible: tuple[str | int, ...] = Field(
        default=(), description="Values that the calibrated chances can't exclude; empty if unknown"
    )
    evidence: tuple[Evidence, ...] = ()
    set_by_reader: bool = Field(default=False, description="Changed by a person in the chat")


ValueType = Literal["grade", "binary", "ratio", "length", "angle", "item"]
"""How a value is read; an item is a place in the layout of a report that no tool looks at."""


@dataclass(frozen=True)
class Kind:
    """A kind of finding and how its value is read.

    Attributes:
        values: the allowed values; empty for measured numbers.
        needs: sequences of which at least one (``any``) or all must be there.
    """

    name: str
    title: str
    type: ValueType
    values: tuple[str | int, ...] = ()
    scale: str = ""
    unit: str | None = None


PRESENT, ABSENT = "present", "absent"
_BINARY = (ABSENT, PRESENT)

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("pfirrmann", "disc degeneration", "grade", (1, 2, 3, 4, 5), "Pfirrmann"),
        Kind("disc_narrowing", "disc space narrowing", "binary", _BINARY),
        Kind("disc_bulging", "disc bulging", "binary", _BINARY, "disc nomenclature 2.0"),
        Kind("disc_herniation", "disc herniation", "binary", _BINARY, "disc nomenclature 2.0"),
        Kind("modic", "Modic endplate change", "grade", (0, 1, 2, 3), "Modic"),
        Kind("endplate_upper", "endplate change of the vertebra above the disc", "binary", _BINARY),
        Kind("endplate_lower", "endplate change of the vertebra below the disc", "binary", _BINARY),
        Kind("spondylolisthesis", "spondylolisthesis", "binary", _BINARY),
        Kind("disc_height_index", "disc height index", "ratio", unit="1"),
        Kind("disc_height_mm", "disc height", "length", unit="mm"),
        Kind("canal_ratio", "canal depth to vertebral depth", "ratio", unit="1"),
        Kind("canal_mm", "anteroposterior canal depth", "length", unit="mm"),
        Kind("slip_ratio", "slip to vertebral depth", "ratio", unit="1"),
        Kind("slip_mm", "slip", "length", unit="mm"),
        Kind("scoliosis", "scoliosis", "binary", _BINARY),
        Kind("curve_angle", "sideways curve of the spine", "angle", unit="deg"),
        Kind("alignment", "alignment", "item"),
        Kind("vertebral_bodies", "vertebral bodies", "item"),
        Kind("marrow", "marrow signal", "item"),
        Kind("cord", "spinal cord", "item"),
        Kind("conus", "conus and cauda equina", "item"),
        Kind("disc_spaces", "disc spaces", "item"),
        Kind("spinal_canal", "spinal canal", "item"),
        Kind("lateral_recesses", "lateral recesses", "item"),
        Kind("foramina", "neural foramina", "item"),
        Kind("facet_joints", "facet joints", "item"),
        Kind("posterior_elements", "posterior elements", "item"),
        Kind("paraspinal", "paraspinal soft tissues", "item"),
        Kind("implants", "implants", "item"),
        Kind("incidental", "incidental findings", "item"),
    )
}
"""Every kind that a finding may have."""

GRADED: tuple[str, ...] = (
    "pfirrmann",
    "disc_narrowing",
    "disc_bulging",
    "disc_herniation",
    "modic",
    "endplate_upper",
    "endplate_lower",
    "spondylolisthesis",
)
"""The kinds that the classifier grades, in the order of a report."""

ENDPLATES = ("endplate_upper", "endplate_lower")
"""The kinds that the word ``endplates`` stands for."""

MEASURED: tuple[str, ...] = tuple(
    name for name, kind in KINDS.items() if kind.type in ("ratio", "length")
)
"""The kinds that are measured from the segmentation."""

OF_RADIOGRAPHS: tuple[str, ...] = ("scoliosis", "spondylolisthesis")
"""The kinds that are judged on radiographs, for the study as a whole."""

ITEMS: tuple[str, ...] = tuple(name for name, kind in KINDS.items() if kind.type == "item")
"""The places in the layout of a report that no tool looks at; they are never given a value."""
