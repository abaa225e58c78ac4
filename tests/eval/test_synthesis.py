"""Distances between sets of images: none for the same set, more with a shift, no copy missed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.synthesis import copies, fid, kid, precision_recall
from radixgpt.errors import InputError


def normal(n: int, d: int, seed: int, shift: float = 0.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(shift, 1, (n, d))


@given(seed=st.integers(0, 50), d=st.integers(1, 12))
@settings(deadline=None)
def test_a_set_is_no_distance_from_itself(seed: int, d: int) -> None:
    x = normal(40, d, seed)
    assert fid(x, x) == pytest.approx(0, abs=1e-8)
    assert precision_recall(x, x) == (1.0, 1.0)
    assert fid(x, x + 2) == pytest.approx(4 * d, rel=1e-6)


@given(seed=st.integers(0, 50))
@settings(deadline=None)
def test_turning_both_sets_changes_nothing(seed: int) -> None:
    a, b = normal(60, 5, seed), normal(50, 5, seed + 100, 0.5)
    turn, _ = np.linalg.qr(normal(5, 5, seed + 200))
    assert fid(a @ turn, b @ turn) == pytest.approx(fid(a, b), rel=1e-6)
    assert kid(a @ turn, b @ turn) == pytest.approx(kid(a, b), rel=1e-6, abs=1e-9)


def test_fid_of_normals_with_known_spread() -> None:
    x = normal(20000, 2, 0)
    assert fid(x, 3 * x) == pytest.approx(2 * (1 - 3) ** 2, rel=0.05)


def test_kid_is_unbiased_about_zero_and_grows_with_the_shift() -> None:
    same = [kid(normal(30, 6, k), normal(30, 6, 1000 + k)) for k in range(60)]
    assert abs(np.mean(same)) < 3 * np.std(same) / np.sqrt(len(same))
    apart = [kid(normal(60, 6, 1), normal(60, 6, 2, s)) for s in (0.0, 0.5, 1.0, 2.0)]
    assert apart == sorted(apart)


def test_one_mode_of_two_is_precise_and_recalls_half() -> None:
    real = np.concatenate([normal(100, 3, 1), normal(100, 3, 2, 40)])
    precision, recall = precision_recall(real, normal(100, 3, 3))
    assert precision > 0.8
    assert 0.3 < recall < 0.55


@given(seed=st.integers(0, 30), noise=st.floats(0, 0.15))
@settings(deadline=None, max_examples=15)
def test_a_copy_is_found_whatever_its_contrast(seed: int, noise: float) -> None:
    learned = normal(60, 200, seed)
    patients = np.repeat(np.arange(20), 3)
    made = 5 + 2 * (learned[:4] + noise * normal(4, 200, seed + 9))
    assert copies(made, learned, patients).share == 1.0
    assert copies(normal(40, 200, seed + 77), learned, patients).share < 0.15


def test_one_patient_alone_gives_no_line() -> None:
    with pytest.raises(InputError, match="one patient"):
        copies(normal(5, 9, 1), normal(5, 9, 2), np.zeros(5))


@pytest.mark.parametrize(
    ("real", "made"), [(np.zeros((9, 3)), np.zeros((9, 4))), (np.zeros((2, 3)), np.zeros((9, 3)))]
)
def test_what_cannot_be_compared_is_told(real: np.ndarray, made: np.ndarray) -> None:
    for measure in (fid, kid, precision_recall):
        with pytest.raises(InputError):
            measure(real, made)
