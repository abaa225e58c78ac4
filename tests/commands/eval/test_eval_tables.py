"""``radixgpt eval grades``, ``retrieval`` and ``calibration`` from a table to files."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

import cli

run = CliRunner().invoke

GRADES = "study,truth,p_0,p_1\na,0,0.8,0.2\nb,1,0.3,0.7\nb,1,0.6,0.4\nc,0,0.9,0.1\n"
RETRIEVAL = "query,candidate,score,relevant\nq,a,2,1\nq,b,1,0\nr,a,1,0\nr,b,2,1\n"
CALIBRATION = (
    "study,task,chance,present\na,<b>one</b>,0.9,1\nb,<b>one</b>,0.2,0\nc,two,0.8,0\nd,two,0.1,0\n"
)


@pytest.mark.parametrize(
    ("kind", "text", "metrics", "files"),
    [
        ("grades", GRADES, {"quadratic_kappa", "auroc_severe"}, {"confusion.csv"}),
        ("retrieval", RETRIEVAL, {"recall_at_1", "mrr", "median_rank"}, set()),
        ("calibration", CALIBRATION, {"ece", "aurc"}, {"reliability.csv", "risk_coverage.csv"}),
    ],
)
def test_a_table_is_marked(
    tmp_path: Path, kind: str, text: str, metrics: set[str], files: set[str]
) -> None:
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    out = tmp_path / "out"
    said = run(cli.app, ["eval", kind, str(tmp_path / "t.csv"), "-o", str(out), "--draws", "20"])
    assert said.exit_code == 0, said.output
    assert {path.name for path in out.iterdir()} == {
        "scores.json", "scores.csv", "index.html", *files
    }  # fmt: skip
    result = run(cli.app, ["eval", kind, str(tmp_path / "t.csv"), "--draws", "20", "--json"])
    found = json.loads(result.stdout)
    assert found == json.loads((out / "scores.json").read_text(encoding="utf-8"))
    assert metrics <= {score["metric"] for score in found["scores"]}
    table = pd.read_csv(out / "scores.csv")
    assert len(table) == len(found["scores"])
    page = (out / "index.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "<b>one</b>" not in page
    for score in found["scores"]:
        assert score["metric"] in page
        assert score["metric"] in said.stdout


def test_a_wrong_table_ends_with_its_code(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("study,truth\na,0\n", encoding="utf-8")
    result = run(cli.app, ["eval", "grades", str(tmp_path / "t.csv"), "--json"])
    assert result.exit_code == 3
    assert json.loads(result.stdout)["error"]["code"] == "cases"
    assert run(cli.app, ["eval", "retrieval", str(tmp_path / "no.csv")]).exit_code == 3
