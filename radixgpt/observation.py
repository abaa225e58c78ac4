"""What one tool saw, where, and how sure it was."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Status = Literal["value", "indeterminate", "not_assessable"]
Side = Literal["left", "right", "bilateral"]
Point = tuple[float, float]


class Evidence(BaseModel):
    """The piece of an image that a statement rests on.

    Coordinates are (x, y): column and row of the slice, in pixels, pixel centres at integers.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    series: str = Field(description="Handle of the series, such as s1")
    instance: str = Field(default="", description="Remapped SOP instance UID of the slice")
    slice_index: int = Field(ge=0, description="Slice within the series, from 0")
    polygon: tuple[Point, ...] = Field(default=(), description="Outline of the region, pixels")
    axis: tuple[Point, Point] | None = Field(
        default=None, description="Anterior and posterior end of a disc or endplate, pixels"
    )
    observation: str = Field(default="", description="Id of the observation")
    tool: str = Field(default="", description="Name and version of the tool that saw it")


class Observation(BaseModel):
    """One statement by one tool.

    ``status`` says whether there is a value. ``confidence`` is the calibrated probability of the
    stated value; measured quantities carry none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    tool: str
    tool_version: str
    kind: str
    level: str | None = None
    side: Side | None = None
    status: Status = "value"
    value: str | int | float | None = None
    unit: str | None = None
    reason: str | None = Field(default=None, description="Why there is no value")
    confidence: float | None = Field(default=None, ge=0, le=1)
    probabilities: dict[str, float] = Field(default_factory=dict)
    plausible: tuple[str | int, ...] = Field(
        default=(), description="Values that the calibrated chances can't exclude; empty if unknown"
    )
    evidence: tuple[Evidence, ...] = ()
