"""Fingerprints: a copy is known again, another picture is not."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from retrieval.prints import near, print_of


def same(one: list[str], other: list[str]) -> bool:
    theirs = [int(text, 16) for text in other if text]
    return bool(near(one, np.array(theirs, np.uint64), np.arange(len(theirs))))


def picture(seed: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    noise = np.random.default_rng(seed).normal(size=(160, 120))
    return ndimage.gaussian_filter(noise, 6) * 100 + 50


@pytest.mark.parametrize("seed", range(5))
def test_a_copy_is_known_again(seed: int) -> None:
    own = picture(seed)
    small = np.asarray(Image.fromarray(own.astype(np.float32)).resize((90, 120)))
    darker = 0.5 * own - 7
    noisy = own + np.random.default_rng(9).normal(scale=0.2, size=own.shape)
    for copy in (own, small, darker, noisy):
        assert same([print_of(own)], ["", print_of(copy)])


def test_other_pictures_and_blank_ones_are_not_the_same() -> None:
    prints = [print_of(picture(seed)) for seed in range(30)]
    assert len(set(prints)) == 30
    assert not any(same([a], [b]) for i, a in enumerate(prints) for b in prints[:i])
    assert print_of(np.zeros((20, 20))) == ""
    assert not same([""], [""])
