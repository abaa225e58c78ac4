"""The cases as three Parquet tables, for pandas and other software: cases, images and findings.

They are written piece by piece, so that their size is no matter of memory. Facts become columns of
their own name; one that is a number in some cases and a text in others becomes text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from radixgpt.case import Case, read_cases
from radixgpt.errors import CaseError, MissingPackageError

if TYPE_CHECKING:
    import pandas as pd

PIECE = 5_000
"""Cases that are held in memory at once."""

Row = dict[str, Any]

_CASES: dict[str, str] = {
    "case": "string",
    "source": "string",
    "licence": "string",
    "patient": "string",
    "split": "string",
    "images": "int",
    "findings": "int",
    "concepts": "list",
    "report_origin": "string",
    "text": "string",
    "words": "int",
    "warnings": "list",
}
_IMAGES: dict[str, str] = {
    "case": "string",
    "source": "string",
    "patient": "string",
    "split": "string",
    "path": "string",
    "sha256": "string",
    "modality": "string",
    "plane": "string",
    "sequence": "string",
    "region": "string",
    "view": "string",
    "rows": "int",
    "columns": "int",
    "row_mm": "float",
    "column_mm": "float",
    "mask": "string",
}
_FINDINGS: dict[str, str] = {
    "case": "string",
    "source": "string",
    "patient": "string",
    "split": "string",
    "level": "string",
    "kind": "string",
    "value": "string",
    "grade": "float",
    "side": "string",
    "severity": "string",
    "assertion": "string",
    "section": "string",
    "begin": "int",
    "end": "int",
}
TABLES = {"cases": _CASES, "images": _IMAGES, "findings": _FINDINGS}
"""Table to its fixed columns and their types; facts follow them."""


def write_tables(cases: Path, folder: Path, *, piece: int = PIECE) -> dict[str, int]:
    """Write the tables of a file of cases, and tell how many rows each has.

    Args:
        cases: JSON lines of cases.
        folder: where ``cases.parquet``, ``images.parquet`` and ``findings.parquet`` go; each
            appears whole or not at all.
        piece: cases that are held in memory at once.

    Raises:
        CaseError: the cases can't be read.
        MissingPackageError: pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise MissingPackageError(
            "pyarrow is not installed.", "Install the extra: pip install -e .[data]"
        ) from error
    types = {
        "string": pa.string(),
        "int": pa.int64(),
        "float": pa.float64(),
        "list": pa.list_(pa.string()),
    }
    columns = _columns(cases)
    counts: dict[str, int] = {}
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows_of in _ROWS.items():
        kinds = columns[name]
        schema = pa.schema([(column, types[kind]) for column, kind in kinds.items()])
        new = folder / f"{name}.parquet.new"
        counts[name] = 0
        with pq.ParquetWriter(new, schema) as writer:
            stream = read_cases(cases)
            while some := list(islice(stream, piece)):
                rows = [_fitted(row, kinds) for case in some for row in rows_of(case)]
                writer.write_table(pa.Table.from_pylist(rows, schema=schema))
                counts[name] += len(rows)
        new.replace(folder / f"{name}.parquet")
    return counts


def read_table(folder: Path, name: str) -> pd.DataFrame:
    """One of the tables.

    Raises:
        CaseError: it isn't there.
    """
    import pandas as pd

    path = folder / f"{name}.parquet"
    if not path.is_file():
        raise CaseError(f"There is no {path.name} here.", "Make it first: radixgpt data map.")
    return pd.read_parquet(path)


def _columns(cases: Path) -> dict[str, dict[str, str]]:
    """The columns of each table with their types, the facts of all cases and images included."""
    found: dict[str, dict[str, str]] = {name: dict(fixed) for name, fixed in TABLES.items()}
    for case in read_cases(cases):
        _learn(found["cases"], _CASES, case.facts)
        for image in case.images:
            _learn(found["images"], _IMAGES, image.facts)
    return found


def _learn(
    columns: dict[str, str], fixed: Mapping[str, str], facts: Mapping[str, str | float | None]
) -> None:
    for name, value in facts.items():
        kind = "string" if isinstance(value, str) else "float"
        column = _fact(name, fixed)
        if value is None or columns.setdefault(column, kind) == kind:
            continue
        columns[column] = "string"


def _fact(name: str, fixed: Mapping[str, str]) -> str:
    return f"fact_{name}" if name in fixed else name


def _fitted(row: Row, kinds: Mapping[str, str]) -> Row:
    """A row with a number as text where the column holds texts; facts that nobody has are gone."""
    return {
        column: str(value)
        if kinds[column] == "string" and isinstance(value, int | float)
        else value
        for column, value in row.items()
        if column in kinds
    }


def _common(case: Case) -> Row:
    return {
        "case": case.id,
        "source": case.source,
        "patient": case.patient,
        "split": case.split,
    }


def _case_rows(case: Case) -> Iterator[Row]:
    text = case.text
    yield {
        **_common(case),
        "licence": case.licence,
        "images": len(case.images),
        "findings": len(case.findings),
        "concepts": [concept.cui or concept.sct or concept.meaning for concept in case.concepts],
        "report_origin": case.report_origin,
        "text": text or None,
        "words": len(text.split()),
        "warnings": list(case.warnings),
        **{_fact(name, _CASES): value for name, value in case.facts.items()},
    }


def _image_rows(case: Case) -> Iterator[Row]:
    for image in case.images:
        row_mm, column_mm = image.spacing or (None, None)
        told = image.model_dump(exclude={"spacing", "facts"})
        facts = {_fact(name, _IMAGES): value for name, value in image.facts.items()}
        yield {**_common(case), **told, "row_mm": row_mm, "column_mm": column_mm, **facts}


def _finding_rows(case: Case) -> Iterator[Row]:
    for finding in case.findings:
        begin, end = finding.span or (None, None)
        value = finding.value
        yield {
            **_common(case),
            **finding.model_dump(exclude={"span", "value"}),
            "value": None if value is None else str(value),
            "grade": float(value) if isinstance(value, int | float) else None,
            "begin": begin,
            "end": end,
        }


_ROWS: dict[str, Callable[[Case], Iterator[Row]]] = {
    "cases": _case_rows,
    "images": _image_rows,
    "findings": _finding_rows,
}
