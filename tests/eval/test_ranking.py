from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval import ranking


def test_first_ranks_by_hand() -> None:
    ranks = ranking.first_ranks(
        [[0.9, 0.8, 0.7], [0.1, 0.5, 0.5], [1.0, 2.0], [1.0]],
        [[0, 1, 1], [0, 1, 0], [0, 0], [1]],
    )
    assert ranks.tolist() == [2.0, 2.0, np.inf, 1.0]  # the tie of the second counts against it


def test_figures_by_hand() -> None:
    found = ranking.figures([1, 2, 6, np.inf])
    assert found == pytest.approx(
        {
            "recall_at_1": 0.25,
            "recall_at_5": 0.5,
            "recall_at_10": 0.75,
            "mrr": (1 + 1 / 2 + 1 / 6) / 4,
            "median_rank": 4.0,
        }
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 12), st.integers(1, 12), st.integers(1, 12), st.integers(0, 99))
def test_chance_is_what_random_orders_reach(total: int, right: int, k: int, seed: int) -> None:
    right = min(right, total)
    rng = np.random.default_rng(seed)
    truth = np.arange(total) < right
    ranks = ranking.first_ranks([rng.random(total) for _ in range(1500)], [truth] * 1500)
    chance = ranking.chance_recall([total], [right], k)
    assert (ranks <= k).mean() == pytest.approx(chance, abs=0.06)
