"""Plotly specifications that the baselines' sections need besides the exploration's charts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from data.baselines.models import MODEL_TITLES
from data.explore.chart import Spec, colour_of, heat

Row = Mapping[str, Any]
HEIGHT = 330
"""Of a figure with views by finding, in pixels."""
_MARKERS = ("circle", "diamond")


def hover_of(row: Row, value: str = "value") -> str:
    """A figure with its interval, or why there is none."""
    if row.get(value) is None:
        return f"not estimable: {row.get('reason', '')}"
    if row.get("low") is None:
        return f"{row[value]:.3f}"
    return f"{row[value]:.3f} ({row['low']:.3f} to {row['high']:.3f})"


def grid(
    rows: Iterable[str],
    columns: Iterable[str],
    at: Callable[[str, str], Row | None],
    *,
    row_title: Callable[[str], str],
    column_title: Callable[[str], str],
    value: str,
    low: float,
    high: float,
    diverging: bool = False,
) -> Spec:
    """A heat map of rows of figures; what is not estimable stays empty and says why.

    Args:
        rows: names from top to bottom.
        columns: names from left to right.
        at: the row of figures of a cell; None where there is nothing.
        row_title: a row's name in words.
        column_title: a column's name in words.
        value: key of the coloured number; ``shown`` is written into the cell if the row has it.
        low: lower end of the scale.
        high: upper end.
        diverging: the scale has a neutral middle.
    """
    across, down = list(columns), list(rows)
    cells = [[at(row, column) or {} for column in across] for row in down]
    told = [
        [
            f"{row_title(row)}, {column_title(column)}\n"
            + (hover_of(cell, "value" if "value" in cell else value) if cell else "not asked")
            for column, cell in zip(across, line, strict=True)
        ]
        for row, line in zip(down, cells, strict=True)
    ]
    return heat(
        [column_title(column) for column in across],
        [row_title(row) for row in down],
        [[cell.get(value) for cell in line] for line in cells],
        shown=[
            [str(cell.get("shown") or _two_places(cell.get(value))) for cell in line]
            for line in cells
        ],
        hover=told,
        low=low,
        high=high,
        diverging=diverging,
    )


def _two_places(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}".replace("-0.00", "0.00")


def forest(
    labels: Sequence[str],
    series: Mapping[str, Sequence[Row]],
    *,
    x: str,
    neutral: float,
    value: str = "value",
    logarithmic: bool = False,
) -> Spec:
    """Values with intervals, one line a label, and a dotted line where nothing is said.

    Args:
        labels: from top to bottom.
        series: rows of figures by name, each as long as ``labels``.
        x: title of the axis.
        neutral: where the dotted line stands.
        value: key of the value; ``low`` and ``high`` are its interval.
        logarithmic: the axis is.
    """
    data = []
    for position, (name, rows) in enumerate(series.items()):
        there = [
            (label, row)
            for label, row in zip(labels, rows, strict=True)
            if row.get(value) is not None
        ]
        colour = colour_of(name, position)
        data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": name,
                "x": [row[value] for _, row in there],
                "y": [label for label, _ in there],
                "error_x": {
                    "type": "data",
                    "symmetric": False,
                    "array": [_reach(row, value, "high") for _, row in there],
                    "arrayminus": [_reach(row, value, "low") for _, row in there],
                    "thickness": 1.5,
                    "width": 4,
                    "color": colour,
                },
                "marker": {
                    "color": colour,
                    "size": 8,
                    "symbol": ("circle", "diamond")[position % 2],
                },
                "customdata": [hover_of(row, value) for _, row in there],
                "hovertemplate": "%{y}: %{customdata}<extra>%{fullData.name}</extra>",
            }
        )
    order = {"categoryorder": "array", "categoryarray": list(labels), "autorange": "reversed"}
    return {
        "data": data,
        "layout": {
            "xaxis": {
                "title": {"text": x},
                "automargin": True,
                "type": "log" if logarithmic else "linear",
            },
            "yaxis": {"type": "category", "automargin": True, **order},
            "showlegend": len(series) > 1,
            "shapes": [
                {
                    "type": "line",
                    "xref": "x",
                    "yref": "paper",
                    "x0": neutral,
                    "x1": neutral,
                    "y0": 0,
                    "y1": 1,
                    "line": {"color": "$soft", "width": 1, "dash": "dot"},
                }
            ],
        },
    }


def _reach(row: Row, value: str, end: str) -> float:
    """How far an end of the interval lies from the value."""
    return 0.0 if row.get(end) is None else round(abs(row[end] - row[value]), 4)


def traces(rows: Iterable[Row], *, by: str, x: str, y: str, x_title: str, y_title: str) -> Spec:
    """Curves of points, one a model, with intervals where the rows have them."""
    curves: dict[str, list[Row]] = {}
    for row in rows:
        if row.get(y) is not None:
            curves.setdefault(str(row[by]), []).append(row)
    data = []
    for name, points in curves.items():
        position = list(MODEL_TITLES).index(name)
        trace: Spec = {
            "type": "scatter",
            "mode": "lines+markers",
            "name": MODEL_TITLES[name],
            "x": [point[x] for point in points],
            "y": [point[y] for point in points],
            "line": {"color": colour_of(name, position), "width": 2},
            "marker": {"color": colour_of(name, position), "size": 6},
            "customdata": [
                hover_of(p, y) + (f", {p['discs']} discs" if "discs" in p else "") for p in points
            ],
            "hovertemplate": "%{customdata}<extra>%{fullData.name}</extra>",
        }
        if all("low" in point for point in points):
            trace["error_y"] = {
                "type": "data",
                "symmetric": False,
                "array": [_reach(point, y, "high") for point in points],
                "arrayminus": [_reach(point, y, "low") for point in points],
                "thickness": 1,
                "width": 3,
                "color": colour_of(name, position),
            }
        data.append(trace)
    return {
        "data": data,
        "layout": {
            "xaxis": {"title": {"text": x_title}, "automargin": True, "rangemode": "tozero"},
            "yaxis": {"title": {"text": y_title}, "automargin": True},
            "showlegend": len(data) > 1,
        },
    }
