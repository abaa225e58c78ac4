"""Crops are upright, scaled by the patient and blind to the field of view."""

from __future__ import annotations

import numpy as np
import pytest

from data.synth.phantom import Phantom, render
from tools import crops
from tools.column import Column
from tools.columns import columns_of
from tools.framing import Frame
from tools.levels import model


def seen(size: int, stretch: int = 1) -> tuple[np.ndarray, Frame, Column]:
    """A phantom's T2 slice, its frame and column; stretched pixels are told by their spacing."""
    rendered = render(Phantom(), size=size, fov_mm=280.0)
    pixels = np.repeat(np.asarray(rendered.images["t2"]), stretch, axis=0)
    (framed, column), *_ = columns_of(model(), [pixels], [(1.0 / stretch, 1.0)])
    return pixels, framed, column


def test_a_crop_does_not_depend_on_resolution_or_stretch() -> None:
    cuts = []
    for size, stretch in ((288, 1), (400, 1), (288, 2)):
        pixels, framed, column = seen(size, stretch)
        crop = crops.crops(pixels, framed, column, column.discs)[1]
        assert crop is not None
        assert crop.pixels.shape == (crops.ROWS, crops.COLUMNS)
        cuts.append(crop)
    for other in cuts[1:]:
        assert np.corrcoef(cuts[0].pixels.ravel(), other.pixels.ravel())[0, 1] > 0.9
        assert other.measures[:3] == pytest.approx(cuts[0].measures[:3], rel=0.2)


def test_grey_values_do_not_depend_on_gain() -> None:
    pixels, framed, column = seen(288)
    plain = crops.normalise(pixels, framed, column)
    assert crops.normalise(pixels * 3 + 11, framed, column) == pytest.approx(plain, abs=1e-3)


def test_a_margin_widens_the_view_at_the_same_scale() -> None:
    pixels, framed, column = seen(288)
    disc = column.discs[0]
    assert disc is not None
    normal = crops.normalise(pixels, framed, column)
    plain = crops.cut(normal, framed, disc, column.depth)
    wide = crops.cut(normal, framed, disc, column.depth, 1.25)
    top, left = ((w - p) // 2 for w, p in zip(wide.shape, plain.shape, strict=True))
    inner = wide[top : top + crops.ROWS, left : left + crops.COLUMNS]
    assert inner == pytest.approx(plain, abs=1e-4)


def test_a_disc_without_outline_has_no_measures() -> None:
    _, framed, column = seen(288)
    disc = column.discs[0]
    assert disc is not None
    disc.height = 0.0
    measured = crops.measure(framed, column, disc)
    assert np.isnan(measured).all()
    assert not np.isnan(crops.measure(framed, column, column.discs[1] or disc)[:5]).any()
