"""From the bytes of a DICOM object to its allowed elements, with every length checked.

pydicom does the parsing. Around it: the deflated syntax is unpacked under a cap, lengths beyond
the end of the file are caught before they are followed, nesting is bounded, and nothing that the
parser has to say of a value reaches a warning or a log.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

from radixgpt.reading.header import ALLOWED, PIXEL_DATA, Header
from radixgpt.reading.limits import Limits
from radixgpt.reading.quiet import quiet
from radixgpt.reading.reasons import rejected

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
BIG_ENDIAN = "1.2.840.10008.1.2.2"
NATIVE = frozenset({IMPLICIT, EXPLICIT, DEFLATED, BIG_ENDIAN})
"""Transfer syntaxes with uncompressed pixels."""

_JPEG = "1.2.840.10008.1.2.4."
COMPRESSED = frozenset(
    {"1.2.840.10008.1.2.5"}  # RLE
    | {_JPEG + last for last in ("50", "51", "57", "70")}  # JPEG, lossy and lossless
    | {_JPEG + last for last in ("80", "81")}  # JPEG-LS
    | {_JPEG + last for last in ("90", "91", "201", "202", "203")}  # JPEG 2000, HTJ2K
)
"""Transfer syntaxes that are decoded in a process of their own."""

_DIRECTORY = "1.2.840.10008.1.3.10"
_UNDEFINED = 0xFFFFFFFF
_ITEM = b"\xfe\xff\x00\xe0"
_SEQUENCE_END = b"\xfe\xff\xdd\xe0"


@dataclass(frozen=True)
class Parsed:
    """One DICOM object.

    Attributes:
        header: its allowed elements.
        syntax: transfer syntax UID.
        pixels: value of the pixel data element, None without one.
        cut: the pixel data element claims to be longer than the file.
    """

    header: Header
    syntax: str
    pixels: bytes | None
    cut: bool = False


def parse(data: bytes, limits: Limits, *, bare: bool = False) -> Parsed:
    """Read the allowed elements and the pixel data of one object.

    Args:
        data: the whole object.
        limits: caps on unpacking and nesting.
        bare: the object begins without preamble.

    Raises:
        RejectedObjectError: damaged, lying or hostile.
    """
    return _parse(data, limits, bare, [tag for tag, _ in ALLOWED.values()])[1]


def parse_whole(data: bytes, limits: Limits, *, bare: bool = False) -> tuple[Dataset, Parsed]:
    """Every element before the pixel data of one object, and the object as ``parse`` gives it.

    For those who have to know what is to be left out: the data set holds all that the source says.

    Raises:
        RejectedObjectError: damaged, lying or hostile.
    """
    return _parse(data, limits, bare, None)


def _parse(
    data: bytes, limits: Limits, bare: bool, tags: list[int] | None
) -> tuple[Dataset, Parsed]:
    file = BytesIO(data)
    file.seek(0 if bare else 132)
    try:
        with quiet():
            syntax = _transfer_syntax(file)
            if not syntax and bare:
                syntax = _guess_syntax(data[file.tell() :])
            if not syntax:
                raise rejected("no-transfer-syntax")
            if syntax not in NATIVE and syntax not in COMPRESSED:
                raise rejected("unsupported-transfer-syntax")
            if syntax == DEFLATED:
                data = _inflate(data[file.tell() :], limits)
                file = BytesIO(data)
            dataset, place = _read(file, data, syntax, limits, tags)
    except RecursionError:
        raise rejected("nested-too-deep") from None
    except (
        *(OSError, EOFError, ValueError, TypeError, AttributeError, KeyError, IndexError),
        *(struct.error, NotImplementedError, MemoryError, zlib.error),
    ):
        raise rejected("damaged") from None
    if not dataset:  # the parser gave up on its first elements
        raise rejected("damaged")
    if place is None:
        return dataset, Parsed(Header(dataset), syntax, None)
    start, length = place
    end = _end_of_items(data, start) if length == _UNDEFINED else start + length
    return dataset, Parsed(Header(dataset), syntax, data[start:end], end > len(data))


def _end_of_items(data: bytes, position: int) -> int:
    """Where encapsulated pixel data end, beyond the end of the data if they are cut off."""
    while position + 8 <= len(data) and data[position : position + 4] == _ITEM:
        position += 8 + int(struct.unpack_from("<I", data, position + 4)[0])
    closed = data[position : position + 4] == _SEQUENCE_END
    return position + 8 if closed else len(data) + 1


def _transfer_syntax(file: BytesIO) -> str:
    """Read the file meta group; leaves the file at the start of the data set."""
    from pydicom.filereader import read_dataset

    start = file.tell()
    if file.read(2) != b"\x02\x00":
        file.seek(start)
        return ""
    file.seek(start)
    meta = read_dataset(
        file,
        is_implicit_VR=False,
        is_little_endian=True,
        stop_when=lambda tag, _, length: tag >> 16 != 2 or length == _UNDEFINED,
    )
    if str(meta.get("MediaStorageSOPClassUID", "")) == _DIRECTORY:
        raise rejected("index")
    return str(meta.get("TransferSyntaxUID", "") or "")


def _guess_syntax(data: bytes) -> str:
    """Implicit, explicit or big-endian, from the first element of a bare data set."""
    if data[4:6].isalpha() and data[4:6].isupper():
        return EXPLICIT if data[1:2] == b"\x00" else BIG_ENDIAN
    return IMPLICIT


def _inflate(packed: bytes, limits: Limits) -> bytes:
    unpacker = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
    data = unpacker.decompress(packed, limits.deflated_bytes)
    if unpacker.unconsumed_tail:
        raise rejected("bomb")
    return data


def _read(
    file: BytesIO, data: bytes, syntax: str, limits: Limits, tags: list[int] | None
) -> tuple[Dataset, tuple[int, int] | None]:
    """The wanted elements (all for None), and start and stated length of the pixel data."""
    from pydicom.filereader import read_dataset

    little = syntax != BIG_ENDIAN
    met: list[tuple[int, int]] = []
    dataset = read_dataset(
        file,
        is_implicit_VR=syntax == IMPLICIT,
        is_little_endian=little,
        stop_when=_guard(file, data, little, limits, met),
        specific_tags=tags,
    )
    return dataset, met[0] if met else None


def _guard(
    file: BytesIO, data: bytes, little: bool, limits: Limits, met: list[tuple[int, int]]
) -> Callable[[int, str | None, int], bool]:
    """A look at every element before its value is read or skipped.

    Ends the reading at the pixel data, whose start and stated length are added to ``met``: they
    are the last element of an image, and what is behind them is padding.
    """
    item = _ITEM if little else _ITEM[1::-1] + _ITEM[:1:-1]

    def look(tag: int, _: str | None, length: int) -> bool:
        start = file.tell()
        if tag >= PIXEL_DATA:
            if tag == PIXEL_DATA:
                met.append((start, length))
            return True
        defined = length != _UNDEFINED
        if defined and start + length > len(data):
            raise rejected("impossible-length")
        if data[start : start + 4] == item:
            end = start + length if defined else len(data)
            if data.count(item, start, end) > limits.sequence_depth:
                _check_depth(data, start, end, item, little, limits)
        return False

    return look


def _check_depth(
    data: bytes, start: int, end: int, item: bytes, little: bool, limits: Limits
) -> None:
    """Walk down the nesting of one sequence without recursion.

    Only the ends of items and sequences of defined length are known beforehand, so a stack of
    ends is kept; an undefined length is closed by its delimiter.
    """
    order = "<" if little else ">"
    delimiters = {struct.pack(f"{order}HH", 0xFFFE, last) for last in (0xE00D, 0xE0DD)}
    ends: list[int] = [end]
    position = start
    while position + 8 <= end and ends:
        while ends and position >= ends[-1]:
            ends.pop()
        if not ends:
            return
        head = data[position : position + 4]
        if head in delimiters:
            position += 8
            ends.pop()
            continue
        body, length = _value_of(data, position, order, head == item)
        value_end = end if length == _UNDEFINED else body + length
        if head == item or data[body : body + 4] == item:
            ends.append(value_end)
            # A sequence and its item are two entries of the stack.
            if len(ends) > 2 * limits.sequence_depth:
                raise rejected("nested-too-deep")
            position = body
        else:
            position = value_end


def _value_of(data: bytes, position: int, order: str, is_item: bool) -> tuple[int, int]:
    """Where the value of an element begins, and its length."""
    vr = data[position + 4 : position + 6]
    if not is_item and vr.isalpha() and vr.isupper():
        if vr in (b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"UC", b"UN", b"UR", b"UT"):
            if position + 12 > len(data):
                return len(data), 0
            return position + 12, int(struct.unpack_from(f"{order}I", data, position + 8)[0])
        return position + 8, int(struct.unpack_from(f"{order}H", data, position + 6)[0])
    return position + 8, int(struct.unpack_from(f"{order}I", data, position + 4)[0])
