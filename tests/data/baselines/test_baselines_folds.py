"""No patient is ever on both sides of a fold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.baselines.folds import LEAST_PATIENTS, NotEstimable, check_enough, patient_folds

ROWS = st.lists(
    st.tuples(st.integers(0, 12), st.integers(0, 4)), min_size=4, max_size=80
)  # patient, grade


@given(ROWS, st.integers(0, 3))
def test_patients_never_cross_and_every_row_is_held_out_once(
    rows: list[tuple[int, int]], seed: int
) -> None:
    patients, grades = [str(p) for p, _ in rows], [g for _, g in rows]
    try:
        folds = list(patient_folds(grades, patients, seed=seed))
    except NotEstimable:
        spread = [len({p for p, g in rows if g == grade}) for grade in set(grades)]
        assert sorted(spread)[-2:][0] < 2 or len(spread) < 2
        return
    held_out = np.concatenate([held for _, held in folds])
    assert sorted(held_out) == list(range(len(rows)))
    for learned, held in folds:
        assert not {patients[i] for i in learned} & {patients[i] for i in held}
        assert sorted([*learned, *held]) == list(range(len(rows)))


def test_a_rare_finding_is_spread_over_the_folds() -> None:
    patients = [str(p) for p in range(50) for _ in range(5)]
    grades = [int(int(p) < 10) if k % 5 == 0 else 0 for k, p in enumerate(patients)]
    counts = [sum(grades[i] for i in held) for _, held in patient_folds(grades, patients, seed=0)]
    assert counts == [2] * 5


def test_the_folds_depend_on_the_seed_alone() -> None:
    patients, grades = [str(k // 3) for k in range(60)], [k % 2 for k in range(60)]
    first, again, other = (
        [held.tolist() for _, held in patient_folds(grades, patients, seed=seed)]
        for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


def test_too_few_patients_are_refused_with_the_reason() -> None:
    patients = [str(k) for k in range(40)]
    with pytest.raises(NotEstimable, match="no training disc"):
        check_enough([], [])
    with pytest.raises(NotEstimable, match="same grade"):
        check_enough([0] * 40, patients)
    few = [1] * (LEAST_PATIENTS - 1) + [0] * (41 - LEAST_PATIENTS)
    with pytest.raises(NotEstimable, match=f"only {LEAST_PATIENTS - 1} training patients"):
        check_enough(few, patients)
    # Many discs of one patient are still one patient.
    with pytest.raises(NotEstimable, match="only 1 training"):
        check_enough([*([1] * 30), *([0] * 40)], [*(["x"] * 30), *patients])
    check_enough([1] * LEAST_PATIENTS + [0] * 30, patients[: LEAST_PATIENTS + 30])
