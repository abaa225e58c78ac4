from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from eval import ranking
from eval.tables import retrieval
from eval.tables.marked import Marked
from eval.tables.reading import Table
from radixgpt.errors import CaseError


def _marked(frame: pd.DataFrame, folder: Path) -> Marked:
    frame.to_csv(folder / "t.csv", index=False)
    return retrieval.mark(Table(folder / "t.csv"), draws=100)


def _frame() -> pd.DataFrame:
    rows = [
        ("q1", "a", 0.9, 1), ("q1", "b", 0.8, 0), ("q1", "c", 0.7, 0),
        ("q2", "a", 0.1, 1), ("q2", "b", 0.5, 0), ("q2", "c", 0.1, 0),
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["query", "candidate", "score", "relevant"])


def test_ranks_by_hand_beside_chance(tmp_path: Path) -> None:
    frame = _frame()
    frame["overlap"] = [0.8, 0.2, 0.2, 0.9, 0.3, 0.0]
    found = {e.metric: e for e in _marked(frame, tmp_path).estimates}
    # The second query's relevant candidate ties with another behind the best: rank 3.
    assert found["recall_at_1"].value == 0.5
    assert found["mrr"].value == pytest.approx((1 + 1 / 3) / 2)
    assert found["median_rank"].value == 2
    assert found["recall_at_1"].chance == pytest.approx(1 / 3)
    assert found["mrr"].chance == pytest.approx((1 + 1 / 2 + 1 / 3) / 3)
    assert found["median_rank"].chance == 2
    assert found["overlap_at_1"].value == pytest.approx((0.8 + 0.3) / 2)
    assert found["overlap_at_1"].chance == pytest.approx(0.4)


def test_chance_is_that_of_random_orders() -> None:
    rng = np.random.default_rng(0)
    sizes, right = [30, 12, 5], [2, 3, 1]
    ranks = []
    for _ in range(4000):
        scores = [rng.random(n) for n in sizes]
        relevant = [np.arange(n) < k for n, k in zip(sizes, right, strict=True)]
        ranks.append(ranking.first_ranks(scores, relevant))
    drawn = ranking.figures(np.concatenate(ranks))
    for name, value in ranking.chance(sizes, right).items():
        assert value == pytest.approx(drawn[name], abs=0.011), name


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    frame = _frame().astype(object)
    frame["patient"] = ["p1"] * 3 + ["p2", "p2", "p3"]
    frame["candidate_patient"] = ["p1", "x", "y", "x", "y", "z"]
    frame.loc[2, "candidate"] = "b"
    frame.loc[3, "relevant"] = 0
    frame.loc[4, "score"] = "high"
    with pytest.raises(CaseError) as told:
        _marked(frame, tmp_path)
    for part in (
        "row 2: the candidate is of the query's own patient",
        "row 4: query and candidate q1 / b is there already, in row 3",
        "row 5: query q2 has no relevant candidate",
        "row 5: query q2 is of several patients",
        "row 6: score is high, no number",
    ):
        assert part in told.value.problem
