"""The definition of the benchmark: one YAML file with a version, and its hash."""

from __future__ import annotations

import hashlib
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from eval.run.registry import Probe, Side

PATH = Path(__file__).with_name("definition.yaml")


class TaskName(StrEnum):
    """The tasks."""

    REPORT = "report"
    GRADES = "grades"
    CONCEPTS = "concepts"
    EXTRACTION = "extraction"
    RETRIEVAL = "retrieval"


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Task(_Model):
    """One task."""

    title: str
    needs: Literal["images", "text"]
    prompt: str = Field(description="What a model is asked, word for word")
    row: str = Field(description="A line of a predictions file, as an example")
    also: str
    main: str = Field(description="The metric that systems are ranked by")
    probes: tuple[Probe, ...] = Field(description="Probes of image reliance to run on it")
    grades: dict[str, tuple[int, ...]] = Field(default_factory=dict)
    cuts: tuple[int, ...] = ()


class Definition(_Model):
    """The benchmark."""

    name: str
    version: str
    source: str
    items: Side
    index: Side
    levels: tuple[str, ...] = Field(description="Levels that answers are about")
    refused_share: float
    p: float
    tasks: dict[TaskName, Task]

    @property
    def probes(self) -> tuple[Probe, ...]:
        """The probes that any task has."""
        return tuple(dict.fromkeys(p for task in self.tasks.values() for p in task.probes))


@cache
def definition() -> Definition:
    """The definition that ships."""
    return Definition.model_validate(yaml.safe_load(PATH.read_text(encoding="utf-8")))


@cache
def digest() -> str:
    """SHA-256 of the definition, as it stands in the file."""
    return hashlib.sha256(PATH.read_bytes()).hexdigest()
