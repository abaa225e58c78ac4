"""What marking a table gives: estimates with intervals, and curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from eval.statistics import Floats


@dataclass(frozen=True)
class Estimate:
    """One figure with its 95 % interval.

    Attributes:
        task: what the rows are of; ``all`` for all rows.
        metric: its name.
        value: nan where it can't be computed, such as an AUROC of one class.
        low: lower end of the interval.
        high: upper end.
        rows: rows of the table that it is of.
        groups: studies, or patients, that were drawn from.
        chance: what a random order or answer would have; None where that is not said.
    """

    task: str
    metric: str
    value: float
    low: float
    high: float
    rows: int
    groups: int
    chance: float | None = None


@dataclass(frozen=True)
class Curve:
    """A curve of one task, as a table of columns of the same length.

    Attributes:
        task: as in the estimates.
        columns: name to numbers.
    """

    task: str
    columns: Mapping[str, Floats]


@dataclass(frozen=True)
class Marked:
    """A table marked.

    Attributes:
        kind: ``grades``, ``retrieval`` or ``calibration``.
        estimates: all figures.
        curves: name of a set of curves to its curves.
        notes: what to know when reading them.
        names: of the classes, where there are any.
    """

    kind: str
    estimates: list[Estimate]
    curves: Mapping[str, Sequence[Curve]] = field(default_factory=dict)
    notes: Sequence[str] = ()
    names: Sequence[str] = ()


def estimates(
    task: str,
    names: Sequence[str],
    values: Sequence[float],
    ends: Floats,
    *,
    rows: int,
    groups: int,
    chance: Mapping[str, float] | None = None,
) -> list[Estimate]:
    """Estimates of one task from values and their intervals, (figures, 2)."""
    by_chance = chance or {}
    return [
        Estimate(task, name, value, float(low), float(high), rows, groups, by_chance.get(name))
        for name, value, (low, high) in zip(names, values, ends, strict=True)
    ]


ALL = "all"


def tasks_of(names: Sequence[str] | None, rows: int) -> dict[str, list[int]]:
    """Rows by task, after ``all`` of them; a single task is not told twice."""
    found: dict[str, list[int]] = {ALL: list(range(rows))}
    if names is not None and len(set(names)) > 1:
        for row, name in enumerate(names):
            found.setdefault(name if name != ALL else f"{ALL} (task)", []).append(row)
    return found
