from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval import statistics


def test_bootstrap_of_a_mean_matches_the_normal_interval() -> None:
    scores = np.random.default_rng(0).normal(0.6, 0.2, 400)
    rows = np.stack([scores, np.ones(400)], 1)
    low, high = statistics.bootstrap(rows, statistics.mean_of, draws=2000)
    half = 1.96 * scores.std() / 20
    assert low == pytest.approx(scores.mean() - half, abs=0.004)
    assert high == pytest.approx(scores.mean() + half, abs=0.004)


def test_bootstrap_draws_studies_not_pairs() -> None:
    # Ten studies of fifty equal pairs each: pairs as studies would make the interval too narrow.
    values = np.repeat(np.random.default_rng(1).normal(size=10), 50)
    rows = np.stack([values, np.ones(500)], 1)
    grouped = statistics.by_study(np.repeat(np.arange(10), 50).tolist(), rows)
    assert grouped.shape == (10, 2)
    wide = np.subtract(*statistics.bootstrap(grouped, statistics.mean_of)[::-1])
    narrow = np.subtract(*statistics.bootstrap(rows, statistics.mean_of)[::-1])
    assert wide > 3 * narrow


def test_bootstrap_without_studies_is_nan() -> None:
    assert np.isnan(statistics.bootstrap(np.zeros((0, 2)), statistics.mean_of)).all()


def test_sign_flip_of_six_studies_is_exact() -> None:
    # All six differences positive: 2 of the 64 flips are as extreme.
    found = statistics.sign_flip([0.9] * 6, [0.1, 0.2, 0.3, 0.2, 0.1, 0.4], flips=40_000)
    assert found.p == pytest.approx(2 / 64, abs=0.003)
    assert found.studies == 6
    assert found.difference == pytest.approx(0.9 - 1.3 / 6)


def test_sign_flip_of_a_system_with_itself_is_one() -> None:
    found = statistics.sign_flip([0.1, 0.5, 0.9], [0.1, 0.5, 0.9])
    assert (found.p, found.difference) == (1.0, 0.0)


def test_sign_flip_refuses_unequal_studies() -> None:
    with pytest.raises(ValueError, match="one score a study"):
        statistics.sign_flip([], [])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=20))
def test_sign_flip_is_symmetric(pairs: list[tuple[float, float]]) -> None:
    first, second = zip(*pairs, strict=True)
    there = statistics.sign_flip(first, second, flips=200)
    back = statistics.sign_flip(second, first, flips=200)
    assert there.difference == pytest.approx(-back.difference)
    assert there.p == back.p
    assert 0 < there.p <= 1


def test_holm_is_the_textbooks() -> None:
    adjusted = statistics.holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005})
    assert adjusted == pytest.approx({"a": 0.03, "b": 0.06, "c": 0.06, "d": 0.02})
