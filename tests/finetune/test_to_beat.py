from __future__ import annotations

import json
from pathlib import Path

import pytest

from finetune import to_beat
from radixgpt.errors import CaseError


def _mark(model: str, split: str, value: float, finding: str = "disc_bulging") -> dict[str, object]:
    metric = "quadratic kappa" if finding == "pfirrmann" else "AUROC"
    return {
        "finding": finding,
        "metric": metric,
        "model": model,
        "value": value,
        "low": value - 0.1,
        "high": value + 0.1,
        "split": split,
        "patients": 9,
        "discs": 45,
        "positive": 5,
        "reason": None,
    }


def test_what_cross_validation_chose_is_kept_and_shown_beside(tmp_path: Path) -> None:
    marks = [
        _mark(model, split, value, finding)
        for finding in ("disc_bulging", "pfirrmann")
        for model, split, value in (
            ("logistic", "cross-validation", 0.8),
            ("boosting", "cross-validation", 0.7),
            ("logistic", "development", 0.75),
            ("boosting", "development", 0.85),
        )
    ]
    (tmp_path / "b.json").write_text(json.dumps({"marks": marks}), encoding="utf-8")
    assert to_beat.keep(tmp_path / "b.json", tmp_path / "b.csv") == 2
    rows = to_beat.kept(tmp_path / "b.csv")
    assert {name: row["model"] for name, row in rows.items()} == {
        "disc_bulging AUROC": "logistic",
        "Pfirrmann quadratic kappa": "logistic",
    }
    figures = {
        "disc_bulging AUROC": {"value": 0.7, "low": 0.6, "high": 0.8},
        "Pfirrmann quadratic kappa": {"value": 0.8, "low": 0.7, "high": 0.9},
        "modic AUROC": {"value": 0.9, "low": 0.8, "high": 1.0},
    }
    lines = to_beat.beside(figures, rows).splitlines()[2:]
    assert [line.split(" | ")[-1] for line in lines] == ["no |", "yes |"]


def test_the_kept_table_speaks_of_every_graded_finding() -> None:
    assert {name.split()[0] for name in to_beat.kept()} >= {
        "Pfirrmann",
        "modic",
        "disc_narrowing",
        "disc_bulging",
        "disc_herniation",
        "endplate_upper",
        "endplate_lower",
        "spondylolisthesis",
    }


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"marks": 5}'])
def test_what_is_no_document_is_told(tmp_path: Path, content: str) -> None:
    (tmp_path / "x.json").write_text(content, encoding="utf-8")
    with pytest.raises(CaseError, match="no baselines"):
        to_beat.keep(tmp_path / "x.json", tmp_path / "x.csv")
    with pytest.raises(CaseError, match="no baselines"):
        to_beat.keep(tmp_path / "missing.json", tmp_path / "x.csv")
