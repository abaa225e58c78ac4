"""MTSamples: transcribed sample reports, ``mtsamples_radiology.csv``; those of the spine flagged.

The samples name no patients; each counts as one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from data.mapping import texts
from data.mapping.source import Source, Unit
from data.mapping.table import Columns, Row

_REGIONS = {
    "lumbar": re.compile(r"\blumb(?:ar|o-?sacral)\b|\bl-spine\b|\bL[1-5]-(?:L?[2-5]|S1)\b", re.I),
    "cervical": re.compile(r"\bcervical (?:spine|disc|vertebra|cord)|\bc-spine\b", re.I),
    "thoracic": re.compile(r"\bthoracic (?:spine|disc|vertebra|cord)|\bt-spine\b", re.I),
}
_SPINE = re.compile(
    r"\bspin(?:e|al (?:canal|stenosis|cord))\b|\bvertebra[el]?\b|\bscoliosis\b|\bmyelogra", re.I
)


def _facts(row: Row) -> dict[str, str | float | None]:
    about = " ".join(row.get(name) for name in ("description", "sample_name", "keywords"))
    regions = [name for name, pattern in _REGIONS.items() if pattern.search(about)]
    spine = bool(regions) or bool(_SPINE.search(about))
    facts: dict[str, str | float | None] = {
        "specialty": row.get("specialty").strip() or None,
        "title": row.get("sample_name").strip() or None,
        "spine": "yes" if spine else "no",
        "region": regions[0] if len(regions) == 1 else ("several" if regions else None),
    }
    return {name: value for name, value in facts.items() if value is not None}


SAMPLES = texts.Reports(
    "mtsamples_radiology.csv",
    Columns(
        needed={"id": ("note_id",), "text": ("transcription",)},
        optional={
            "description": (),
            "specialty": ("medical_specialty",),
            "sample_name": (),
            "keywords": (),
        },
    ),
    _facts,
)


def units(source: Source) -> Iterator[Unit]:
    """A unit a stretch of samples.

    Raises:
        CaseError: the table can't be used.
    """
    return texts.units(source, SAMPLES)
