"""Reading what was learned: the marks, and which of them a trained network has to beat."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from data.baselines.marks import MAIN

Document = Mapping[str, Any]
Row = Mapping[str, Any]
SPLITS = ("development", "cross-validation")


def main_metric(marks: Iterable[Row], finding: str) -> str:
    """The figure that a finding is judged by first."""
    named = (r["metric"] for r in marks if r["finding"] == finding and r["metric"] in MAIN)
    return str(next(named))


def rows(
    marks: Iterable[Row], *, split: str, finding: str | None = None, metric: str | None = None
) -> list[Row]:
    """The marks of a split, of one finding or figure alone if asked for."""
    return [
        row
        for row in marks
        if row["split"] == split
        and finding in (None, row["finding"])
        and metric in (None, row["metric"])
    ]


def chosen(marks: Iterable[Row], finding: str) -> str | None:
    """The model with the best main figure in the cross-validation, the simplest of equals.

    It is chosen without the development patients, so that its figures on them flatter nobody.

    Returns:
        None where no model could be learned.
    """
    marks = list(marks)
    metric = main_metric(marks, finding)
    there = [
        row
        for row in rows(marks, split="cross-validation", finding=finding, metric=metric)
        if row["value"] is not None
    ]
    best = max(there, key=lambda row: row["value"], default=None)
    return None if best is None else str(best["model"])


def to_beat(marks: Iterable[Row]) -> list[Row]:
    """The development figures of the chosen model of each finding, in the order of the marks."""
    marks = list(marks)
    models = {finding: chosen(marks, finding) for finding in dict.fromkeys(findings(marks))}
    return [r for r in rows(marks, split="development") if r["model"] == models[r["finding"]]]


def findings(marks: Iterable[Row]) -> list[str]:
    """The findings, in the order of the marks."""
    return list(dict.fromkeys(str(row["finding"]) for row in marks))
