"""A caption as read: technique, findings, and its words as the concepts that they assert."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from radixgpt.case import Concept, StatedFinding
from radixgpt.errors import InputError
from radixgpt.language.reader import read
from radixgpt.terminology.table import concepts_of
from tools.captions.technique import Technique, find_technique

LONGEST = 20_000
"""Characters of a text that is read; a whole report is shorter."""


class Caption(BaseModel):
    """What a text says of an image.

    Attributes:
        findings: what it states, with character spans within the section that states it.
        concepts: what it says is there, coded where a code was confirmed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    technique: Technique
    findings: tuple[StatedFinding, ...]
    concepts: tuple[Concept, ...]


def classify(text: str) -> Caption:
    """Read a caption, a sentence of a report, or a whole report.

    Raises:
        InputError: there is no text, or more of it than :data:`LONGEST` characters.
    """
    if not text.strip():
        raise InputError("The caption is empty.", "Give the text that is to be read.")
    if len(text) > LONGEST:
        raise InputError(
            f"The caption has {len(text):,} characters; {LONGEST:,} are read.", "Give a part of it."
        )
    findings = read(text).findings
    return Caption(
        technique=find_technique(text), findings=findings, concepts=concepts_of(findings)
    )
