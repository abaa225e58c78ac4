"""The marks of grades, against scikit-learn and by their properties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score, cohen_kappa_score, roc_auc_score

from eval import grades

PAIRS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=60)


@given(PAIRS)
def test_kappa_equals_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    truth, stated = zip(*pairs, strict=True)
    own = grades.quadratic_kappa(truth, stated, 5)
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
    own = grades.balanced_accuracy(truth, known)
    assert own == pytest.approx(balanced_accuracy_score(truth, known))


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 9)), min_size=2, max_size=80))
def test_auroc_equals_scikit_learn(pairs: list[tuple[bool, int]]) -> None:
    present, score = zip(*pairs, strict=True)
    own = grades.auroc(present, score)
    if len(set(present)) == 1:
        assert np.isnan(own)
    else:
        assert own == pytest.approx(roc_auc_score(present, score))


def test_calibration_error_of_hand_made_bins() -> None:
    confidence = [0.95, 0.95, 0.55, 0.55]
    right = [1, 1, 1, 0]
    # Bin (0.9, 1]: |1 - 0.95| for half of the rows; bin (0.5, 0.6]: |0.5 - 0.55| for the rest.
    assert grades.expected_calibration_error(confidence, right) == pytest.approx(0.05)


def test_bins_are_closed_on_the_right() -> None:
    assert grades.expected_calibration_error([0.5, 0.5001], [1, 0]) == pytest.approx(
        0.5 * 0.5 + 0.5 * 0.5001
    )


def test_interval_draws_whole_studies() -> None:
    values = np.array([0.0] * 10 + [1.0] * 10)
    studies = [1] * 10 + [2] * 10
    low, high = grades.interval(studies, lambda rows: float(values[rows].mean()))
    assert (low, high) == (0.0, 1.0)
    assert grades.interval(studies, lambda rows: float(values[rows].mean())) == (low, high)


@given(PAIRS)
def test_within_one_is_never_below_accuracy(pairs: list[tuple[int, int]]) -> None:
    truth, stated = (np.array(side) for side in zip(*pairs, strict=True))
    assert (truth == stated).mean() <= grades.within_one(truth, stated) <= 1
