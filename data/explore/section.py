"""What a page of the exploration is made of: sections with figures, tables and their numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Statistics = dict[str, Any]
"""Numbers behind a section: what JSON can hold, keys in plain words."""


@dataclass(frozen=True)
class Picture:
    """A small picture with what it shows; ``data`` is a data URI."""

    data: str
    caption: str


Cell = str | int | float | Picture | None
"""A cell of a table; None is shown as a dash."""


@dataclass(frozen=True)
class View:
    """One way of looking at a figure.

    Attributes:
        label: on the button that chooses it.
        spec: Plotly's ``data`` and ``layout``; colours are names such as ``$0`` or ``$accent``
            that the page replaces by those of its light or dark look.
    """

    label: str
    spec: dict[str, Any]


@dataclass(frozen=True)
class Figure:
    """A figure of one or several views.

    Attributes:
        key: unique on the page.
        note: how to read it, one line.
        height: in pixels.
        wide: takes the whole width.
    """

    key: str
    title: str
    views: tuple[View, ...]
    note: str = ""
    height: int = 340
    wide: bool = False


@dataclass(frozen=True)
class Table:
    """A table; ``rows`` are as wide as ``columns``."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""


@dataclass(frozen=True)
class Gallery:
    """Small pictures side by side."""

    title: str
    pictures: tuple[Picture, ...]
    note: str = ""


Part = Figure | Table | Gallery


@dataclass(frozen=True)
class Section:
    """A section of the page.

    Attributes:
        sentence: what is to be seen in it, computed from the numbers; of an absent section, what
            the cases lack and what would mend it.
        absent: the cases hold nothing for it.
        alerts: what should be mended or kept in mind before the data is used.
        notes: how the numbers were made, one paragraph each.
        map: the embedding map, drawn by a script of its own.
    """

    key: str
    title: str
    sentence: str
    statistics: Statistics = field(default_factory=dict)
    parts: tuple[Part, ...] = ()
    alerts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    absent: bool = False
    map: dict[str, Any] | None = None


def absent(key: str, title: str, sentence: str, **statistics: object) -> Section:
    """A section that says what the cases lack."""
    return Section(key, title, sentence, statistics=dict(statistics), absent=True)
