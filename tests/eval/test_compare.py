from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from eval import compare
from eval.compare import System
from eval.page import leaderboard
from radixgpt.errors import CaseError, SettingsError

IDS = [f"s{i}" for i in range(80)]


def _system(name: str, quality: float, seed: int, **changes: object) -> System:
    rng = np.random.default_rng(seed)
    hard = np.random.default_rng(9).normal(0, 0.1, len(IDS))  # the same studies are hard for all
    scores = quality + hard + rng.normal(0, 0.02, len(IDS))
    values: dict[str, object] = {
        "ids": IDS,
        "groups": [f"p{i // 2}" for i in range(len(IDS))],
        "scores": {"good": scores, "loss": 1 - scores},
        "corpus": {"good": 0.123},
        "signatures": {"good": "v1", "loss": ""},
        "smaller": frozenset({"loss"}),
        "references": "same",
        **changes,
    }
    return System(name, **values)  # type: ignore[arg-type]


def _three() -> list[System]:
    return [_system("weak", 0.5, 1), _system("strong", 0.7, 2), _system("twin", 0.6995, 3)]


def test_ranks_and_what_is_told_apart() -> None:
    found = compare.compare(_three(), flips=2000)
    assert [board.metric for board in found.boards] == ["good", "loss"]
    for board in found.boards:
        assert [place.system for place in board.places] == ["strong", "twin", "weak"]
        assert [place.rank for place in board.places] == [1, 2, 3]
        assert [p.verdict for p in board.places] == ["best", "not told apart", "worse"]
        for place in board.places:
            assert place.low < place.value < place.high
            assert place.difference_low <= place.difference <= place.difference_high
        worst = board.places[-1]
        assert worst.difference == pytest.approx(0.2, abs=0.02)
        assert worst.p == pytest.approx(1 / 2001)
        assert worst.p_holm == pytest.approx(2 / 2001)
        assert (board.studies, board.groups) == (80, 40)
    assert found.boards[0].places[0].corpus == 0.123
    assert compare.compare(_three(), flips=2000) == found


def test_the_common_studies_are_compared_in_any_order() -> None:
    whole = _three()
    turned = _system(
        "strong",
        0.7,
        2,
        ids=IDS[::-1],
        groups=whole[0].groups[::-1],
        scores={"good": whole[1].scores["good"][::-1]},
    )
    part = _system("weak", 0.5, 1, ids=IDS[:50], groups=whole[0].groups[:50])
    part.scores["good"] = whole[0].scores["good"][:50]
    found = compare.compare([part, turned])
    assert found.notes == ["On 50 studies that all 2 systems have."]
    best, other = found.boards[0].places
    assert best.value == pytest.approx(whole[1].scores["good"][:50].mean())
    assert (best.corpus, other.corpus) == (None, 0.123)


def test_studies_without_a_score_are_left_out_of_that_metric() -> None:
    gap = _three()
    gap[0].scores["good"][:10] = np.nan
    found = compare.compare(gap)
    assert [board.studies for board in found.boards] == [70, 80]
    gap[0].scores["good"][:] = np.nan
    assert "no study has a score of all systems: good" in compare.compare(gap).notes[-1]


def test_what_was_made_in_different_ways_is_not_compared() -> None:
    other = _system("other", 0.6, 5, signatures={"good": "v2", "loss": ""})
    found = compare.compare([_system("one", 0.6, 4), other])
    assert [board.metric for board in found.boards] == ["loss"]
    assert "made in different ways: good" in found.notes[1]


def test_reasons_not_to_compare_are_told_at_once() -> None:
    other = _system("other", 0.6, 5, references="else", groups=["p"] * 80)
    with pytest.raises(CaseError) as told:
        compare.compare([_system("one", 0.6, 4), other])
    assert "different references" in told.value.problem
    assert "other: s0 is of another group" in told.value.problem
    with pytest.raises(CaseError, match="no study is in all"):
        compare.compare([_three()[0], _system("x", 0.5, 1, ids=[f"t{i}" for i in range(80)])])
    for systems in ([_three()[0]], [_three()[0], _three()[0]]):
        with pytest.raises(SettingsError, match="can't be compared"):
            compare.compare(systems)
    with pytest.raises(SettingsError, match="Not every system has bad"):
        compare.compare(_three(), ["bad"])


def test_markdown_and_page_hold_the_figures() -> None:
    systems = [*_three(), _system("<b>|x", 0.4, 8)]
    found = compare.compare(systems, flips=500)
    markdown = compare.to_markdown(found)
    row = next(line for line in markdown.splitlines() if line.startswith("| strong"))
    assert row.count("**") == 4
    assert "≈" in next(line for line in markdown.splitlines() if line.startswith("| twin"))
    assert "| <b>\\|x |" in markdown
    page = leaderboard.render(found)
    assert "<b>|x" not in page
    assert "&lt;b&gt;|x" in page
    assert f"{found.boards[0].places[0].value:.3f}" in page


def test_what_score_wrote_is_read(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="needs the eval extra")
    folder = tmp_path / "ours"
    folder.mkdir()
    with pytest.raises(CaseError, match="no scores of ours"):
        compare.read(folder)
    frame = pd.DataFrame({"id": ["a", "b"], "group": ["p", "p"], "wer": [0.5, np.nan]})
    frame.to_parquet(folder / "studies.parquet")
    assert compare.read(folder / "studies.parquet").corpus == {}
    score = {"metric": "wer", "value": None, "better": "smaller", "signature": "v1"}
    text = json.dumps({"inputs": {"references": "abc"}, "scores": [score]})
    (folder / "scores.json").write_text(text, encoding="utf-8")
    found = compare.read(folder)
    assert (found.name, found.ids, found.groups) == ("ours", ["a", "b"], ["p", "p"])
    assert np.isnan(found.scores["wer"][1])
    assert (found.corpus, found.signatures) == ({"wer": None}, {"wer": "v1"})
    assert (found.smaller, found.references) == ({"wer"}, "abc")
    (folder / "scores.json").write_text("{", encoding="utf-8")
    with pytest.raises(CaseError, match=r"scores\.json of ours can't be read"):
        compare.read(folder)
    (folder / "studies.parquet").write_text("no table")
    with pytest.raises(CaseError, match="no Parquet file"):
        compare.read(folder)
