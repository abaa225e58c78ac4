"""From pixel data to arrays: sizes are checked before anything is allocated.

Uncompressed greyscale is read here; everything else is decoded by ``radixgpt.reading.decoder``
in a process of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from radixgpt.reading.dataset import BIG_ENDIAN, NATIVE, Parsed
from radixgpt.reading.decoder import Decoder
from radixgpt.reading.header import Header
from radixgpt.reading.limits import Limits
from radixgpt.reading.reasons import rejected

Array = npt.NDArray[Any]

LUMINANCE = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in luma (ITU-R BT.601-7, 2.5.1)."""

_OVERHEAD = 65_536  # more than offset tables and headers of fragments ever take
_SMOOTHER = 0.9

COLOUR_WARNING = "Colour was turned into greyscale."
SIGN_WARNING = "The header is wrong about the sign of the pixels; it was corrected."


@dataclass(frozen=True)
class PixelFacts:
    """The image pixel module (PS3.3 C.7.6.3), checked."""

    rows: int
    columns: int
    frames: int
    samples: int
    photometric: str
    planar: int
    allocated: int
    stored: int
    high: int
    signed: bool

    @property
    def decoded_bytes(self) -> int:
        """Size of all frames as stored, in whole bytes a sample."""
        samples = self.rows * self.columns * self.frames * self.samples
        return samples * max(self.allocated, 8) // 8


def facts(header: Header, limits: Limits) -> PixelFacts:
    """Read and check the image pixel module.

    Raises:
        RejectedObjectError: missing, impossible or larger than is ever read.
    """
    allocated = header.integer("BitsAllocated", 0)
    stored = header.integer("BitsStored", allocated)
    found = PixelFacts(
        rows=header.integer("Rows", 0),
        columns=header.integer("Columns", 0),
        frames=header.integer("NumberOfFrames", 1) or 1,
        samples=header.integer("SamplesPerPixel", 1),
        photometric=header.text("PhotometricInterpretation").upper() or "MONOCHROME2",
        planar=header.integer("PlanarConfiguration", 0),
        allocated=allocated,
        stored=stored,
        high=header.integer("HighBit", stored - 1),
        signed=header.integer("PixelRepresentation", 0) == 1,
    )
    if min(found.rows, found.columns, found.frames) < 1:
        raise rejected("lying-header")
    if allocated not in (8, 16, 32) or not 1 <= stored <= allocated:
        raise rejected("unsupported-pixels")
    if not stored - 1 <= found.high < allocated:
        raise rejected("lying-header")
    grey = found.samples == 1 and found.photometric in ("MONOCHROME1", "MONOCHROME2")
    colour = found.samples == 3 and found.photometric.startswith(("RGB", "YBR"))
    if not grey and not (colour and allocated in (8, 16)):
        raise rejected("unsupported-pixels")
    if max(found.rows, found.columns) > limits.side or found.decoded_bytes > limits.image_bytes:
        raise rejected("too-large")
    return found


def decode(
    parsed: Parsed, found: PixelFacts, modality: str, decoder: Decoder
) -> tuple[Array, list[str]]:
    """All frames of an object, and what was mended in them.

    Args:
        parsed: the object.
        found: its checked image pixel module.
        modality: DICOM modality, which decides what the sign of a pixel can mean.
        decoder: the process that decodes compressed pixels.

    Returns:
        Array of shape (frames, rows, columns), integers or, from colour, float32; and warnings.

    Raises:
        RejectedObjectError: the pixels are missing, cut off or can't be decoded.
    """
    stack = samples(parsed, found, decoder)
    return _grey(stack) if found.samples == 3 else _with_sign(stack, found, modality)


def samples(parsed: Parsed, found: PixelFacts, decoder: Decoder) -> Array:
    """All samples as stored: the stored bits alone, lowest bit first, as unsigned integers.

    Returns:
        Shape (frames, rows, columns), or (frames, rows, columns, 3) as red, green, blue.

    Raises:
        RejectedObjectError: the pixels are missing, cut off or can't be decoded.
    """
    data = parsed.pixels
    if not data:
        raise rejected("truncated-pixels" if parsed.cut else "no-pixels")
    if parsed.syntax in NATIVE:
        _check_native_length(data, found, parsed.cut)
        if found.samples == 1:
            words = _native(data, found, parsed.syntax == BIG_ENDIAN)
            return _masked(words.reshape(found.frames, found.rows, found.columns), found)
        if found.photometric == "RGB":
            return _native_colour(data, found, parsed.syntax == BIG_ENDIAN)
    elif parsed.cut:
        raise rejected("truncated-pixels")
    elif len(data) > 2 * found.decoded_bytes + _OVERHEAD:
        raise rejected("lying-header")
    stack = decoder.decode(data, parsed.syntax, found)
    if found.samples == 3:
        return stack
    return _masked(stack, replace(found, high=found.stored - 1))  # decoders give them lowest


def _grey(stack: Array) -> tuple[npt.NDArray[np.float32], list[str]]:
    """Colour frames as luma, with a warning if there was any colour."""
    coloured = bool((stack != stack[..., :1]).any())
    if not coloured:
        return stack[..., 0].astype(np.float32), []
    return luminance(stack), [COLOUR_WARNING]


def luminance(stack: Array) -> npt.NDArray[np.float32]:
    """Red, green and blue on the last axis to luma, float32."""
    weights = np.asarray(LUMINANCE, dtype=np.float32)
    return np.asarray(stack.astype(np.float32) @ weights, dtype=np.float32)


def _check_native_length(data: bytes, found: PixelFacts, cut: bool) -> None:
    """There must be as many bytes as the header says; zeros behind them are padding."""
    length, expected = len(data), found.decoded_bytes
    if found.photometric == "YBR_FULL_422":
        expected = expected * 2 // 3
    if length < expected:
        raise rejected("truncated-pixels")
    if cut:
        raise rejected("impossible-length")
    row = found.columns * found.samples * found.allocated // 8
    if length - expected >= max(row, 2) and data[expected:].strip(b"\0"):
        raise rejected("lying-header")


def _native(data: bytes, found: PixelFacts, big_endian: bool) -> Array:
    """Uncompressed words, flat and unsigned."""
    order = ">" if big_endian else "<"
    count = found.decoded_bytes * 8 // found.allocated
    words = np.frombuffer(data, dtype=f"{order}u{found.allocated // 8}", count=count)
    return words.astype(words.dtype.newbyteorder("=")) if big_endian else words


def _native_colour(data: bytes, found: PixelFacts, big_endian: bool) -> Array:
    words = _native(data, found, big_endian)
    if found.planar == 1:
        planes = words.reshape(found.frames, 3, found.rows, found.columns)
        return np.moveaxis(planes, 1, -1)
    return words.reshape(found.frames, found.rows, found.columns, 3)


def _masked(stack: Array, found: PixelFacts) -> Array:
    """The stored bits alone, as unsigned integers."""
    words = stack.view(f"u{stack.dtype.itemsize}")
    below = found.high + 1 - found.stored
    if below:
        words = words >> below
    if found.stored < 8 * words.dtype.itemsize and int(words.max()) >> found.stored:
        # Old files keep overlays in the bits above the stored ones.
        words = words & words.dtype.type((1 << found.stored) - 1)
    return words


def _with_sign(words: Array, found: PixelFacts, modality: str) -> tuple[Array, list[str]]:
    """Read unsigned words as the header says, unless that is plainly wrong.

    Where the sign bit is set anywhere, the two readings differ by jumps of the full range. The
    other reading is taken if the image is smoother in it and it is possible at all: MR
    signals are not negative, CT numbers may be.
    """
    top = 1 << (found.stored - 1)
    if int(words.max()) < top:
        return words, []
    signed = sign_extended(words, found.stored)
    declared, other = (signed, words) if found.signed else (words, signed)
    possible = modality != "CT" if found.signed else modality == "CT"
    if possible and _roughness(other) < _SMOOTHER * _roughness(declared):
        return other, [SIGN_WARNING]
    return declared, []


def sign_extended(words: Array, stored: int) -> Array:
    """Unsigned words of so many stored bits, as signed integers of the same size."""
    bits = 8 * words.dtype.itemsize
    signed = words.view(f"i{words.dtype.itemsize}")
    return (signed << (bits - stored)) >> (bits - stored) if stored < bits else signed


def _roughness(stack: Array) -> float:
    """Sum of absolute differences of neighbouring pixels of the middle frame."""
    frame = stack[stack.shape[0] // 2].astype(np.float64)
    return float(np.abs(np.diff(frame, axis=0)).sum() + np.abs(np.diff(frame, axis=1)).sum())
