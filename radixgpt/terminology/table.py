"""Findings, anatomy and modalities as concepts: our words, UMLS CUIs and SNOMED CT codes.

``findings.csv`` holds every kind of finding that gradings or texts state. A row with a ``value`` or
a ``region`` is the more specific concept of its kind. A code stands in the table only where it was
read at the named source; where none could be confirmed, the field is empty. CUIs are UMLS's; the
words are our own. Codes of levels, qualifiers, exams and documents stay in ``radixgpt.codes``.

Sources: cross-references of the Human Phenotype Ontology (HPO) to UMLS and SNOMED CT; context
groups of DICOM PS3.16; CUIs that captions of the ROCO set share with the word; public tables.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from radixgpt.case import Concept, StatedFinding
from radixgpt.errors import LevelError
from radixgpt.level import DISCS, VERTEBRAE

Place = Literal["disc", "vertebra", "any", "study"]
"""Where a kind is found: at a disc, at a vertebra, at either, or in the study as a whole."""

_HERE = Path(__file__).resolve().parent
_DEGENERATED = 3


@dataclass(frozen=True)
class Term:
    """One row of the table of findings.

    Attributes:
        kind: as in ``radixgpt.finding.KINDS`` where that holds the kind.
        value: the value that this row is for; empty for the kind as a whole.
        region: ``lumbar`` where the row is for lumbar levels alone, else empty.
        title: what it is, in our words.
        place: where it is found.
        scale: name of the scale of its values.
        synonyms: other words for it, each of which the reader of texts reads as this kind.
        cui: UMLS concept, empty if none was confirmed.
        cui_source: where the CUI was read.
        sct: SNOMED CT code, empty if none was confirmed.
        sct_source: where the SNOMED CT code was read.
        radelement: RadElement set, if one exists.
    """

    kind: str
    value: str
    region: str
    title: str
    place: Place
    scale: str
    synonyms: tuple[str, ...]
    cui: str
    cui_source: str
    sct: str
    sct_source: str
    radelement: str

    @property
    def concept(self) -> Concept:
        """Its codes with our words."""
        return Concept(cui=self.cui or None, sct=self.sct or None, meaning=self.title)


@dataclass(frozen=True)
class Anatomy:
    """A level, region, part of the spine, modality, plane or weighting, with its codes."""

    group: Literal["vertebra", "disc", "region", "part", "modality", "plane", "sequence"]
    name: str
    title: str
    cui: str
    cui_source: str
    sct: str
    sct_source: str

    @property
    def concept(self) -> Concept:
        """Its codes with our words."""
        return Concept(cui=self.cui or None, sct=self.sct or None, meaning=self.title)


@cache
def terms() -> tuple[Term, ...]:
    """Every row of the table of findings, in the table's order."""
    with (_HERE / "findings.csv").open(encoding="utf-8", newline="") as lines:
        return tuple(
            Term(
                kind=row["kind"],
                value=row["value"],
                region=row["region"],
                title=row["title"],
                place=_place(row["place"]),
                scale=row["scale"],
                synonyms=tuple(word for word in row["synonyms"].split("; ") if word),
                cui=row["cui"],
                cui_source=row["cui_source"],
                sct=row["sct"],
                sct_source=row["sct_source"],
                radelement=row["radelement"],
            )
            for row in csv.DictReader(lines)
        )


def _place(text: str) -> Place:
    for place in ("disc", "vertebra", "any", "study"):
        if text == place:
            return place
    raise ValueError(f"findings.csv: '{text}' is no place")


@cache
def anatomy() -> tuple[Anatomy, ...]:
    """Every row of the table of anatomy and modalities."""
    with (_HERE / "anatomy.csv").open(encoding="utf-8", newline="") as lines:
        return tuple(Anatomy(**row) for row in csv.DictReader(lines))  # type: ignore[arg-type]


@cache
def _rows() -> dict[tuple[str, str, str], Term]:
    return {(term.kind, term.value, term.region): term for term in terms()}


@cache
def kinds() -> dict[str, Term]:
    """The general row of each kind by its name."""
    return {term.kind: term for term in terms() if not term.value and not term.region}


def place_of(kind: str) -> Place:
    """Where a kind is found.

    Raises:
        KeyError: the table does not hold the kind.
    """
    return kinds()[kind].place


@cache
def concept_of(
    kind: str, value: str | int | float | None = None, level: str | None = None
) -> Concept | None:
    """The most specific concept of what is stated to be present.

    None for what is no finding: an absent value (``absent``, 0), a Pfirrmann grade under III
    (Pfirrmann 2001: I and II keep nucleus, annulus and height), or a kind that the table does not
    hold. A concept may lack a code, never its meaning.
    """
    if value in (0, "0", "absent") or kind not in kinds():
        return None
    if kind == "pfirrmann" and (value is None or float(value) < _DEGENERATED):
        return None
    named = str(int(value)) if isinstance(value, int | float) else (value or "")
    region = "lumbar" if level and (level.startswith("L") or level == "T12-L1") else ""
    table = _rows()
    for key in (
        (kind, named, region),
        (kind, named, ""),
        (kind, "", region),
        (kind, "", ""),
    ):
        if key in table:
            return table[key].concept
    return None


@cache
def level_concept(level: str) -> Concept | None:
    """The concept of a vertebra or disc; None where no code of it is known (``S1-S2``).

    Raises:
        LevelError: it is no level.
    """
    if level not in VERTEBRAE and level not in DISCS:
        raise LevelError(
            f"'{level[:20]}' is not a level.", "Use a vertebra (L4) or a disc (L4-L5)."
        )
    row = _named().get(level)
    return None if row is None else row.concept


@cache
def modality_concept(modality: str) -> Concept | None:
    """The concept of a modality by its DICOM code (``MR``, ``CT``, ``DX``, ``CR``)."""
    row = _named().get(modality)
    if row is None or row.group != "modality":
        return None
    return row.concept


@cache
def _named() -> dict[str, Anatomy]:
    return {row.name: row for row in anatomy()}


def concepts_of(findings: Iterable[StatedFinding]) -> tuple[Concept, ...]:
    """What findings state to be present, as concepts, each once, in their order."""
    found = (
        concept_of(finding.kind, finding.value, finding.level)
        for finding in findings
        if finding.assertion == "present"
    )
    return tuple(dict.fromkeys(concept for concept in found if concept is not None))
