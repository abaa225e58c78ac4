"""The baselines as sections of the exploration page."""

from __future__ import annotations

from data.baselines.document import Document
from data.baselines.section_associations import associations_section
from data.baselines.section_learning import learning_section
from data.baselines.section_marks import marks_section
from data.explore.section import Section

KEYS = ("baselines", "learning", "associations")
"""Keys of the sections, in their order."""


def sections(document: Document) -> tuple[Section, ...]:
    """The sections, from a document as :mod:`data.baselines.run` makes it."""
    return (marks_section(document), learning_section(document), associations_section(document))
