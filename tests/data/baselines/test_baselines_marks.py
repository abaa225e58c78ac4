"""Marks are the figures they are named after, with intervals by patient."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.baselines.marks import curve, figures, mark, metrics_for, stated

ONE_FOLD = np.zeros(6, np.int64)
GRADES = np.array([0, 0, 0, 1, 1, 1])
CHANCE = np.array([0.1, 0.2, 0.6, 0.4, 0.8, 0.9])
CHANCES = np.column_stack([1 - CHANCE, CHANCE])
PATIENTS = ["a", "a", "b", "b", "c", "c"]


def test_figures_of_two_grades_are_counted_by_hand() -> None:
    found = dict(zip(metrics_for(2), figures(GRADES, CHANCES, ONE_FOLD), strict=True))
    assert found["AUROC"] == pytest.approx(8 / 9)  # one of nine pairs is the wrong way round
    assert found["AUPRC"] == pytest.approx((1 + 1 + 3 / 4) / 3)
    assert found["Brier"] == pytest.approx(np.mean((CHANCE - GRADES) ** 2))
    assert stated(CHANCES).tolist() == [0, 0, 1, 0, 1, 1]


def test_figures_of_more_grades_are_counted_by_hand() -> None:
    grades = np.array([0, 1, 2, 4])
    chances = np.eye(5)[[0, 1, 3, 2]]
    found = dict(zip(metrics_for(5), figures(grades, chances, np.zeros(4, int)), strict=True))
    assert found["within one"] == 0.75
    assert found["balanced accuracy"] == 0.5
    assert found["Brier"] == 1.0  # two of four rows are 2 off in the sum of squares
    assert found["ECE"] == 0.5


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 3)), min_size=2, max_size=40))
def test_a_constant_of_each_fold_ranks_nothing(rows: list[tuple[int, int]]) -> None:
    grades = np.array([g for g, _ in rows])
    folds = np.array([f for _, f in rows])
    chance = 0.1 + 0.2 * folds
    value = figures(grades, np.column_stack([1 - chance, chance]), folds)[0]
    assert np.isnan(value) or value == 0.5


def marks_of(grades: np.ndarray, **chances: np.ndarray | str) -> dict[tuple[str, str], object]:
    rows = mark(
        "modic",
        "development",
        grades,
        chances,
        PATIENTS[: len(grades)],
        ONE_FOLD[: len(grades)],
        count=2,
        seed=0,
        draws=50,
    )
    return {(row.model, row.metric): row for row in rows}


def test_a_model_that_could_not_be_fitted_keeps_its_rows_with_the_reason() -> None:
    rows = marks_of(GRADES, logistic="the fit did not converge", boosting=CHANCES)
    lost, there = rows["logistic", "AUROC"], rows["boosting", "AUROC"]
    assert (lost.value, lost.low, lost.reason) == (None, None, "the fit did not converge")
    assert (there.value, there.reason) == (0.8889, "")
    assert there.low <= there.value <= there.high
    assert (there.patients, there.discs, there.positive) == (3, 6, 3)


def test_a_single_class_has_no_auroc_and_says_so() -> None:
    rows = marks_of(GRADES * 0, boosting=CHANCES)
    assert rows["boosting", "AUROC"].value is None
    assert rows["boosting", "AUROC"].reason == "all discs have the same grade"
    assert rows["boosting", "Brier"].value is not None


def test_a_part_without_discs_says_so() -> None:
    rows = marks_of(np.zeros(0, int), boosting=np.zeros((0, 2)))
    assert {row.reason for row in rows.values()} == {"no disc is graded for it"}


def test_the_calibration_curve_counts_what_came_true() -> None:
    assert curve(GRADES, CHANCES)[0] == {"chance": 0.1, "share": 0.0, "discs": 1}
    assert sum(int(point["discs"]) for point in curve(GRADES, CHANCES)) == 6
    sure = curve(np.array([0, 1]), np.eye(5)[[0, 2]])
    assert sure == [{"chance": 1.0, "share": 0.5, "discs": 2}]
