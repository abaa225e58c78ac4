"""NIfTI volumes to slices.

The header is read here, to check sizes before anything is unpacked or allocated; SimpleITK reads
the volume and turns NIfTI's coordinates (right, anterior, superior) into DICOM's. Free text of the
header is never looked at.
"""

from __future__ import annotations

import math
import struct
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from radixgpt.reading.frame import LAST, Frame, orientation_of
from radixgpt.reading.identity import Keyring
from radixgpt.reading.limits import MIB, Limits
from radixgpt.reading.reasons import rejected

_ITEM_BYTES = {2: 1, 4: 2, 8: 4, 16: 4, 64: 8, 256: 1, 512: 2, 768: 4, 1024: 8, 1280: 8}
"""Bytes a voxel by NIfTI data type; colour and complex types are not read."""

_MOST_VOLUMES = 16
_CLEARLY_THICKER = 1.2

NO_DIRECTION = "The volume does not say how it lies in the patient; no millimetres are measured."


@dataclass(frozen=True)
class _Head:
    """The parts of a NIfTI header that are needed, checked."""

    dimensions: tuple[int, ...]
    item_bytes: int
    offset: int
    placed: bool

    @property
    def data_bytes(self) -> int:
        """Size of the voxels."""
        return math.prod(self.dimensions) * self.item_bytes


def frames(data: bytes, keys: Keyring, limits: Limits, *, packed: bool) -> list[Frame]:
    """The slices of a volume; several volumes in one file become several series.

    Slices are stacked along the axis with the clearly largest spacing, else along the one with
    the fewest voxels.

    Args:
        data: the file.
        keys: makes the keys.
        limits: caps.
        packed: the file is compressed by gzip.

    Raises:
        RejectedObjectError: damaged, too large or of a kind that is not read.
    """
    if packed:
        data = _unpack(data, limits)
    head = _read_head(data, limits)
    if len(data) < head.offset + head.data_bytes:
        raise rejected("truncated-pixels")
    volumes, spacing, origin, direction = _read_volumes(data)
    key = keys.uid(data)
    through = _through_axis(spacing, volumes.shape[:0:-1], direction)
    row, column = (axis for axis in range(3) if axis != through)
    orientation = orientation_of((*direction[:, row], *direction[:, column]))
    placed = head.placed and orientation is not None
    step = direction[:, through] * spacing[through]
    found: list[Frame] = []
    for volume_index, volume in enumerate(volumes):
        # SimpleITK's arrays count axes backwards: axis 2 is the first one.
        slices = np.transpose(volume, (2 - through, 2 - column, 2 - row))
        for index, pixels in enumerate(slices):
            x, y, z = (float(v) for v in origin + index * step)
            found.append(
                Frame(
                    pixels=pixels,
                    series=f"{key}.{volume_index}",
                    instance=keys.uid(f"{key}.{volume_index}.{index}"),
                    number=index,
                    order=LAST,
                    spacing=(spacing[column], spacing[row]) if placed else None,
                    position=(x, y, z) if placed else None,
                    orientation=orientation if placed else None,
                    warnings=() if placed else (NO_DIRECTION,),
                )
            )
    return found


def _unpack(data: bytes, limits: Limits) -> bytes:
    """Unpack no more than the header says there is."""
    unpacker = zlib.decompressobj(wbits=31)
    try:
        start = unpacker.decompress(data, 1024)
        head = _read_head(start, limits)
        wanted = head.offset + head.data_bytes - len(start)
        body = unpacker.decompress(unpacker.unconsumed_tail, max(wanted, 1))
        if unpacker.unconsumed_tail and len(unpacker.decompress(unpacker.unconsumed_tail, MIB)) > 0:
            raise rejected("bomb")
    except zlib.error:
        raise rejected("damaged") from None
    return start + body


def _read_head(data: bytes, limits: Limits) -> _Head:
    """Read and check dimensions, data type and where the voxels begin."""
    for order in "<>":
        if len(data) >= 348 and struct.unpack_from(f"{order}i", data)[0] == 348:
            sizes = struct.unpack_from(f"{order}8h", data, 40)
            kind = struct.unpack_from(f"{order}h", data, 70)[0]
            offset = struct.unpack_from(f"{order}f", data, 108)[0]
            codes = struct.unpack_from(f"{order}2h", data, 252)
            break
    else:
        raise rejected("damaged")
    count = sizes[0]
    if not 2 <= count <= 7 or any(size < 1 for size in sizes[1 : count + 1]):
        raise rejected("unsupported-dimensions")
    dimensions = tuple(int(size) for size in sizes[1 : count + 1])
    if math.prod(dimensions[3:]) > _MOST_VOLUMES or math.prod(dimensions[4:]) > 1:
        raise rejected("unsupported-dimensions")
    if kind not in _ITEM_BYTES:
        raise rejected("unsupported-pixels")
    if not math.isfinite(offset) or not 0 <= offset <= 16 * MIB:
        raise rejected("lying-header")
    head = _Head(dimensions, _ITEM_BYTES[kind], int(offset), any(code > 0 for code in codes))
    if head.data_bytes > limits.image_bytes or math.prod(dimensions) > limits.study_voxels:
        raise rejected("too-large")
    return head


def _read_volumes(
    data: bytes,
) -> tuple[npt.NDArray[Any], tuple[float, ...], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Volumes of shape (volumes, k, j, i), spacing, origin and direction of the axes i, j, k."""
    import SimpleITK

    SimpleITK.ProcessObject.GlobalWarningDisplayOff()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "volume.nii"
        path.write_bytes(data)
        try:
            image = SimpleITK.ReadImage(str(path), imageIO="NiftiImageIO")
        except RuntimeError:
            raise rejected("damaged") from None
    array = SimpleITK.GetArrayFromImage(image)
    size = image.GetDimension()
    direction = np.asarray(image.GetDirection(), dtype=np.float64).reshape(size, size)
    origin = np.asarray(image.GetOrigin(), dtype=np.float64)
    spacing = tuple(float(value) for value in image.GetSpacing())
    if size == 2:
        flat = np.eye(3)
        flat[:2, :2] = direction
        return array[None, None], (*spacing, 1.0), np.asarray([*origin, 0.0]), flat
    while array.ndim > 4:
        array = array[0]
    return (
        array if array.ndim == 4 else array[None],
        spacing[:3],
        origin[:3],
        direction[:3, :3],
    )


def _through_axis(
    spacing: tuple[float, ...], shape: tuple[int, ...], direction: npt.NDArray[np.float64]
) -> int:
    """The axis across the slices: thickest, else shortest, else closest to left-right.

    Args:
        spacing: of the axes i, j, k.
        shape: voxels along i, j, k.
        direction: columns are the directions of i, j, k.
    """
    if 1 in shape:
        return shape.index(1)
    by_spacing = sorted(range(3), key=lambda axis: spacing[axis])
    if spacing[by_spacing[2]] > _CLEARLY_THICKER * spacing[by_spacing[1]]:
        return by_spacing[2]
    return min(range(3), key=lambda axis: (shape[axis], -abs(direction[0, axis])))
