"""Kinds of finding and their levels, as the sections name, order and count them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from data.explore.tables import POSITIVE_FROM
from data.explore.wording import capital, title_of
from radixgpt.finding import KINDS
from radixgpt.level import order

if TYPE_CHECKING:
    import pandas as pd

FEW = 10
"""A share of fewer than this is marked as uncertain."""
NO_LEVEL = "no level"
_ROMAN = ("0", "I", "II", "III", "IV", "V")


def positive_title(kind: str) -> str:
    """A kind with the grade from which it counts as positive."""
    words = capital(title_of(kind))
    if kind not in POSITIVE_FROM:
        return words
    last = KINDS[kind].values[-1]
    return f"{words} {_ROMAN[POSITIVE_FROM[kind]]}-{_ROMAN[int(last)]}"


def units(graded: pd.DataFrame) -> pd.DataFrame:
    """One row a case, level and kind: positive if any statement of it is; open ones are left out.

    Findings without a level stand under ``no level``.
    """
    known = graded[graded["positive"].notna()]
    told = known.assign(
        level=known["level"].where(known["level"].notna(), NO_LEVEL),
        positive=known["positive"].astype(bool),
    )
    return told.groupby(["case", "level", "kind"], observed=True)["positive"].any().reset_index()


def sorted_levels(levels: Sequence[str]) -> list[str]:
    """From head to tail, findings without a level last."""
    named = sorted((level for level in levels if level != NO_LEVEL), key=order)
    return [*named, *([NO_LEVEL] if NO_LEVEL in levels else [])]
