"""The rows of a table as they stand: CSV, JSON lines or Parquet."""

from __future__ import annotations

import csv
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from radixgpt.errors import CaseError, MissingPackageError

Record = Mapping[str, object]
_SHOWN = 200
_PIECE = 10_000
_BYTE = re.compile("[\udc80-\udcff]")
"""How a byte that is not UTF-8 comes in, so that its row can be told."""
_UTF8 = "Save it as UTF-8."


def records(path: Path, unread: list[str] | None = None) -> Iterator[tuple[int, Record]]:
    """The rows one at a time with their numbers: the line, the record of a CSV, or from 1.

    The ending says what a table is: ``.jsonl``, ``.parquet``, and CSV otherwise. Text is UTF-8.

    Args:
        path: the table.
        unread: told what is wrong with rows that can't be read, which are then passed over;
            without it the first of them is an error.

    Raises:
        CaseError: the table is missing, empty or not of its kind, or a row can't be read.
        MissingPackageError: it is Parquet, and pyarrow is not installed.
    """
    kind = {".jsonl": _json, ".parquet": _parquet}.get(path.suffix, _csv)
    try:
        yield from kind(path, _Lost(path.name, unread))
    except (FileNotFoundError, IsADirectoryError) as error:
        raise CaseError(
            f"There is no file {path.name or path}.", "Name a CSV, JSON-lines or Parquet file."
        ) from error


class _Lost:
    """Rows that can't be read: told to whoever collects them, else an error."""

    def __init__(self, table: str, told: list[str] | None) -> None:
        self.table = table
        self._told = told

    def tell(self, where: str, what: str, mend: str) -> None:
        """Note a row, or refuse the table for it.

        Raises:
            CaseError: nobody collects them.
        """
        problem = f"{self.table}, {where} {what}"
        if self._told is None:
            raise CaseError(f"{problem}.", mend)
        self._told.append(problem)


def _bad_byte(text: str) -> str:
    """The first byte that was not UTF-8, for a message; nothing where all were."""
    found = None if text.isascii() else _BYTE.search(text)
    return f"is not UTF-8: byte {ord(found[0]) - 0xDC00:#04x} can't be read" if found else ""


def told_at_once(problems: list[str], mend: str) -> None:
    """Refuse a table with all that is wrong with it.

    Raises:
        CaseError: there are problems, each on a line of its own where there are several; the first
            200 are named, and the same one once.
    """
    if not problems:
        return
    problems = list(dict.fromkeys(problems))
    left = len(problems) - _SHOWN
    rest = [f"and {left} more"] if left > 0 else []
    if len(problems) == 1:
        raise CaseError(f"1 problem: {problems[0]}.", mend)
    listed = "\n".join(f"  {problem}" for problem in [*problems[:_SHOWN], *rest])
    raise CaseError(f"{len(problems)} problems:\n{listed}", mend)


def columns_said(columns: Iterable[str]) -> str:
    """The columns of a table, for a message."""
    return ", ".join(columns) or "none"


def _csv(path: Path, lost: _Lost) -> Iterator[tuple[int, Record]]:
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        number = 1
        try:
            _headings(path.name, list(reader.fieldnames or ()))
            for number, record in enumerate(reader, start=2):
                bad = next(filter(None, map(_bad_byte, _texts(record))), "")
                if bad:
                    lost.tell(f"row {number}", bad, _UTF8)
                elif None in record:
                    lost.tell(
                        f"row {number}", "has more cells than there are columns",
                        "Quote fields with commas.",
                    )  # fmt: skip
                elif None in record.values():
                    lost.tell(
                        f"row {number}", "has fewer cells than there are columns",
                        "Write a comma for each cell that is empty.",
                    )  # fmt: skip
                else:
                    yield number, record
        except csv.Error as error:
            # Where a quote is not closed nobody can tell the rows that follow.
            lost.tell(
                f"row {number + 1}", f"and what follows is no CSV: {error}",
                'Quote fields with commas, and write a quote within them as "".',
            )  # fmt: skip


def _headings(table: str, names: list[str]) -> None:
    """Refuse headings that can't be told apart.

    Raises:
        CaseError: there is none, one is there twice, or they are not UTF-8.
    """
    bad = _bad_byte(" ".join(names))
    if bad:
        raise CaseError(f"{table}, row 1 {bad}.", _UTF8)
    if not names or len(set(names)) < len(names):
        raise CaseError(
            f"{table} has the columns {columns_said(names)}.",
            "Give each column a name of its own in the first row.",
        )


def _texts(record: Record) -> Iterator[str]:
    """The cells of a row of a CSV; those beyond the columns are a list."""
    for cell in record.values():
        if isinstance(cell, str):
            yield cell


def _json(path: Path, lost: _Lost) -> Iterator[tuple[int, Record]]:
    with path.open(encoding="utf-8-sig", errors="surrogateescape") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            where = f"line {number}"
            bad = _bad_byte(line)
            if bad:
                lost.tell(where, bad, _UTF8)
                continue
            try:
                record = json.loads(line, object_pairs_hook=each_once)
            except RepeatedKeyError as error:
                lost.tell(where, str(error), "Name each thing once.")
                continue
            except (ValueError, RecursionError):
                lost.tell(where, "is no JSON", "Mend or remove the line.")
                continue
            if not isinstance(record, dict):
                lost.tell(where, "is no object", "Write one object a line.")
                continue
            yield number, record


class RepeatedKeyError(ValueError):
    """An object of JSON names a key twice, so that nobody can tell which was meant."""


def each_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object of JSON from its pairs, for ``object_pairs_hook``.

    Raises:
        RepeatedKeyError: a key is there twice.
    """
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)
        raise RepeatedKeyError(f"names {twice[:60]!r} twice")
    return found


def _parquet(path: Path, _: _Lost) -> Iterator[tuple[int, Record]]:
    try:
        from pyarrow import ArrowException, parquet
    except ImportError as error:
        raise MissingPackageError(
            "pyarrow is not installed.", "Install it: pip install -e '.[eval]' -c lock.txt."
        ) from error
    number = 0
    try:
        for batch in parquet.ParquetFile(path).iter_batches(_PIECE):
            for record in batch.to_pylist():
                number += 1
                yield number, record
    except (ArrowException, OSError) as error:
        if isinstance(error, FileNotFoundError | IsADirectoryError):
            raise
        raise CaseError(f"{path.name} is no Parquet file.", "Write it again.") from error
