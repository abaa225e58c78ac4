"""The outlines of vertebrae, discs and canal as DICOM segmentations, one for each source series.

A segment is a structure; its mask has the pixels whose centre the outline goes round, in the grid
of the source's own slices. Segments may overlap, as outlines do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from etl.load.dicom.common import coded, encode, items, new_uid, opened, reference
from etl.load.job import Job
from etl.load.pictures import outlines
from etl.phrases import Phrases
from radixgpt.codes import STRUCTURE, part_code, site_code
from radixgpt.errors import InputError
from radixgpt.level import order
from radixgpt.observation import Evidence

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from radixgpt.reading.source import SourceSlice

_TOOL = "radixgpt levels"

Mask = npt.NDArray[np.bool_]
CANAL = "canal"
"""The name of the canal, which has no level."""


@dataclass(frozen=True)
class Drawn:
    """One outline.

    Attributes:
        index: of its slice.
        name: of what is outlined: a disc, a vertebra, or :data:`CANAL`.
        evidence: the outline.
    """

    index: int
    name: str
    evidence: Evidence


def to_masks(job: Job) -> dict[str, bytes]:
    """``outlines-s2.seg.dcm`` for each series with outlines.

    Raises:
        InputError: the source is not at hand, nothing is outlined, or it is not known where in
            the patient the outlined images lie.
    """
    source = job.needs_source()
    found: dict[str, list[Drawn]] = {}
    for series, one in _outlined(job):
        slice_ = source.slice(series, one.index)
        if slice_.place is not None and slice_.header.get("FrameOfReferenceUID"):
            found.setdefault(series, []).append(one)
    if not found:
        raise InputError(
            "The report outlines nothing in an image whose place in the patient is known.",
            "Leave out seg.",
        )
    return {
        f"outlines-{series}.seg.dcm": encode(segmentation(job, series, drawn, number))
        for number, (series, drawn) in enumerate(found.items(), start=1)
    }


def _outlined(job: Job) -> Iterator[tuple[str, Drawn]]:
    """Series and outline: discs and vertebrae from head to tail, then the canal."""
    report = job.report
    named: list[tuple[str, str, Evidence]] = [
        (series, level, evidence)
        for (series, _), levels in outlines(report).items()
        for level, evidence in levels.items()
        if level and level not in report.omitted_levels
    ]
    named.extend((e.series, s.level or CANAL, e) for s in report.structures for e in s.evidence)
    named.sort(key=lambda one: (one[1] == CANAL, order(one[1]) if one[1] != CANAL else 0))
    for series, name, evidence in named:
        if len(evidence.polygon) > 2:
            yield series, Drawn(evidence.slice_index, name, evidence)


def mask(evidence: Evidence, slice_: SourceSlice) -> Mask:
    """The pixels that an outline goes round, shape (rows, columns) of the source's slice."""
    from skimage.draw import polygon2mask

    # skimage counts (row, column) from the centre of the first pixel.
    corners = [(y - 0.5, x - 0.5) for x, y in (slice_.point(p) for p in evidence.polygon)]
    drawn: Mask = polygon2mask((slice_.rows, slice_.columns), np.asarray(corners))
    return drawn


def segmentation(job: Job, series: str, drawn: list[Drawn], number: int) -> Dataset:
    """The outlines of one series as a binary segmentation.

    Args:
        job: what is exported.
        series: handle of the series.
        drawn: what is outlined in it.
        number: of this object among those of the report.
    """
    from pydicom.dataset import Dataset

    source = job.needs_source()
    slices = {one.index: source.slice(series, one.index) for one in drawn}
    first = slices[drawn[0].index]
    made = opened(job, "outlines", instance=number)
    made.ImageType = ["DERIVED", "PRIMARY"]
    made.ContentLabel = "OUTLINES"
    made.ContentDescription = job.report.mark
    made.ContentCreatorName = ""
    made.FrameOfReferenceUID = str(first.header.FrameOfReferenceUID)
    made.PositionReferenceIndicator = ""
    referenced = Dataset()
    referenced.SeriesInstanceUID = str(first.header.SeriesInstanceUID)
    referenced.ReferencedInstanceSequence = items(
        list(
            {
                str(s.header.SOPInstanceUID): reference(s, frame=False) for s in slices.values()
            }.values()
        )
    )
    made.ReferencedSeriesSequence = items([referenced])
    names = list(dict.fromkeys(one.name for one in drawn))
    made.SegmentationType = "BINARY"
    made.SegmentSequence = items(
        [_segment(job, number, name) for number, name in enumerate(names, start=1)]
    )
    masks = [mask(one.evidence, slices[one.index]) for one in drawn]
    _pixels(made, first, len(masks))
    _frames(made, first, [(slices[one.index], names.index(one.name) + 1) for one in drawn])
    # One bit a pixel, frames one after the other, the first pixel in the lowest bit (PS3.5 8.1.1).
    packed = np.packbits(np.stack(masks), bitorder="little").tobytes()
    made.PixelData = packed + b"\0" * (len(packed) % 2)
    made["PixelData"].VR = "OB"
    return made


def _segment(job: Job, number: int, name: str) -> Dataset:
    from pydicom.dataset import Dataset

    made = Dataset()
    made.SegmentedPropertyCategoryCodeSequence = items([coded(STRUCTURE["anatomy"])])
    made.SegmentedPropertyTypeCodeSequence = items(
        [coded(part_code(name) if name == CANAL else site_code(name))]
    )
    made.SegmentNumber = number
    made.SegmentLabel = Phrases.of(job.report).word("document", "canal") if name == CANAL else name
    made.SegmentAlgorithmType = "AUTOMATIC"
    made.SegmentAlgorithmName = _TOOL
    return made


def _pixels(made: Dataset, first: SourceSlice, frames: int) -> None:
    made.SamplesPerPixel = 1
    made.PhotometricInterpretation = "MONOCHROME2"
    made.NumberOfFrames = frames
    made.Rows, made.Columns = first.rows, first.columns
    made.BitsAllocated = made.BitsStored = 1
    made.HighBit = made.PixelRepresentation = 0
    made.LossyImageCompression = "00"


def _frames(made: Dataset, first: SourceSlice, frames: list[tuple[SourceSlice, int]]) -> None:
    """Functional groups and dimensions (PS3.3 C.7.6.16, C.7.6.17): by segment, then by place."""
    from pydicom.dataset import Dataset
    from pydicom.tag import Tag

    assert first.place is not None, "slices without a place are not segmented"
    organization = Dataset()
    organization.DimensionOrganizationUID = new_uid()
    made.DimensionOrganizationSequence = items([organization])
    indices = []
    for pointer, group in ((0x0062000B, 0x0062000A), (0x00200032, 0x00209113)):
        index = Dataset()
        index.DimensionOrganizationUID = organization.DimensionOrganizationUID
        index.DimensionIndexPointer = Tag(pointer)
        index.FunctionalGroupPointer = Tag(group)
        indices.append(index)
    made.DimensionIndexSequence = items(indices)
    measures, orientation = Dataset(), Dataset()
    measures.PixelSpacing = list(first.place.spacing)
    measures.SliceThickness = first.place.thickness or 1.0
    orientation.ImageOrientationPatient = list(first.place.orientation)
    shared = Dataset()
    shared.PixelMeasuresSequence = items([measures])
    shared.PlaneOrientationSequence = items([orientation])
    made.SharedFunctionalGroupsSequence = items([shared])
    places = list(dict.fromkeys(_position(slice_) for slice_, _ in frames))
    made.PerFrameFunctionalGroupsSequence = items(
        [_frame(slice_, number, places.index(_position(slice_)) + 1) for slice_, number in frames]
    )


def _position(slice_: SourceSlice) -> tuple[float, float, float]:
    assert slice_.place is not None, "slices without a place are not segmented"
    return slice_.place.position


def _frame(slice_: SourceSlice, segment: int, place: int) -> Dataset:
    from pydicom.dataset import Dataset

    source: Any = reference(slice_)
    source.PurposeOfReferenceCodeSequence = items([coded(STRUCTURE["processed_from"])])
    source.SpatialLocationsPreserved = "YES"
    derivation, content, position, which = Dataset(), Dataset(), Dataset(), Dataset()
    derivation.SourceImageSequence = items([source])
    derivation.DerivationCodeSequence = items([coded(STRUCTURE["segmentation"])])
    content.DimensionIndexValues = [segment, place]
    position.ImagePositionPatient = list(_position(slice_))
    which.ReferencedSegmentNumber = segment
    made = Dataset()
    made.DerivationImageSequence = items([derivation])
    made.FrameContentSequence = items([content])
    made.PlanePositionSequence = items([position])
    made.SegmentIdentificationSequence = items([which])
    return made
