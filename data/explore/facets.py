"""What is known of each image, as columns that a map can be coloured by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from data.explore.acquisition import kinds_of_image, makers
from data.explore.chart import UNKNOWN, top
from data.explore.columns import filled, labels, numbers, sexes
from data.explore.kinds import positive_title
from data.explore.pixels import MEASURES, Looks
from data.explore.tables import Tables
from data.explore.wording import capital

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["facts", "findings", "pixels"]
MOST_CATEGORIES = 40
"""A column of more labels than this tells single images, not groups."""
_FEW_NUMBERS = 6
_TITLES = {
    "age_years": "age, years",
    "field_strength_t": "field strength, T",
    "echo_time_ms": "echo time, ms",
    "repetition_time_ms": "repetition time, ms",
}
_OWN = ("sex", "manufacturer")
_FINDING = "finding: "


@dataclass(frozen=True, eq=False)
class Facet:
    """One column.

    Attributes:
        title: as the page names it.
        labels: of a column of categories, ``unknown`` where it is not known.
        values: of a column of numbers, NaN where it is not known.
        kind: whether it was measured of the pixels, graded, or is a fact of image or case.
    """

    title: str
    kind: Kind
    labels: list[str] | None = None
    values: npt.NDArray[np.float64] | None = None

    def groups(self) -> list[str]:
        """Labels; numbers by their quarter."""
        if self.labels is not None:
            return self.labels
        assert self.values is not None
        known = self.values[~np.isnan(self.values)]
        cuts = np.unique(np.percentile(known, (25, 50, 75))) if len(known) else np.array([])
        return [UNKNOWN if v != v else f"{np.searchsorted(cuts, v)}" for v in self.values]


def facets(tables: Tables, looks: Looks, rows: Sequence[int]) -> list[Facet]:
    """Everything known of these images that tells groups of them apart.

    Args:
        tables: the cases.
        looks: the images as measured.
        rows: row numbers in the table of images.
    """
    images = tables.images.loc[list(rows)]
    cases = tables.cases.loc[images["case"]]
    found: list[Facet | None] = [
        _categories("source", labels(cases, "source")),
        _categories("kind of image", kinds_of_image(images)),
        _categories("split", labels(cases, "split")),
        _categories("sex", sexes(cases)),
        _categories("manufacturer", makers(images)),
    ]
    for name in ("modality", "plane", "sequence", "region", "view"):
        found.append(_categories(name, labels(images, name)))
    for frame, facts in ((cases, tables.facts), (images, tables.image_facts)):
        found.extend(_fact(frame, name) for name in facts if name not in _OWN)
    found.append(_categories("licence", labels(cases, "licence")))
    found.append(_categories("text", labels(cases, "report_origin")))
    sizes = [(looks.seen[row].rows, looks.seen[row].columns) for row in rows]
    found.append(_numbers("rows", np.array([r for r, _ in sizes], float), "pixels"))
    found.append(_numbers("columns", np.array([c for _, c in sizes], float), "pixels"))
    for measure in MEASURES:
        values = np.array([looks.seen[row].measures[measure] for row in rows], float)
        found.append(_numbers(measure, values, "pixels"))
    found.extend(_findings(tables, images))
    return [facet for facet in found if facet is not None]


def _fact(frame: pd.DataFrame, name: str) -> Facet | None:
    title = _TITLES.get(name, name.replace("_", " "))
    told = labels(frame, name)
    values = np.asarray(numbers(frame, name), np.float64)
    known = int((told != UNKNOWN).sum())
    numeric = known and np.isfinite(values).sum() >= 0.9 * known
    if numeric and len(np.unique(values[np.isfinite(values)])) > _FEW_NUMBERS:
        return _numbers(title, values)
    return _categories(title, told)


def _categories(title: str, told: pd.Series[str], kind: Kind = "facts") -> Facet | None:
    """A column of two or more groups; the smallest of many are joined."""
    values = [str(v) for v in told]
    sizes: dict[str, int] = {}
    for value in values:
        sizes[value] = sizes.get(value, 0) + 1
    known = {name for name in sizes if name != UNKNOWN}
    if len(sizes) < 2 or not known:
        return None
    if len(known) > MOST_CATEGORIES or len(known) > max(2, len(values) // 2):
        return None
    shown = top(sizes, most=11)
    return Facet(title, kind, labels=[v if v in shown else "other" for v in values])


def _numbers(title: str, values: npt.NDArray[np.float64], kind: Kind = "facts") -> Facet | None:
    known = values[np.isfinite(values)]
    if len(known) < 2 or known.min() == known.max():
        return None
    return Facet(title, kind, values=np.where(np.isfinite(values), values, np.nan))


def _findings(tables: Tables, images: pd.DataFrame) -> list[Facet]:
    """Of each graded kind whether it is there at any level, and the highest grade."""
    graded = tables.findings[tables.findings["origin"] == "graded"]
    graded = graded[graded["case"].isin(images["case"]) & graded["positive"].notna()]
    found: list[Facet | None] = []
    for kind, rows in graded.groupby("kind", observed=True):
        title = _FINDING + positive_title(str(kind))
        there = rows.assign(there=rows["positive"].astype(bool)).groupby("case")["there"].any()
        told = images["case"].map(there.map({True: "positive", False: "negative"}))
        found.append(_categories(title, filled(told), "findings"))
        grades = rows[rows["value"].map(lambda v: isinstance(v, int | float))]
        highest = grades.groupby("case")["value"].max()
        if highest.nunique() > 2:
            worst = images["case"].map(highest.map(lambda v: f"{v:g}"))
            name = f"{_FINDING}highest {capital(str(kind)).replace('_', ' ')}"
            found.append(_categories(name, filled(worst), "findings"))
    return [facet for facet in found if facet is not None]
