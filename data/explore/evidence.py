"""What labels are judged by: measures of discs, or the embedding of a case's images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from data.explore.embedding import Embedding
from data.explore.tables import Tables

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]

LEAST_KNOWN = 0.5
"""Share of the labels for which there must be evidence."""
OF_IMAGES = "of whole images"
_NO_MEASURES = ("place", "x", "y", "anchor_chance")
_COMPONENTS = 32


@dataclass(frozen=True, eq=False)
class Evidence:
    """Features of labels.

    Attributes:
        name: what they are, for the page.
        features: (labels, features), NaN where one is unknown.
    """

    name: str
    features: Floats


def of_discs(tables: Tables, discs: pd.DataFrame, labels: pd.DataFrame) -> Evidence | None:
    """Measures of the disc that each label speaks of, by contrast, with its level.

    Args:
        tables: the cases.
        discs: a row a disc and image: ``case`` (id), ``sequence``, ``level`` and numbers.
        labels: a row a label: ``case`` (row number) and ``level``.

    Returns:
        None where fewer than half of the labels have measures.
    """
    found = discs[discs["level"].notna()]
    measures = [
        name
        for name in found.select_dtypes("number").columns
        if name not in _NO_MEASURES and found[name].notna().any()
    ]
    if found.empty or not measures:
        return None
    # T2 SPACE measures as T2 does.
    contrast = found["sequence"].astype(str).str.slice(0, 2)
    told = found.assign(contrast=contrast, row=found["case"].map(tables.row_of))
    wide = told.dropna(subset=["row"]).pivot_table(
        index=["row", "level"], columns="contrast", values=measures, aggfunc="median"
    )
    places = list(zip(labels["case"].astype(float), labels["level"].astype(object), strict=True))
    at = wide.reindex(places)
    values = at.to_numpy(float)
    if np.isfinite(values).any(axis=1).mean() < LEAST_KNOWN:
        return None
    return Evidence(
        "measures of the discs and their level",
        np.column_stack([values, _levels(labels)]),
    )


def of_cases(tables: Tables, embedding: Embedding, labels: pd.DataFrame) -> Evidence | None:
    """Principal components of the mean vector of each label's case, with the level.

    Returns:
        None where fewer than half of the labels have an embedded image, or all are equal.
    """
    from sklearn.decomposition import PCA

    sums: dict[int, tuple[npt.NDArray[np.float32], int]] = {}
    wanted = set(labels["case"])
    images = zip(tables.images["case"], tables.images["path"], strict=True)
    for case, path in images:
        if case in wanted and path in embedding.vectors:
            vector, n = sums.get(int(case), (np.zeros(1, np.float32), 0))
            sums[int(case)] = (vector + embedding.vectors[path], n + 1)
    known = np.array([int(case) in sums for case in labels["case"]])
    if known.mean() < LEAST_KNOWN or len(sums) < 3:
        return None
    order = {case: row for row, case in enumerate(sums)}
    means = np.stack([vector / n for vector, n in sums.values()])
    if np.ptp(means, axis=0).max() == 0:
        return None
    components = min(_COMPONENTS, len(means) - 1, means.shape[1])
    reduced = PCA(components, random_state=0).fit_transform(means)
    features = np.full((len(labels), components), np.nan)
    at = [order[int(case)] for case, there in zip(labels["case"], known, strict=True) if there]
    features[known] = reduced[at]
    return Evidence(f"{embedding.name} {OF_IMAGES}", np.column_stack([features, _levels(labels)]))


def _levels(labels: pd.DataFrame) -> Floats:
    """One column a level, 1 where the label speaks of it; none where levels do not differ."""
    levels = labels["level"].astype(object).where(labels["level"].notna(), "")
    names = sorted(set(levels))
    if len(names) < 2:
        return np.zeros((len(labels), 0))
    return np.column_stack([(levels == name).to_numpy(float) for name in names])
