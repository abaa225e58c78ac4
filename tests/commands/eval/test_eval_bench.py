"""``radixgpt eval bench``: from cases to a scored system."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import cli
from radixgpt.case import write_cases

sys.path.insert(0, str(Path(__file__).parents[2] / "eval" / "bench"))

from bench_cases import workspace  # type: ignore[import-not-found]

run = CliRunner().invoke


def _call(*arguments: object) -> str:
    result = run(cli.app, ["eval", "bench", *map(str, arguments)])
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    path = tmp_path / "cases.jsonl"
    write_cases(path, workspace(tmp_path))
    return path


def test_build_predict_and_score(cases: Path, tmp_path: Path) -> None:
    bench, mine = tmp_path / "bench", tmp_path / "mine"
    built = json.loads(_call("build", "--cases", cases, "-o", bench, "--json", "-q"))
    assert built["items"]["grades"] == 320
    asked = ["--system", "most-frequent", "--bench", bench, "--cases", cases, "-q"]
    written = json.loads(_call("predict", *asked, "-o", mine, "--json"))
    assert set(written) == {"report", "grades", "concepts"}
    assert json.loads(_call("predict", *asked, "-o", mine, "--json")) == written
    _call("predict", *asked, "--probe", "blank", "-o", tmp_path / "blank")
    scores = ["--bench", bench, "--predictions", written["report"], "--draws", "20"]
    probe = f"blank={tmp_path / 'blank' / 'report.jsonl'}"
    out = tmp_path / "scores"
    told = _call("score", "--task", "report", *scores, "--probe", probe, "-o", out)
    assert "blank" in told
    assert "NOT PASSED" in told, "what says the same whatever it sees relies on no image"
    found = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert found["benchmark"].startswith("SpineReportBench")
    assert found["main"] == found["scores"][0]["metric"] == "finding_f1"
    assert found["reliance"][0]["fall"] == 0
    assert found["built"] == built["sha256"]
    table = _call("table", f"ours={out}")
    assert f"| ours | {found['scores'][0]['value']:.3f} (" in table
    assert "falls by 0.000" in table
    result = run(cli.app, ["eval", "bench", "table", str(tmp_path / "nothing")])
    assert result.exit_code == 3
    assert "there are no scores in nothing" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["score", "--task", "magic", "--predictions", "x"], 2, "no task 'magic'"),
        (["score", "--task", "report", "--predictions", "x"], 3, "no file x"),
        (["score", "--task", "report", "--predictions", "x", "--probe", "x=y"], 2, "no probe"),
        (["predict", "--system", "most-frequent", "-o", "o"], 2, "--cases"),
        (["predict", "--system", "rules", "-o", "o"], 2, "--notes"),
    ],
)
def test_what_is_wrong_is_told(
    cases: Path,
    tmp_path: Path,
    arguments: list[str],
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("RADIXGPT_SHARED_DATA", raising=False)
    monkeypatch.chdir(tmp_path)
    _call("build", "--cases", cases, "-o", tmp_path / "bench", "-q")
    result = run(cli.app, ["eval", "bench", *arguments, "--bench", str(tmp_path / "bench")])
    assert result.exit_code == code, result.output
    assert said in result.stderr


@pytest.mark.data
def test_the_rules_read_the_marked_notes(cases: Path, tmp_path: Path, shared_data: Path) -> None:
    bench = tmp_path / "bench"
    _call("build", "--cases", cases, "-o", bench, "-q")
    values = {}
    for reader in ("rules", "keywords"):
        out = tmp_path / reader
        _call(
            "predict", "--system", reader, "--bench", bench, "--notes", shared_data, "-o", out, "-q"
        )
        file = out / "extraction.jsonl"
        told = _call(
            "score", "--task", "extraction", "--bench", bench, "--predictions", file, "--json"
        )
        values[reader] = json.loads(told)["scores"][0]["value"]
    assert values["rules"] > 0.95
    assert values["keywords"] < 0.7
