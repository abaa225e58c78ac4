"""The rows of a table as they stand: CSV, JSON lines or Parquet."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from radixgpt.errors import CaseError, MissingPackageError

Record = Mapping[str, object]
_SHOWN = 20
_PIECE = 10_000


def records(path: Path) -> Iterator[tuple[int, Record]]:
    """The rows one at a time with their numbers: the line, the record of a CSV, or from 1.

    The ending says what a table is: ``.jsonl``, ``.parquet``, and CSV otherwise. Text is UTF-8.

    Raises:
        CaseError: the table is missing, empty or not of its kind; a line of JSON is no object; a
            row of a CSV has more cells than there are columns.
        MissingPackageError: it is Parquet, and pyarrow is not installed.
    """
    kind = {".jsonl": _json, ".parquet": _parquet}.get(path.suffix, _csv)
    try:
        yield from kind(path)
    except (FileNotFoundError, IsADirectoryError) as error:
        raise CaseError(
            f"There is no {path.name}.", "Name a CSV, JSON-lines or Parquet file."
        ) from error
    except UnicodeDecodeError as error:
        raise CaseError(
            f"{path.name} is not UTF-8: byte {error.object[error.start]:#04x} can't be read.",
            "Save it as UTF-8.",
        ) from error
    except csv.Error as error:
        raise CaseError(f"{path.name} is no CSV: {error}.", "Quote fields with commas.") from error


def told_at_once(problems: list[str], mend: str) -> None:
    """Refuse a table with all that is wrong with it.

    Raises:
        CaseError: there are problems; the first twenty are named.
    """
    if not problems:
        return
    left = len(problems) - _SHOWN
    rest = [f"and {left} more"] if left > 0 else []
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    raise CaseError(f"{count}: {'; '.join([*problems[:_SHOWN], *rest])}.", mend)


def columns_said(columns: Iterable[str]) -> str:
    """The columns of a table, for a message."""
    return ", ".join(columns) or "none"


def _csv(path: Path) -> Iterator[tuple[int, Record]]:
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, restval="")
        names = list(reader.fieldnames or ())
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice or not names:
            raise CaseError(
                f"{path.name} has the columns {columns_said(names)}.",
                "Give each column a name of its own in the first row.",
            )
        for number, record in enumerate(reader, start=2):
            if None in record:
                raise CaseError(
                    f"{path.name}, row {number} has more cells than there are columns.",
                    "Quote fields with commas.",
                )
            yield number, record


def _json(path: Path) -> Iterator[tuple[int, Record]]:
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
            except (json.JSONDecodeError, RecursionError) as error:
                raise CaseError(
                    f"{path.name}, line {number} is no JSON.", "Mend or remove the line."
                ) from error
            if not isinstance(record, dict):
                raise CaseError(
                    f"{path.name}, line {number} is no object.", "Write one object a line."
                )
            yield number, record


def _parquet(path: Path) -> Iterator[tuple[int, Record]]:
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
