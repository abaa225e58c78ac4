"""Folds of patients: no patient is ever on both sides of one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.intp]

FOLDS = 5
LEAST_PATIENTS = 6
"""Patients with a finding, and without it, below which nothing is estimated."""


class NotEstimable(Exception):  # noqa: N818 -- an outcome that a table holds, not a failure
    """A figure that the data can't give; the message is the reason that the table states."""


def patient_folds(
    grades: npt.ArrayLike, patients: Sequence[str], *, count: int = FOLDS, seed: int
) -> Iterator[tuple[Rows, Rows]]:
    """Split rows into folds by patient, each with its share of every grade where possible.

    Args:
        grades: of each row, from 0.
        patients: of each row.
        count: of folds; fewer where only few patients have a finding at all.
        seed: of the shuffle.

    Yields:
        Training and held-out rows.

    Raises:
        NotEstimable: fewer than two grades are spread over at least two patients each.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    graded, groups = np.asarray(grades, int), np.asarray(patients)
    holders = sorted(len(set(groups[graded == g])) for g in np.unique(graded))
    # The second most common grade decides: rarer ones may lack in some folds.
    usable = min(count, holders[-2]) if len(holders) > 1 else 0
    if usable < 2:
        raise NotEstimable("fewer than two grades are found in two patients or more")
    # Grades too rare to be dealt evenly are dealt with their nearest neighbour.
    dealt = _merge_rare(graded, usable)
    splitter = StratifiedGroupKFold(n_splits=usable, shuffle=True, random_state=seed)
    yield from splitter.split(np.zeros(len(graded)), dealt, groups)


def _merge_rare(grades: npt.NDArray[np.int64], least: int) -> npt.NDArray[np.int64]:
    """Grades with fewer rows than ``least`` under the nearest grade that has more."""
    values, counts = np.unique(grades, return_counts=True)
    common = values[counts >= least]
    nearest = {int(v): int(common[np.argmin(np.abs(common - v))]) for v in values}
    return np.array([nearest[int(g)] for g in grades])


def check_enough(grades: npt.ArrayLike, patients: Sequence[str]) -> None:
    """Refuse a finding of which too few patients tell.

    Raises:
        NotEstimable: fewer than LEAST_PATIENTS patients have it, or have a disc without it.
    """
    graded, groups = np.asarray(grades, int), np.asarray(patients)
    holders = {int(g): len(set(groups[graded == g])) for g in np.unique(graded)}
    if not holders:
        raise NotEstimable("no training disc is graded for it")
    if len(holders) == 1:
        raise NotEstimable("all training discs have the same grade")
    second = sorted(holders.values())[-2]
    if second < LEAST_PATIENTS:
        raise NotEstimable(
            f"only {second} training patients differ from the usual grade, "
            f"and at least {LEAST_PATIENTS} are needed"
        )
