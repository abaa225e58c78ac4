"""Concept F1 of ImageCLEFmedical Caption: CUIs of each image against the reference's.

The binary F1 of each image, averaged over all images of the reference (Rückert et al., CLEF 2022).
An empty cell is one concept ``""``, so that empty against empty scores 1. The secondary score
keeps only a given list of CUIs on both sides; images whose filtered reference is empty then leave
the mean.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.records import columns_said, records, told_at_once
from radixgpt.errors import CaseError

MOST = 100
"""Concepts that an image may have at most."""

Rows = Sequence[tuple[int, str, str]]
"""Number of the row, image id and its cell of CUIs, in the order of the file."""
ID_COLUMNS = ("id", "image", "name", "figure")
CUI_COLUMNS = ("cuis", "cui", "concepts")


@dataclass(frozen=True)
class ConceptScore:
    """Concept F1 of a submission.

    Attributes:
        f1: mean over the images that count.
        by_image: F1 of each image that counts.
    """

    f1: float
    by_image: dict[str, float]


def cuis(cell: str) -> list[str]:
    """The CUIs of a cell, stripped and upper-cased; an empty cell is ``[""]``."""
    return [part.strip().upper() for part in cell.split(";")]


def rows_of(path: Path, unread: list[str] | None = None) -> Rows:
    """The rows of a submission: an id and CUIs with ``;`` between, under the challenge's headings.

    Args:
        path: the table.
        unread: told what is wrong with rows that can't be read.

    Raises:
        CaseError: the file can't be read, or lacks a column.
    """
    found: list[tuple[int, str, str]] = []
    for number, record in records(path, unread):
        by_name = {name.strip().lower(): cell for name, cell in record.items()}
        image = next((name for name in ID_COLUMNS if name in by_name), None)
        listed = next((name for name in CUI_COLUMNS if name in by_name), None)
        if image is None or listed is None:
            raise CaseError(
                f"{path.name} has the columns {columns_said(record)}.", "It needs ID and CUIs."
            )
        name, cell = by_name[image], by_name[listed]
        found.append(
            (number, "" if name is None else str(name).strip(), "" if cell is None else str(cell))
        )
    return found


def score(
    candidates: Rows,
    references: Rows,
    only: Iterable[str] | None = None,
    unread: Iterable[str] = (),
) -> ConceptScore:
    """Concept F1 of candidate rows against reference rows.

    Args:
        candidates: the submission; it has to name each image of the reference once.
        references: the truth.
        only: CUIs to keep on both sides, for the secondary score.
        unread: what is wrong with rows that could not be read; told with the rest.

    Raises:
        CaseError: an image is unknown, repeated, missing or without an id, or has a CUI twice or
            more than 100. All problems are told at once with their rows.
    """
    problems = list(unread)
    truth = _read(references, "references", problems)
    given = _read(candidates, "candidates", problems)
    problems += [
        f"candidates: image {name} is not in the references" for name in given if name not in truth
    ]
    problems += [f"candidates: image {name} is missing" for name in truth if name not in given]
    if not truth:
        problems.append("references: no image")
    told_at_once(problems, "Give each image of the references once, with up to 100 different CUIs.")
    kept = None if only is None else {cui.strip().upper() for cui in only}
    found: dict[str, float] = {}
    for name, right in truth.items():
        said = given[name]
        if kept is not None:
            right, said = right & kept, said & kept
            if not right:
                continue
        found[name] = binary_f1(said, right)
    return ConceptScore(sum(found.values()) / len(found) if found else float("nan"), found)


def binary_f1(candidate: frozenset[str], reference: frozenset[str]) -> float:
    """F1 of two sets of concepts; 0 where they share none."""
    shared = len(candidate & reference)
    return 2 * shared / (len(candidate) + len(reference)) if shared else 0.0


def problems_of(listed: Sequence[str]) -> list[str]:
    """What is wrong with the CUIs of one image."""
    found: list[str] = []
    twice = sorted({cui for cui in listed if listed.count(cui) > 1})
    if twice:
        found.append(f"{', '.join(cui or 'an empty CUI' for cui in twice)} is there twice")
    if len(listed) > MOST:
        found.append(f"{len(listed)} concepts; {MOST} are allowed")
    return found


def _read(rows: Rows, side: str, problems: list[str]) -> Mapping[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for number, name, cell in rows:
        listed = cuis(cell)
        if not name:
            problems.append(f"{side}, row {number}: the image has no id")
        where = f"{side}, row {number}, image {name}"
        if name in found:
            problems.append(f"{where}: the image is there already")
        problems += [f"{where}: {problem}" for problem in problems_of(listed)]
        found.setdefault(name, frozenset(listed))
    return found
