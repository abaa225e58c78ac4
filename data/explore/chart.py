"""Plotly figures as plain specifications; the page draws them in its own colours.

Everything is counted here and only counts go on the page, so a figure of a hundred thousand cases
is as small as one of ten.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import ceil, floor, log10
from typing import Any

from data.explore.section import Figure, View

Spec = dict[str, Any]
COLOURS = 9
"""The page has colours ``$0`` to ``$8``; ``$soft`` is for what is unknown or left over."""
UNKNOWN = "unknown"
NO_SPLIT = "no split"
NEGATIVE = "negative"
_PALE = frozenset({UNKNOWN, "other", NO_SPLIT, NEGATIVE})
_MOST_BARS = 24
_FEW_BARS = 3
_FEW_POWERS = 3
_SLANTED_FROM = 6
_SLANTED_LENGTH = 14


def colour_of(name: str, position: int) -> str:
    """Name of the colour of a series."""
    return "$soft" if name in _PALE else f"${position % COLOURS}"


def figure(key: str, title: str, *views: tuple[str, Spec], **options: Any) -> Figure:
    """A figure of labelled views; ``options`` are those of :class:`Figure`."""
    return Figure(key, title, tuple(View(label, spec) for label, spec in views), **options)


def _layout(x: str, y: str, **more: Any) -> Spec:
    layout: Spec = {
        "xaxis": {"title": {"text": x}, "automargin": True},
        "yaxis": {"title": {"text": y}, "automargin": True},
    }
    for name, value in more.items():
        if name in ("xaxis", "yaxis"):
            layout[name].update(value)
        else:
            layout[name] = value
    return layout


def bars(
    labels: Sequence[str],
    series: Mapping[str, Sequence[float]],
    *,
    x: str = "",
    y: str = "",
    lying: bool = False,
    stacked: bool = True,
    share: bool = False,
) -> Spec:
    """Bars, one group or stack a label.

    Args:
        labels: of the bars; from top to bottom when lying.
        series: values by name, each as long as ``labels``.
        x: title of the lower axis.
        y: title of the left axis.
        lying: bars run to the right.
        stacked: on top of one another, else side by side.
        share: each stack is drawn to 100%; the hover tells the counts.
    """
    totals = [sum(values[i] for values in series.values()) or 1 for i in range(len(labels))]
    data = []
    for position, (name, values) in enumerate(series.items()):
        drawn = (
            [100 * v / t for v, t in zip(values, totals, strict=True)] if share else list(values)
        )
        along, across = ("x", "y") if lying else ("y", "x")
        unit = "%" if share else ""
        data.append(
            {
                "type": "bar",
                "name": name,
                along: [round(v, 3) for v in drawn],
                across: list(labels),
                "orientation": "h" if lying else "v",
                "marker": {"color": colour_of(name, position)},
                "customdata": [round(v, 3) for v in values],
                "hovertemplate": f"%{{{across}}}<br>%{{fullData.name}}: %{{customdata}}"
                + (f" (%{{{along}:.1f}}{unit})" if share else "")
                + "<extra></extra>",
            }
        )
    axis: Spec = {"type": "category"}
    if lying:
        axis["autorange"] = "reversed"
    ends = {"range": [0, 100], "ticksuffix": "%"} if share else {"rangemode": "tozero"}
    return {
        "data": data,
        "layout": _layout(
            x,
            y,
            barmode="stack" if stacked else "group",
            bargap=0.25 if len(labels) > _FEW_BARS else 0.5,
            showlegend=len(series) > 1,
            xaxis=ends if lying else axis,
            yaxis=axis if lying else ends,
        ),
    }


def histogram(edges: Sequence[float], series: Mapping[str, Sequence[int]], *, x: str) -> Spec:
    """Counted values: n + 1 ``edges`` and n counts by name."""
    pairs = list(pairwise(edges))
    middles = [(low + high) / 2 for low, high in pairs]
    spans = [f"{low:g} to {high:g}" for low, high in pairs]
    data = [
        {
            "type": "bar",
            "name": name,
            "x": middles,
            "y": [int(n) for n in counts],
            "width": [high - low for low, high in pairs],
            "marker": {"color": colour_of(name, position)},
            "customdata": spans,
            "hovertemplate": "%{customdata}<br>%{fullData.name}: %{y}<extra></extra>",
        }
        for position, (name, counts) in enumerate(series.items())
    ]
    return {
        "data": data,
        "layout": _layout(x, "", barmode="stack", bargap=0.03, showlegend=len(series) > 1),
    }


def lines(
    x: Sequence[float], series: Mapping[str, Sequence[float]], *, x_title: str, y_title: str
) -> Spec:
    """Curves over shared points."""
    data = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": name,
            "x": [round(float(v), 5) for v in x],
            "y": [round(float(v), 5) for v in values],
            "line": {"color": colour_of(name, position), "width": 2},
            "hovertemplate": "%{fullData.name}: %{y:.3g}<extra></extra>",
        }
        for position, (name, values) in enumerate(series.items())
    ]
    return {
        "data": data,
        "layout": _layout(x_title, y_title, showlegend=len(series) > 1, hovermode="x unified"),
    }


def heat(
    columns: Sequence[str],
    rows: Sequence[str],
    values: Sequence[Sequence[float | None]],
    *,
    shown: Sequence[Sequence[str]],
    hover: Sequence[Sequence[str]],
    low: float,
    high: float,
    diverging: bool = False,
    x: str = "",
    y: str = "",
    bar: str = "",
    ticks: Mapping[float, str] | None = None,
) -> Spec:
    """A heat map, the first row on top.

    Args:
        columns: names from left to right.
        rows: names from top to bottom.
        values: a row each; None is left empty.
        shown: written into the cells.
        hover: told when a cell is pointed at.
        low: value at the lower end of the scale.
        high: value at its upper end.
        diverging: the scale has a neutral middle.
        x: title of the lower axis.
        y: title of the left axis.
        bar: title of the scale.
        ticks: values on the scale with what is written at them.
    """
    scale: Spec = {"title": {"text": bar, "side": "right"}, "thickness": 10, "outlinewidth": 0}
    if ticks:
        scale |= {"tickvals": list(ticks), "ticktext": list(ticks.values())}
    trace = {
        "type": "heatmap",
        "x": list(columns),
        "y": list(rows),
        "z": [[None if v is None else round(v, 4) for v in row] for row in values],
        "text": [list(row) for row in shown],
        "customdata": [list(row) for row in hover],
        "texttemplate": "%{text}",
        "hovertemplate": "%{customdata}<extra></extra>",
        "hoverongaps": False,
        "zmin": low,
        "zmax": high,
        "colorscale": "$diverging" if diverging else "$sequential",
        "xgap": 2,
        "ygap": 2,
        "colorbar": scale,
    }
    crowded = len(columns) > _SLANTED_FROM and max(map(len, columns)) > _SLANTED_LENGTH
    slant = {"tickangle": -35} if crowded else {}
    layout = _layout(
        x,
        y,
        xaxis={"type": "category", "side": "bottom", "showgrid": False, **slant},
        yaxis={"type": "category", "autorange": "reversed", "showgrid": False},
    )
    return {"data": [trace], "layout": layout}


def intervals(
    labels: Sequence[str],
    series: Mapping[str, Sequence[tuple[float, float, float] | None]],
    hover: Mapping[str, Sequence[str]],
    *,
    y: str,
) -> Spec:
    """Shares in percent with intervals: (value, lower end, upper end) by name and label."""
    data = []
    for position, (name, points) in enumerate(series.items()):
        there = [(label, p) for label, p in zip(labels, points, strict=True) if p is not None]
        told = [t for t, p in zip(hover[name], points, strict=True) if p is not None]
        data.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": name,
                "x": [label for label, _ in there],
                "y": [round(p[0], 2) for _, p in there],
                "error_y": {
                    "type": "data",
                    "symmetric": False,
                    "array": [round(p[2] - p[0], 2) for _, p in there],
                    "arrayminus": [round(p[0] - p[1], 2) for _, p in there],
                    "thickness": 1,
                    "width": 3,
                    "color": colour_of(name, position),
                },
                "line": {"color": colour_of(name, position), "width": 1.5},
                "marker": {"color": colour_of(name, position), "size": 7},
                "customdata": told,
                "hovertemplate": "%{customdata}<extra>%{fullData.name}</extra>",
            }
        )
    axis = {"type": "category", "categoryorder": "array", "categoryarray": list(labels)}
    ends = {"rangemode": "tozero", "ticksuffix": "%"}
    return {
        "data": data,
        "layout": _layout("", y, xaxis=axis, yaxis=ends, showlegend=len(series) > 1),
    }


def scatter(
    points: Mapping[str, Sequence[tuple[float, float, str]]],
    *,
    x: str,
    y: str,
    logarithmic: bool = False,
    sizes: Mapping[str, Sequence[float]] | None = None,
) -> Spec:
    """Points (x, y, what the hover tells) by name."""
    data = []
    for position, (name, rows) in enumerate(points.items()):
        marker: Spec = {"color": colour_of(name, position), "opacity": 0.7, "size": 8}
        if sizes is not None:
            marker["size"] = [round(s, 1) for s in sizes[name]]
        data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": name,
                "x": [round(r[0], 4) for r in rows],
                "y": [round(r[1], 4) for r in rows],
                "customdata": [r[2] for r in rows],
                "marker": marker,
                "hovertemplate": "%{customdata}<extra>%{fullData.name}</extra>",
            }
        )
    rows = [row for of_name in points.values() for row in of_name]
    axes: list[Spec] = [{}, {}]
    if logarithmic:
        axes = [logarithmic_axis([r[0] for r in rows]), logarithmic_axis([r[1] for r in rows])]
    return {
        "data": data,
        "layout": _layout(x, y, xaxis=axes[0], yaxis=axes[1], showlegend=len(points) > 1),
    }


def boxes(summaries: Mapping[str, Sequence[float]], *, x: str, logarithmic: bool = False) -> Spec:
    """Lying boxes from five numbers by name: 5th, 25th, 50th, 75th and 95th percentile."""
    data = [
        {
            "type": "box",
            "name": name,
            "y": [name],
            "orientation": "h",
            "lowerfence": [five[0]],
            "q1": [five[1]],
            "median": [five[2]],
            "q3": [five[3]],
            "upperfence": [five[4]],
            "marker": {"color": colour_of(name, position)},
            "line": {"color": colour_of(name, position), "width": 1.5},
            "hoverinfo": "x",
        }
        for position, (name, five) in enumerate(summaries.items())
    ]
    ends = [value for five in summaries.values() for value in five]
    along = logarithmic_axis(ends) if logarithmic else {}
    axis = {"type": "category", "autorange": "reversed"}
    return {"data": data, "layout": _layout(x, "", xaxis=along, yaxis=axis, showlegend=False)}


def logarithmic_axis(values: Sequence[float]) -> Spec:
    """A logarithmic axis with ticks at 1, 2 and 5 of each power of ten, or at these alone."""
    low, high = floor(log10(min(values))), ceil(log10(max(values)))
    steps = (1, 2, 5) if high - low <= _FEW_POWERS else (1,)
    ticks = [step * float(10**power) for power in range(low, high + 1) for step in steps]
    return {"type": "log", "tickvals": ticks, "ticktext": [f"{tick:,g}" for tick in ticks]}


def top(counts: Mapping[str, int], most: int = _MOST_BARS) -> dict[str, int]:
    """The largest counts, the rest joined as ``other``; unknown comes last.

    >>> top({"a": 1, "unknown": 9, "b": 3, "c": 1}, most=2)
    {'b': 3, 'a': 1, 'other': 1, 'unknown': 9}
    """
    known = sorted((n for n in counts.items() if n[0] != UNKNOWN), key=lambda n: (-n[1], n[0]))
    shown = dict(known[:most])
    if len(known) > most:
        shown["other"] = sum(n for _, n in known[most:])
    if counts.get(UNKNOWN):
        shown[UNKNOWN] = counts[UNKNOWN]
    return shown
