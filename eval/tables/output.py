"""What marking a table leaves: JSON, CSV and a page."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from pathlib import Path

from eval.batch.output import as_json, hash_of, with_interval
from eval.page import figures
from eval.tables.marked import Estimate, Marked
from radixgpt import __version__


def files(marked: Marked, table: Path, **settings: object) -> dict[str, str]:
    """The files of one marked table, by name."""
    found = {
        "scores.json": as_json(
            {
                "software": f"radixgpt {__version__}",
                "kind": marked.kind,
                "inputs": {"table": hash_of(table)},
                "settings": settings,
                "notes": list(marked.notes),
                "scores": [asdict(estimate) for estimate in marked.estimates],
            }
        ),
        "scores.csv": _csv(
            [field.name for field in fields(Estimate)],
            (list(asdict(estimate).values()) for estimate in marked.estimates),
        ),
        "index.html": figures.render(marked, f"{marked.kind.capitalize()} of {table.name}"),
    }
    for name, curves in marked.curves.items():
        rows = [
            [curve.task, *(float(value) for value in row)]
            for curve in curves
            for row in zip(*curve.columns.values(), strict=True)
        ]
        found[f"{name}.csv"] = _csv(["task", *curves[0].columns], rows)
    return found


def lines(marked: Marked) -> Iterable[str]:
    """The estimates and notes for a terminal."""
    tasks = len({estimate.task for estimate in marked.estimates}) > 1
    names = [f"{e.task}  {e.metric}" if tasks else e.metric for e in marked.estimates]
    width = max(map(len, names))
    for name, e in zip(names, marked.estimates, strict=True):
        chance = "" if e.chance is None else f"  by chance {e.chance:.4f}"
        yield f"{name:<{width}}  {with_interval(e.value, e.low, e.high, 7)}{chance}"
    yield from marked.notes


def _csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    held = io.StringIO()
    writer = csv.writer(held, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return held.getvalue()
