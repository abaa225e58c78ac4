"""Where the classifier looked: the places of a slice that a grade comes from.

HiResCAM (Draelos and Carin, arXiv 2011.08891) on one network of the ensemble: a place's activations
times the gradient of the stated grade's logit, where that is positive. It says what the network
used, not that it was right to.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from radixgpt.eligibility import Eligibility
from radixgpt.errors import LevelError
from radixgpt.finding import PRESENT
from radixgpt.level import disc_index
from radixgpt.observation import Observation
from radixgpt.study import Study
from tools import classifier, crops, levels
from tools.grade_net import BINARY, SEQUENCES, Grades


@dataclass(frozen=True, eq=False)
class Heat:
    """One slice's map.

    Attributes:
        series: handle of the series.
        slice_index: from 0.
        values: float32 (rows, columns) of the slice; 1 at the hottest place of all its study's
            maps for this grade, 0 where nothing speaks for it.
    """

    series: str
    slice_index: int
    values: npt.NDArray[np.float32]


def _logit(graded: Observation, row: int) -> Callable[[Grades], torch.Tensor]:
    """The number behind a grade: larger means surer of it."""
    kind, value = graded.kind, graded.value
    if value is None:  # indeterminate: what speaks for a change is shown
        value = {"pfirrmann": 5, "modic": 2}.get(kind, PRESENT)

    def logit(grades: Grades) -> torch.Tensor:
        if kind == "pfirrmann":
            assert isinstance(value, int)
            signs = torch.tensor([1.0 if value > step else -1.0 for step in range(1, 5)])
            return (signs * grades.pfirrmann[row]).sum()
        if kind == "modic":
            types = grades.modic[row]
            change = types[1:].logsumexp(0) - types[0]
            return change if value else -change
        own = grades.binary[row, BINARY.index(kind)]
        return own if value == PRESENT else -own

    return logit


def run(
    study: Study, eligibility: Eligibility, found: Sequence[Observation], graded: Observation
) -> list[Heat]:
    """The maps of one grade, T2 before T1, of the series that its disc was seen in.

    Args:
        study: the study after triage.
        eligibility: which series and slices were looked at.
        found: what ``tools.levels.run`` returned for them.
        graded: one observation of ``tools.classifier.run``.

    Raises:
        LevelError: the disc was not found, or its grade rests on nothing.
        WeightsError: the weights are missing or damaged.
    """
    discs = [o for o in found if o.kind == "disc" and o.level is not None]
    by_place, _ = classifier.cuts(study, eligibility)
    shift = disc_index(discs[0].level or "") if discs else 0
    place = disc_index(graded.level or "") - shift if graded.level else -1
    if place not in by_place or graded.status == "not_assessable":
        raise LevelError(
            f"Nothing was looked at for this grade of {graded.level or 'the study'}.",
            "Ask for a level and a grade that the report states.",
        )
    places = sorted(by_place)
    given = classifier.inputs([by_place[p] for p in places], [max(0, p + shift) for p in places])
    row = places.index(place)
    shares = classifier.models()[0].heat(given, _logit(graded, row))[row].numpy()
    most = float(shares.max())
    out = []
    for view in levels.views(study, eligibility):
        sequence = "t1" if view.series.key == eligibility.t1 else "t2"
        disc = view.disc(place)
        if disc is None or sequence not in by_place[place]:
            continue
        values = shares[SEQUENCES.index(sequence)] / max(most, 1e-9)
        shape = (view.pixels.shape[0], view.pixels.shape[1])
        laid = crops.spread(values, shape, view.framed, disc, view.column.depth)
        out.append(Heat(view.series.key, view.index, laid))
    return out
