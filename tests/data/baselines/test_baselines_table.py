"""Gradings and measures are joined disc by disc, and what can't be used is told."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from data.baselines.table import FEATURES, build, grade_of, is_graded
from radixgpt.case import Case, StatedFinding
from radixgpt.errors import CaseError

Made = tuple[list[Case], pd.DataFrame]
Synthetic = Callable[..., Made]


@pytest.fixture
def made(synthetic: Synthetic) -> Made:
    cases, measured = synthetic(8, development=3)
    return cases, measured.copy()


def test_each_graded_disc_has_one_row_with_its_own_measures(made: Made) -> None:
    cases, measured = made
    discs = build(cases, measured)
    assert len(discs.rows) == 5 * 11
    assert discs.findings == ("pfirrmann", "disc_narrowing", "disc_herniation")
    row = discs.rows.set_index(["case", "level"]).loc[("made/3", "L4-L5")]
    own = measured[(measured["case"] == "made/3") & (measured["level"] == "L4-L5")]
    by_sequence = own.set_index("sequence")
    assert row["disc_height_index"] == pytest.approx(own["disc_height_index"].mean())
    assert row["slip_size"] == pytest.approx(abs(own["slip_ratio"].mean()))
    for contrast in ("t1", "t2"):
        assert row[f"{contrast}_signal_spread"] == by_sequence.loc[contrast, "signal_spread"]
    assert row["level_index"] == 1
    assert row["sex_male"] == 1


def test_t2_space_stands_in_for_a_missing_t2_alone(made: Made) -> None:
    cases, measured = made
    space = measured[measured["sequence"] == "t2"].assign(sequence="t2_space", signal_to_canal=9.0)
    space["image"] = space["image"] + "s"
    both = build(cases, pd.concat([measured, space])).rows
    assert (both["t2_signal_to_canal"] < 9).all()
    alone = build(cases, pd.concat([measured[measured["sequence"] == "t1"], space])).rows
    assert (alone["t2_signal_to_canal"] == 9).all()


def test_of_two_series_of_a_contrast_the_fuller_one_is_taken(made: Made) -> None:
    cases, measured = made
    extra = measured[(measured["sequence"] == "t2") & (measured["level"] == "L5-S1")]
    extra = extra.assign(image="0_other.png", signal_to_canal=9.0)
    rows = build(cases, pd.concat([extra, measured])).rows
    assert (rows["t2_signal_to_canal"] < 9).all()


def test_a_disc_that_was_not_found_stays_with_unknown_measures(made: Made) -> None:
    cases, measured = made
    lost = (measured["case"] == "made/0") & (measured["level"] == "L1-L2")
    discs = build(cases, measured[~lost])
    row = discs.rows.set_index(["case", "level"]).loc[("made/0", "L1-L2")]
    assert not row["measured"]
    assert np.isnan(row["disc_height_index"])
    assert any("1 of 55 graded discs were not found" in note for note in discs.notes)


def test_what_tells_nothing_is_left_out_with_its_reason(made: Made) -> None:
    cases, measured = made
    discs = build(
        [case.model_copy(update={"facts": {"sex": "F"}}) for case in cases],
        measured.assign(canal_ratio=np.nan),
    )
    assert discs.left_out == {
        "canal_ratio": "never known",
        "sex_male": "the same in every disc",
        "age_years": "never known",
    }
    assert set(discs.features) == set(FEATURES) - set(discs.left_out)


def test_the_final_test_is_never_looked_at(made: Made) -> None:
    cases, measured = made
    kept = [c.model_copy(update={"split": "test"}) if c.id == "made/2" else c for c in cases]
    assert "made/2" not in set(build(kept, measured).rows["case"])


def test_what_a_text_states_is_no_grading(made: Made) -> None:
    cases, measured = made
    text = StatedFinding(level="L4-L5", kind="disc_bulging", section="findings")
    told = cases[0].model_copy(update={"findings": (*cases[0].findings, text)})
    assert "disc_bulging" not in build([told, *cases[1:]], measured).findings
    assert not is_graded(cases[0].model_copy(update={"findings": (text,)}))
    assert is_graded(told)


@pytest.mark.parametrize(
    ("finding", "grade"),
    [
        (StatedFinding(level="L4-L5", kind="pfirrmann", value=4), 4.0),
        (StatedFinding(level="L4-L5", kind="pfirrmann", value=9), None),
        (StatedFinding(level="L4-L5", kind="modic", value=0, assertion="absent"), 0.0),
        (StatedFinding(level="L4-L5", kind="modic", value=2), 1.0),
        (StatedFinding(level="L4-L5", kind="disc_bulging"), 1.0),
        (StatedFinding(level="L4-L5", kind="disc_bulging", assertion="absent"), 0.0),
        (StatedFinding(level="L4-L5", kind="disc_bulging", assertion="uncertain"), None),
    ],
)
def test_gradings_become_numbers(finding: StatedFinding, grade: float | None) -> None:
    assert grade_of(finding) == grade


def test_bad_tables_are_told_with_their_mend(made: Made) -> None:
    cases, measured = made
    with pytest.raises(CaseError, match=r"lacks canal_ratio, slip_ratio.*made again"):
        build(cases, measured.drop(columns=["canal_ratio", "slip_ratio"]))
    with pytest.raises(CaseError, match=r"no split.*radixgpt data split"):
        build([case.model_copy(update={"split": None}) for case in cases], measured)
    with pytest.raises(CaseError, match="No case has a graded lumbar disc"):
        build([case.model_copy(update={"findings": ()}) for case in cases], measured)
    with pytest.raises(CaseError, match="No case for training"):
        build([case.model_copy(update={"split": "test"}) for case in cases], measured)
    other = StatedFinding(level="L1-L2", kind="pfirrmann", value=5)
    first = StatedFinding(level="L1-L2", kind="pfirrmann", value=1)
    twice = cases[0].model_copy(update={"findings": (first, other)})
    with pytest.raises(CaseError, match=r"made/0 has two different grades of pfirrmann at L1-L2"):
        build([twice], measured)
    unseen = measured.assign(level=None, reason="unreadable")
    with pytest.raises(CaseError, match=r"None of the 55 graded discs.*unreadable: 110"):
        build(cases, unseen)
