from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval import calibration as measures
from eval.tables import calibration
from eval.tables.marked import Marked
from eval.tables.reading import Table
from radixgpt import statistics
from radixgpt.errors import CaseError


def _marked(frame: pd.DataFrame, folder: Path) -> Marked:
    frame.to_json(folder / "t.jsonl", orient="records", lines=True)
    return calibration.mark(Table(folder / "t.jsonl"), draws=50)


def _values(marked: Marked) -> dict[str, float]:
    return {e.metric: e.value for e in marked.estimates if e.task == "all"}


def test_risk_and_coverage_by_hand() -> None:
    coverage, risk = measures.risk_coverage([0.9, 0.6, 0.8, 0.6], [1, 0, 1, 1])
    assert coverage.tolist() == [0.25, 0.5, 1.0]
    assert risk.tolist() == [0.0, 0.0, 0.25]
    assert measures.area(coverage, risk) == pytest.approx(0.125)
    assert measures.risk_at(coverage, risk, 0.6) == 0.25


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1))
def test_the_curve_ends_at_all_rows_and_is_blind_to_order(rows: list[tuple[float, bool]]) -> None:
    sure, right = zip(*rows, strict=True)
    coverage, risk = measures.risk_coverage(sure, right)
    assert coverage[-1] == 1
    assert risk[-1] == pytest.approx(1 - np.mean(right))
    assert (np.diff(coverage) > 0).all()
    turned = measures.risk_coverage(sure[::-1], right[::-1])
    np.testing.assert_allclose([coverage, risk], turned)


def test_chances_of_presence(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    chance = rng.random(200)
    present = rng.random(200) < chance
    frame = pd.DataFrame({"study": range(200), "chance": chance, "present": present})
    found = _marked(frame, tmp_path)
    values = _values(found)
    assert values["brier"] == pytest.approx(statistics.brier(present, chance))
    assert values["ece"] == pytest.approx(
        statistics.expected_calibration_error(chance, present), abs=1e-9
    )
    assert values["risk_at_coverage_1"] == pytest.approx(((chance >= 0.5) != present).mean())
    assert values["risk_at_coverage_0.5"] < values["risk_at_coverage_1"]
    assert sum(found.curves["reliability"][0].columns["rows"]) == 200


def test_chances_of_classes_and_confidences(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"study": [1, 2], "truth": ["a", "b"], "p_a": [0.7, 0.6], "p_b": [0.3, 0.4]}
    )
    values = _values(_marked(frame, tmp_path))
    assert values["brier"] == pytest.approx((2 * 0.09 + 2 * 0.36) / 2)
    assert values["risk_at_coverage_0.5"] == 0
    assert values["risk_at_coverage_1"] == 0.5
    sure = pd.DataFrame({"study": [1, 2], "confidence": [0.7, 0.6], "right": [True, False]})
    assert _values(_marked(sure, tmp_path))["brier"] == pytest.approx((0.09 + 0.36) / 2)


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        ({"study": [1], "chance": [0.5]}, "has the columns study, chance"),
        ({"study": [1], "truth": ["a"], "p_a": [1.0]}, "has the columns"),
        ({"chance": [0.5], "present": [1]}, "has the columns chance, present"),
        ({"study": [1], "chance": [2], "present": ["maybe"]}, "present is maybe"),
        ({"study": [1], "chance": [2], "present": [1]}, "chance is 2, no number from 0 to 1"),
        ({"study": [1], "truth": ["c"], "p_a": [0.5], "p_b": [0.5]}, "truth is c, not one of a, b"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, frame: dict[str, list[object]], said: str) -> None:
    with pytest.raises(CaseError, match=said):
        _marked(pd.DataFrame(frame), tmp_path)
