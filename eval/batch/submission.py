"""A submission of the ImageCLEF concept task, scored with intervals by image."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence

import numpy as np

from eval.batch.scoring import Score
from eval.concepts import ConceptScore, Rows, score
from eval.statistics import bootstrap, mean_of

PRIMARY, SECONDARY = "concept_f1", "concept_f1_listed"


def scored(
    candidates: Rows,
    references: Rows,
    only: frozenset[str] | None = None,
    unread: Sequence[str] = (),
) -> dict[str, ConceptScore]:
    """The primary score, and the secondary where a list of CUIs is given.

    ``unread`` is what is wrong with rows that could not be read; it is told with the rest.

    Raises:
        CaseError: anything is wrong with the rows; all problems are told at once.
    """
    found = {PRIMARY: score(candidates, references, unread=unread)}
    if only is not None:
        found[SECONDARY] = score(candidates, references, only)
    return found


def summary(
    found: Mapping[str, ConceptScore], *, listed: int = 0, draws: int = 1000, seed: int = 0
) -> list[Score]:
    """Both scores with their intervals; ``listed`` CUIs are kept by the secondary one."""
    scores: list[Score] = []
    for name, one in found.items():
        values = np.array(list(one.by_image.values()), float)
        rows = np.column_stack([values, np.ones(len(values))])
        low, high = bootstrap(rows, mean_of, draws=draws, seed=seed)
        kept = f"|secondary:{listed} listed CUIs" if name == SECONDARY else ""
        signature = f"flavour:imageclef|empty against empty:1|corpus:mean{kept}"
        scores.append(Score(name, one.f1, low, high, len(values), "larger", signature))
    return scores


def by_image(found: Mapping[str, ConceptScore]) -> str:
    """CSV of each image's scores; empty where an image doesn't count."""
    held = io.StringIO()
    writer = csv.writer(held, lineterminator="\n")
    writer.writerow(["id", *found])
    for name in found[PRIMARY].by_image:
        writer.writerow([name, *(one.by_image.get(name, "") for one in found.values())])
    return held.getvalue()
