"""What a scoring leaves: ``scores.json``, and the scores of each study as Parquet and CSV."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from hashlib import sha256
from math import isfinite, isnan
from pathlib import Path

from eval.batch.scoring import Score, Scored
from radixgpt import __version__
from radixgpt.errors import MissingPackageError, RadixError, SettingsError

SCORES, STUDIES, PAGE = "scores.json", "studies", "index.html"


def written(parts: Iterable[Scored], folder: Path) -> Iterator[Scored]:
    """Write the scores of each study as blocks come, and hand the blocks on.

    ``studies.parquet`` and ``studies.csv`` appear when the last block is through.

    Raises:
        MissingPackageError: pyarrow is not installed.
        SettingsError: the folder can't be written to.
    """
    try:
        import pyarrow as arrow
        from pyarrow import csv, parquet
    except ImportError as error:
        raise MissingPackageError(
            "pyarrow is not installed.", "Install it: pip install -e '.[eval]' -c lock.txt."
        ) from error
    whole, text = folder / f"{STUDIES}.parquet.new", folder / f"{STUDIES}.csv.new"
    writers = None
    try:
        with _writable():
            folder.mkdir(parents=True, exist_ok=True)
        for part in parts:
            table = arrow.table({"id": part.ids, "group": part.groups, **part.scores()})
            with _writable():
                if writers is None:
                    writers = (
                        parquet.ParquetWriter(whole, table.schema),
                        csv.CSVWriter(text, table.schema),
                    )
                for writer in writers:
                    writer.write_table(table)
            yield part
    finally:
        with _writable():
            for writer in writers or ():
                writer.close()
    if writers is not None:
        with _writable():
            for path in (whole, text):
                path.replace(path.with_suffix(""))


@contextmanager
def _writable() -> Iterator[None]:
    """Tell a disk that does not take what is written to it.

    Raises:
        SettingsError: it doesn't.
    """
    try:
        yield
    except OSError as error:
        raise SettingsError(
            f"The scores can't be written: {error.strerror or 'unknown reason'}.",
            "Name a folder that you may write to, on a disk with room.",
        ) from error


def with_interval(value: float, low: float, high: float, width: int = 6) -> str:
    """A value and its interval for a terminal; ``-`` for one that nobody can compute."""
    value_said, *ends = ("-" if isnan(one) else f"{one:.4f}" for one in (value, low, high))
    return f"{value_said:>{width}}  ({' to '.join(ends)})"


def summary_of(
    scores: Iterable[Score],
    left_out: Mapping[str, RadixError],
    inputs: Mapping[str, Path],
    **settings: object,
) -> str:
    """The corpus scores as JSON, with what is needed to make them again, and what was left out."""
    return as_json(
        {
            "software": f"radixgpt {__version__}",
            "inputs": {name: hash_of(path) for name, path in inputs.items()},
            "settings": settings,
            "scores": [asdict(score) for score in scores],
            "left_out": [
                {"metrics": name, "problem": lack.problem, "mend": lack.mend}
                for name, lack in left_out.items()
            ],
        }
    )


def as_json(value: object, indent: int | None = 2) -> str:
    """A value as JSON, which has no nan: what can't be computed is null."""
    return json.dumps(_plain(value), indent=indent, ensure_ascii=False, allow_nan=False) + "\n"


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return None if isinstance(value, float) and not isfinite(value) else value


def hash_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    digest = sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()
