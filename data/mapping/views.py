"""Views of pictures whose sources don't tell them, set by eye for this project.

``views.csv`` has a row a picture: its staged place, ``sagittal``, ``axial``, ``coronal``, ``ap`` or
``lateral``, the weighting of sagittal slices, and whether a slice is mid-sagittal. Pictures whose
view could not be told are not listed.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

VIEWS = Path(__file__).with_name("views.csv")


@dataclass(frozen=True)
class View:
    """How a picture lies.

    Attributes:
        view: ``sagittal``, ``axial``, ``coronal``, ``ap`` or ``lateral``.
        sequence: ``t1``, ``t2``, ``localizer``, or None where it wasn't told.
        mid_sagittal: whether it shows the whole canal.
    """

    view: str
    sequence: str | None
    mid_sagittal: bool


@cache
def views() -> dict[str, View]:
    """The views by staged place, such as ``kauh_xray/images/scol_000.jpg``."""
    with VIEWS.open(newline="", encoding="utf-8") as file:
        return {
            row["image"]: View(row["view"], row["sequence"] or None, row["mid_sagittal"] == "1")
            for row in csv.DictReader(file)
        }
