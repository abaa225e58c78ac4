"""How a house words its reports: the order of the sections, how findings are told, spelling.

A style says how a report reads, never what it states: every sentence is checked against its
findings whatever the style is.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

Section = Literal[
    "exam",
    "clinical_information",
    "comparison",
    "technique",
    "limitations",
    "findings",
    "impression",
    "recommendations",
    "critical_communication",
]
"""The sections of a report."""
ORDER: tuple[Section, ...] = get_args(Section)
"""The sections in their usual order."""

Language = Literal["en", "de"]
"""Languages that a report can be written in, by RFC 5646."""
LANGUAGES: tuple[Language, ...] = get_args(Language)
Spelling = Literal["British", "American"]

_PLAIN = re.compile(r"[^\W_](?:\w|[ .,'’()/-])*")
_LONGEST = 60


def _plain(text: str) -> str:
    """Letters, digits and plain punctuation, so that no markup and no template is in it."""
    if len(text) > _LONGEST or not _PLAIN.fullmatch(text):
        raise ValueError(
            f"should be at most {_LONGEST} letters, digits, blanks and plain punctuation"
        )
    return text


Plain = Annotated[str, AfterValidator(_plain)]


class Style(BaseModel):
    """The style of a house.

    Words and headings are text that is put into phrases, never templates: nothing in a style is
    executed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Plain
    findings: Literal["levels", "prose"] = Field(
        default="levels", description="Level by level, or finding by finding over all levels"
    )
    together: bool = Field(
        default=False, description="Whether neighbouring levels that read alike are told together"
    )
    measurements: bool = Field(default=True, description="Lengths in millimetres in the findings")
    impression: Literal["full", "short"] = "full"
    slip_in_impression: bool = Field(
        default=True, description="Whether the impression gives the size of a slip"
    )
    sections: tuple[Section, ...] = Field(default=ORDER, description="The order of all sections")
    critical_prompts: bool = Field(
        default=False, description="A line each for a critical finding, who was told, and when"
    )
    spelling: Spelling = "British"
    language: Language | None = Field(
        default=None, description="The language where none is asked for"
    )
    headings: dict[Section, Plain] = Field(
        default_factory=dict, description="The house's own headings"
    )
    words: dict[str, dict[str, Plain]] = Field(
        default_factory=dict, description="Other words for those of the language file, by group"
    )

    @model_validator(mode="after")
    def _every_section_once(self) -> Style:
        missing = [name for name in ORDER if name not in self.sections]
        if missing:
            raise ValueError(f"sections: {', '.join(missing)} missing; a report has all nine")
        if len(self.sections) != len(ORDER):
            raise ValueError("sections: each should be named once")
        return self
