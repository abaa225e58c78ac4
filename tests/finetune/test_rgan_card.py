"""The GAN's card: coverage tells a collapse, the pictures have their rows."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from data.synth.conditions import DISC_CONDITION
from data.synth.rgan.networks import SHAPE, Generator
from finetune.rgan import card
from finetune.rgan.coverage import coverage, unlike


@pytest.fixture(scope="module")
def small() -> Generator:
    torch.manual_seed(0)
    return Generator(DISC_CONDITION, (8, 8, 8, 8, 8, 8)).eval()


def test_other_draws_of_the_same_cover_and_a_collapse_does_not() -> None:
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(6, 5)) * 8
    real, again = (centres[rng.integers(6, size=600)] + rng.normal(size=(600, 5)) for _ in range(2))
    few = centres[rng.integers(2, size=600)] + rng.normal(size=(600, 5))
    good, collapsed = coverage(real, again, 6), coverage(real, few, 6)
    assert good.different <= 1
    assert good.empty == 0
    assert collapsed.different == 6
    assert collapsed.empty == 4


def test_unlike_is_nought_for_copies_and_one_for_noise() -> None:
    rng = np.random.default_rng(1)
    one = rng.normal(size=(1, 16, 20))
    assert unlike(np.repeat(one, 5, 0)) == pytest.approx(0, abs=1e-9)
    assert unlike(rng.normal(size=(40, 16, 20))) == pytest.approx(1, abs=0.05)


def test_a_row_of_each_class_and_walks_between_their_ends(small: Generator) -> None:
    told = [(name, grades) for _, name, grades in card.SHOWN]
    assert card.rows(small, told).shape == (8 * len(card.SHOWN), 1, *SHAPE)
    walks = card.walks(small).reshape(6, 8, *SHAPE)
    for walk in walks:  # neighbours are nearer than the ends
        steps = [float((a - b).abs().mean()) for a, b in pairwise(walk)]
        assert max(steps) < float((walk[0] - walk[-1]).abs().mean())


def test_the_curves_are_drawn(tmp_path: Path) -> None:
    lines = [{"step": 8.0 * k, "discriminator": 0.7, "generator": 0.7 + k / 50} for k in range(40)]
    card.curves(lines, tmp_path / "losses.png")
    with Image.open(tmp_path / "losses.png") as picture:
        colours = {colour for _, colour in picture.getcolors(100_000) or []}
    assert {(0xB0, 0x41, 0x3E), (0x2F, 0x66, 0x90)} <= colours
