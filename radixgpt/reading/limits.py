"""How much of an input is ever read: the caps that keep a hostile file from the machine."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """Caps of one call of ``read``.

    Attributes:
        objects: files or archive members looked at.
        object_bytes: size of one object, after unpacking.
        archive_bytes: size of all members of an archive, after unpacking.
        archive_ratio: unpacked to packed size of a member above ``ratio_from`` bytes.
        ratio_from: below this size a member may have any ratio.
        deflated_bytes: size of a deflated DICOM data set, after unpacking.
        side: rows or columns of an image.
        image_bytes: decoded size of one object's pixels.
        study_voxels: pixels of all series together.
        sequence_depth: nesting of DICOM sequences.
        decode_seconds: time to decode one compressed object.
        decode_bytes: address space of the process that decodes.
    """

    objects: int = 20_000
    object_bytes: int = 768 * MIB
    archive_bytes: int = 4096 * MIB
    archive_ratio: int = 100
    ratio_from: int = 64 * MIB
    deflated_bytes: int = 256 * MIB
    side: int = 16_384
    image_bytes: int = 768 * MIB
    study_voxels: int = 256 * MIB
    sequence_depth: int = 64
    decode_seconds: float = 30.0
    decode_bytes: int = 3072 * MIB


LIMITS = Limits()
"""The caps that ``read`` uses unless told otherwise."""
