"""Tables of reports: a row a study, read a stretch at a time, however long the table is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from data.mapping.cells import damage, identifier, is_missing
from data.mapping.seen import Seen
from data.mapping.source import Mapped, Refused, Source, Unit
from data.mapping.table import Columns, Row, rows
from radixgpt.case import Case
from radixgpt.errors import RefusedError
from radixgpt.language.reader import Reading, read
from radixgpt.language.sections import split_sections
from radixgpt.terminology.table import concepts_of

STRETCH = 200
"""Rows of a unit: what a crash loses at most."""

GUESSED = "Its text is not UTF-8 and was read as Windows-1252; look at the accents."
BROKEN = "Its text holds characters that were lost before it came here."
_LOST = "\ufffd"


@dataclass(frozen=True)
class Reports:
    """How a table of reports is read.

    Attributes:
        table: file name within the source.
        columns: with ``id`` and ``text`` among the needed.
        facts: gives the facts of a row.
        patients: source that the ids of its patients belong to; its own if empty.
        of_spine: whether the findings of a row are read: the kinds of finding are the spine's.
    """

    table: str
    columns: Columns
    facts: Callable[[Row], dict[str, str | float | None]]
    of_spine: Callable[[Row], bool] = lambda row: True
    patients: str = ""


def units(source: Source, reports: Reports, *, stretch: int = STRETCH) -> Iterator[Unit]:
    """A unit a stretch of rows.

    Raises:
        CaseError: the table can't be used.
    """
    path = source.folder / reports.table
    waiting: list[Row | RefusedError] = []
    end = 0
    with closing(Seen()) as seen:
        for row in rows(path, path.name, reports.columns):
            waiting.append(row if isinstance(row, RefusedError) else _checked(row, seen))
            end = row.end if isinstance(row, Row) else end
            if len(waiting) == stretch:
                yield _stretch(source, path, reports, waiting, end)
                waiting = []
        if waiting:
            yield _stretch(source, path, reports, waiting, path.stat().st_size)


def _stretch(
    source: Source, path: Path, reports: Reports, some: list[Row | RefusedError], end: int
) -> Unit:
    first = some[0].row if isinstance(some[0], RefusedError) else some[0].number
    key = f"from row {first}"
    return Unit(key, partial(_work, key, source, path, reports, some), end, path.stat().st_size)


def _checked(row: Row, seen: Seen) -> Row | RefusedError:
    """The row, or why it can't be used."""
    try:
        key = identifier(row.cells["id"], "the id")
        text = row.cells["text"].strip()
        if is_missing(text):
            raise RefusedError("Its text is empty.", "Write it, or remove the row.")
        hurt = damage(text)
        if hurt:
            raise RefusedError(f"Its text is {hurt}.", "Take the text from its origin again.")
        before = seen.first(key, row.number, text)
        if before is not None:
            first, same = before
            raise RefusedError(
                f"It repeats row {first}."
                if same
                else f"Row {first} has its id already, with another text: two people, or two "
                "studies of one.",
                "Remove one of the two." if same else "Give each row its own id.",
            )
    except RefusedError as error:
        return RefusedError(error.problem, error.mend, row=row.number)
    return row


def _work(
    key: str, source: Source, path: Path, reports: Reports, some: list[Row | RefusedError]
) -> Mapped:
    licence = source.licence(path)
    cases: list[Case] = []
    refused: list[Refused] = []
    for row in some:
        try:
            if isinstance(row, RefusedError):
                raise row
            cases.append(_case(source, licence, row, reports))
        except RefusedError as error:
            refused.append(source.refused(path, error))
    return Mapped(unit=key, cases=tuple(cases), refused=tuple(refused))


def _case(source: Source, licence: str, row: Row, reports: Reports) -> Case:
    name = identifier(row.cells["id"], "the id")
    text = "\n".join(line.rstrip() for line in row.cells["text"].strip().splitlines())
    reading = read(text) if reports.of_spine(row) else Reading(split_sections(text), ())
    if not any(reading.sections.values()):
        raise RefusedError(
            "Its text is a heading and nothing else.", "Complete or remove it.", row=row.number
        )
    warnings = [*([GUESSED] if row.guessed else []), *([BROKEN] if _LOST in text else [])]
    return Case(
        id=f"{source.key}/{name}",
        source=source.key,
        licence=licence,
        patient=f"{reports.patients or source.key}/{name}",
        report=reading.sections,
        report_origin="human",
        findings=reading.findings,
        concepts=concepts_of(reading.findings),
        facts=reports.facts(row),
        warnings=tuple(warnings),
    )
