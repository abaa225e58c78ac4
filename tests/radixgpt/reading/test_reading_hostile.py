"""Inputs that break readers: typed errors, or a quarantine list and the rest is read."""

from __future__ import annotations

import contextlib
import os
import struct
import time
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hostile import bytes_of, reasons
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    ImplicitVRLittleEndian,
)

from radixgpt.errors import InputError, UnreadableError, UnsafeInputError
from radixgpt.reading import read
from radixgpt.reading.limits import LIMITS
from radixgpt.reading.reasons import REASONS
from radixgpt.reading.sniff import sniff
from radixgpt.study import Study

Write = Callable[..., Path]


SIMPLE = {
    "empty": b"",
    "html": b"<!DOCTYPE html><html><body>404</body></html>",
    "gzip": zlib.compress(b"hello" * 100, wbits=31),
    "nifti-2": struct.pack("<i", 540) + b"n+2\0\r\n\x1a\n" + bytes(600),
    "nested-archive": b"PK\x03\x04" + bytes(100),
    "unknown-format": b"hello, this is a text about a patient",
    "not-an-image": b"%PDF-1.7 report",
}


@pytest.mark.parametrize("reason", SIMPLE)
def test_what_is_no_image_is_left_out_with_a_reason(
    beside: Callable[[bytes], Study], reason: str
) -> None:
    study = beside(SIMPLE[reason])
    assert len(study.series) == 1
    (left_out,) = study.quarantine
    assert (left_out.name, left_out.reason) == ("object 1", reason)
    assert left_out.detail == REASONS[reason][0]


@pytest.mark.parametrize("reason", sorted(set(SIMPLE) - {"nested-archive"}))
def test_alone_it_is_a_typed_error_with_a_mend(tmp_path: Path, reason: str) -> None:
    path = tmp_path / "jane_doe.dcm"
    path.write_bytes(SIMPLE[reason])
    with pytest.raises(InputError) as caught:
        read(path)
    assert caught.value.problem == REASONS[reason][0]
    assert caught.value.mend == REASONS[reason][1]


def test_no_preamble_is_an_error_unless_forced(tmp_path: Path, make: Callable[..., Any]) -> None:
    path = tmp_path / "a.dcm"
    path.write_bytes(bytes_of(make())[132:])
    with pytest.raises(UnreadableError, match="preamble"):
        read(path)
    assert read(path, force=True).series[0].pixels.shape == (1, 12, 16)


@pytest.mark.parametrize(
    "name", ["ExplVR_LitEndNoMeta.dcm", "ExplVR_BigEndNoMeta.dcm", "rtstruct.dcm"]
)
def test_bare_plans_of_pydicom_are_recognised_when_forced(name: str) -> None:
    path = get_testdata_file(name, download=False)
    with pytest.raises(UnreadableError, match="preamble"):
        read(str(path))
    with pytest.raises(InputError, match="no image"):
        read(str(path), force=True)


def test_missing_transfer_syntax_is_quarantined(
    beside: Callable[[bytes], Study], make: Callable[..., Any]
) -> None:
    made = make()
    whole = bytes_of(made)
    length = struct.unpack("<I", whole[140:144])[0]
    body = whole[144 + length :]
    meta = b"\x02\x00\x02\x00UI\x02\x001\x00"
    group = b"\x02\x00\x00\x00UL\x04\x00" + struct.pack("<I", len(meta))
    assert reasons(beside(bytes(128) + b"DICM" + group + meta + body)) == ["no-transfer-syntax"]


def test_unknown_transfer_syntax_is_quarantined(
    beside: Callable[[bytes], Study], make: Callable[..., Any]
) -> None:
    whole = bytes_of(make())
    mpeg = whole.replace(b"1.2.840.10008.1.2.1\x00", b"1.2.840.10008.1.9.1\x00", 1)
    assert reasons(beside(mpeg)) == ["unsupported-transfer-syntax"]


@pytest.mark.parametrize("keep", [0.2, 0.7, 0.99])
def test_truncated_pixels_reject_that_instance(
    beside: Callable[[bytes], Study], make: Callable[..., Any], keep: float
) -> None:
    whole = bytes_of(make())
    start = len(whole) - 12 * 16 * 2
    study = beside(whole[: start + int(keep * 12 * 16 * 2)])
    assert reasons(study) == ["truncated-pixels"]
    assert study.series[0].slices == 1


def test_pydicoms_truncated_file() -> None:
    path = get_testdata_file("MR_truncated.dcm", download=False)
    with pytest.raises(UnreadableError, match="cut off"):
        read(str(path))


def test_zero_padding_is_no_lie() -> None:
    padded, plain = (
        read(str(get_testdata_file(n, download=False)))
        for n in ("MR_small_padded.dcm", "MR_small.dcm")
    )
    assert np.array_equal(padded.series[0].pixels, plain.series[0].pixels)


@pytest.mark.parametrize(
    ("lie", "reason"),
    [
        ({"Rows": 60_000, "Columns": 60_000}, "too-large"),
        ({"Rows": 16_000, "Columns": 16_000}, "truncated-pixels"),
        ({"NumberOfFrames": 2_000_000_000}, "too-large"),
        ({"NumberOfFrames": 3}, "truncated-pixels"),
        ({"Rows": 6}, "lying-header"),
        ({"Rows": 0}, "lying-header"),
        ({"NumberOfFrames": -4}, "lying-header"),
        ({"HighBit": 40}, "lying-header"),
        ({"BitsAllocated": 64}, "unsupported-pixels"),
        ({"BitsAllocated": 0}, "unsupported-pixels"),
        ({"BitsStored": 0}, "unsupported-pixels"),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "unsupported-pixels"),
        ({"SamplesPerPixel": 4}, "unsupported-pixels"),
        ({"Rows": None}, "lying-header"),
        ({"PixelData": None}, "no-pixels"),
    ],
)
def test_sizes_are_checked_before_anything_is_allocated(
    beside: Callable[[bytes], Study], make: Callable[..., Any], lie: dict[str, Any], reason: str
) -> None:
    begun = time.perf_counter()
    assert reasons(beside(bytes_of(make(**lie)))) == [reason]
    assert time.perf_counter() - begun < 5


def test_impossible_length_is_flagged(
    beside: Callable[[bytes], Study], make: Callable[..., Any]
) -> None:
    whole = bytes_of(make(PatientName=None))
    at = whole.index(b"\x08\x00\x60\x00CS")
    huge = b"\x08\x00\x50\x00UT\x00\x00" + struct.pack("<I", 0xFFFFFFF0)
    assert reasons(beside(whole[:at] + huge + whole[at:])) == ["impossible-length"]


def test_impossible_length_of_the_pixels_is_flagged(
    beside: Callable[[bytes], Study], make: Callable[..., Any]
) -> None:
    whole = bytes_of(make())
    at = whole.index(b"\xe0\x7f\x10\x00OW\x00\x00") + 8
    lying = whole[:at] + struct.pack("<I", 0xFFFFFFF0) + whole[at + 4 :]
    assert reasons(beside(lying)) == ["impossible-length"]


def nested(depth: int, *, defined: bool, implicit: bool = False) -> bytes:
    """A sequence (0040,0275) within itself, as bytes."""
    head = b"\x40\x00\x75\x02" + (b"" if implicit else b"SQ\x00\x00")
    value = b""
    for _ in range(depth):
        if defined:
            item = b"\xfe\xff\x00\xe0" + struct.pack("<I", len(value)) + value
            value = head + struct.pack("<I", len(item)) + item
        else:
            item = b"\xfe\xff\x00\xe0\xff\xff\xff\xff" + value + b"\xfe\xff\x0d\xe0" + bytes(4)
            value = head + b"\xff\xff\xff\xff" + item + b"\xfe\xff\xdd\xe0" + bytes(4)
    return value


@pytest.mark.parametrize("implicit", [False, True])
@pytest.mark.parametrize("defined", [False, True])
def test_deep_nesting_is_rejected(
    beside: Callable[[bytes], Study], make: Callable[..., Any], defined: bool, implicit: bool
) -> None:
    syntax = {"TransferSyntaxUID": ImplicitVRLittleEndian} if implicit else {}
    whole = bytes_of(make(**syntax))
    at = whole.index(b"\xe0\x7f\x10\x00")
    deep = whole[:at] + nested(3000, defined=defined, implicit=implicit) + whole[at:]
    assert reasons(beside(deep)) == ["nested-too-deep"]
    shallow = whole[:at] + nested(20, defined=defined, implicit=implicit) + whole[at:]
    assert reasons(beside(shallow)) == []


def test_many_items_are_not_deep(
    beside: Callable[[bytes], Study], make: Callable[..., Any]
) -> None:
    made = make()
    item = Dataset()
    item.CodeValue = "1"
    made.RequestAttributesSequence = Sequence([item] * 5000)
    assert reasons(beside(bytes_of(made))) == []


@pytest.mark.parametrize("modality", ["SR", "PR", "KO"])
def test_reports_and_states_are_routed_away(
    beside: Callable[[bytes], Study], make: Callable[..., Any], modality: str
) -> None:
    assert reasons(beside(bytes_of(make(Modality=modality, PixelData=None)))) == ["not-an-image"]


@pytest.mark.parametrize(
    "name", ["rtplan.dcm", "rtdose.dcm", "reportsi.dcm", "waveform_ecg.dcm", "test-SR.dcm"]
)
def test_objects_of_pydicom_without_an_image(name: str) -> None:
    with pytest.raises(InputError, match="no image") as caught:
        read(str(get_testdata_file(name, download=False)))
    assert not isinstance(caught.value, UnreadableError | UnsafeInputError)


def test_dicomdir_is_an_index() -> None:
    path = get_testdata_file("DICOMDIR-empty.dcm", download=False)
    with pytest.raises(InputError, match="index"):
        read(str(path))


def test_the_error_counts_what_was_wrong(tmp_path: Path) -> None:
    (tmp_path / "doe_jane.txt").write_bytes(b"text of the patient Jane Doe")
    (tmp_path / "empty").write_bytes(b"")
    with pytest.raises(UnreadableError, match=r"None of the 2 .* \(1 empty, 1 unknown-format\)"):
        read(tmp_path)


def test_unsafe_objects_alone_are_unsafe_input(tmp_path: Path, make: Callable[..., Any]) -> None:
    path = tmp_path / "a.dcm"
    path.write_bytes(bytes_of(make(Rows=60_000, Columns=60_000)))
    with pytest.raises(UnsafeInputError):
        read(path)


def test_the_whole_study_has_a_cap(write: Write) -> None:
    path = write("a.dcm")
    with pytest.raises(UnsafeInputError, match="more pixels"):
        read(path, limits=replace(LIMITS, study_voxels=100))


@settings(max_examples=150, deadline=None)
@given(
    place=st.integers(0, 1300),
    junk=st.binary(min_size=1, max_size=12),
    cut=st.integers(0, 1400),
    insert=st.booleans(),
)
def test_damage_never_escapes_as_another_error(
    tmp_path_factory: pytest.TempPathFactory,
    make: Callable[..., Any],
    place: int,
    junk: bytes,
    cut: int,
    insert: bool,
) -> None:
    whole = bytes_of(make(SOPInstanceUID="1.2.3"))
    place %= len(whole)
    damaged = whole[:place] + junk + whole[place + (0 if insert else len(junk)) :]
    path = tmp_path_factory.mktemp("damaged") / "a.dcm"
    path.write_bytes(damaged[: len(damaged) - cut % 3 * (cut % len(whole))])
    with contextlib.suppress(InputError):
        study = read(path, force=True)
        assert study.series
        assert all(np.isfinite(s.pixels).all() for s in study.series)


@given(data=st.binary(max_size=600))
def test_any_bytes_have_a_kind_or_a_reason(data: bytes) -> None:
    kind, reason = sniff(data)
    assert (kind is None) == bool(reason)
    assert not reason or reason in REASONS


def test_nothing_is_printed_or_warned_about(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("JPEG2000-embedded-sequence-delimiter.dcm", "badVR.dcm", "JPEG-lossy.dcm"):
        source = get_testdata_file(name, download=False)
        target = tmp_path / name
        target.write_bytes(Path(str(source)).read_bytes())
        with caplog.at_level("DEBUG"), pytest.raises(InputError):
            read(target)
    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err == ""
    assert not [r for r in caplog.records if r.levelname != "DEBUG"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UnsafeInputError):
        read(tmp_path / "pipe")
    with pytest.raises(UnsafeInputError):
        read(tmp_path)


def test_an_unknown_value_representation_does_no_harm(
    beside: Callable[[bytes], Study], make: Callable[..., Any]
) -> None:
    whole = bytes_of(make(PatientBirthDate="", InstanceNumber=2))
    odd = whole.replace(b"\x10\x00\x30\x00DA", b"\x10\x00\x30\x00JA", 1)
    assert odd != whole
    assert reasons(beside(odd)) == []
