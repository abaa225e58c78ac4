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


PARTS = (*CONDITIONS, ANY_SEVERE)


def own_loss(truth: npt.ArrayLike, chances: npt.ArrayLike) -> Floats:
    """Minus the log of the true class's chance of each row, in nats, (n,).

    Args:
        truth: (n,) classes from 0.
        chances: (n, classes); rows are normalised, and kept away from 0 by the machine's epsilon.
    """
    chance = np.asarray(chances, float)
    chance = chance / chance.sum(axis=1, keepdims=True)
    edge = np.finfo(chance.dtype).eps
    own = np.clip(chance[np.arange(len(chance)), np.asarray(truth, int)], edge, 1 - edge)
    loss: Floats = -np.log(own)
    return loss


def log_loss(truth: npt.ArrayLike, chances: npt.ArrayLike, weights: npt.ArrayLike) -> float:
    """Weighted mean of :func:`own_loss`, weights (n,)."""
    return float(np.average(own_loss(truth, chances), weights=np.asarray(weights, float)))


def sums(
    studies: Sequence[str], conditions: Sequence[str], grades: npt.ArrayLike, chances: npt.ArrayLike
) -> tuple[list[str], Floats]:
    """What each study adds to the score: weighted losses and weights of each part.

    Args:
        studies: (n,) the study of each row.
        conditions: (n,) one of CONDITIONS.
        grades: (n,) 0 normal or mild, 1 moderate, 2 severe.
        chances: (n, 3).

    Returns:
        The studies, and (studies, 8): for each of PARTS its loss and its weight.
    """
    grade = np.asarray(grades, int)
    chance = np.asarray(chances, float)
    chance = chance / chance.sum(axis=1, keepdims=True)
    weight = np.array(WEIGHTS)[grade]
    condition = np.asarray(conditions)
    known, study = np.unique(np.asarray(studies), return_inverse=True)
    added = np.zeros((len(known), len(PARTS), 2))
    loss = own_loss(grade, chance)
    for part, name in enumerate(CONDITIONS):
        rows = condition == name
        np.add.at(added[:, part], study[rows], np.column_stack([weight * loss, weight])[rows])
    spinal = condition == "spinal"
    severe, most, heaviest = np.zeros((3, len(known)))
    np.maximum.at(severe, study[spinal], (grade[spinal] == 2).astype(float))
    np.maximum.at(most, study[spinal], chance[spinal, 2])
    np.maximum.at(heaviest, study[spinal], weight[spinal])
    any_loss = own_loss(severe, np.column_stack([1 - most, most]))
    added[:, -1] = np.column_stack([heaviest * any_loss, heaviest])
    return [str(name) for name in known], added.reshape(len(known), -1)


def parts_of(conditions: Sequence[str]) -> tuple[str, ...]:
    """The parts that rows of these conditions have."""
    there = set(conditions)
    return tuple(p for p in PARTS if p in there or (p == ANY_SEVERE and "spinal" in there))


def figure(added: Floats, parts: Sequence[str]) -> Floats:
    """The mean log loss of some parts from sums over studies, (m, 8) to (m,)."""
    both = added.reshape(-1, len(PARTS), 2)[:, [PARTS.index(part) for part in parts]]
    losses = np.divide(
        both[:, :, 0], both[:, :, 1], out=np.full(both.shape[:2], np.nan), where=both[:, :, 1] > 0
    )
    mean: Floats = losses.mean(axis=1)
    return mean


def score(
    studies: Sequence[str], conditions: Sequence[str], grades: npt.ArrayLike, chances: npt.ArrayLike
) -> Mapping[str, float]:
    """The challenge's score and its parts, of the rows that :func:`sums` takes; smaller is better.

    Returns:
        ``score``, and the log loss of each condition that occurs, with ``any_severe_spinal``.
    """
    total = sums(studies, conditions, grades, chances)[1].sum(axis=0, keepdims=True)
    parts = parts_of(conditions)
    found = {part: float(figure(total, (part,))[0]) for part in parts}
    return {"score": float(figure(total, parts)[0]) if parts else float("nan"), **found}
