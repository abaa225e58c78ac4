"""What a caption of an image is made of: its scope, its text, and what each statement rests on."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from radixgpt.case import Assertion
from radixgpt.errors import InputError
from radixgpt.finding import KINDS
from radixgpt.level import parse_disc
from radixgpt.observation import Evidence
from radixgpt.report import DRAFT_MARK, ModelFacts

Of = Literal["study", "series", "image", "disc"]
"""What a caption is of: all that was looked at, one series, one slice, or one disc."""
Style = Literal["standard", "note", "brief"]
"""How it is worded: in prose, level by level like a note, or finding by finding."""
STYLES: tuple[Style, ...] = ("standard", "note", "brief")


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Scope(_Model):
    """What a caption is about; made by :meth:`of_study` and its like.

    Attributes:
        of: see :data:`Of`.
        series: handle, of a series or an image.
        slice_index: from 0, of an image; None for the slice that the tools looked at.
        level: of a disc.
    """

    of: Of = "study"
    series: str | None = None
    slice_index: int | None = Field(default=None, ge=0)
    level: str | None = None

    @classmethod
    def of_study(cls) -> Scope:
        """The whole study."""
        return cls()

    @classmethod
    def of_series(cls, series: str) -> Scope:
        """One series."""
        return cls(of="series", series=series)

    @classmethod
    def of_image(cls, series: str, slice_index: int | None = None) -> Scope:
        """One slice of a series."""
        return cls(of="image", series=series, slice_index=slice_index)

    @classmethod
    def of_disc(cls, level: str) -> Scope:
        """One disc, in the crops around it.

        Raises:
            LevelError: that is no disc.
        """
        return cls(of="disc", level=parse_disc(level))

    def require(self) -> Scope:
        """This scope, if it is whole.

        Raises:
            InputError: a series or a level is missing.
        """
        if self.of in ("series", "image") and not self.series:
            raise InputError(f"No series is named for a caption of the {self.of}.", "Name one.")
        if self.of == "disc" and not self.level:
            raise InputError("No level is named for a caption of a disc.", "Name one, as L4-L5.")
        return self


class Said(_Model):
    """One statement of a caption, led back to what it rests on.

    Attributes:
        sentence: place of its sentence in the text, from 0.
        level: None where it is of all levels of the scope, or of the study.
        assertion: ``present`` or ``absent``; nothing else can be supported.
        observations: ids of the observations that say so.
        evidence: where in the images of the scope they saw it.
    """

    sentence: int
    level: str | None
    kind: str
    value: str | int | float | None = None
    assertion: Assertion = "present"
    observations: tuple[str, ...] = Field(min_length=1)
    evidence: tuple[Evidence, ...] = ()


class LeftOut(_Model):
    """What may not be said at a level, and why: it is not known, which is not "normal"."""

    level: str | None
    kind: str
    reason: str

    @property
    def named(self) -> str:
        """What it is, in words: ``disc bulging at L4-L5``."""
        title = KINDS[self.kind].title if self.kind in KINDS else self.kind
        return f"{title} at {self.level}" if self.level else title


class Refused(_Model):
    """A sentence of the model that was left out, and why."""

    text: str
    reason: str


class Caption(_Model):
    """A caption that states nothing but what the tools' observations support.

    Attributes:
        text: in the report's words; empty where nothing may be said.
        written: the same in the words of the model.
        mark: that it is a draft; shown wherever the text is.
        complete: whether it tells every finding that was seen; ``unsaid`` has the rest.
        silence: why no finding is stated; empty where one is.
        statements: everything that the text states of findings.
        left_out: what could not be said of the scope, with reasons.
        unsaid: findings that were seen in the scope and that the text does not mention.
        refused: sentences of the model that failed the check.
        models: who wrote it.
        seconds: wall time of the writing.
    """

    scope: Scope
    style: Style = "standard"
    text: str
    written: str = ""
    mark: str = DRAFT_MARK
    complete: bool = True
    silence: str = ""
    statements: tuple[Said, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    unsaid: tuple[LeftOut, ...] = ()
    refused: tuple[Refused, ...] = ()
    models: tuple[ModelFacts, ...] = ()
    seconds: float = 0.0
