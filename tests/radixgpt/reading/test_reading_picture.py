"""PNG and JPEG: one-slice series without geometry."""

from __future__ import annotations

import struct
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, PngImagePlugin

from radixgpt.errors import UnreadableError, UnsafeInputError
from radixgpt.reading import read
from radixgpt.reading.limits import LIMITS
from radixgpt.reading.pixels import COLOUR_WARNING
from radixgpt.study import BodyRegion, Modality, Plane, Sequence, Series


def one(path: Path) -> Series:
    (series,) = read(path).series
    return series


@pytest.fixture
def grey() -> npt.NDArray[np.uint8]:
    return np.arange(240, dtype=np.uint8).reshape(12, 20)


def save(array: npt.NDArray[Any], path: Path, **options: Any) -> Path:
    Image.fromarray(array).save(path, **options)
    return path


def test_a_folder_of_two_pictures_is_one_study_of_two_series(
    tmp_path: Path, grey: npt.NDArray[np.uint8]
) -> None:
    save(grey, tmp_path / "7_t1.png")
    save(255 - grey, tmp_path / "7_t2.png")
    study = read(tmp_path)
    assert [s.key for s in study.series] == ["s1", "s2"]
    assert [s.pixels.shape for s in study.series] == [(1, 12, 20)] * 2
    for series in study.series:
        assert (series.modality, series.plane) == (Modality.UNKNOWN, Plane.UNKNOWN)
        # What the names say is not believed.
        assert (series.sequence, series.region) == (Sequence.UNKNOWN, BodyRegion.UNKNOWN)
        assert set(series.facts_from.values()) == {"none"}
        assert series.geometry is None
        assert not series.has_millimetres()
        assert len(series.instances) == 1
        assert any("no millimetres" in warning for warning in series.warnings)
    assert np.array_equal(study.series[0].pixels[0], grey)


def test_names_are_not_kept(tmp_path: Path, grey: npt.NDArray[np.uint8]) -> None:
    note = PngImagePlugin.PngInfo()
    note.add_text("Comment", "Jane Doe, born 1970")
    text = repr(read(save(grey, tmp_path / "jane_doe.png", pnginfo=note))).lower()
    assert "doe" not in text
    assert "1970" not in text


def test_equal_pictures_are_read_once(tmp_path: Path, grey: npt.NDArray[np.uint8]) -> None:
    for name in "ab":
        save(grey, tmp_path / f"{name}.png")
    study = read(tmp_path)
    assert len(study.series) == 1
    assert any("dropped: 1" in warning for warning in study.warnings)


def test_sixteen_bits_and_one_bit(tmp_path: Path) -> None:
    deep = np.linspace(0, 65535, 240).astype(np.uint16).reshape(12, 20)
    assert np.array_equal(one(save(deep, tmp_path / "a.png")).pixels[0], deep)
    flat = np.eye(8, dtype=bool)
    Image.fromarray(flat).save(tmp_path / "b.png")
    assert np.array_equal(one(tmp_path / "b.png").pixels[0], flat * 255)


def test_colour_becomes_luma_with_a_warning(tmp_path: Path) -> None:
    colour = np.zeros((6, 8, 3), np.uint8)
    colour[..., 0], colour[..., 1], colour[..., 2] = 10, 100, 200
    series = one(save(colour, tmp_path / "a.png"))
    assert COLOUR_WARNING in series.warnings
    assert np.allclose(series.pixels, 0.299 * 10 + 0.587 * 100 + 0.114 * 200, atol=1e-3)


def test_grey_in_a_colour_file_is_no_colour(tmp_path: Path, grey: npt.NDArray[np.uint8]) -> None:
    series = one(save(np.stack([grey] * 3, axis=-1), tmp_path / "a.png"))
    assert COLOUR_WARNING not in series.warnings
    assert np.array_equal(series.pixels[0], grey)
    palette = Image.fromarray(grey).convert("P")
    palette.save(tmp_path / "b.png")
    assert np.array_equal(one(tmp_path / "b.png").pixels[0], grey)


def test_transparency_lies_on_black(tmp_path: Path) -> None:
    picture = np.full((6, 8, 4), 200, np.uint8)
    picture[:3, :, 3] = 0
    picture[3:, :, 3] = 255
    pixels = one(save(picture, tmp_path / "a.png")).pixels[0]
    assert (pixels[:3] == 0).all()
    assert (pixels[3:] == 200).all()


def test_jpeg_is_read_and_turned_as_its_camera_says(tmp_path: Path) -> None:
    array = np.zeros((16, 24), np.uint8)
    array[:, :12] = 250
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise
    series = one(save(array, tmp_path / "a.jpg", exif=exif, quality=95))
    assert series.pixels.shape == (1, 24, 16)
    assert float(series.pixels[0, :11].min()) > 200
    assert float(series.pixels[0, 13:].max()) < 50


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def test_a_picture_that_claims_to_be_huge_is_refused(tmp_path: Path) -> None:
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + body)
    with pytest.raises(UnsafeInputError, match="larger"):
        read(tmp_path / "a.png")


def test_a_picture_over_the_cap_is_refused(tmp_path: Path, grey: npt.NDArray[np.uint8]) -> None:
    path = save(grey, tmp_path / "a.png")
    with pytest.raises(UnsafeInputError):
        read(path, limits=replace(LIMITS, side=19))
    with pytest.raises(UnsafeInputError):
        read(path, limits=replace(LIMITS, image_bytes=900))


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_damaged_pictures_are_unreadable(
    tmp_path: Path, grey: npt.NDArray[np.uint8], suffix: str
) -> None:
    path = save(grey, tmp_path / f"a.{suffix}")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UnreadableError, match="damaged"):
        read(path)


def test_other_kinds_of_pictures_are_not_read(tmp_path: Path, grey: npt.NDArray[np.uint8]) -> None:
    for suffix in ("bmp", "gif", "tiff"):
        save(grey, tmp_path / f"a.{suffix}")
    save(grey, tmp_path / "b.png")
    study = read(tmp_path)
    assert len(study.series) == 1
    assert [q.reason for q in study.quarantine] == ["unknown-format"] * 3
