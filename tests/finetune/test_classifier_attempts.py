"""The ways that were tried: each is judged on patients that it did not learn from."""

from __future__ import annotations

import numpy as np
import pytest

from finetune import classifier_attempts as attempts


def seen(n: int = 240) -> attempts.Seen:
    rng = np.random.default_rng(3)
    truth = {kind: rng.random(n) < 0.4 for kind in attempts.KINDS}
    logits = {
        regime: {kind: 2.0 * y - 1 + rng.normal(0, 1, n) for kind, y in truth.items()}
        for regime in ("both", "t2", "t1")
    }
    trees = {kind: logits["both"][kind] for kind in attempts.KINDS if kind != "spondylolisthesis"}
    return attempts.Seen(
        logits,
        trees,
        rng.normal(size=(n, 4)),
        rng.normal(size=(n, 2)),
        truth,
        np.repeat(np.arange(n // 5), 5).astype(float),
        np.tile(np.arange(5), n // 5).astype(float),
    )


def test_noise_is_not_learned_by_heart() -> None:
    one = seen()
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(240, 30))
    y = rng.random(240) < 0.5
    score = attempts.crossed(attempts.boosting, noise, y, one.patients)
    assert attempts.marks.auroc(y.tolist(), score) == pytest.approx(0.5, abs=0.12)


def test_a_patient_is_never_in_two_parts() -> None:
    patients = seen().patients
    parts = attempts.parts_of(patients)
    assert all(len(set(parts[patients == p])) == 1 for p in np.unique(patients))


def test_every_way_gets_a_figure_and_a_row() -> None:
    rows = attempts.rows(seen())
    names = {(row["figure"], row["way"]) for row in rows}
    assert len(names) == len(rows)
    for row in rows:
        for kind in attempts.KINDS:
            assert kind not in row or 0 <= float(row[kind]) <= 1
    platt = next(r for r in rows if r["way"] == "Platt")
    raw = next(r for r in rows if r["way"] == "none")
    assert float(platt["disc_narrowing"]) < float(raw["disc_narrowing"]) + 0.05


def test_the_kept_table_shows_each_kind() -> None:
    table = attempts.as_table("AUROC").splitlines()
    assert table[0].count("|") == len(attempts.KINDS) + 2
    assert len(table) > 8
