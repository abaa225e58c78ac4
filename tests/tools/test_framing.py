"""The way into the frame and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.framing import frame, standardise


@given(
    rows=st.integers(20, 400),
    columns=st.integers(20, 400),
    across=st.floats(0.3, 3),
    x=st.floats(0, 1),
    y=st.floats(0, 1),
)
def test_points_come_back(rows: int, columns: int, across: float, x: float, y: float) -> None:
    framed = frame(np.arange(rows * columns, dtype=float).reshape(rows, columns), 64, (1.0, across))
    point = [(x * columns, y * rows)]
    assert framed.to_slice(framed.to_frame(point)) == pytest.approx(np.array(point), abs=1e-6)


def test_a_bright_pixel_lands_where_the_transform_says() -> None:
    pixels = np.zeros((120, 80))
    pixels[90:100, 20:30] = 1000
    framed = frame(pixels, 240, (1.0, 1.5))
    x, y = framed.to_frame([(24.5, 94.5)])[0]
    rows, columns = np.nonzero(framed.pixels > 0.9)
    assert (columns.mean(), rows.mean()) == pytest.approx((x, y), abs=1.0)


def test_stretched_pixels_become_square() -> None:
    framed = frame(np.random.default_rng(0).random((100, 100)), 200, (2.0, 1.0))
    assert framed.scale == pytest.approx((1.0, 2.0))


def test_scaling_ignores_outliers_and_gain() -> None:
    rng = np.random.default_rng(1)
    pixels = rng.random((50, 50))
    assert standardise(pixels * 37 + 5) == pytest.approx(standardise(pixels), abs=1e-5)
    assert standardise(pixels).min() == -1
    assert standardise(pixels).max() == 1


def test_a_constant_slice_is_black() -> None:
    assert (frame(np.full((30, 40), 7), 64).pixels == -1).all()
