from __future__ import annotations

import math

import numpy as np
import pytest

from eval import severity


def test_score_by_hand() -> None:
    found = severity.score(
        ["a", "a", "b", "a"],
        ["spinal", "spinal", "spinal", "foraminal"],
        [0, 2, 1, 1],
        [[0.8, 0.1, 0.1], [0.2, 0.2, 0.6], [0.25, 0.5, 0.25], [2, 1, 1]],
    )
    spinal = -(math.log(0.8) + 4 * math.log(0.6) + 2 * math.log(0.5)) / 7
    any_severe = -(4 * math.log(0.6) + 2 * math.log(0.75)) / 6
    foraminal = -math.log(0.25)
    assert found == pytest.approx(
        {
            "score": (spinal + any_severe + foraminal) / 3,
            "spinal": spinal,
            "foraminal": foraminal,
            "any_severe_spinal": any_severe,
        }
    )


def test_log_loss_is_scikit_learns() -> None:
    metrics = pytest.importorskip("sklearn.metrics", reason="needs the data extra")
    rng = np.random.default_rng(0)
    truth, chances, weights = rng.integers(0, 3, 50), rng.random((50, 3)), rng.random(50)
    chances /= chances.sum(axis=1, keepdims=True)
    wanted = metrics.log_loss(truth, chances, sample_weight=weights, labels=[0, 1, 2])
    assert severity.log_loss(truth, chances, weights) == pytest.approx(wanted)


def test_a_certain_mistake_is_finite() -> None:
    assert 30 < severity.log_loss([0], [[0.0, 1.0, 0.0]], [1.0]) < 40
