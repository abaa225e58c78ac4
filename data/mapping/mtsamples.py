"""MTSamples: transcribed sample reports, ``mtsamples_radiology.csv``; those whose title
names the spine are flagged.

The samples name no patients; each counts as one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from data.mapping import texts
from data.mapping.source import Source, Unit
from data.mapping.table import Columns, Row

_PARTS = {
    "cervical": re.compile(r"\bcervical\b|\bc(?:-t)?[- ]spine\b|\bc[2-7]\b", re.IGNORECASE),
    "thoracic": re.compile(r"\bthoracic spine\b|\b(?:c-)?t(?:-l)?[- ]spine\b", re.IGNORECASE),
    "lumbar": re.compile(r"\blumb\w+|\b(?:t-)?l(?:-s)?[- ]spine\b|\bl[1-5]\b", re.IGNORECASE),
}
_SPINE = re.compile(
    r"\bspin(?:e|al)\b|\bvertebra\w*|\bscolio\w+|\bmyelogra\w+|\bdisc\w*gra\w+|\bfacet\b",
    re.IGNORECASE,
)
"""Words of a title that name the spine: a whole report may mention it in passing."""


def _facts(row: Row) -> dict[str, str | float | None]:
    title = row.get("sample_name").strip()
    parts = [name for name, pattern in _PARTS.items() if pattern.search(title)]
    facts: dict[str, str | float | None] = {
        "specialty": row.get("specialty").strip() or None,
        "title": title or None,
        "spine": "yes" if parts or _SPINE.search(title) else "no",
        "region": parts[0] if len(parts) == 1 else ("several" if parts else None),
    }
    return {name: value for name, value in facts.items() if value is not None}


_COLUMNS = Columns(
    needed={"id": ("note_id", ""), "text": ("transcription",)},
    optional={"specialty": ("medical_specialty",), "sample_name": ()},
)
"""In the published table, the column that numbers the rows has no name."""


def _of_spine(row: Row) -> bool:
    return _facts(row)["spine"] == "yes"


STAGED, PUBLISHED = (
    texts.Reports(table, _COLUMNS, _facts, _of_spine)
    for table in ("mtsamples_radiology.csv", "mtsamples.csv")
)


def units(source: Source, reports: texts.Reports = STAGED) -> Iterator[Unit]:
    """A unit a stretch of samples.

    Raises:
        CaseError: the table can't be used.
    """
    return texts.units(source, reports)
