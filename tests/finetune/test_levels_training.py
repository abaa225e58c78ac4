"""Training of the column network: targets, distortion, learning and resuming."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from finetune import levels, levels_data, spider
from finetune.levels_data import STORED, UNKNOWN, Sample
from radixgpt.errors import InputError
from tools.column_net import CLASSES, DISC, SIZE, ColumnNet


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    return list(levels_data.phantoms(2, seed=1))


def test_phantom_samples_hold_every_class_and_start_at_l5_s1(samples: list[Sample]) -> None:
    assert {s.kind for s in samples} == {"phantom"}
    for sample in samples:
        assert set(np.unique(sample.mask)) == set(range(len(CLASSES)))
        assert sample.centres[0, 1] == sample.centres[:, 1].max()


def test_mask_centres_are_the_discs_lowest_first() -> None:
    mask = np.zeros((STORED, STORED), np.uint8)
    for y in (60, 100, 140):
        mask[y - 3 : y + 4, 100:140] = DISC
    mask[10:12, 5:8] = DISC  # a speck
    centres = levels_data.mask_centres(mask)
    assert centres.tolist() == pytest.approx(
        np.array([[119.5, 140], [119.5, 100], [119.5, 60]]), abs=0.01
    )


def test_heatmaps_follow_the_image(samples: list[Sample]) -> None:
    generator = torch.Generator().manual_seed(4)
    pixels, masks, heat, weight = levels_data.batch(samples, generator)
    assert pixels.shape == (len(samples), 1, SIZE, SIZE)
    assert masks.shape == (len(samples), SIZE, SIZE)
    assert heat.shape == weight.shape == (len(samples), 2, SIZE // 4, SIZE // 4)
    for i in range(len(samples)):
        for y, x in torch.nonzero(heat[i, 0] > 0.95).tolist():
            window = masks[i, 4 * y : 4 * y + 4, 4 * x : 4 * x + 4]
            assert (window == DISC).any()


def test_slices_without_masks_teach_only_points() -> None:
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 255, (80, 60)).astype(np.uint8)
    sample = levels_data.point_sample(picture, {"L5-S1": (30, 60), "L4-L5": (30, 45)}, 1)
    assert (sample.mask == UNKNOWN).all()
    _, masks, _, _ = levels_data.batch([sample], torch.Generator().manual_seed(0))
    assert (masks == UNKNOWN).all()
    logits = torch.zeros(1, len(CLASSES), SIZE, SIZE, requires_grad=True)
    heat = torch.zeros(1, 2, SIZE // 4, SIZE // 4)
    total, _ = levels.loss(logits, heat, masks, heat, heat + 1)
    total.backward()
    assert logits.grad is not None
    assert float(logits.grad.abs().max()) == pytest.approx(0, abs=1e-6)


def test_training_lowers_the_loss_and_resumes(
    samples: list[Sample], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Without the ImageNet package the path is the same, from random weights.
    monkeypatch.setattr(levels, "_start_encoder", lambda model: None)
    pixels, masks, heat, weight = levels_data.batch(
        samples, torch.Generator().manual_seed(0), augment=False
    )

    def value() -> float:
        model = ColumnNet()
        model.load_state_dict(torch.load(tmp_path / "masks.pt", weights_only=True))
        model.eval()
        with torch.no_grad():
            return float(levels.loss(*model(pixels), masks, heat, weight)[0])

    levels.train(samples, tmp_path, "masks", 2, batch=2)
    before = value()
    (tmp_path / "masks.checkpoint").unlink()
    levels.train(samples, tmp_path, "masks", 10, batch=2)
    assert value() < before
    with pytest.raises(InputError, match=r"10 steps, not 20.*--steps 10"):
        levels.train(samples, tmp_path, "masks", 20, batch=2)
    stamp = (tmp_path / "masks.pt").stat().st_mtime_ns
    levels.train(samples, tmp_path, "masks", 10, batch=2)  # nothing left to do
    assert (tmp_path / "masks.pt").stat().st_mtime_ns == stamp


@pytest.mark.data
def test_the_split_keeps_rare_grades_on_both_sides(shared_data: Path) -> None:
    train, development = spider.split(shared_data)
    assert len(development) == 37
    assert not set(train) & set(development)
    for name in spider.BINARY:
        for side in (set(train), set(development)):
            assert any(g.binary[name] for g in spider.gradings(shared_data) if g.patient in side)


@pytest.mark.data
def test_masks_of_development_patients_are_not_learned_from(shared_data: Path) -> None:
    train, development = spider.split(shared_data)
    learned = {s.patient for s in levels_data.pointed(shared_data, train)}
    assert learned
    assert not learned & set(development)
