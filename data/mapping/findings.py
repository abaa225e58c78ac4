"""Texts to findings."""

from __future__ import annotations

from radixgpt.case import StatedFinding
from radixgpt.report import Section


def report_of(text: str) -> tuple[dict[Section, str], tuple[StatedFinding, ...]]:
    """A report by sections, and the findings that it states."""
    return {"findings": text}, ()


def findings_of(caption: str) -> tuple[StatedFinding, ...]:
    """The findings that a caption states."""
    return ()
