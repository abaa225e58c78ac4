"""What an object is, told from its first bytes; its name has no say."""

from __future__ import annotations

import struct
import zlib
from typing import Literal

Kind = Literal["dicom", "bare-dicom", "nifti", "nifti-gz", "picture"]
"""What can be read. ``bare-dicom`` lacks the preamble of a DICOM file."""

_PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
_NIFTI1 = b"n+1\x00"
_NIFTI2 = b"n+2\x00\r\n\x1a\n"
_HEAD = 1024


def sniff(data: bytes) -> tuple[Kind | None, str]:
    """The kind of an object, or None with the reason code why it is not read."""
    if not data:
        return None, "empty"
    if data[128:132] == b"DICM":
        return "dicom", ""
    if data.startswith(_PICTURES):
        return "picture", ""
    if is_nifti(data):
        return "nifti", ""
    if data[4:12] == _NIFTI2:
        return None, "nifti-2"
    if data.startswith(b"\x1f\x8b"):
        head = _unpacked_head(data)
        if is_nifti(head):
            return "nifti-gz", ""
        return None, "nifti-2" if head[4:12] == _NIFTI2 else "gzip"
    if data.startswith((b"PK\x03\x04", b"7z\xbc\xaf\x27\x1c", b"Rar!")):
        return None, "nested-archive"
    if data.startswith(b"%PDF"):
        return None, "not-an-image"
    if _is_bare_dicom(data):
        return "bare-dicom", ""
    if data[:_HEAD].lstrip().lower().startswith((b"<!doctype html", b"<html")):
        return None, "html"
    return None, "unknown-format"


def is_nifti(head: bytes) -> bool:
    """Whether bytes begin with a NIfTI-1 header whose voxels are in the same file."""
    return head[344:348] == _NIFTI1


def _unpacked_head(data: bytes) -> bytes:
    try:
        return zlib.decompressobj(wbits=31).decompress(data[: 64 * _HEAD], _HEAD)
    except zlib.error:
        return b""


def _is_bare_dicom(data: bytes) -> bool:
    """Whether bytes begin with an element of group 2 or 8, as data sets without preamble do."""
    if len(data) < 16:
        return False
    for order in "<>":
        group, element, length = struct.unpack(f"{order}HHI", data[:8])
        if group in (0x0002, 0x0008) and element <= 0x0070:
            explicit = data[4:6].isalpha() and data[4:6].isupper()
            if explicit or length < 256:
                return True
    return False
