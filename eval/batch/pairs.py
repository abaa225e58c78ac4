"""Pairs of candidate and reference texts, read from two tables and joined by id.

A table is CSV, JSON lines or Parquet with a column ``id`` and a column of text. Ids that repeat
among the references are several references of one study; among the candidates they are an error.
The references may have a column ``image``, the path of a picture, seen from the table's folder, and
both tables ``findings`` and ``cuis``, as :mod:`eval.batch.given` reads them; the references
``judged`` besides.
Both tables are read twice: once to find all that is wrong with them, once to hand out pairs. Where
their ids come in the same order, nothing but one block is ever held; else the candidates wait in a
temporary database on disk.
"""

from __future__ import annotations

import math
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from eval.batch.given import NOTHING, Given, as_text, from_text, given
from eval.batch.given import problems as wrong_with
from eval.records import columns_said, records, told_at_once
from radixgpt.errors import CaseError

TEXT_COLUMNS = ("text", "report", "caption", "note")


@dataclass(frozen=True)
class Pair:
    """One study: the candidate and one or more references.

    Attributes:
        id: of the study.
        group: what is drawn as one in the bootstrap: the column ``patient``, else ``study``, where
            the references have it, else the id.
        image: path of the study's picture, where the references name one.
        given: what else the candidate's row says.
        references_given: what else the row of each reference says; empty where none does.
    """

    id: str
    candidate: str
    references: tuple[str, ...]
    group: str
    image: Path | None = None
    given: Given = NOTHING
    references_given: tuple[Given, ...] = ()

    def each_reference(self) -> Iterator[tuple[str, Given]]:
        """The text of each reference with what else its row says."""
        cells = self.references_given or (NOTHING,) * len(self.references)
        yield from zip(self.references, cells, strict=True)


@dataclass(frozen=True)
class Row:
    """One row of a table."""

    number: int
    id: str
    text: str
    group: str
    image: str = ""
    given: Given = NOTHING


def rows(path: Path, unread: list[str] | None = None) -> Iterator[Row]:
    """The rows of a table, one at a time; the number is the line, or the record of a CSV.

    Args:
        path: the table.
        unread: told what is wrong with rows that can't be read, as for
            :func:`eval.records.records`.

    Raises:
        CaseError: the table can't be read, or lacks a column.
    """
    first = True
    for number, record in records(path, unread):
        column = next((name for name in TEXT_COLUMNS if name in record), None)
        wrong = "" if column is None else _wrong_cells(record[column], record.get("id"))
        if "id" not in record or column is None:
            if first or unread is None:
                raise CaseError(
                    f"{path.name} has the columns {columns_said(record)}.",
                    f"It needs id and one of {', '.join(TEXT_COLUMNS)}.",
                )
            wrong = f"has {columns_said(record)}, and not id and one of {', '.join(TEXT_COLUMNS)}"
        first = False
        if wrong or column is None:
            if unread is None:
                raise CaseError(f"{path.name}, row {number} {wrong}.", "Mend the row.")
            unread.append(f"{path.name}, row {number} {wrong}")
            continue
        name, text = _said(record["id"]), record[column]
        group = _said(record.get("patient")) or _said(record.get("study")) or name
        image = str(record.get("image") or "").strip()
        cells = given(record, path.parent)
        yield Row(number, name, "" if text is None else str(text), group, image, cells)


def _said(cell: object) -> str:
    """An id or a group in words; nothing where the cell is empty, null or not a number (NaN)."""
    empty = cell is None or (isinstance(cell, float) and math.isnan(cell))
    return "" if empty else str(cell).strip()


def _wrong_cells(text: object, name: object) -> str:
    """What keeps cells from being a text, or null, and its id; nothing where they are."""
    if text is not None and not isinstance(text, str):
        return "has a text that is no string"
    if isinstance(name, bool | list | dict):
        return "has an id that is neither text nor number"
    try:
        f"{text}{name}".encode()
    except UnicodeEncodeError:
        return "has half a character (a lone surrogate) in its text or id"
    return ""


@dataclass(frozen=True)
class Pairs:
    """Two checked tables.

    Attributes:
        references: path of the references.
        candidates: path of the candidates.
        studies: number of pairs.
        in_order: whether both tables name the studies in the same order.
        sources: which side gives findings or CUIs, and for how many rows, for the signatures.
    """

    references: Path
    candidates: Path
    studies: int
    in_order: bool
    sources: Mapping[str, str] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Pair]:
        """The pairs, in the order of the references."""
        if self.in_order:
            for of_study, row in zip(self._references(), rows(self.candidates), strict=True):
                yield self._pair(of_study, row.text, row.given)
            return
        with tempfile.TemporaryDirectory() as folder:
            database = sqlite3.connect(Path(folder) / "candidates.sqlite")
            with closing(database):
                database.execute(
                    "create table candidate (id text primary key, text text, given text)"
                )
                database.executemany(
                    "insert into candidate values (?, ?, ?)",
                    ((row.id, row.text, as_text(row.given)) for row in rows(self.candidates)),
                )
                find = "select text, given from candidate where id = ?"
                for of_study in self._references():
                    text, cells = database.execute(find, (of_study[0].id,)).fetchone()
                    yield self._pair(of_study, text, from_text(cells))

    def _pair(self, references: list[Row], candidate: str, cells: Given) -> Pair:
        first = references[0]
        image = next((row.image for row in references if row.image), "")
        told = tuple(row.given for row in references)
        return Pair(
            first.id,
            candidate,
            tuple(row.text for row in references),
            first.group,
            self.references.parent / image if image else None,
            cells,
            told if any(one != NOTHING for one in told) else (),
        )

    def _references(self) -> Iterator[list[Row]]:
        for _, found in groupby(rows(self.references), key=lambda row: row.id):
            yield list(found)


def check(references: Path, candidates: Path) -> Pairs:
    """Read both tables once and find everything that is wrong with them.

    Raises:
        CaseError: a table or a row can't be read; a study lacks its candidate or its reference; an
            id is missing, or repeats (the references of a study have to stand together); or a cell
            of findings, CUIs or kinds can't be read. All such problems of both tables at once,
            with their rows.
    """
    problems: list[str] = []
    counts: Counter[str] = Counter()
    truth, whole = _ids(references, problems, counts, side="reference")
    answers, all_read = _ids(candidates, problems, counts, side="candidate")
    # What stands in a row that can't be read is not known to be missing.
    if whole:
        problems += [
            f"{candidates.name}, row {answers[name]}: {name} has no reference"
            for name in answers
            if name not in truth
        ]
    if all_read:
        problems += [
            f"{references.name}, row {truth[name]}: {name} has no candidate"
            for name in truth
            if name not in answers
        ]
    told_at_once(problems, "Mend these rows; each study of the references has one candidate.")
    sources = {
        f"{side} {what}": "given" if given_ == all_ else f"given for {given_} of {all_} rows"
        for side in ("reference", "candidate")
        for what in ("findings", "CUIs")
        if (given_ := counts[f"{side} {what}"]) and (all_ := counts[side])
    }
    return Pairs(references, candidates, len(truth), list(truth) == list(answers), sources)


def _ids(
    path: Path, problems: list[str], counts: Counter[str], *, side: str
) -> tuple[dict[str, int], bool]:
    """Each id with its first row, in order, and whether every row could be read."""
    found: dict[str, int] = {}
    last = ""
    unread: list[str] = []
    try:
        for row in rows(path, unread):
            if not row.id:
                problems.append(f"{path.name}, row {row.number}: the id is missing")
            elif row.id in found and not (side == "reference" and row.id == last):
                apart = " apart from its other reference" if side == "reference" else ""
                problems.append(f"{path.name}, row {row.number}: {row.id} is there again{apart}")
            problems += [f"{path.name}, row {row.number}: {told}" for told in wrong_with(row.given)]
            found.setdefault(row.id, row.number)
            last = row.id
            counts[side] += 1
            counts[f"{side} findings"] += row.given.findings is not None
            counts[f"{side} CUIs"] += row.given.cuis is not None
        if not found and not unread:
            unread.append(f"{path.name} has no row")
    except CaseError as error:
        unread.append(f"{error.problem.rstrip('.')}; {error.mend[:1].lower()}{error.mend[1:-1]}")
    problems += unread
    found.pop("", None)
    return found, not unread
