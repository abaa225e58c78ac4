"""Key images: the right slice, window, shape and place of the marks."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from etl.load import Mark, key_image
from etl.load.figure import HIGHLIGHT, OUTLINE, to_grey
from radixgpt.errors import InputError
from radixgpt.observation import Evidence
from radixgpt.study import Geometry


def picture(png: bytes) -> Image.Image:
    shown = Image.open(io.BytesIO(png))
    assert shown.mode == "RGB"
    return shown


def coloured(shown: Image.Image, colour: tuple[int, int, int]) -> np.ndarray[Any, Any]:
    """Rows and columns of the pixels near a colour."""
    pixels = np.asarray(shown).astype(int)
    return np.argwhere(np.abs(pixels - np.array(colour)).sum(axis=2) < 60)


def test_outline_and_label_lie_where_the_disc_is(spines: Any) -> None:
    study, _ = spines.study()
    evidence = spines.outline("L3-L4", "s1")  # columns 20 to 40, rows 32 to 36 of 64
    shown = picture(key_image(study, Mark(evidence), height=640))
    assert shown.size == (640, 640)
    rows, columns = coloured(shown, OUTLINE).T
    assert 318 <= rows.min() <= 332
    assert 360 <= rows.max() <= 372
    assert 198 <= columns.min() <= 212
    assert 398 <= columns.max() <= 412
    named = picture(key_image(study, Mark(evidence, "L3-L4"), height=640))
    assert coloured(named, OUTLINE)[:, 1].min() < 190


def test_labels_stand_in_front_of_the_disc_even_when_it_is_turned(spines: Any) -> None:
    study, _ = spines.study()
    evidence = spines.outline("L3-L4", "s1")
    assert evidence.axis is not None
    turned = evidence.model_copy(update={"axis": evidence.axis[::-1]})
    columns = coloured(picture(key_image(study, Mark(turned, "L3-L4"))), OUTLINE)[:, 1]
    assert columns.max() > 430


def test_highlighted_marks_have_their_own_colour(spines: Any) -> None:
    study, _ = spines.study()
    marks = [
        Mark(spines.outline("L3-L4", "s1"), "L3-L4", highlighted=True),
        Mark(spines.outline("L4-L5", "s1"), "L4-L5"),
    ]
    shown = picture(key_image(study, marks))
    assert len(coloured(shown, HIGHLIGHT))
    assert len(coloured(shown, OUTLINE))
    assert not len(coloured(picture(key_image(study, marks[0].evidence)), OUTLINE))


def test_pixels_become_square(spines: Any) -> None:
    study, _ = spines.study()
    tall = replace(study.series[0], geometry=Geometry((4.0, 2.0)))
    shown = picture(
        key_image(
            replace(study, series=(tall, study.series[1])),
            spines.outline("L3-L4", "s1"),
            height=600,
        )
    )
    assert shown.size == (300, 600)


def test_a_crop_shows_the_surroundings_alone(spines: Any) -> None:
    study, _ = spines.study()
    shown = picture(key_image(study, spines.outline("L3-L4", "s1"), crop=True, height=200))
    assert shown.height == 200
    rows, columns = coloured(shown, HIGHLIGHT).T
    assert np.ptp(columns) > shown.width * 0.4
    assert 0.3 * shown.height < rows.mean() < 0.7 * shown.height


def test_the_window_of_the_header_is_used(spines: Any) -> None:
    study, _ = spines.study()
    series = study.series[0]
    plain = to_grey(series, 1)
    assert plain.dtype == np.uint8
    assert plain.min() == 0
    assert plain.max() == 255
    asked = to_grey(replace(series, window=(300.0, 600.0)), 1)
    expected = np.clip(series.pixels[1] / 600.0, 0, 1) * 255
    assert np.abs(asked - expected).max() <= 1


def test_a_blank_slice_is_shown_and_not_divided_by(spines: Any) -> None:
    study, _ = spines.study()
    blank = replace(study.series[0], pixels=np.zeros((1, 32, 32), np.float32))
    assert to_grey(blank, 0).max() == 0


@settings(max_examples=25, deadline=None)
@given(
    rows=st.integers(1, 90),
    columns=st.integers(1, 90),
    spacing=st.tuples(st.floats(0.2, 5), st.floats(0.2, 5)),
    crop=st.booleans(),
    points=st.lists(st.tuples(st.floats(-20, 120), st.floats(-20, 120)), max_size=6),
)
def test_any_slice_and_any_outline_can_be_shown(
    spines: Any,
    rows: int,
    columns: int,
    spacing: tuple[float, float],
    crop: bool,
    points: list[tuple[float, float]],
) -> None:
    study, _ = spines.study()
    pixels = np.linspace(0, 1, rows * columns, dtype=np.float32).reshape(1, rows, columns)
    series = replace(study.series[0], pixels=pixels, geometry=Geometry(spacing))
    evidence = Evidence(series="s1", slice_index=0, polygon=tuple(points))
    shown = picture(
        key_image(replace(study, series=(series,)), Mark(evidence, "L4-L5"), crop=crop, height=120)
    )
    assert shown.height == 120
    assert 16 <= shown.width <= 2048


def test_evidence_that_can_not_be_shown(spines: Any) -> None:
    study, _ = spines.study()
    one, other = spines.outline("L3-L4", "s1"), spines.outline("L3-L4", "s2")
    with pytest.raises(InputError, match="2 slices"):
        key_image(study, [one, other])
    with pytest.raises(InputError, match="0 slices"):
        key_image(study, [])
    with pytest.raises(InputError, match="no slice 7"):
        key_image(study, spines.outline("L3-L4", "s1", 7))
    with pytest.raises(InputError, match="no series"):
        key_image(study, spines.outline("L3-L4", "s9"))


def test_heat_is_painted_where_it_is_and_nowhere_else(spines: Any) -> None:
    study, _ = spines.study()
    evidence = Evidence(series="s1", slice_index=0)
    heat = np.zeros(study.one("s1").pixels.shape[1:], np.float32)
    heat[40:50, 20:30] = 1.0
    plain = np.asarray(picture(key_image(study, evidence, height=640))).astype(int)
    warm = np.asarray(picture(key_image(study, evidence, height=640, heat=heat))).astype(int)
    assert (np.abs(warm - plain).sum(axis=2)[420:480, 220:280] > 30).all()
    assert (warm == plain)[:380].all()
    assert (warm[420:480, 220:280, 0] > warm[420:480, 220:280, 2]).all()
