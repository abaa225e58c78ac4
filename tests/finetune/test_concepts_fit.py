"""Fitting concepts: thresholds, calibration, truth; and captions changed in one thing."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from finetune.captions import agreement, card, changed, technique
from finetune.concepts import fit, measure, truth, words
from radixgpt.case import StatedFinding
from radixgpt.level import LUMBAR_DISCS
from radixgpt.settings import load
from tools.concepts import vocabulary


def shared() -> Path:
    folder = load().shared_data or Path("../shared/data")
    if not (folder / technique.TABLE).is_file():
        pytest.skip("the captions of ROCO are not staged")
    return folder


def gradings(**there: str) -> list[StatedFinding]:
    """Five discs of Pfirrmann II; each kind that is named is present at one level."""
    found = []
    for level in LUMBAR_DISCS:
        found.append(StatedFinding(level=level, kind="pfirrmann", value=2))
        for kind in ("disc_narrowing", "disc_bulging", "disc_herniation", "spondylolisthesis"):
            present = there.get(kind) == level
            found.append(
                StatedFinding(level=level, kind=kind, assertion="present" if present else "absent")
            )
    return found


def test_thresholds_raise_the_mean_f1() -> None:
    rng = np.random.default_rng(1)
    there = rng.random((200, 3)) < np.array([0.9, 0.4, 0.1])
    scores = np.clip(there * 0.3 + rng.random((200, 3)) * 0.6, 0, 1)
    found = np.array(fit.tuned(scores, there))
    kept = there.any(1)
    everything = fit.mean_f1(scores, there, np.zeros(3))
    assert fit.mean_f1(scores, there, found) > everything
    assert fit.mean_f1(scores, there, found) >= fit.mean_f1(scores, there, np.full(3, 0.5)) - 1e-9
    assert fit.mean_f1(there.astype(float)[kept], there[kept], np.full(3, 0.5)) == 1.0


def test_a_calibration_never_turns_a_score_round() -> None:
    logits = np.linspace(-2, 2, 60)
    slope, _ = fit._platt(logits, logits > 0.5)
    assert slope > 0
    assert fit._platt(logits, logits < 0)[0] == 0.0
    constant, offset = fit._platt(logits, np.zeros(60, bool))
    assert constant == 0.0
    assert 1 / (1 + np.exp(-offset)) == pytest.approx(1 / 62)


def test_the_most_frequent_concepts_are_as_many_as_score_best() -> None:
    learned = {str(n): frozenset({"a", "b"} | ({"c"} if n == 0 else set())) for n in range(9)}
    assert measure.frequent(learned, None) == {"a", "b"}
    assert measure.frequent(learned, ["c"]) == {"c"}


def test_the_truth_of_gradings_holds_what_a_tool_looks_for() -> None:
    found = truth.of_patient(gradings(disc_herniation="L4-L5"), vocabulary())
    meanings = {entry.key: entry.meaning for entry in vocabulary()}
    named = {meanings[key] for key in found}
    assert {"disc herniation", "L4-L5 intervertebral disc", "L4 vertebra"} <= named
    assert {"Magnetic resonance imaging", "Sagittal plane", "Spine"} <= named
    assert not named & {"disc degeneration", "spondylolisthesis", "L1 vertebra", "disc bulging"}


@pytest.mark.parametrize("name", sorted(changed.CHANGES))
def test_one_thing_is_changed_and_no_more(name: str) -> None:
    own = gradings(disc_herniation="L4-L5", disc_bulging="L5-S1")
    moved = changed.CHANGES[name](own, random.Random(3))
    assert moved is not None
    different = [(a, b) for a, b in zip(own, moved, strict=True) if a != b]
    assert len(different) == (2 if name == "level moved" else 1)
    before, after = different[0]
    assert (before.level, before.kind) == (after.level, after.kind)
    if name == "grade moved by two":
        assert abs(int(before.value or 0) - int(after.value or 0)) == 2


def test_what_can_not_be_changed_is_left_out() -> None:
    nothing = gradings()
    assert changed.negated(nothing, random.Random(0)) is None
    assert changed.level_moved(nothing, random.Random(0)) is None


@pytest.mark.data
def test_the_shipped_vocabulary_is_that_of_the_tables_and_captions() -> None:
    assert words.build(shared()) == vocabulary()


@pytest.mark.data
def test_rules_read_the_marked_captions() -> None:
    marked = technique.read_marked(shared())
    assert len(marked) == 240
    for field, least in (("modality", 0.98), ("regions", 0.94), ("planes", 0.97)):
        right = [
            technique.labels_of(technique.find_technique(one.text))[field] == one.marks[field]
            for one in marked
        ]
        assert np.mean(right) >= least


def test_figures_of_groups_count_their_own_patients_and_leave_small_groups_out() -> None:
    right = {str(p): frozenset({"C1"}) for p in range(20)}
    said = {name: frozenset({"C1"} if int(name) < 10 else {"C2"}) for name in right}
    assert measure._of_group(said, right, range(10), None) == {"value": 1.0, "interval": [1.0, 1.0]}
    assert measure._of_group(said, right, range(10, 20), None) == {
        "value": 0.0,
        "interval": [0.0, 0.0],
    }
    assert measure._of_group(said, right, range(5), None) is None
    found = {"sex: men": {"patients": 10, "F1": {"value": 0.5, "interval": [0.25, 0.75]}}}
    assert "| sex: men | 10 | 0.500 (0.250 to 0.750) |" in card.by_group(found, ("F1",))
    assert "| a | 5 | too few |" in card.by_group({"a": {"patients": 5, "F1": None}}, ("F1",))


def test_agreement_of_a_group_rests_on_its_own_patients() -> None:
    tried = [agreement.Pair(p, change, "") for p in range(20) for change in ("", changed.OTHER)]
    scores = np.array([(pair.patient < 10) == (not pair.change) for pair in tried], float)
    first = agreement._of_group(tried, scores, range(10))
    second = agreement._of_group(tried, scores, range(10, 20))
    assert first["AUROC"]["value"] == first["right one higher"]["value"] == 1.0
    assert second["AUROC"]["value"] == second["right one higher"]["value"] == 0.0
    assert agreement._of_group(tried, scores, range(5))["AUROC"] is None
