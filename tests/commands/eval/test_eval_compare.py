"""``radixgpt eval compare`` on what ``radixgpt eval score`` wrote."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import cli

run = CliRunner().invoke


def _scored(folder: Path, name: str, texts: list[str]) -> str:
    rows = "".join(f"{number},{text}\n" for number, text in enumerate(texts))
    (folder / f"{name}.csv").write_text(f"id,text\n{rows}", encoding="utf-8")
    options = ["--metrics", "rouge", "--draws", "20", "--page-studies", "0", "--quiet"]
    tables = ["-r", str(folder / "r.csv"), "-c", str(folder / f"{name}.csv")]
    result = run(cli.app, ["eval", "score", *tables, "-o", str(folder / name), *options])
    assert result.exit_code == 0, result.output
    assert not (folder / name / "index.html").exists()
    return str(folder / name)


def test_two_systems_from_texts_to_a_leaderboard(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="needs the eval extra")
    texts = [f"disc bulge at level {number} without stenosis" for number in range(12)]
    rows = "".join(f"{number},{text}\n" for number, text in enumerate(texts))
    (tmp_path / "r.csv").write_text(f"id,text\n{rows}", encoding="utf-8")
    good = _scored(tmp_path, "good", texts)
    poor = _scored(tmp_path, "poor", ["normal disc"] * 12)
    out = tmp_path / "out"
    result = run(cli.app, ["eval", "compare", f"ours={good}", poor, "-o", str(out), "--json", "-q"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found == json.loads((out / "compare.json").read_text(encoding="utf-8"))
    places = next(board for board in found["boards"] if board["metric"] == "rouge_l")["places"]
    assert [place["system"] for place in places] == ["ours", "poor"]
    assert [place["verdict"] for place in places] == ["best", "worse"]
    assert places[0]["value"] == places[0]["corpus"] == 1
    said = run(cli.app, ["eval", "compare", f"ours={good}", poor, "--metrics", "rouge_l", "-q"])
    assert said.stdout == ""
    said = run(cli.app, ["eval", "compare", f"ours={good}", poor, "--metrics", "rouge_l"])
    assert said.stdout.startswith("| system | rouge_l ↑ |")
    assert "ours" in (out / "index.html").read_text(encoding="utf-8")
    assert run(cli.app, ["eval", "compare", good]).exit_code == 2
    assert run(cli.app, ["eval", "compare", good, str(tmp_path)]).exit_code == 3
    lost = run(cli.app, ["eval", "compare", good, f"b={tmp_path}", f"c={tmp_path / 'none'}"])
    assert "There are no scores of b" in lost.stderr
    assert "There are no scores of c" in lost.stderr
