"""Copies among made-up images: told by correlation, and refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from finetune.copied import COPY, nearest, refuse_copies
from radixgpt.errors import CheckFailedError

SHAPE = (8, 1, 32, 40)
PATIENTS = np.repeat(np.arange(4), 2)


def noise(seed: int) -> torch.Tensor:
    coarse = torch.randn(8, 1, 16, 20, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.interpolate(coarse, scale_factor=2)


def test_new_images_are_shown() -> None:
    near = nearest(noise(1), noise(2), PATIENTS)
    assert max(near.made) < 0.5
    refuse_copies(near)
    assert near.told()["samples"] == "8"


def test_a_copy_is_refused_also_brighter_and_with_noise() -> None:
    known = noise(2)
    copied = known[3:4] * 0.8 + 0.1 + 0.05 * torch.randn(1, *SHAPE[1:])
    near = nearest(torch.cat([noise(1), copied]), known, PATIENTS)
    assert near.made[-1] >= COPY
    with pytest.raises(CheckFailedError, match="training image"):
        refuse_copies(near)


def test_a_patients_own_second_image_is_no_measure_of_likeness() -> None:
    known = noise(2)
    known[1] = known[0]
    assert max(nearest(known[:1], known, PATIENTS).real) < 0.5
