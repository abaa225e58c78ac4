"""The weighted log loss of the RSNA 2024 lumbar spine degenerative classification challenge.

Three conditions (spinal canal stenosis, neural foraminal narrowing, subarticular stenosis), graded
normal or mild, moderate, or severe; rows weigh 1, 2 and 4 by their true grade. The score is the
mean of four log losses: one a condition, and one for any severe canal stenosis in a study, whose
chance is the largest chance of severe over the study's levels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
WEIGHTS = (1.0, 2.0, 4.0)
"""Of normal or mild, moderate, severe."""
CONDITIONS = ("spinal", "foraminal", "subarticular")
ANY_SEVERE = "any_severe_spinal"


def log_loss(truth: npt.ArrayLike, chances: npt.ArrayLike, weights: npt.ArrayLike) -> float:
    """Weighted mean of -log of the true class's chance, in nats.

    Args:
        truth: (n,) classes from 0.
        chances: (n, classes); rows are normalised, and kept away from 0 by the machine's epsilon.
        weights: (n,).
    """
    chance = np.asarray(chances, float)
    chance = chance / chance.sum(axis=1, keepdims=True)
    edge = np.finfo(chance.dtype).eps
    own = np.clip(chance[np.arange(len(chance)), np.asarray(truth, int)], edge, 1 - edge)
    return float(np.average(-np.log(own), weights=np.asarray(weights, float)))


def score(
    studies: Sequence[str], conditions: Sequence[str], grades: npt.ArrayLike, chances: npt.ArrayLike
) -> Mapping[str, float]:
    """The challenge's score and its parts; smaller is better.

    Args:
        studies: (n,) the study of each row.
        conditions: (n,) one of CONDITIONS.
        grades: (n,) 0 normal or mild, 1 moderate, 2 severe.
        chances: (n, 3).

    Returns:
        ``score``, and the log loss of each condition that occurs, with ``any_severe_spinal``.
    """
    grade = np.asarray(grades, int)
    chance = np.asarray(chances, float)
    chance = chance / chance.sum(axis=1, keepdims=True)
    weight = np.array(WEIGHTS)[grade]
    condition = np.asarray(conditions)
    parts: dict[str, float] = {}
    for name in CONDITIONS:
        rows = condition == name
        if rows.any():
            parts[name] = log_loss(grade[rows], chance[rows], weight[rows])
    spinal = condition == "spinal"
    if spinal.any():
        _, study = np.unique(np.asarray(studies)[spinal], return_inverse=True)
        severe, most, heaviest = np.zeros((3, study.max() + 1))
        np.maximum.at(severe, study, (grade[spinal] == 2).astype(float))
        np.maximum.at(most, study, chance[spinal, 2])
        np.maximum.at(heaviest, study, weight[spinal])
        parts[ANY_SEVERE] = log_loss(severe, np.column_stack([1 - most, most]), heaviest)
    return {"score": float(np.mean(list(parts.values()))) if parts else float("nan"), **parts}
