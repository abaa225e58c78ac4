"""The original header of a study, for exports alone.

A study holds no name, no id and no date, and nothing that is drafted, shown or told needs them. A
DICOM object or a message that goes back to the clinic does: it has to name its patient and the
images that it speaks of. So the source is read again at the moment of exporting, and what is read
goes into the exported object and nowhere else. No other room than the one that writes exports
imports this module; a contract of the imports holds that.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from radixgpt.errors import InputError, RejectedObjectError
from radixgpt.reading.archive import items
from radixgpt.reading.header import ALLOWED
from radixgpt.reading.identity import Keyring
from radixgpt.reading.limits import LIMITS, Limits
from radixgpt.reading.orientation import Turn
from radixgpt.reading.quiet import quiet
from radixgpt.reading.reader import read
from radixgpt.reading.reasons import rejected
from radixgpt.reading.sniff import sniff
from radixgpt.study import Geometry, Study

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_CARRIED = (
    "SpecificCharacterSet",
    "StudyTime",
    "AccessionNumber",
    "ReferringPhysicianName",
    "IssuerOfPatientID",
    "PatientSize",
    "PatientWeight",
    "StudyID",
    "FrameOfReferenceUID",
    "PositionReferenceIndicator",
    "PatientPosition",
)
"""What exports carry on beside the elements that are looked at anyway."""

Point = tuple[float, float]


@dataclass(frozen=True)
class SourceSlice:
    """Where one slice of a study came from.

    Attributes:
        header: of its object, without pixels.
        frame: its frame in an object of several, from 1; None in an object of one.
        shape: (rows, columns) of the upright slice, as the study holds it.
        turn: how it was turned upright.
        place: geometry of the slice as the source holds it, None where it is unknown.
    """

    header: Dataset = field(repr=False)
    frame: int | None
    shape: tuple[int, int]
    turn: Turn
    place: Place | None

    @property
    def rows(self) -> int:
        """Rows as the source holds them."""
        return self.shape[1] if self.turn.swap else self.shape[0]

    @property
    def columns(self) -> int:
        """Columns as the source holds them."""
        return self.shape[0] if self.turn.swap else self.shape[1]

    def point(self, point: Point) -> Point:
        """A point of the upright slice in the source's image, (column, row), pixel centres at .5.

        That is how DICOM counts places in an image (PS3.3 C.18.6.1.1): the outer corner of the
        first pixel is 0, 0.
        """
        x, y = self.turn.back(point, self.shape)
        return x + 0.5, y + 0.5


@dataclass(frozen=True)
class Place:
    """Where a slice of the source lies, in patient coordinates.

    Attributes:
        position: of the first pixel, millimetres.
        orientation: row and column direction cosines.
        spacing: (row, column), millimetres.
        thickness: of the slice, millimetres; None when unknown.
    """

    position: tuple[float, float, float]
    orientation: tuple[float, float, float, float, float, float]
    spacing: tuple[float, float]
    thickness: float | None


@dataclass(frozen=True)
class Source:
    """The original of a study: whom it belongs to, and where each slice came from.

    Attributes:
        slices: by handle of the series and place within it.
    """

    slices: Mapping[tuple[str, int], SourceSlice] = field(repr=False)

    @property
    def header(self) -> Dataset:
        """Header of the first slice, for what all slices share: patient and study."""
        return next(iter(self.slices.values())).header

    @property
    def headers(self) -> list[Dataset]:
        """Header of every object that holds a slice, each once."""
        return list({str(s.header.SOPInstanceUID): s.header for s in self.slices.values()}.values())

    def slice(self, series: str, index: int) -> SourceSlice:
        """Where a slice came from.

        Raises:
            InputError: the source has no such slice.
        """
        found = self.slices.get((series, index))
        if found is None:
            raise InputError(
                f"The source of slice {index} of {series} is not known.",
                "Give the study that the report was written from.",
            )
        return found


def read_source(path: Path | str, *, limits: Limits = LIMITS) -> tuple[Study, Source | None]:
    """Read a study, and the headers that it came from.

    Returns:
        The study as ``read`` gives it, and its source; None where no slice comes from a DICOM
        object that names itself, its series and its examination.

    Raises:
        InputError: as ``read``; or only some of the slices come from such objects.
    """
    salt = secrets.token_bytes(32)
    study = read(path, salt=salt, limits=limits)
    keys = Keyring(salt)
    headers = _headers(Path(path), keys, limits)
    slices: dict[tuple[str, int], SourceSlice] = {}
    missing = 0
    for series in study.series:
        turn = Turn(*series.turned)
        shape = (int(series.pixels.shape[1]), int(series.pixels.shape[2]))
        for index, instance in enumerate(series.instances):
            header = headers.get(instance)
            if header is None:
                missing += 1
                continue
            several = int(header.get("NumberOfFrames", 1) or 1) > 1
            slices[series.key, index] = SourceSlice(
                header=header,
                frame=series.numbers[index] + 1 if several else None,
                shape=shape,
                turn=turn,
                place=_place(series.geometry, index, turn, shape, header),
            )
    if slices and missing:
        raise InputError(
            "Some images of the study are DICOM objects and some are not.",
            "Give the DICOM objects alone.",
        )
    return study, Source(slices) if slices else None


def _headers(path: Path, keys: Keyring, limits: Limits) -> dict[str, Dataset]:
    """The header of every DICOM object that names itself, by its remapped UID."""
    found: dict[str, Dataset] = {}
    for item in items(path, limits):
        try:
            data = item.load()
            if sniff(data)[0] != "dicom":
                continue
            header = _header(data)
        except RejectedObjectError:
            continue
        if all(header.get(k) for k in ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID")):
            found.setdefault(keys.uid(str(header.SOPInstanceUID)), header)
    return found


def _header(data: bytes) -> Dataset:
    """The carried elements of an object that ``read`` has accepted.

    Raises:
        RejectedObjectError: it can't be parsed.
    """
    import pydicom
    from pydicom.errors import InvalidDicomError

    wanted: list[Any] = [tag for tag, _ in ALLOWED.values()]
    wanted.extend(_CARRIED)
    try:
        with quiet():
            header = pydicom.dcmread(BytesIO(data), stop_before_pixels=True, specific_tags=wanted)
            for name in ("PatientName", "PatientID", "StudyInstanceUID", "SOPInstanceUID"):
                header.get(name)  # decoded here, while remarks are silenced
            header.decode()
    except (
        *(InvalidDicomError, OSError, EOFError, ValueError, TypeError, AttributeError),
        *(KeyError, IndexError, NotImplementedError, RecursionError, LookupError),
    ):
        raise rejected("damaged") from None
    return header


def _place(
    geometry: Geometry | None, index: int, turn: Turn, shape: tuple[int, int], header: Dataset
) -> Place | None:
    """Where the slice lies before it was turned, from where it lies after."""
    if geometry is None or geometry.positions is None or geometry.orientation is None:
        return None
    along_row = np.asarray(geometry.orientation[:3])
    along_column = np.asarray(geometry.orientation[3:])
    row_spacing, column_spacing = geometry.spacing

    def world(x: float, y: float) -> Any:
        start = np.asarray(geometry.positions[index])  # type: ignore[index]
        return start + x * column_spacing * along_row + y * row_spacing * along_column

    # The first pixel of the source and its neighbours, as pixels of the upright slice.
    origin, right, below = (_forth(turn, p, shape) for p in ((0, 0), (1, 0), (0, 1)))
    first = world(*origin)
    row, column = world(*right) - first, world(*below) - first
    lengths = float(np.linalg.norm(row)), float(np.linalg.norm(column))
    thickness = header.get("SliceThickness")
    direction = [round(float(v), 6) + 0.0 for v in (*(row / lengths[0]), *(column / lengths[1]))]
    a, b, c, d, e, f = direction
    x, y, z = (round(float(v), 6) + 0.0 for v in first)
    return Place(
        position=(x, y, z),
        orientation=(a, b, c, d, e, f),
        spacing=(round(lengths[1], 6), round(lengths[0], 6)),
        thickness=round(float(thickness), 4) if thickness else geometry.slice_gap,
    )


def _forth(turn: Turn, point: tuple[int, int], shape: tuple[int, int]) -> Point:
    """The point of the upright slice that a point of the source became; undoes ``Turn.back``."""
    x, y = (point[1], point[0]) if turn.swap else point
    return (
        float(shape[1] - 1 - x if turn.flip_columns else x),
        float(shape[0] - 1 - y if turn.flip_rows else y),
    )
