"""The marks of grades, against scikit-learn and by their properties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.metrics import (
    average_precision_score,
    balanced_accuracy_score,
    brier_score_loss,
    cohen_kappa_score,
    roc_auc_score,
)

from radixgpt import statistics

PAIRS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=60)


@given(PAIRS)
def test_kappa_equals_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    truth, stated = zip(*pairs, strict=True)
    own = statistics.quadratic_kappa(truth, stated, 5)
    if np.isnan(own):
        assert len({*truth, *stated}) == 1
        return
    other = cohen_kappa_score(truth, stated, weights="quadratic", labels=range(5))
    assert own == pytest.approx(other)


@given(PAIRS)
def test_balanced_accuracy_equals_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    truth, stated = zip(*pairs, strict=True)
    assume(len(set(truth)) > 1)  # scikit-learn warns of a single class
    known = [s if s in truth else truth[0] for s in stated]
    own = statistics.balanced_accuracy(truth, known)
    assert own == pytest.approx(balanced_accuracy_score(truth, known))


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 9)), min_size=2, max_size=80))
def test_auroc_equals_scikit_learn(pairs: list[tuple[bool, int]]) -> None:
    present, score = zip(*pairs, strict=True)
    own = statistics.auroc(present, score)
    if len(set(present)) == 1:
        assert np.isnan(own)
    else:
        assert own == pytest.approx(roc_auc_score(present, score))


def test_calibration_error_of_hand_made_bins() -> None:
    confidence = [0.95, 0.95, 0.55, 0.55]
    right = [1, 1, 1, 0]
    # Bin (0.9, 1]: |1 - 0.95| for half of the rows; bin (0.5, 0.6]: |0.5 - 0.55| for the rest.
    assert statistics.expected_calibration_error(confidence, right) == pytest.approx(0.05)


def test_bins_are_closed_on_the_right() -> None:
    assert statistics.expected_calibration_error([0.5, 0.5001], [1, 0]) == pytest.approx(
        0.5 * 0.5 + 0.5 * 0.5001
    )


def test_interval_draws_whole_studies() -> None:
    values = np.array([0.0] * 10 + [1.0] * 10)
    studies = [1] * 10 + [2] * 10
    low, high = statistics.interval(studies, lambda rows: float(values[rows].mean()))
    assert (low, high) == (0.0, 1.0)
    assert statistics.interval(studies, lambda rows: float(values[rows].mean())) == (low, high)


@given(PAIRS)
def test_within_one_is_never_below_accuracy(pairs: list[tuple[int, int]]) -> None:
    truth, stated = (np.array(side) for side in zip(*pairs, strict=True))
    assert (truth == stated).mean() <= statistics.within_one(truth, stated) <= 1


@given(
    st.lists(
        st.tuples(st.booleans(), st.integers(0, 9), st.integers(0, 3)), min_size=2, max_size=60
    )
)
def test_auroc_within_groups_counts_the_pairs_of_each(rows: list[tuple[bool, int, int]]) -> None:
    wins = [
        1.0 if mine > theirs else 0.5 if mine == theirs else 0.0
        for there, mine, group in rows
        for absent, theirs, other in rows
        if there and not absent and group == other
    ]
    own = statistics.auroc(*zip(*rows, strict=True))
    assert np.isnan(own) if not wins else own == pytest.approx(np.mean(wins))


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 9)), min_size=2, max_size=80))
def test_average_precision_equals_scikit_learn(pairs: list[tuple[bool, int]]) -> None:
    present, score = zip(*pairs, strict=True)
    own = statistics.average_precision(present, score)
    if not any(present):
        assert np.isnan(own)
    else:
        assert own == pytest.approx(average_precision_score(present, score))


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=2, max_size=80))
def test_brier_equals_scikit_learn(pairs: list[tuple[bool, float]]) -> None:
    present, chance = zip(*pairs, strict=True)
    assert statistics.brier(present, chance) == pytest.approx(
        brier_score_loss(np.array(present, int), chance, pos_label=1)
    )


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60))
def test_a_calibration_curve_counts_every_row_once(pairs: list[tuple[float, bool]]) -> None:
    sure, right = zip(*pairs, strict=True)
    curve = statistics.reliability(sure, right)
    assert sum(b.rows for b in curve) == len(pairs)
    assert sum(b.right * b.rows for b in curve) == pytest.approx(sum(right))
    assert 0 <= statistics.expected_calibration_error(sure, right) <= 1


def test_intervals_of_several_figures_are_those_of_each_alone() -> None:
    rng = np.random.default_rng(1)
    values, studies = rng.normal(size=40), np.repeat(np.arange(8), 5)

    def mean(rows: np.ndarray) -> float:
        return float(values[rows].mean())

    def most(rows: np.ndarray) -> float:
        return float(values[rows].max())

    both = statistics.intervals(studies, lambda rows: [mean(rows), most(rows)], draws=200)
    assert tuple(both[0]) == statistics.interval(studies, mean, draws=200)
    assert tuple(both[1]) == statistics.interval(studies, most, draws=200)


def test_a_figure_that_never_is_has_no_interval() -> None:
    ends = statistics.intervals([1, 2], lambda rows: [np.nan, 1.0], draws=20)
    assert np.isnan(ends[0]).all()
    assert ends[1].tolist() == [1.0, 1.0]
