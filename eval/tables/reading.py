"""A table read whole, its cells checked; all that is wrong is told at once, with rows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from eval.records import columns_said, records, told_at_once
from eval.statistics import Floats
from radixgpt.errors import CaseError

_YES, _NO = ("1", "true", "yes"), ("0", "false", "no")


class Table:
    """A table of one row a statement.

    Methods that read a column note what is wrong with its cells; :meth:`check` then refuses.

    Attributes:
        name: of the file.
        columns: names, in order.
        numbers: number of each row.

    Raises:
        CaseError: the table can't be read, or has no row.
    """

    def __init__(self, path: Path) -> None:
        self._problems: list[str] = []
        self._unread: list[int] = []
        found = list(records(path, self._problems))
        self.name = path.name
        self.columns = list(dict.fromkeys(name for _, record in found for name in record))
        self.numbers = [number for number, _ in found]
        self._cells = {
            name: [_text(record.get(name)) for _, record in found] for name in self.columns
        }
        if not found:
            self.check("Give rows that can be read.")
            raise CaseError(f"{path.name} has no row.", "Give at least one.")

    def __len__(self) -> int:
        return len(self.numbers)

    def __contains__(self, column: str) -> bool:
        return column in self._cells

    def need(self, *columns: str, mend: str) -> None:
        """Refuse a table that lacks a column.

        Raises:
            CaseError: it does.
        """
        if any(column not in self for column in columns):
            raise CaseError(f"{self.name} has the columns {columns_said(self.columns)}.", mend)

    def wrong(self, row: int, what: str) -> None:
        """Note what is wrong with a row, by its place from 0."""
        self._unread.append(row)
        self._problems.append(f"{self.name}, row {self.numbers[row]}: {what}")

    def check(self, mend: str) -> None:
        """Refuse the table if anything was wrong with it.

        Raises:
            CaseError: all problems with their rows.
        """
        told_at_once(self._problems, mend)

    def texts(self, column: str) -> list[str]:
        """A column of names; an empty cell is wrong."""
        for row, cell in enumerate(self._cells[column]):
            if not cell:
                self.wrong(row, f"{column} is empty")
        return self._cells[column]

    def chosen(self, column: str, allowed: Sequence[str]) -> list[int]:
        """A column of names as places in ``allowed``; another name is wrong."""
        place = {name: number for number, name in enumerate(allowed)}
        found = []
        for row, cell in enumerate(self._cells[column]):
            if cell not in place:
                self.wrong(row, f"{column} is {cell or 'empty'}, not one of {', '.join(allowed)}")
            found.append(place.get(cell, 0))
        return found

    def floats(self, column: str, low: float = -math.inf, high: float = math.inf) -> Floats:
        """A column of numbers; what is none, or not from ``low`` to ``high``, is wrong."""
        found = np.zeros(len(self))
        for row, cell in enumerate(self._cells[column]):
            try:
                value = float(cell)
            except ValueError:
                self.wrong(row, f"{column} is {cell or 'empty'}, no number")
                continue
            if not low <= value <= high or not math.isfinite(value):
                between = f" from {low:g} to {high:g}" if math.isfinite(high - low) else ""
                self.wrong(row, f"{column} is {cell}, no number{between}")
                continue
            found[row] = value
        return found

    def flags(self, column: str) -> list[bool]:
        """A column of 1 or 0, true or false, yes or no."""
        found = []
        for row, cell in enumerate(self._cells[column]):
            if cell.lower() not in _YES + _NO:
                self.wrong(row, f"{column} is {cell or 'empty'}, neither 1 nor 0")
            found.append(cell.lower() in _YES)
        return found

    def once(self, columns: Iterable[str], what: str) -> None:
        """Note rows that repeat an earlier one in all of these columns."""
        seen: dict[tuple[str, ...], int] = {}
        for row, key in enumerate(zip(*(self._cells[name] for name in columns), strict=True)):
            if key in seen:
                self.wrong(row, f"{what} {' / '.join(key)} is there already, in row {seen[key]}")
            seen.setdefault(key, self.numbers[row])

    def chances(self, names: Sequence[str]) -> Floats | None:
        """Columns ``p_NAME`` as (rows, names) that sum to 1; None where there are none of them.

        Raises:
            CaseError: some of the columns are there and others are not.
        """
        columns = [f"p_{name}" for name in names]
        if not any(column.startswith("p_") for column in self.columns):
            return None
        self.need(*columns, mend=f"Give chances as {', '.join(columns)}, or none.")
        told = len(self._unread)
        found = np.column_stack([self.floats(column, 0, 1) for column in columns])
        unread = set(self._unread[told:])
        total = found.sum(axis=1)
        for row in np.flatnonzero(np.abs(total - 1) > 0.01):
            if int(row) in unread:
                continue
            self.wrong(int(row), f"the chances sum to {total[row]:.3g}, not to 1")
        shares: Floats = found / np.maximum(total, 1e-12)[:, None]
        return shares

    def groups(self, *otherwise: str) -> list[str]:
        """What the bootstrap draws as one: ``patient``, ``study`` or the first of ``otherwise``.

        Raises:
            CaseError: there is none of these columns.
        """
        names = ("patient", "study", *otherwise)
        found = next((name for name in names if name in self), None)
        if found is None:
            self.need(names[0], mend=f"It needs one of {', '.join(names)}, to draw studies whole.")
        return self.texts(found or names[0])


def _text(cell: object) -> str:
    """A cell as text: whole numbers without a point, nothing for null."""
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    if isinstance(cell, bool):
        return "1" if cell else "0"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()
