"""What is measured of pixels, on images whose contrast, noise and content are known."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow

from data.explore.pixels import BINS, THUMBNAIL, crop, look, sampled
from radixgpt.case import Case, Image
from radixgpt.errors import RadixError

if TYPE_CHECKING:
    from conftest import Explore


def _save(path: Path, grey: np.ndarray) -> Path:
    Pillow.fromarray(np.clip(np.round(grey * 255), 0, 255).astype(np.uint8)).save(path)
    return path


def _smooth(noise: float, seed: int = 0) -> np.ndarray:
    y, x = np.mgrid[:200, :160] / 160
    rng = np.random.default_rng(seed)
    return 0.5 + 0.2 * np.sin(2 * x) * np.cos(2 * y) + rng.normal(0, noise, x.shape)


@pytest.mark.parametrize("noise", [0.02, 0.05, 0.1])
def test_noise_is_that_which_was_added(tmp_path: Path, noise: float) -> None:
    grey = _smooth(noise)
    found = look(_save(tmp_path / "a.png", grey)).measures
    assert found["noise"] * found["brightness"] == pytest.approx(noise, rel=0.06)
    assert found["brightness"] == pytest.approx(grey.mean(), abs=0.01)


def test_contrast_is_the_spread_of_the_foreground(tmp_path: Path) -> None:
    grey = np.zeros((100, 100))
    grey[20:80, 20:50], grey[20:80, 50:80] = 0.4, 0.8
    found = look(_save(tmp_path / "a.png", grey))
    assert found.measures["contrast"] == pytest.approx(0.2, abs=0.002)
    assert found.measures["brightness"] == pytest.approx(0.6, abs=0.002)
    assert found.measures["background"] == pytest.approx(1 - 0.36)
    assert found.measures["clipped"] == 0
    assert found.histogram.sum() == pytest.approx(1)
    assert sorted(np.flatnonzero(found.histogram)) == [int(0.4 * BINS), int(0.8 * BINS)]


def test_blurring_lowers_sharpness_and_nothing_else_much(tmp_path: Path) -> None:
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng(1)
    grey = gaussian_filter(rng.normal(0, 1, (200, 200)), 1.5)
    grey = 0.5 + 0.15 * grey / grey.std()
    blurred = gaussian_filter(grey, 2)
    blurred = 0.5 + 0.15 * (blurred - blurred.mean()) / blurred.std()
    sharp = look(_save(tmp_path / "a.png", grey)).measures
    soft = look(_save(tmp_path / "b.png", blurred)).measures
    assert soft["sharpness"] < 0.5 * sharp["sharpness"]
    assert soft["contrast"] == pytest.approx(sharp["contrast"], rel=0.05)


def test_blank_images_have_no_measures(tmp_path: Path) -> None:
    assert look(_save(tmp_path / "black.png", np.zeros((40, 40)))).blank
    assert look(_save(tmp_path / "grey.png", np.full((40, 40), 0.5))).blank


def test_thumbnails_are_small_pictures_within_the_page(tmp_path: Path) -> None:
    import base64
    import io

    data = look(_save(tmp_path / "a.png", _smooth(0.05))).thumbnail
    head, body = data.split(",")
    assert head == "data:image/webp;base64"
    small = Pillow.open(io.BytesIO(base64.b64decode(body)))
    assert small.size == (round(THUMBNAIL * 160 / 200), THUMBNAIL)
    assert len(data) < 4000


def test_a_crop_shows_the_place_and_nothing_lies_outside(tmp_path: Path) -> None:
    import base64
    import io

    grey = np.full((200, 160), 0.2)
    grey[90:110, 70:90] = 1.0
    path = _save(tmp_path / "a.png", grey)
    data = crop(path, 80, 100)
    assert data is not None
    shown = np.asarray(Pillow.open(io.BytesIO(base64.b64decode(data.split(",")[1]))).convert("L"))
    assert shown[shown.shape[0] // 2, shown.shape[1] // 2] > 240
    assert shown[2, 2] < 80
    assert crop(path, 500, 100) is None
    assert crop(path, -1, 100) is None


def test_what_is_no_image_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no picture")
    with pytest.raises(RadixError):
        look(tmp_path / "a.png")


def test_a_volume_shows_its_middle_slice(tmp_path: Path) -> None:
    import SimpleITK

    volume = np.zeros((5, 40, 30), np.float32)
    volume[2, 10:30, 10:20] = np.linspace(100, 3000, 200).reshape(20, 10)
    path = tmp_path / "v.nii.gz"
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(volume), str(path))
    found = look(path)
    assert found.slices * found.rows * found.columns == volume.size
    assert found.slices in (5, 30, 40)


def test_unreadable_missing_and_blank_images_are_counted_not_fatal(
    run_explore: Explore, tmp_path: Path
) -> None:
    _save(tmp_path / "good.png", _smooth(0.05))
    _save(tmp_path / "black.png", np.zeros((40, 40)))
    (tmp_path / "bad.png").write_bytes(b"no picture")
    names = ("good.png", "black.png", "bad.png", "gone.png")
    cases = [
        Case(
            id=f"s/{i}",
            source="s",
            licence="MIT",
            patient=f"s/{i}",
            images=(Image(path=name, sha256=str(i), modality="MR"),),
        )
        for i, name in enumerate(names)
    ]
    run = run_explore(cases)
    s = run.statistics("quality")
    assert (s["measured"], s["missing"], s["unreadable"]) == (2, 1, 1)
    assert s["blank"] == ["s/1"]
    assert run.section("map").absent
    assert "there is 1" in run.section("map").sentence


def test_an_image_that_differs_from_its_group_stands_out(
    run_explore: Explore, tmp_path: Path
) -> None:
    cases = []
    for i in range(20):
        _save(tmp_path / f"{i}.png", _smooth(0.2 if i == 7 else 0.02, seed=i))
        images = (Image(path=f"{i}.png", sha256=str(i), modality="MR"),)
        cases.append(Case(id=f"s/{i}", source="s", licence="MIT", patient=f"s/{i}", images=images))
    outliers = run_explore(cases).statistics("quality")["outliers"]
    assert [one["image"] for one in outliers] == ["s/7"]
    assert outliers[0]["z"] > 3.5


@given(
    groups=st.lists(st.sampled_from("abc"), max_size=300),
    most=st.integers(3, 100),
    seed=st.integers(0, 5),
)
def test_a_sample_is_small_ordered_and_has_every_group(
    groups: list[str], most: int, seed: int
) -> None:
    chosen = sampled(groups, most, seed)
    assert chosen == sorted(set(chosen))
    assert len(chosen) <= max(most, 0)
    assert {groups[row] for row in chosen} == set(groups)
    assert chosen == sampled(groups, most, seed)
    if len(groups) <= most:
        assert chosen == list(range(len(groups)))
