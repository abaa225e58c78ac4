"""The worked examples of docs/reference/metrics.md give the figures that the page states."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from eval.batch import pairs, scoring
from eval.batch.engine import EngineName, engine
from eval.tables import calibration, grades, retrieval
from eval.tables.marked import Marked
from eval.tables.reading import Table

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "metrics.md"
_BLOCK = re.compile(r"```csv (\S+)\n(.*?)```", re.DOTALL)
_WORKED = re.compile(r"<!-- worked: (\w+) -->\n((?:\|.*\n)+)")


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    for name, text in _BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def _stated(kind: str) -> dict[str, list[float]]:
    """Metric to the numbers that the page's tables of this kind state."""
    found: dict[str, list[float]] = {}
    for named, table in _WORKED.findall(PAGE.read_text(encoding="utf-8")):
        for line in table.splitlines()[2:] if named == kind else ():
            cells = [cell.strip() for cell in line.strip("| ").split("|")]
            found[cells[0]] = [float(x) for x in cells[1:3] if re.fullmatch(r"\d+\.\d{4}", x)]
    return found


def test_words(tables: Path) -> None:
    pytest.importorskip("sacrebleu", reason="needs the eval extra")
    pytest.importorskip("nltk", reason="needs the eval extra")
    stated = _stated("score")
    assert len(stated) == 13
    names = ["bleu", "sacrebleu", "coco", "rouge", "rouge_stemmed", "chrf"]
    if shutil.which("java") and scoring.usable([])[1].get("meteor") is None:
        names.append("meteor")
    corpus = pairs.check(tables / "references.csv", tables / "candidates.csv")
    with engine(EngineName.SERIAL) as run:
        scored = scoring.joined(scoring.score(corpus, names, run))
    values = scoring.values(scoring.summary(scored, draws=2))
    each = scored.scores()
    for metric, (whole, first) in stated.items():
        if metric in values:
            assert values[metric] == pytest.approx(whole, abs=5.1e-5), metric
            assert each[metric][0] == pytest.approx(first, abs=5.1e-5), metric


def _matches(marked: Marked, stated: dict[str, list[float]]) -> set[str]:
    found = set()
    for e in marked.estimates:
        if e.task == "all" and e.metric in stated:
            found.add(e.metric)
            value, *chance = stated[e.metric]
            assert e.value == pytest.approx(value, abs=5.1e-5), e.metric
            if chance:
                assert e.chance == pytest.approx(chance[0], abs=5.1e-5), e.metric
    return found


def test_grades(tables: Path) -> None:
    stated = _stated("grades")
    losses = {metric: said for metric, said in stated.items() if metric.startswith("rsna")}
    others = {metric: said for metric, said in stated.items() if metric not in losses}
    assert (len(losses), len(others)) == (4, 8)
    marked = grades.mark(Table(tables / "grades.csv"), draws=2)
    assert _matches(marked, others) == set(others)
    marked = grades.mark(Table(tables / "rsna.csv"), draws=2)
    assert _matches(marked, losses) == set(losses)


def test_retrieval(tables: Path) -> None:
    stated = _stated("retrieval")
    assert len(stated) == 4
    assert all(len(said) == 2 for said in stated.values())
    marked = retrieval.mark(Table(tables / "retrieval.csv"), draws=2)
    assert _matches(marked, stated) == set(stated)


def test_calibration(tables: Path) -> None:
    stated = _stated("calibration")
    assert len(stated) == 5
    marked = calibration.mark(Table(tables / "calibration.csv"), draws=2)
    assert _matches(marked, stated) == set(stated)
