"""Paint is told from texture, however few greys a slice has."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.texture import textureless

BOX = np.array([(20.0, 25.0), (60.0, 25.0), (60.0, 40.0), (20.0, 40.0)])
AROUND = np.array([(5.0, 5.0), (75.0, 90.0)])


def slice_of(seed: int, greys: int) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0.5, 0.1, (96, 80)).clip(0, 1)
    return np.round(noise * (greys - 1)).astype(np.float32)


@given(seed=st.integers(0, 99), greys=st.sampled_from([12, 40, 256, 4096]))
@settings(deadline=None)
def test_paint_has_no_texture_and_noise_has(seed: int, greys: int) -> None:
    pixels = slice_of(seed, greys)
    assert not textureless(pixels, BOX, AROUND)
    pixels[24:42, 18:63] = pixels.mean()
    assert textureless(pixels, BOX, AROUND)


def test_a_disc_clipped_at_white_is_no_paint() -> None:
    pixels = slice_of(2, 256)
    pixels[25:41, 20:61] = 255
    pixels[25:41, 20:36] = np.linspace(60, 250, 16)  # the rim, of which the core has a part
    assert not textureless(pixels, BOX, AROUND)


def test_a_slice_flat_everywhere_says_nothing_of_one_disc() -> None:
    pixels = np.zeros((96, 80), np.float32)
    assert not textureless(pixels, BOX, AROUND)


@pytest.mark.parametrize("outline", [np.zeros((0, 2)), BOX[:2], BOX * 0.01, BOX + 500])
def test_an_outline_that_holds_nothing_says_nothing(outline: np.ndarray) -> None:
    pixels = slice_of(1, 256)
    pixels[:, :] = np.where(pixels > 0, pixels, 0)
    assert not textureless(pixels, outline, AROUND)
