"""The page of a marked table: its figures, confusion matrices and curves."""

from __future__ import annotations

from functools import cache
from math import isnan
from typing import TYPE_CHECKING

from eval.page.charts import Line, chart
from eval.page.files import read, template
from eval.tables.marked import Marked
from radixgpt import __version__

if TYPE_CHECKING:
    from jinja2 import Template

_AXES = {
    "reliability": ("confidence", "observed", "stated chance", "observed share", True),
    "risk_coverage": ("coverage", "risk", "coverage", "risk (share wrong)", False),
}
_TITLES = {"reliability": "Reliability", "risk_coverage": "Risk and coverage"}


def render(marked: Marked, title: str) -> str:
    """Write the page."""
    from markupsafe import Markup

    charts = []
    for name, (x, y, x_title, y_title, diagonal) in _AXES.items():
        lines = [
            Line(curve.task, curve.columns[x], curve.columns[y], curve.columns.get("rows"))
            for curve in marked.curves.get(name, ())
        ]
        if lines:
            drawn = chart(lines, x_title, y_title, diagonal=diagonal)
            charts.append(
                (_TITLES[name], Markup(drawn), [line.name for line in lines])  # noqa: S704 - escaped
            )
    matrices = [
        (
            curve.task,
            [curve.columns[f"stated_{name}"].astype(int).tolist() for name in marked.names],
        )
        for curve in marked.curves.get("confusion", ())
    ]
    return _template().render(
        title=title,
        kind=marked.kind,
        estimates=marked.estimates,
        with_chance=any(e.chance is not None for e in marked.estimates),
        with_tasks=len({e.task for e in marked.estimates}) > 1,
        notes=marked.notes,
        charts=charts,
        matrices=matrices,
        names=marked.names,
        number=_number,
        version=__version__,
        style=Markup(read("style.css") + read("figures.css")),  # noqa: S704 - our own files
    )


def _number(value: float | None) -> str:
    if value is None or isnan(value):
        return "–"
    return f"{value:.1f}" if abs(value) >= 100 else f"{value:.3f}"


@cache
def _template() -> Template:
    return template("figures.html.j2")
