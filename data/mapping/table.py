"""A table as rows, one at a time: a row that can't be read is told, and the next one is read.

Comma, semicolon, tab and bar separate cells; quotes and line breaks within quotes follow RFC 4180.
A quote that is never closed costs its own row alone.
"""

from __future__ import annotations

import csv
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from data.mapping.lines import LONGEST, Line, lines
from radixgpt.errors import CaseError, RefusedError

_DELIMITERS = (",", ";", "\t", "|")
_QUOTES = "Close every quote, and double those within a cell; or save it anew as CSV UTF-8."


@dataclass(frozen=True)
class Columns:
    """The columns that a table is read for: our name to the spellings that are understood.

    Attributes:
        needed: have to be there.
        optional: are read where they are there.
    """

    needed: Mapping[str, tuple[str, ...]]
    optional: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """One row.

    Attributes:
        number: as a spreadsheet counts; the header is row 1.
        line: its first line, as a text editor counts.
        cells: our name of a column to what the cell holds; an optional column may be missing.
        end: bytes of the file up to its end.
        guessed: it was read as Windows-1252, as it isn't UTF-8.
    """

    number: int
    line: int
    cells: dict[str, str]
    end: int
    guessed: bool

    def get(self, column: str) -> str:
        """What a cell holds, empty where the table lacks the column."""
        return self.cells.get(column, "")


def rows(
    path: Path, name: str, columns: Columns, *, longest: int = LONGEST
) -> Iterator[Row | RefusedError]:
    """Read a table.

    Args:
        path: the file.
        name: what it is called in messages.
        columns: which columns are read.
        longest: characters that a row may have.

    Yields:
        The rows, and an error for each that can't be read.

    Raises:
        CaseError: the file is missing or empty, isn't a text, or lacks a column.
    """
    records = _Records(lines(path, name, longest=longest), longest)
    places, width = _header(records, name, columns)
    empty = True
    for record in records:
        if isinstance(record, RefusedError):
            empty = False
            yield record
        elif any(cell.strip() for cell in record.cells):
            empty = False
            yield _row(record, places, width)
    if empty:
        raise CaseError(f"{name} has a header and no rows.", "Put its rows into it.")


@dataclass(frozen=True)
class _Record:
    number: int
    cells: list[str]
    taken: tuple[Line, ...]


class _BrokenLineError(Exception):
    """A line that can't be read came where the reader wanted one."""


class _Records:
    """Puts lines together to records; the delimiter is set once the header has been looked at."""

    def __init__(self, source: Iterator[Line], longest: int) -> None:
        self._source = source
        self._longest = longest
        self._waiting: deque[Line] = deque()
        self._taken: list[Line] = []
        self._length = 0
        self._number = 0
        self.delimiter = ","

    def peek(self) -> Line | None:
        """The next line, which is not taken away."""
        if not self._waiting:
            line = next(self._source, None)
            if line is None:
                return None
            self._waiting.append(line)
        return self._waiting[0]

    def skip(self) -> None:
        """Take the next line away; it counts as a row."""
        if self.peek() is not None:
            self._waiting.popleft()
            self._number += 1

    def _feed(self) -> Iterator[str]:
        while (line := self.peek()) is not None:
            if self._length > self._longest:
                raise csv.Error("a cell without end")
            self._waiting.popleft()
            self._taken.append(line)
            self._length += len(line.text)
            if line.problem:
                raise _BrokenLineError
            yield line.text

    def __iter__(self) -> Iterator[_Record | RefusedError]:
        while self.peek() is not None:
            yield self._next()

    def _next(self) -> _Record | RefusedError:
        self._taken, self._length = [], 0
        self._number += 1
        try:
            cells = next(csv.reader(self._feed(), delimiter=self.delimiter, strict=True))
            return _Record(self._number, cells, tuple(self._taken))
        except (csv.Error, _BrokenLineError):
            first, *others = self._taken
            self._waiting.extendleft(reversed(others))
        if first.problem:
            return RefusedError(
                f"Line {first.number} {first.problem}.",
                "Save the table as CSV UTF-8.",
                row=self._number,
            )
        return RefusedError(
            f"A quote on line {first.number} is wrong or never closed.", _QUOTES, row=self._number
        )


def _header(records: _Records, name: str, columns: Columns) -> tuple[dict[str, int], int]:
    """The place of each column that is read, and how many columns there are."""
    while (line := records.peek()) is not None and not line.text.strip() and not line.problem:
        records.skip()
    if line is None or line.problem:
        raise CaseError(f"{name} has no header that can be read.", "Save it as CSV UTF-8.")
    told = line.text.strip().strip('"').casefold()
    if told.startswith("sep=") and len(told) == 5:  # what some spreadsheets put on top
        records.skip()
        line = records.peek() or line
    records.delimiter = max(_DELIMITERS, key=line.text.count)
    record = next(iter(records), None)
    if not isinstance(record, _Record):
        raise CaseError(f"{name} has no header that can be read.", _QUOTES)
    names = [cell.strip().lstrip("\ufeff").casefold() for cell in record.cells]
    repeated = [known for known, n in Counter(filter(None, names)).items() if n > 1]
    wanted = {
        spelling.casefold(): ours
        for ours, spellings in (*columns.needed.items(), *columns.optional.items())
        for spelling in (ours, *spellings)
    }
    twice = [known for known in repeated if known in wanted]
    if twice:
        raise CaseError(
            f"{name} has the column '{twice[0]}' twice.", "Rename or remove one of them."
        )
    places = {
        wanted[known]: place for place, known in reversed([*enumerate(names)]) if known in wanted
    }
    missing = [ours for ours in columns.needed if ours not in places]
    if missing:
        raise _missing(name, missing, [cell.strip() for cell in record.cells if cell.strip()])
    return places, len(record.cells)


def _missing(name: str, missing: list[str], there: list[str]) -> CaseError:
    from rapidfuzz import process

    meant = process.extractOne(missing[0], there, score_cutoff=60, processor=str.casefold)
    hint = f" Is '{meant[0][:40]}' meant?" if meant else ""
    word = "columns" if len(missing) > 1 else "column"
    return CaseError(
        f"{name}, row 1: the {word} {', '.join(missing)} "
        f"{'are' if len(missing) > 1 else 'is'} missing.{hint}",
        "Name the columns as the documentation of the source does.",
    )


def _row(record: _Record, places: dict[str, int], width: int) -> Row | RefusedError:
    cells = record.cells
    if len(cells) > width:
        spare = cells[width:]
        if any(cell.strip() for cell in spare):
            return RefusedError(
                f"It has {len(cells)} cells, and the header has {width}.",
                "Put a text that holds the separator into quotes.",
                row=record.number,
            )
    if len(cells) < width:
        return RefusedError(
            f"It has {len(cells)} cells, and the header has {width}.",
            "Complete the row: the file may have been cut off.",
            row=record.number,
        )
    return Row(
        record.number,
        record.taken[0].number,
        {ours: cells[place] for ours, place in places.items()},
        record.taken[-1].end,
        any(line.guessed for line in record.taken),
    )
