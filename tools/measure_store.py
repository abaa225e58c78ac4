"""A Parquet table that is filled piece by piece, and never holds a row twice.

Each row carries ``key``, what it was made from, and ``made_by``, what it was made with. A run that
is stopped leaves its pieces beside the table; the next run takes them up.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from radixgpt.errors import CaseError, MissingPackageError, SettingsError
from radixgpt.weights import load_card

if TYPE_CHECKING:
    import pandas as pd

_EVERY_SECONDS = 5.0
"""How much work is lost at most when a run is killed."""


def fingerprint(weights: Iterable[str], sources: Iterable[str]) -> str:
    """What a row is made with: the hash of weights and of the modules that compute it.

    Args:
        weights: names of folders under ``weights/``.
        sources: files beside this one.

    Raises:
        WeightsError: there are no such weights.
    """
    total = hashlib.sha256()
    for name in weights:
        total.update(load_card(name).facts().sha256.encode())
    for source in sources:
        total.update((Path(__file__).parent / source).read_bytes())
    return total.hexdigest()[:16]


def key_of(*parts: str) -> str:
    """A key for what a row is made from."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


class Store:
    """One table ``NAME.parquet`` in a folder.

    Args:
        folder: where it lies; made at the first row.
        name: of the table.
        made_by: a :func:`fingerprint`; rows made with anything else are dropped.
        columns: the table's columns and their pandas types, ``key`` and ``made_by`` apart.

    Raises:
        MissingPackageError: pyarrow is not installed.
        CaseError: the table or a piece of it can't be read.
    """

    def __init__(self, folder: Path, name: str, made_by: str, columns: Mapping[str, str]) -> None:
        import pandas as pd

        self._table = folder / f"{name}.parquet"
        self._pieces = folder / f"{name}.pieces"
        self._made_by = made_by
        self._types = {**columns, "key": "string", "made_by": "string"}
        self._new: list[dict[str, Any]] = []
        self._saved = time.monotonic()
        paths = [p for p in (self._table, *sorted(self._pieces.glob("*.parquet"))) if p.is_file()]
        kept = [frame for frame in map(self._read, paths) if len(frame)]
        self.rows = pd.concat(kept, ignore_index=True) if kept else self._frame([])
        self._known = set(self.rows["key"])

    def __contains__(self, key: str) -> bool:
        return key in self._known

    def add(self, key: str, rows: Iterable[dict[str, Any]]) -> None:
        """Add what was made from ``key``; saved at least every few seconds."""
        self._known.add(key)
        self._new.extend({**row, "key": key, "made_by": self._made_by} for row in rows)
        if time.monotonic() - self._saved > _EVERY_SECONDS:
            self.save()

    def save(self) -> None:
        """Save what is new as a piece."""
        import pandas as pd

        if self._new:
            piece = self._frame(self._new)
            number = 1 + len(list(self._pieces.glob("*.parquet")))
            self._write(piece, self._pieces / f"{number:06d}.parquet")
            joined = [self.rows, piece] if len(self.rows) else [piece]
            self.rows = pd.concat(joined, ignore_index=True)
            self._new = []
        self._saved = time.monotonic()

    def finish(self, order: tuple[str, ...]) -> pd.DataFrame:
        """Join table and pieces to one file, sorted by ``order``, and return all rows."""
        self.save()
        pieces = sorted(self._pieces.glob("*.parquet"))
        self.rows = self.rows.sort_values(list(order), kind="stable", ignore_index=True)
        if pieces or not self._table.is_file():
            self._write(self.rows, self._table)
            for piece in pieces:
                piece.unlink()
            if self._pieces.is_dir():
                self._pieces.rmdir()
        return self.rows

    def _frame(self, rows: list[dict[str, Any]]) -> pd.DataFrame:
        import pandas as pd

        return pd.DataFrame(rows, columns=list(self._types)).astype(self._types)

    def _read(self, path: Path) -> pd.DataFrame:
        import pandas as pd

        _needs_pyarrow()
        from pyarrow import ArrowException

        try:
            frame = pd.read_parquet(path, engine="pyarrow")
            return frame.loc[frame["made_by"] == self._made_by, list(self._types)]
        except (OSError, ArrowException, KeyError) as error:
            raise CaseError(
                f"{path.parent.name}/{path.name} is no table of measures, or is damaged.",
                "Delete it; it is made again.",
            ) from error

    def _write(self, frame: pd.DataFrame, path: Path) -> None:
        _needs_pyarrow()
        new = path.with_name(path.name + ".new")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            frame.to_parquet(new, engine="pyarrow", index=False)
            new.replace(path)
        except OSError as error:
            raise SettingsError(
                f"The measures can't be written: {error.strerror or 'unknown reason'}.",
                "Name a workspace that you may write to.",
            ) from error


def _needs_pyarrow() -> None:
    try:
        import pyarrow  # noqa: F401
    except ImportError as error:
        raise MissingPackageError(
            "Parquet tables need pyarrow.", "Install it: pip install -e '.[data]'."
        ) from error
