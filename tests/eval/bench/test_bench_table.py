"""Scored systems side by side."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from eval.bench import table
from eval.bench.definition import TaskName, definition
from radixgpt.errors import CaseError


def _scores(folder: Path, task: str, value: float | None, **more: object) -> None:
    """A file of scores as `bench score` writes it; every metric has the value."""
    folder.mkdir(exist_ok=True)
    metrics = table.SHOWN[TaskName(task)]
    score: Mapping[str, object] = {"value": value, "low": 0.1, "high": 0.9, "better": "larger"}
    content = {
        "benchmark": "SpineReportBench 1.0",
        "built": "b" * 64,
        "task": task,
        "scores": [{"metric": metric, **score} for metric in metrics],
        "reliance": [],
        **more,
    }
    (folder / f"{task}.json").write_text(json.dumps(content), encoding="utf-8")


PROBE = {"probe": "blank", "value": 0.2, "fall": 0.3, "p": 0.0001, "refused": 0.5, "passed": True}


def test_systems_stand_from_the_best_with_intervals_and_probes(tmp_path: Path) -> None:
    failed = {**PROBE, "probe": "noise", "fall": 0.0, "p": 1.0, "refused": 0, "passed": False}
    _scores(tmp_path / "low", "report", 0.25)
    _scores(tmp_path / "high", "report", 0.5, reliance=[PROBE, failed])
    _scores(tmp_path / "none", "report", None)
    _scores(tmp_path / "low", "extraction", 0.75)
    names = ["low", "none", "high"]
    told = table.to_markdown(table.read([(name, tmp_path / name) for name in names]))
    lines = told.splitlines()
    assert lines[0] == f"SpineReportBench 1.0, manifest `{'b' * 16}`."
    rows = [line.split(" | ")[0] for line in lines if line.startswith("|")]
    assert rows[2:5] == ["| high", "| low", "| none"]
    assert "| high | 0.500 (0.100 to 0.900) |" in told
    assert "| none | - |" in told
    assert (
        "| high | 0.200, falls by 0.300 (p < 0.001), 50% refused: passed "
        "| 0.200, falls by 0.000 (p 1.000): **not passed** | not run | not run |"
    ) in told
    assert "**extraction**, by `present_f1`" in told
    assert "Probes of `extraction`" not in told
    assert "**grades**" not in told


def test_shown_metrics_begin_with_the_main_one() -> None:
    assert set(table.SHOWN) == set(definition().tasks)
    for name, task in definition().tasks.items():
        assert table.SHOWN[name][0] == task.main


def test_what_can_not_be_tabled_is_told_at_once(tmp_path: Path) -> None:
    _scores(tmp_path / "a", "report", 0.25)
    _scores(tmp_path / "b", "report", 0.25, built="c" * 64)
    (tmp_path / "c").mkdir()
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "report.json").write_text("{}", encoding="utf-8")
    with pytest.raises(CaseError) as told:
        table.read([(name, tmp_path / name) for name in ("a", "a", "b", "c", "d")])
    for part in (
        "a: is there twice",
        "c: there are no scores in c",
        "d: report.json is no file of scores",
        "2 different builds",
    ):
        assert part in told.value.problem


ROOT = Path(__file__).resolve().parents[3]


def test_the_page_has_a_row_of_every_system_and_is_made_again_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks.spine_report_bench import BEGIN, END, READERS, write
    from eval.run.registry import KINDS

    page = (ROOT / "docs" / "benchmark.md").read_text(encoding="utf-8")
    tables = page.partition(BEGIN)[2].partition(END)[0]
    for system in (*KINDS, *READERS):
        assert f"\n| {system} " in tables
    for task in definition().tasks:
        assert f"**{task}**" in tables
    copy = tmp_path / "page.md"
    copy.write_text(page, encoding="utf-8")
    write(copy, "new tables")
    again = copy.read_text(encoding="utf-8")
    assert f"{BEGIN}\nnew tables\n{END}" in again
    assert again.replace("new tables", tables.strip()) == page
    copy.write_text("no marks", encoding="utf-8")
    with pytest.raises(SystemExit, match="no marks"):
        write(copy, "x")
