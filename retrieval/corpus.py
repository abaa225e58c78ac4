"""What a corpus holds: one entry a case, with the vectors of its pictures and its text.

An entry is what may be told of another patient: pseudonyms, facts, and a text. It holds no
picture, no name and no absolute path. Its text is data, whatever it says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath, PureWindowsPath

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, field_validator

from radixgpt.case import Origin, Split, StatedFinding
from radixgpt.errors import CorpusError
from radixgpt.level import DISCS
from radixgpt.report import SECTIONS, Section

Floats = npt.NDArray[np.float32]

SPACES = ("image", "disc", "text")
"""The kinds of vector: a study's mid-sagittal slices together, one disc, and a report's text."""

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
"""Characters that steer a terminal or hide text, a line's end and a tabulator excepted."""
LONGEST = 40_000
"""Characters of a section that are kept; a whole report is shorter."""


def cleaned(text: str) -> str:
    """A text without characters that steer a terminal or hide what is written."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))[:LONGEST]


class Entry(BaseModel):
    """One case of a corpus, of another patient than the one who is asked about."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(min_length=1, description="Pseudonymous id of the case, such as spider/1")
    patient: str = Field(min_length=1, description="Pseudonym; its cases are one patient's")
    source: str = Field(description="Key of the source that it was gathered from")
    licence: str
    modality: str = Field(default="unknown", description="A value of radixgpt.study.Modality")
    region: str = Field(default="unknown", description="A value of radixgpt.study.BodyRegion")
    split: Split | None = None
    findings: tuple[StatedFinding, ...] = ()
    report: dict[Section, str] = Field(default_factory=dict, description="Text by section")
    origin: Origin = Field(default="none", description="Who wrote the text; generated: a program")
    key_image: str | None = Field(
        default=None, description="A picture within the workspace that the corpus was made from"
    )
    prints: tuple[str, ...] = Field(
        default=(), description="Fingerprints of its pictures, to know the same picture again"
    )
    tokens: tuple[str, ...] = Field(default=(), description="What its text is found by")
    sha256: str = Field(default="", description="Hash of the case that it was made from")

    @field_validator("report")
    @classmethod
    def _without_control(cls, report: dict[Section, str]) -> dict[Section, str]:
        return {name: cleaned(text) for name, text in report.items()}

    @field_validator("source", "licence", "modality", "region")
    @classmethod
    def _one_line(cls, text: str) -> str:
        return " ".join(cleaned(text).split())[:200]

    @field_validator("id", "patient", "key_image")
    @classmethod
    def _no_path_of_a_machine(cls, name: str | None) -> str | None:
        if name is None:
            return None
        path, windows = PurePosixPath(name), PureWindowsPath(name)
        if path.is_absolute() or windows.drive or ".." in windows.parts:
            raise ValueError("leads out of the workspace")
        if cleaned(name) != name or "\n" in name or "\t" in name:
            raise ValueError("holds characters that no name has")
        return name

    @property
    def text(self) -> str:
        """All that is written of the case, the sections in their order."""
        return "\n".join(self.report[name] for name in SECTIONS if name in self.report)


@dataclass(frozen=True, eq=False)
class Item:
    """An entry with its vectors, each of unit length.

    Attributes:
        image: (d,) of the study's slices together; None where there is none.
        text: (d,) of its text; None where there is none.
        discs: level to (d,).
    """

    entry: Entry
    image: Floats | None = None
    text: Floats | None = None
    discs: Mapping[str, Floats] = field(default_factory=dict)

    def vectors(self) -> list[tuple[str, str, Floats]]:
        """Space, level (empty but for discs) and vector, the discs from head to tail.

        Raises:
            CorpusError: a disc has no name that there is, or a vector is not of unit length.
        """
        found = [
            (space, "", vector)
            for space, vector in (("image", self.image), ("text", self.text))
            if vector is not None
        ]
        unknown = sorted(set(self.discs) - set(DISCS))
        if unknown:
            raise CorpusError(f"'{unknown[0][:20]}' is not a disc.", "Name discs such as L4-L5.")
        found += [("disc", level, self.discs[level]) for level in DISCS if level in self.discs]
        for space, level, vector in found:
            length = float(np.linalg.norm(vector))
            if not 0.99 < length < 1.01:  # half precision is within it
                raise CorpusError(
                    f"The {space} vector of {self.entry.id} {level} has the length {length:.3g}.",
                    "Encode it anew; vectors have unit length.",
                )
        return found
