"""What a cell of a table says; spreadsheets' damage is recognised, not taken for a value."""

from __future__ import annotations

import re
from collections.abc import Mapping

from radixgpt.errors import RefusedError

_MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "nil", "-", "--", ".", "?"})
_BROKEN = re.compile(r"#(?:REF!|N/A|VALUE!|NAME\?|DIV/0!|NUM!|NULL!)|#{2,}", re.IGNORECASE)
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_DATE = re.compile(
    rf"\d{{1,2}}[-/ .]{_MONTH}(?:[-/ .]\d{{2,4}})?|{_MONTH}[-/ .]\d{{1,4}}"
    r"|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}|\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?:[ T]\d\d:.*)?",
    re.IGNORECASE,
)
_SHORTENED = re.compile(r"\d(?:[.,]\d+)?E\+\d+", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)")

AS_TEXT = "Set the column to text in the spreadsheet before typing, or correct the cell."


def is_missing(cell: str) -> bool:
    """Whether a cell is empty, or holds one of the usual words for that."""
    return cell.strip().casefold() in _MISSING


def damage(cell: str) -> str | None:
    """What a spreadsheet made of a cell, as the end of a sentence; None where it looks sound."""
    bare = cell.strip()
    if _BROKEN.fullmatch(bare):
        return "a spreadsheet's error"
    if _DATE.fullmatch(bare):
        return "a date: a spreadsheet may have turned a grade or level into it"
    return "a number that a spreadsheet shortened" if _SHORTENED.fullmatch(bare) else None


def number(cell: str, column: str, low: float, high: float) -> float | None:
    """A number within bounds, None where the cell is empty.

    A comma is read as the decimal sign, as much of Europe writes it.

    Raises:
        RefusedError: it is none, or lies out of bounds.
    """
    if is_missing(cell):
        return None
    bare = cell.strip()
    hurt = damage(bare)
    if hurt:
        raise RefusedError(f"{column} holds {hurt}.", AS_TEXT)
    if not _NUMBER.fullmatch(bare):
        raise RefusedError(f"{column} is no number.", f"Write a number from {low:g} to {high:g}.")
    value = float(bare.replace(",", "."))
    if not low <= value <= high:
        raise RefusedError(
            f"{column} is {value:g}, out of range.", f"It goes from {low:g} to {high:g}."
        )
    return value


def whole(cell: str, column: str, low: int, high: int) -> int | None:
    """A whole number within bounds, None where the cell is empty; ``3.0`` is 3.

    Raises:
        RefusedError: it is none, or lies out of bounds.
    """
    value = number(cell, column, low, high)
    if value is None:
        return None
    if value != int(value):
        raise RefusedError(
            f"{column} is {value:g}, not a whole number.", f"It goes from {low} to {high}."
        )
    return int(value)


def choice(cell: str, column: str, meanings: Mapping[str, str]) -> str | None:
    """What one of several words means, None where the cell is empty; case doesn't count.

    Raises:
        RefusedError: it is another word.
    """
    if is_missing(cell):
        return None
    found = meanings.get(cell.strip().casefold())
    if found is None:
        raise RefusedError(
            f"{column} is none of the known words.", f"Write one of: {', '.join(meanings)}."
        )
    return found


SEXES = {"f": "F", "female": "F", "w": "F", "m": "M", "male": "M", "o": "O", "other": "O"}


def sex(cell: str) -> str | None:
    """``F``, ``M`` or ``O``, None where the cell is empty.

    Raises:
        RefusedError: it is another word.
    """
    return choice(cell, "sex", SEXES)


def identifier(cell: str, column: str) -> str:
    """A patient's or study's own pseudonym.

    Raises:
        RefusedError: it is empty, or a spreadsheet damaged it.
    """
    bare = cell.strip()
    if not bare or bare.casefold() in ("nan", "na", "n/a", "null"):
        raise RefusedError(f"{column} is empty.", "Give every row its own.")
    hurt = damage(bare)
    if hurt:
        raise RefusedError(f"{column} holds {hurt}.", AS_TEXT)
    return bare[:-2] if re.fullmatch(r"\d+\.0", bare) else bare


OLDEST_TOLD = 90


def age(cell: str) -> int | None:
    """Age in years; 90 stands for 90 and over, as higher ages single people out.

    Raises:
        RefusedError: it is no age.
    """
    years = whole(cell, "age", 0, 120)
    return None if years is None else min(years, OLDEST_TOLD)
