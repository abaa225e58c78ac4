"""Calibration of the disc grades: overconfidence, slips, what is seen by whom, abstention."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from eval import grades as marks
from finetune import classifier_calibration as calibration
from finetune.classifier_calibration import Unseen
from finetune.classifier_data import MARGIN, DiscViews
from tools import crops, slips
from tools.calibration import Calibration
from tools.forest import FEATURES
from tools.grade_net import BINARY, GradeNet
from tools.slips import Steps

Fitted = tuple[Unseen, slips.Usual, Calibration]
SLIP = BINARY.index("spondylolisthesis")


def unseen(count: int, seed: int = 2) -> Unseen:
    """Discs with logits that are right three times in four, but claim far more."""
    rng = np.random.default_rng(seed)
    grade = rng.integers(1, 6, count)
    binary = rng.integers(0, 2, (count, len(BINARY)))
    discs = [
        DiscViews(
            i // 5, i % 5, int(grade[i]), 2 * int(binary[i, 0]), tuple(binary[i].tolist()), {}
        )
        for i in range(count)
    ]
    signs = np.where(rng.random(binary.shape) < 0.75, 2 * binary - 1, 1 - 2 * binary)
    # Neighbouring thresholds err together, as those of a network do.
    seen_grade = np.clip(grade + rng.choice([-1, 0, 1], count, p=[0.25, 0.5, 0.25]), 1, 5)
    above = np.where(seen_grade[:, None] > np.arange(1, 5), 4.0, -4.0)
    steps = [
        Steps(float(step), float(step + rng.normal(0, 0.01)))
        for step in rng.normal(0, 0.02, count) + 0.15 * binary[:, SLIP] + 0.03
    ]
    modic = np.tile([2.0, -2, 1, -2], (count, 1)) * signs[:, :1]
    given = np.concatenate([above, modic, signs, rng.normal(size=(count, 30))], axis=1)
    return Unseen(discs, above, modic, signs * 5.0, given[:, : len(FEATURES)], steps)


@pytest.fixture(scope="module")
def fitted() -> Fitted:
    seen = unseen(600)
    usual = seen.usual()
    fitted = calibration.fit_calibration(seen, seen.trees(), unseen(60, seed=3), usual)
    return seen, usual, fitted


def test_the_usual_step_is_that_of_discs_without_a_slip(
    fitted: Fitted,
) -> None:
    _, usual, _ = fitted
    assert usual.canal[:5] == pytest.approx((0.03,) * 5, abs=0.01)
    assert usual.canal[5] == 0  # no disc so high


def test_overconfidence_is_mended_on_other_discs(
    fitted: Fitted,
) -> None:
    _, usual, found = fitted
    other = unseen(600, seed=8)
    chances = other.chances(other.trees(), found, usual)
    present = np.array([d.binary[0] == 1 for d in other.discs])
    sure = np.maximum(chances.binary[:, 0], 1 - chances.binary[:, 0])
    right = (chances.binary[:, 0] >= 0.5) == present
    assert marks.expected_calibration_error(sure, right) < 0.08
    grade = np.array([d.pfirrmann for d in other.discs])
    stated = 1 + chances.pfirrmann.argmax(1)
    error = marks.expected_calibration_error(chances.pfirrmann.max(1), stated == grade)
    assert error < 0.1


def test_a_slip_is_told_by_its_steps(fitted: Fitted) -> None:
    _, usual, found = fitted
    other = unseen(300, seed=9)
    joined = marks.auroc(
        other.slipped(), other.chances(other.trees(), found, usual).binary[:, SLIP]
    )
    assert joined > marks.auroc(other.slipped(), other.binary[:, SLIP]) + 0.1


def test_abstention_gives_up_few(fitted: Fitted) -> None:
    seen, usual, found = fitted
    limits = calibration.abstention(seen.discs, seen.chances(seen.trees(), found, usual))
    assert set(limits) == {"pfirrmann", "modic", *BINARY}
    assert all(0 <= limit <= 0.7 for limit in limits.values())


def test_nine_sets_in_ten_hold_the_true_value(fitted: Fitted) -> None:
    seen, usual, found = fitted
    cuts = calibration.conformal(seen.discs, seen.chances(seen.trees(), found, usual))
    assert set(cuts) == {"pfirrmann", "modic", *BINARY}
    other = unseen(600, seed=11)
    chances = other.chances(other.trees(), found, usual)
    grade = np.array([d.pfirrmann for d in other.discs])
    held = chances.pfirrmann[np.arange(600), grade - 1] >= cuts["pfirrmann"]
    assert 0.85 <= held.mean() <= 0.95
    sizes = (chances.pfirrmann >= cuts["pfirrmann"]).sum(1)
    assert sizes.mean() < 4  # not every grade is plausible


def test_each_member_sees_only_what_it_did_not_learn_from() -> None:
    stored = (round(crops.ROWS * MARGIN), round(crops.COLUMNS * MARGIN))
    rng = np.random.default_rng(0)

    def disc(patient: int, index: int, names: tuple[str, ...]) -> DiscViews:
        pixels = rng.normal(0, 0.3, stored).astype(np.float32)
        measures = np.zeros(len(crops.MEASURES), np.float32)
        views = {name: [crops.Crop(pixels, measures)] for name in names}
        steps = {name: Steps(None if name == "t2" else 0.1, None) for name in names}
        return DiscViews(patient, index, 3, 0, (0,) * len(BINARY), views, steps)

    discs = [
        disc(1, 0, ("t2", "t1")),
        disc(1, 1, ("t2",)),
        disc(2, 0, ("t2", "t1")),
        disc(3, 0, ("t1",)),
    ]
    torch.manual_seed(0)
    members = [[GradeNet().eval()], [GradeNet().eval()]]
    parts = [[1, 3], [2]]
    both = calibration.out_of_fold(members, discs, parts, "both")
    assert [(d.patient, d.index) for d in both.discs] == [(1, 0), (2, 0)]
    assert both.steps[0].canal == 0.1  # T2 shows none, so T1 speaks
    alone = calibration.look(members[1], [discs[2]], "both")
    assert both.pfirrmann[1] == pytest.approx(alone.pfirrmann[0], abs=1e-4)
    shown = calibration.out_of_fold(members, discs, parts, "t2")
    assert [(d.patient, d.index) for d in shown.discs] == [(1, 0), (1, 1), (2, 0)]
    assert len(calibration.out_of_fold(members, discs, parts, "t1").discs) == 3


def test_phantoms_bring_their_drawn_slips() -> None:
    from data.synth.phantom import sample
    from data.synth.phantom_parameters import SLIPPED_MM
    from finetune import classifier_data
    from radixgpt.level import disc_at
    from tools.levels import model

    drawn = sample(np.random.default_rng(5))
    made = classifier_data.phantoms(model(), 1, seed=5)
    assert len(made) >= 5
    for disc in made:
        state = drawn.discs[disc_at(disc.index)]
        assert disc.binary[SLIP] == int(abs(state.slip_mm) >= SLIPPED_MM)
        assert disc.pfirrmann == state.pfirrmann
        assert set(disc.views) == set(disc.steps)
