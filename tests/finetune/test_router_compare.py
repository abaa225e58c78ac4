from __future__ import annotations

import re
from pathlib import Path

import pytest

from eval import routing

pytest.importorskip("transformers", reason="the comparison needs transformers")

from finetune import router, router_compare
from finetune.router_compare import SHIPS, Result

DOCS = Path(__file__).resolve().parents[2] / "docs"
CARD = Path(__file__).resolve().parents[2] / "weights" / "router" / "card.md"


def baseline() -> Result:
    learn = routing.load("train")
    keywords = router_compare.FITTED["first list of keywords that matches"]
    return router_compare.measure(router.predictor(keywords(learn, 0.0)), 0.5)


def perfect() -> Result:
    calls = {
        part: [(u.call.tool, dict(u.call.args)) for u in routing.load(part)]
        for part in router_compare.PARTS
    }
    return Result(None, calls, 1.25)


def test_a_measured_candidate_is_kept_and_not_measured_again(tmp_path: Path) -> None:
    measured = router_compare.kept(tmp_path / "a.json", baseline)
    assert 0 < routing.score(measured.marks("test"), repeats=10).call < 0.9
    assert measured.milliseconds > 0

    def again() -> Result:
        raise AssertionError("measured again")

    assert router_compare.kept(tmp_path / "a.json", again) == measured


def test_the_table_has_a_row_for_each_candidate_and_the_gap_to_what_ships() -> None:
    rows = router_compare.table({SHIPS: baseline(), "oracle": perfect()}).splitlines()[2:]
    assert len(rows) == 2
    assert rows[0].startswith("| **hybrid** (ships) | 50.0% |")
    cells = [cell.strip() for cell in rows[1].split("|")]
    assert cells[1:4] == ["oracle", "", "100.0%"]
    assert cells[4] == "100.0% (100.0% to 100.0%)"
    gap = re.fullmatch(r"\+(\d+\.\d) \(\+\d+\.\d to \+\d+\.\d\)", cells[5])
    assert gap is not None
    right = routing.score(baseline().marks("test"), repeats=10).call
    assert float(gap[1]) == pytest.approx(100 * (1 - right), abs=0.06)


def test_the_candidate_that_ships_is_one_of_those_that_are_compared() -> None:
    assert router_compare.FITTED[SHIPS] is router.fit_hybrid


def test_the_decision_tells_what_the_card_tells() -> None:
    page = (DOCS / "decisions" / "0004-embedded-brain.md").read_text(encoding="utf-8")
    totals = re.findall(r"\*\*all\*\*.*\*\*([\d.]+%)\*\* (\(.*?\))", CARD.read_text())
    assert len(totals) == 2
    for share, interval in totals:
        assert f"{share} {interval}" in page, "run python -m finetune.router_compare"
    for name in (*router_compare.FITTED, *router_compare.SPOKEN):
        assert f"| {name} |" in page or f"| **{name}** (ships) |" in page
