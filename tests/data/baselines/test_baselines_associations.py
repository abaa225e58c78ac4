"""Odds ratios are those that made the data, with patients as clusters."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from data.baselines import associations
from data.baselines.associations import REFERENCE, Association, associate
from data.baselines.table import FEATURES, LEVEL, Discs
from radixgpt.case import Case
from radixgpt.level import LUMBAR_DISCS, disc_index

Synthetic = Callable[..., tuple[list[Case], pd.DataFrame]]
STEP, MEASURE = 0.6, -1.1  # log odds for a level further down, and for a unit of disc height


def table(patients: int = 150, *, seed: int = 0, silent: bool = False) -> Discs:
    """Narrowing whose odds go with level and disc height by known factors."""
    rng = np.random.default_rng(seed)
    rows = []
    for p in range(patients):
        own = rng.normal(scale=0.3)
        for level in LUMBAR_DISCS:
            height = rng.normal()
            odds = own if silent else own + STEP * (2 - disc_index(level)) + MEASURE * height
            there = float(rng.random() < 1 / (1 + np.exp(-odds)))
            rows.append(
                {
                    "case": str(p),
                    "patient": str(p),
                    "split": "train",
                    "level": level,
                    LEVEL: float(disc_index(level)),
                    "disc_height_index": height,
                    "sex_male": float(p % 2),
                    "disc_narrowing": there,
                }
            )
    frame = pd.DataFrame(rows)
    for name in FEATURES:
        if name not in frame:
            frame[name] = np.nan
    return Discs(frame, ("disc_narrowing",), ("disc_height_index", LEVEL, "sex_male"))


@pytest.fixture(scope="module")
def found() -> Association:
    return associate(table(), ["disc_narrowing"])[0]


def test_the_trend_is_the_one_that_was_made(found: Association) -> None:
    trend = found.trend
    # Averaged over the other causes, odds ratios come nearer to one (Zeger et al., 1988).
    assert 1.3 < trend["odds"] < np.exp(STEP)
    assert trend["low"] < trend["odds"] < trend["high"]
    assert trend["p"] < 1e-10
    assert found.across["p"] < 1e-10
    assert found.across["degrees"] == 4


def test_levels_are_told_against_the_reference(found: Association) -> None:
    odds = [row["odds"] for row in found.levels]
    assert [row["level"] for row in found.levels] == list(LUMBAR_DISCS)
    assert odds == sorted(odds)
    assert odds[LUMBAR_DISCS.index(REFERENCE)] == 1.0
    for row in found.levels:
        assert row["share_low"] <= row["share"] <= row["share_high"]
        assert row["share"] == pytest.approx(row["positive"] / row["discs"], abs=1e-4)


def test_a_measure_is_told_at_the_same_level(found: Association) -> None:
    measure, sex = found.features
    assert (measure["feature"], sex["feature"]) == ("disc_height_index", "sex_male")
    assert measure["odds"] == pytest.approx(np.exp(MEASURE), rel=0.3)
    assert sex["low"] < 1 < sex["high"]
    assert measure["adjusted"] >= measure["p"]


def test_nothing_is_found_where_nothing_is() -> None:
    p_values = []
    for seed in range(12):
        rows = table(40, seed=seed, silent=True).rows
        rows = rows.assign(positive=rows["disc_narrowing"])
        p_values += [associations._cochran(rows)["p"], associations._trend(rows)["p"]]
    assert np.mean(np.array(p_values) < 0.05) < 0.25
    assert np.mean(p_values) == pytest.approx(0.5, abs=0.2)


def test_discs_of_one_patient_are_no_new_patients() -> None:
    discs = table(60)
    # Each patient's discs come four times over: nothing more is known.
    copies = [discs.rows.assign(case=discs.rows["case"] + f"-{k}") for k in range(4)]
    more = Discs(pd.concat(copies, ignore_index=True), discs.findings, discs.features)
    alone, together = (associate(d, ["disc_narrowing"])[0].trend for d in (discs, more))
    assert together["low"] == pytest.approx(alone["low"], rel=0.02)
    assert together["high"] == pytest.approx(alone["high"], rel=0.02)


def test_a_level_without_the_finding_says_so() -> None:
    discs = table(80)
    discs.rows.loc[discs.rows["level"] == "L1-L2", "disc_narrowing"] = 0.0
    discs.rows.loc[discs.rows["level"] == "L5-S1", "disc_narrowing"] = 1.0
    found = associate(discs, ["disc_narrowing"])[0]
    reasons = {row["level"]: row["reason"] for row in found.levels}
    assert reasons["L1-L2"] == "none of the level's discs has it"
    assert reasons["L5-S1"] == "every one of the level's discs has it"
    assert reasons["L4-L5"] == ""
    assert found.levels[0]["p"] is None
    assert "adjusted" not in found.levels[0]
    assert found.features[0]["discs"] == 240


def test_without_the_reference_no_level_is_compared() -> None:
    discs = table(60)
    discs.rows.loc[discs.rows["level"] == REFERENCE, "disc_narrowing"] = 0.0
    found = associate(discs, ["disc_narrowing"])[0]
    others = [row for row in found.levels if row["level"] != REFERENCE]
    assert {row["reason"] for row in others} == {f"{REFERENCE} can't be the reference"}


def test_too_few_patients_are_told() -> None:
    discs = table(60)
    discs.rows["disc_narrowing"] = (discs.rows["case"].isin(["1", "2"])).astype(float)
    found = associate(discs, ["disc_narrowing"])[0]
    assert found.trend["p"] is None
    assert "only 2 training patients" in found.trend["reason"]
    assert found.features[0]["p"] is None


def test_only_training_patients_are_looked_at() -> None:
    discs = table(80)
    other = discs.rows.copy()
    held = other["case"].astype(int) >= 60
    other.loc[held, "split"] = "development"
    flipped = other.copy()
    flipped.loc[held, "disc_narrowing"] = 1 - flipped.loc[held, "disc_narrowing"]
    first, second = (
        associate(Discs(rows, discs.findings, discs.features), ["disc_narrowing"])[0]
        for rows in (other, flipped)
    )
    assert first == second


def test_p_values_are_adjusted_over_all_findings() -> None:
    rows = [{"p": 0.01}, {"p": 0.02}, {"p": None, "reason": "none"}, {"p": 0.04}]
    associations._adjust(rows, "holm")
    assert [row.get("adjusted") for row in rows] == pytest.approx([0.03, 0.04, None, 0.04])


def test_findings_of_the_whole_table_are_associated(synthetic: Synthetic) -> None:
    from data.baselines.table import build

    discs = build(*synthetic(25, development=2))
    found = {a.finding: a for a in associate(discs, discs.findings)}
    assert found["pfirrmann"].positive_from == 4
    narrowing = {row["feature"]: row for row in found["disc_narrowing"].features}
    assert narrowing["disc_height_index"]["odds"] < 0.6
    herniation = {row["level"]: row for row in found["disc_herniation"].levels}
    assert herniation["L1-L2"]["reason"]
    assert herniation["L5-S1"]["positive"] > 3
