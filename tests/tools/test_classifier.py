"""Calibration, abstention and gating of grades, and the shipped ensemble on phantoms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from data.synth.phantom import Disc
from radixgpt.finding import GRADED, KINDS
from radixgpt.level import LUMBAR_DISCS
from radixgpt.study import Sequence
from tools import classifier, levels
from tools.calibration import Calibration, Chances, Joined, Said, any_modic, calibrate
from tools.forest import SECOND
from tools.grade_net import BINARY
from tools.slips import SlipRule, Steps

LOGITS = st.floats(-8, 8)
AS_IT_IS = Joined(network=1, trees=0, offset=0)
PLAIN = Calibration(
    pfirrmann=(AS_IT_IS,) * 4,
    sharpness=1,
    modic=AS_IT_IS,
    binary=dict.fromkeys((b for b in BINARY if b != "spondylolisthesis"), AS_IT_IS),
    slip=SlipRule(logit=1, step=10, agreed=20, offset=0),
)
NONE = [Steps(None, None)] * 3
TREES = np.zeros((3, len(SECOND)))


@given(
    arrays.arrays(float, (3, 4), elements=LOGITS),
    arrays.arrays(float, (3, 4), elements=LOGITS),
    arrays.arrays(float, (3, 6), elements=LOGITS),
)
def test_chances_are_distributions(
    pfirrmann: classifier.Floats, modic: classifier.Floats, binary: classifier.Floats
) -> None:
    chances = calibrate(Said(pfirrmann, modic, binary, TREES, NONE), PLAIN)
    for part in (chances.pfirrmann, chances.modic):
        assert (part >= -1e-12).all()
        assert part.sum(axis=1) == pytest.approx(1)
    assert ((chances.binary > 0) & (chances.binary < 1)).all()


@given(arrays.arrays(float, (3, 4), elements=LOGITS))
def test_a_power_below_one_states_the_same_grade_less_surely(pfirrmann: classifier.Floats) -> None:
    said = Said(pfirrmann, np.zeros((3, 4)), np.zeros((3, 6)), TREES, NONE)
    plain = calibrate(said, PLAIN).pfirrmann
    soft = calibrate(said, PLAIN.model_copy(update={"sharpness": 0.7})).pfirrmann
    assert (soft.max(axis=1) <= plain.max(axis=1) + 1e-9).all()
    best = plain.argmax(axis=1)[:, None]
    chosen = np.take_along_axis(soft, best, 1)[:, 0]
    assert chosen == pytest.approx(soft.max(axis=1))


def test_a_measured_slip_raises_spondylolisthesis_alone() -> None:
    zero = np.zeros((3, 4)), np.zeros((3, 4)), np.zeros((3, 6))
    steps = [Steps(0.0, 0.0), Steps(0.14, None), Steps(0.14, 0.14)]
    chances = calibrate(Said(*zero, TREES, steps), PLAIN).binary
    slip = BINARY.index("spondylolisthesis")
    assert chances[0, slip] == pytest.approx(0.5)
    assert chances[0, slip] < chances[1, slip] < chances[2, slip]
    assert np.delete(chances, slip, 1) == pytest.approx(0.5)


def test_any_modic_is_the_logit_of_its_share() -> None:
    logit = np.array([[0.3, -1.0, 0.8, 0.1]])
    share = np.exp(logit) / np.exp(logit).sum()
    present = share[0, 1:].sum()
    assert any_modic(logit)[0] == pytest.approx(np.log(present / (1 - present)))


def _chances(present: float) -> Chances:
    return Chances(
        np.array([[0.02, 0.03, 0.05, 0.8, 0.1]]),
        np.array([[0.1, 0.1, 0.7, 0.1]]),
        np.full((1, 6), present),
    )


def test_a_grade_states_its_own_probability() -> None:
    stated = classifier.statement("pfirrmann", _chances(0.9), "both")
    assert (stated["value"], stated["confidence"]) == (4, 0.8)
    stated = classifier.statement("modic", _chances(0.9), "both")
    assert (stated["value"], stated["confidence"]) == (2, 0.7)
    stated = classifier.statement("disc_bulging", _chances(0.1), "t2")
    assert (stated["value"], stated["confidence"]) == ("absent", 0.9)


def test_sequences_gate_what_may_be_graded() -> None:
    for kind, regime in (("pfirrmann", "t1"), ("modic", "t1"), ("modic", "t2")):
        stated = classifier.statement(kind, _chances(0.9), regime)
        assert stated["status"] == "not_assessable"
        assert "needs" in str(stated["reason"])
        assert "value" not in stated


def test_too_close_to_call_is_indeterminate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classifier, "thresholds", lambda: dict.fromkeys(GRADED, 0.6))
    stated = classifier.statement("disc_bulging", _chances(0.55), "t2")
    assert stated["status"] == "indeterminate"
    assert "value" not in stated


def test_an_abstention_names_the_values_that_remain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classifier, "thresholds", lambda: dict.fromkeys(GRADED, 0.9))
    cuts = {"both": dict.fromkeys(GRADED, 0.1)}
    monkeypatch.setattr(classifier, "conformal", lambda: cuts)
    stated = classifier.statement("pfirrmann", _chances(0.5), "both")
    assert stated["reason"] == "too close to call between IV and V"
    stated = classifier.statement("modic", _chances(0.5), "both")
    assert "no change" in str(stated["reason"])
    stated = classifier.statement("disc_bulging", _chances(0.55), "both")
    assert stated["reason"] == "too close to call between absent and present"


def test_trees_move_what_they_judge() -> None:
    zero = np.zeros((3, 4)), np.zeros((3, 4)), np.zeros((3, 6))
    both = PLAIN.model_copy(
        update={
            "modic": Joined(network=1, trees=1, offset=0),
            "binary": dict.fromkeys(PLAIN.binary, Joined(network=1, trees=1, offset=0)),
        }
    )
    trees = TREES.copy()
    trees[1, SECOND.index("disc_bulging")] = 3
    trees[2, SECOND.index("modic")] = 3
    chances = calibrate(Said(*zero, trees, NONE), both)
    assert chances.binary[1, BINARY.index("disc_bulging")] > 0.9
    assert np.delete(chances.binary, BINARY.index("disc_bulging"), 1) == pytest.approx(0.5)
    assert 1 - chances.modic[2, 0] > 0.9


def test_every_lumbar_disc_gets_every_grade_with_evidence(
    phantom_study: Callable[..., Any],
) -> None:
    study, eligible, _ = phantom_study()
    graded = classifier.run(study, eligible, levels.run(study, eligible))
    assert {(o.level, o.kind) for o in graded} == {(a, b) for a in LUMBAR_DISCS for b in GRADED}
    for o in graded:
        assert o.evidence
        assert o.probabilities
        if o.status == "value":
            assert o.value in KINDS[o.kind].values
            assert o.confidence == pytest.approx(o.probabilities[str(o.value)], abs=1e-4)


@pytest.mark.parametrize("both", [True, False])
def test_a_disc_that_was_painted_over_is_not_assessed(
    phantom_study: Callable[..., Any], both: bool
) -> None:
    study, eligible, centres = phantom_study(millimetres=False)
    x, y = (round(c) for c in centres["L3-L4"])
    painted = []
    for one in study.series:
        pixels = one.pixels.copy()
        if both or one.sequence is Sequence.T2:
            pixels[0, y - 9 : y + 10, x - 40 : x + 41] = pixels.mean()
        painted.append(replace(one, pixels=pixels))
    study = replace(study, series=tuple(painted))
    found = levels.run(study, eligible)
    graded = {(o.level, o.kind): o for o in classifier.run(study, eligible, found)}
    here = [o for (level, _), o in graded.items() if level == "L3-L4"]
    assert {o.kind for o in here} == set(GRADED)
    if both:
        assert {o.status for o in here} == {"not_assessable"}
        measured = {o.kind: o for o in found if o.level == "L3-L4"}
        assert measured["disc_height_index"].reason == levels.NO_TEXTURE
    else:  # T1 is left, which shows no Pfirrmann grade
        assert graded["L3-L4", "pfirrmann"].status == "not_assessable"
        assert graded["L3-L4", "disc_narrowing"].probabilities
    assert graded["L1-L2", "pfirrmann"].probabilities


def test_grades_follow_the_shift(phantom_study: Callable[..., Any]) -> None:
    study, eligible, _ = phantom_study()
    shifted = classifier.run(study, eligible, levels.run(study, eligible, shift=1))
    assert "L5-S1" not in {o.level for o in shifted}
    assert "L4-L5" in {o.level for o in shifted}


def test_one_sequence_is_enough_for_what_it_shows(phantom_study: Callable[..., Any]) -> None:
    study, eligible, _ = phantom_study()
    alone = replace(eligible, t1=None)
    graded = classifier.run(study, alone, levels.run(study, alone))
    by_kind = {o.kind: o for o in graded if o.level == "L4-L5"}
    assert by_kind["modic"].status == "not_assessable"
    assert by_kind["pfirrmann"].status != "not_assessable"


def test_a_worn_disc_is_graded_above_a_fresh_one(phantom_study: Callable[..., Any]) -> None:
    grades = {}
    for grade in (1, 5):
        study, eligible, _ = phantom_study(L4_L5=Disc(grade, narrowing=(grade - 1) / 8))
        for o in classifier.run(study, eligible, levels.run(study, eligible)):
            if (o.level, o.kind) == ("L4-L5", "pfirrmann"):
                grades[grade] = sum(int(k) * p for k, p in o.probabilities.items())
    assert grades[5] > grades[1] + 1


def test_a_slip_of_six_millimetres_is_told(phantom_study: Callable[..., Any]) -> None:
    told = {}
    for slip in (0.0, 8.0):
        study, eligible, _ = phantom_study(L4_L5=Disc(4, narrowing=0.35, slip_mm=slip))
        for o in classifier.run(study, eligible, levels.run(study, eligible)):
            if (o.level, o.kind) == ("L4-L5", "spondylolisthesis"):
                told[slip] = o.probabilities["present"]
    assert told[0.0] < 0.2
    assert told[8.0] > 0.5
