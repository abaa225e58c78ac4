"""Columns of the tables as labels and as numbers, whatever the sources wrote into them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from data.explore.chart import UNKNOWN, top

if TYPE_CHECKING:
    import pandas as pd

MOST_SOURCES = 20
_SEXES = {"f": "F", "female": "F", "m": "M", "male": "M", "o": "O", "other": "O"}
"""Patient's sex as DICOM writes it (PS3.3 C.7.1.1)."""


def labels(frame: pd.DataFrame, column: str) -> pd.Series[str]:
    """A column as text; what is missing, empty or the word itself is ``unknown``."""
    import pandas as pd

    if column not in frame:
        return pd.Series(UNKNOWN, index=frame.index, dtype=object)
    values = frame[column].map(_label)
    return values.astype(object)


def _label(value: object) -> str:
    if value is None or value != value:  # NaN is not itself
        return UNKNOWN
    if isinstance(value, float):
        return f"{value:g}"
    text = str(value).strip()
    return UNKNOWN if text.lower() in ("", UNKNOWN, "none", "nan") else text


def filled(values: pd.Series[Any]) -> pd.Series[str]:
    """Labels with ``unknown`` where there is none, also where there is none at all."""
    return values.astype(object).where(values.notna(), UNKNOWN)


def numbers(frame: pd.DataFrame, column: str) -> pd.Series[float]:
    """A column as numbers; what is missing or no number is NaN."""
    import numpy as np
    import pandas as pd

    if column not in frame:
        return pd.Series(np.nan, index=frame.index, dtype=float)
    found = pd.to_numeric(frame[column], errors="coerce").astype(float)
    return found.where(np.isfinite(found))


def sexes(frame: pd.DataFrame) -> pd.Series[str]:
    """F, M, O or unknown."""
    return labels(frame, "sex").map(lambda text: _SEXES.get(text.lower(), UNKNOWN))


def counts(values: pd.Series[str]) -> dict[str, int]:
    """How often each label occurs, the most frequent first."""
    found = values.value_counts()
    pairs = [(str(name), int(n)) for name, n in found.items()]
    return dict(sorted(pairs, key=lambda pair: (-pair[1], pair[0])))


def joined(values: pd.Series[str], most: int) -> pd.Series[str]:
    """The most frequent labels; the others as ``other``."""
    shown = top(counts(values), most)
    return values.where(values.isin(list(shown)), "other")


def shown_sources(cases: pd.DataFrame) -> tuple[list[str], str]:
    """The sources that figures show, largest first, and a note where there are more."""
    names = list(counts(cases["source"]))
    more = len(names) > MOST_SOURCES
    note = f"The {MOST_SOURCES} largest of {len(names):,} sources." if more else ""
    return names[:MOST_SOURCES], note


def tally(frame: pd.DataFrame, *columns: str) -> list[tuple[tuple[Any, ...], int]]:
    """How often each combination of values occurs, the most frequent first."""
    return Counter(zip(*(frame[name] for name in columns), strict=True)).most_common()


def cross(frame: pd.DataFrame, rows: str, columns: str) -> dict[str, dict[str, int]]:
    """Counts of two columns of labels: column label to row label to count, frequent first."""
    found: dict[str, dict[str, int]] = {}
    for (column, row), n in tally(frame, columns, rows):
        found.setdefault(str(column), {})[str(row)] = n
    ordered = sorted(found, key=lambda name: (name == UNKNOWN, -sum(found[name].values()), name))
    return {name: found[name] for name in ordered}
