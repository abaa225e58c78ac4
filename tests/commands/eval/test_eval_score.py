"""``radixgpt eval score`` from tables to files."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

import cli

run = CliRunner().invoke


@pytest.fixture
def tables(tmp_path: Path) -> list[str]:
    (tmp_path / "r.csv").write_text(
        "id,text,patient\n1,mild disc bulge at L4-L5,a\n2,no herniation is seen,a\n3,normal,b\n",
        encoding="utf-8",
    )
    (tmp_path / "c.csv").write_text(
        "id,text\n3,normal\n1,disc bulge at L4-L5\n2,herniation\n", encoding="utf-8"
    )
    pairs = ["--references", str(tmp_path / "r.csv"), "--candidates", str(tmp_path / "c.csv")]
    return ["eval", "score", *pairs, "-o", str(tmp_path / "out")]


def test_scores_and_studies_are_written_alike(tables: list[str], tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="needs the eval extra")
    result = run(
        cli.app, [*tables, "--metrics", "bleu,rouge", "--draws", "20", "--json", "--quiet"]
    )
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found == json.loads((tmp_path / "out" / "scores.json").read_text(encoding="utf-8"))
    table = pd.read_parquet(tmp_path / "out" / "studies.parquet")
    assert table["id"].tolist() == ["1", "2", "3"]
    assert table["group"].tolist() == ["a", "a", "b"]
    text = pd.read_csv(tmp_path / "out" / "studies.csv", dtype={"id": str})
    pd.testing.assert_frame_equal(table, text)
    by_name = {score["metric"]: score for score in found["scores"]}
    assert by_name["rouge_l"]["value"] == pytest.approx(table["rouge_l"].mean())
    assert by_name["rouge_l"]["studies"] == 2
    assert len(found["inputs"]["references"]) == 64


def test_problems_of_the_tables_end_with_their_code(tables: list[str], tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("id,text\n1,x\n", encoding="utf-8")
    result = run(cli.app, tables)
    assert result.exit_code == 3
    assert "2 has no candidate" in result.stderr
    assert not (tmp_path / "out").exists()


def test_what_can_not_run_here_is_said_and_nothing_is_0(
    tables: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pyarrow", reason="needs the eval extra")
    monkeypatch.setenv("PATH", "")
    result = run(cli.app, [*tables, "--draws", "20"])
    assert result.exit_code == 0, result.output
    assert "left out: METEOR: no " in result.stdout
    found = json.loads((tmp_path / "out" / "scores.json").read_text(encoding="utf-8"))
    assert "meteor" in {lack["metrics"] for lack in found["left_out"]}
    assert "meteor" not in {score["metric"] for score in found["scores"]}
    asked = run(cli.app, [*tables, "--metrics", "meteor"])
    assert asked.exit_code == 5
    assert "METEOR: no " in asked.stderr


def test_a_folder_that_cannot_be_written_is_told(tables: list[str], tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="needs the eval extra")
    (tmp_path / "out").touch()
    result = run(cli.app, [*tables, "--metrics", "rouge", "--draws", "20"])
    assert result.exit_code == 2, result.output
    assert "The scores can't be written" in result.stderr


def test_an_unknown_metric_is_a_wrong_usage(tables: list[str]) -> None:
    result = run(cli.app, [*tables, "--metrics", "bleu,blue"])
    assert result.exit_code == 2
    assert "blue" in result.stderr
