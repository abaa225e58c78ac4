"""Stored values become float32 in which larger is brighter."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pydicom.data import get_testdata_file
from pydicom.filebase import DicomBytesIO
from pydicom.uid import (
    CTImageStorage,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
    SecondaryCaptureImageStorage,
)

from radixgpt.reading import read
from radixgpt.reading.dataset import parse
from radixgpt.reading.decoder import Decoder
from radixgpt.reading.limits import LIMITS
from radixgpt.reading.pixels import COLOUR_WARNING, SIGN_WARNING, decode, facts
from radixgpt.study import Modality, Series

Write = Callable[..., Path]
PYDICOM = {"MR_small.dcm": "MR_small", "CT_small.dcm": "CT_small"}


def one(path: Path) -> Series:
    (series,) = read(path).series
    return series


@pytest.fixture
def ramp() -> npt.NDArray[np.uint16]:
    """Smooth values from 0 to 4000."""
    return np.linspace(0, 4000, 24 * 32).astype(np.uint16).reshape(24, 32)


@settings(max_examples=60, deadline=None)
@given(
    pixels=hnp.arrays(
        st.sampled_from([np.uint8, np.uint16, np.int16, np.int32]),
        st.tuples(st.integers(1, 9), st.integers(1, 9)),
    ),
    syntax=st.sampled_from([None, ImplicitVRLittleEndian]),
    slope=st.sampled_from([None, 1, 0.5, 2.25]),
    intercept=st.sampled_from([None, 0, -1024]),
)
def test_values_come_back_after_the_modality_transform(
    make: Callable[..., Any],
    pixels: npt.NDArray[Any],
    syntax: str | None,
    slope: float | None,
    intercept: float | None,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    elements = {"TransferSyntaxUID": syntax} if syntax else {}
    # A presentation of what was acquired, whose sign is never doubted.
    made = make(
        pixels,
        **elements,
        Modality="CT" if pixels.dtype.kind == "i" else "MR",
        RescaleSlope=slope,
        RescaleIntercept=intercept,
    )
    path = tmp_path_factory.mktemp("values") / "a.dcm"
    made.save_as(path, enforce_file_format=True)
    wanted = pixels.astype(np.float32) * np.float32(slope or 1) + np.float32(intercept or 0)
    assert np.array_equal(one(path).pixels[0], wanted)


def test_big_endian_reads_the_same(write: Write, ramp: npt.NDArray[np.uint16]) -> None:
    big = write("a.dcm", ramp.astype(">u2"), TransferSyntaxUID=ExplicitVRBigEndian)
    assert np.array_equal(one(big).pixels[0], ramp)


@pytest.mark.parametrize("signed", [0, 1])
def test_monochrome1_is_inverted_with_its_window(
    write: Write, ramp: npt.NDArray[np.uint16], signed: int
) -> None:
    usual = {"BitsStored": 13, "HighBit": 12, "PixelRepresentation": signed}
    window = {"WindowCenter": 1000, "WindowWidth": 500, "RescaleSlope": 2, "RescaleIntercept": 10}
    normal = one(write("a.dcm", ramp, **usual, **window))
    path = write("b.dcm", ramp, **usual, **window, PhotometricInterpretation="MONOCHROME1")
    inverted = one(path)
    total = normal.pixels + inverted.pixels
    assert np.ptp(total) == 0
    assert normal.window == (1000.0, 500.0)
    assert inverted.window is not None
    # A value at the centre of the window stays there.
    assert inverted.window[0] == float(total[0, 0, 0]) - 1000.0
    assert inverted.window[1] == 500.0


def test_overlays_above_the_stored_bits_are_dropped(
    write: Write, ramp: npt.NDArray[np.uint16]
) -> None:
    path = write("a.dcm", ramp | np.uint16(0x8000), BitsStored=12, HighBit=11)
    assert np.array_equal(one(path).pixels[0], ramp)


def test_stored_bits_at_the_top_are_moved_down(write: Write, ramp: npt.NDArray[np.uint16]) -> None:
    path = write("a.dcm", ramp << 4, BitsStored=12, HighBit=15)
    assert np.array_equal(one(path).pixels[0], ramp)


def test_wrong_sign_of_mr_is_corrected(write: Write, ramp: npt.NDArray[np.uint16]) -> None:
    path = write("a.dcm", ramp, BitsStored=12, HighBit=11, PixelRepresentation=1)
    series = one(path)
    assert np.array_equal(series.pixels[0], ramp)
    assert SIGN_WARNING in series.warnings


def test_wrong_sign_of_ct_is_corrected(write: Write, ramp: npt.NDArray[np.uint16]) -> None:
    numbers = ramp.astype(np.int16) - 1000
    ct = {"Modality": "CT", "SOPClassUID": CTImageStorage}
    series = one(write("a.dcm", numbers, PixelRepresentation=0, **ct))
    assert np.array_equal(series.pixels[0], numbers)
    assert SIGN_WARNING in series.warnings


def test_right_signs_are_left_alone(write: Write) -> None:
    mask = np.zeros((16, 16), np.uint16)
    mask[4:8, 4:8] = 65535
    noise = np.random.default_rng(0).normal(0, 300, (32, 32)).astype(np.int16)
    for name, pixels in (("mask.dcm", mask), ("phase.dcm", noise)):
        series = one(write(name, pixels))
        assert np.array_equal(series.pixels[0], pixels)
        assert SIGN_WARNING not in series.warnings


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless, JPEGLSLossless])
def test_lossless_compression_changes_nothing(
    make: Callable[..., Any], ramp: npt.NDArray[np.uint16], syntax: str
) -> None:
    made = make(ramp, BitsStored=12, HighBit=11)
    if syntax == RLELossless:
        made.compress(RLELossless, generate_instance_uid=False)
        buffer = DicomBytesIO()
        made.save_as(buffer, enforce_file_format=True)
        data, wanted = bytes(buffer.getvalue()), ramp
    else:
        name = {JPEG2000Lossless: "jp2klossless", JPEGLSLossless: "jpeg_ls_lossless"}[syntax]
        source = get_testdata_file(f"MR_small_{name}.dcm", download=False)
        data = Path(str(source)).read_bytes()
        plain = read(str(get_testdata_file("MR_small.dcm", download=False)))
        wanted = plain.series[0].pixels[0]
    parsed = parse(data, LIMITS)
    with Decoder(LIMITS) as decoder:
        stack, warnings = decode(parsed, facts(parsed.header, LIMITS), "MR", decoder)
    assert np.array_equal(stack[0], wanted)
    assert warnings == []


def test_one_process_decodes_many_objects(
    make: Callable[..., Any], ramp: npt.NDArray[np.uint16], tmp_path: Path
) -> None:
    for number in range(4):
        made = make(
            ramp + np.uint16(number),
            ImagePositionPatient=[-4.0 * number, 0.0, 0.0],
            InstanceNumber=number,
        )
        made.compress(RLELossless, generate_instance_uid=False)
        made.save_as(tmp_path / f"{number}.dcm", enforce_file_format=True)
    (series,) = read(tmp_path).series
    assert np.array_equal(series.pixels, np.stack([ramp + n for n in range(4)]))


@pytest.mark.parametrize("planar", [0, 1])
def test_grey_stored_as_colour_is_no_colour(write: Write, planar: int) -> None:
    grey = np.arange(48, dtype=np.uint8).reshape(6, 8)
    elements = {
        "SOPClassUID": SecondaryCaptureImageStorage,
        "SamplesPerPixel": 3,
        "PhotometricInterpretation": "RGB",
        "PlanarConfiguration": planar,
        "Rows": 6,
        "Columns": 8,
    }
    colour = np.stack([grey] * 3, axis=0 if planar else 2)
    series = one(write("a.dcm", colour, **elements))
    assert np.array_equal(series.pixels[0], grey)
    assert COLOUR_WARNING not in series.warnings
    assert any("screen captures" in warning for warning in series.warnings)
    colour[(0,) if planar else (..., 0)] = 200
    series = one(write("b.dcm", colour, **elements))
    assert np.allclose(series.pixels[0], 0.299 * 200 + 0.701 * grey, atol=1e-3)
    assert COLOUR_WARNING in series.warnings


def test_colour_becomes_luma_with_a_warning() -> None:
    series = one(Path(str(get_testdata_file("SC_rgb_jpeg_dcmtk.dcm", download=False))))
    assert COLOUR_WARNING in series.warnings
    assert series.pixels.shape == (1, 100, 100)
    assert float(series.pixels.max()) <= 255


def test_impossible_slope_is_not_applied(write: Write, ramp: npt.NDArray[np.uint16]) -> None:
    series = one(write("a.dcm", ramp, RescaleSlope=0, RescaleIntercept=5))
    assert np.array_equal(series.pixels[0], ramp)
    assert any("slope" in warning for warning in series.warnings)


def test_other_modalities_are_known_as_such(write: Write) -> None:
    assert one(write("a.dcm", Modality="US")).modality is Modality.OTHER
    assert one(write("b.dcm", Modality="DX")).modality is Modality.DX
