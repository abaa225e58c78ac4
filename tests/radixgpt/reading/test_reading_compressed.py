"""Compressed data that lies about its size, is broken off or never ends."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hostile import bytes_of, reasons
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    RLELossless,
)

from radixgpt.reading import read
from radixgpt.reading.limits import LIMITS
from radixgpt.study import Study

Write = Callable[..., Path]


def test_deflated_data_set_is_read(tmp_path: Path, make: Callable[..., Any]) -> None:
    plain, deflated = make(), make(TransferSyntaxUID=DeflatedExplicitVRLittleEndian)
    (tmp_path / "a.dcm").write_bytes(bytes_of(plain))
    (tmp_path / "b.dcm").write_bytes(bytes_of(deflated))
    first, second = (read(tmp_path / name) for name in ("a.dcm", "b.dcm"))
    assert np.array_equal(first.series[0].pixels, second.series[0].pixels)


def test_deflate_bomb_is_capped(beside: Callable[..., Study], make: Callable[..., Any]) -> None:
    whole = bytes_of(make(TransferSyntaxUID=DeflatedExplicitVRLittleEndian))
    length = struct.unpack("<I", whole[140:144])[0]
    packer = zlib.compressobj(9, wbits=-15)
    chunk = bytes(1 << 20)
    packed = b"".join(packer.compress(chunk) for _ in range(40)) + packer.flush()
    assert len(packed) < 50_000
    bomb = whole[: 144 + length] + packed
    limits = replace(LIMITS, deflated_bytes=1 << 24)
    assert reasons(beside(bomb, limits=limits)) == ["bomb"]


def encapsulated(*fragments: bytes) -> bytes:
    parts = [b"\xfe\xff\x00\xe0" + bytes(4)]
    parts += [b"\xfe\xff\x00\xe0" + struct.pack("<I", len(f)) + f for f in fragments]
    return b"".join(parts) + b"\xfe\xff\xdd\xe0" + bytes(4)


def compressed(make: Callable[..., Any], value: bytes, **elements: Any) -> bytes:
    made = make(TransferSyntaxUID=RLELossless, **elements)
    made.PixelData = value
    made["PixelData"].is_undefined_length = True
    made["PixelData"].VR = "OB"
    return bytes_of(made)


def test_rle_bomb_does_no_harm(beside: Callable[[bytes], Study], make: Callable[..., Any]) -> None:
    header = struct.pack("<16I", 2, 64, 64 + 2_000_000, *([0] * 13))
    fragment = header + b"\x81\x00" * 2_000_000
    study = beside(compressed(make, encapsulated(fragment)))
    assert reasons(study) == ["lying-header"]
    header = struct.pack("<16I", 2, 64, 64 + 20_000, *([0] * 13))
    fragment = header + b"\x81\x00" * 20_000  # 2.6 MB where 384 bytes belong
    study = beside(compressed(make, encapsulated(fragment)))
    assert {s.pixels.shape[1:] for s in study.series} == {(12, 16)}


def test_decoder_that_runs_out_of_memory_or_time_is_stopped(
    beside: Callable[..., Study], make: Callable[..., Any]
) -> None:
    packed = bytes_of_rle(make)
    assert reasons(beside(packed)) == []
    starved = replace(LIMITS, decode_bytes=1 << 20)
    assert reasons(beside(packed, limits=starved))[0] in ("decode-failed", "decode-limit")
    hurried = replace(LIMITS, decode_seconds=0.0)
    assert reasons(beside(packed, limits=hurried)) == ["decode-limit"]


def bytes_of_rle(make: Callable[..., Any]) -> bytes:
    made = make(InstanceNumber=2, ImagePositionPatient=[4.0, -50.0, 60.0])
    made.compress(RLELossless, generate_instance_uid=False)
    return bytes_of(made)


@pytest.mark.parametrize("cut", [10, 200])
def test_truncated_compressed_pixels(
    beside: Callable[[bytes], Study], make: Callable[..., Any], cut: int
) -> None:
    assert reasons(beside(bytes_of_rle(make)[:-cut])) == ["truncated-pixels"]
