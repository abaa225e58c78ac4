"""Pairs of candidate and reference texts, read from two tables and joined by id.

A table is CSV, JSON lines or Parquet with a column ``id`` and a column of text. Ids that repeat
among the references are several references of one study; among the candidates they are an error.
The references may have a column ``image``, the path of a picture, seen from the table's folder.
Both tables are read twice: once to find all that is wrong with them, once to hand out pairs. Where
their ids come in the same order, nothing but one block is ever held; else the candidates wait in a
temporary database on disk.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from eval.records import columns_said, records, told_at_once
from radixgpt.errors import CaseError

TEXT_COLUMNS = ("text", "report", "caption", "note")


@dataclass(frozen=True)
class Pair:
    """One study: the candidate and one or more references.

    Attributes:
        id: of the study.
        group: what is drawn as one in the bootstrap: the column ``study`` or ``patient`` where
            the references have it, else the id.
        image: path of the study's picture, where the references name one.
    """

    id: str
    candidate: str
    references: tuple[str, ...]
    group: str
    image: Path | None = None


@dataclass(frozen=True)
class Row:
    """One row of a table."""

    number: int
    id: str
    text: str
    group: str
    image: str = ""


def rows(path: Path) -> Iterator[Row]:
    """The rows of a table, one at a time; the number is the line, or the record of a CSV.

    Raises:
        CaseError: the table can't be read, as :func:`eval.records.records` says, or lacks a column.
    """
    for number, record in records(path):
        column = next((name for name in TEXT_COLUMNS if name in record), None)
        if "id" not in record or column is None:
            raise CaseError(
                f"{path.name} has the columns {columns_said(record)}.",
                f"It needs id and one of {', '.join(TEXT_COLUMNS)}.",
            )
        name, text = str("" if record["id"] is None else record["id"]).strip(), record[column]
        group = str(record.get("study") or record.get("patient") or name)
        image = str(record.get("image") or "").strip()
        yield Row(number, name, "" if text is None else str(text), group, image)


@dataclass(frozen=True)
class Pairs:
    """Two checked tables.

    Attributes:
        references: path of the references.
        candidates: path of the candidates.
        studies: number of pairs.
        in_order: whether both tables name the studies in the same order.
    """

    references: Path
    candidates: Path
    studies: int
    in_order: bool

    def __iter__(self) -> Iterator[Pair]:
        """The pairs, in the order of the references."""
        if self.in_order:
            yield from self._joined(row.text for row in rows(self.candidates))
            return
        with tempfile.TemporaryDirectory() as folder:
            database = sqlite3.connect(Path(folder) / "candidates.sqlite")
            with closing(database):
                database.execute("create table candidate (id text primary key, text text)")
                database.executemany(
                    "insert into candidate values (?, ?)",
                    ((row.id, row.text) for row in rows(self.candidates)),
                )
                find = "select text from candidate where id = ?"
                for rows_of in self._references():
                    text = database.execute(find, (rows_of[0].id,)).fetchone()[0]
                    yield self._pair(rows_of, text)

    def _joined(self, candidates: Iterator[str]) -> Iterator[Pair]:
        for rows_of, candidate in zip(self._references(), candidates, strict=True):
            yield self._pair(rows_of, candidate)

    def _pair(self, references: list[Row], candidate: str) -> Pair:
        first = references[0]
        image = next((row.image for row in references if row.image), "")
        return Pair(
            first.id,
            candidate,
            tuple(row.text for row in references),
            first.group,
            self.references.parent / image if image else None,
        )

    def _references(self) -> Iterator[list[Row]]:
        for _, found in groupby(rows(self.references), key=lambda row: row.id):
            yield list(found)


def check(references: Path, candidates: Path) -> Pairs:
    """Read both tables once and find everything that is wrong with them.

    Raises:
        CaseError: a study lacks its candidate or its reference, an id is missing, or repeats (the
            references of a study have to stand together); all such problems with their rows.
    """
    problems: list[str] = []
    truth = _ids(references, problems, several=True)
    given = _ids(candidates, problems, several=False)
    problems += [
        f"{candidates.name}, row {given[name]}: {name} has no reference"
        for name in given
        if name not in truth
    ]
    problems += [
        f"{references.name}, row {truth[name]}: {name} has no candidate"
        for name in truth
        if name not in given
    ]
    told_at_once(problems, "Give each study of the references one candidate.")
    if not truth:
        raise CaseError(f"{references.name} has no row.", "Give at least one study.")
    return Pairs(references, candidates, len(truth), list(truth) == list(given))


def _ids(path: Path, problems: list[str], *, several: bool) -> dict[str, int]:
    """Each id with its first row, in order."""
    found: dict[str, int] = {}
    last = ""
    for row in rows(path):
        if not row.id:
            problems.append(f"{path.name}, row {row.number}: the id is missing")
        elif row.id in found and not (several and row.id == last):
            apart = " apart from its other reference" if several else ""
            problems.append(f"{path.name}, row {row.number}: {row.id} is there again{apart}")
        found.setdefault(row.id, row.number)
        last = row.id
    found.pop("", None)
    return found
