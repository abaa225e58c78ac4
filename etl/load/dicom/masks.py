"""The outlines of the discs as DICOM segmentations, one for each source series.

A segment is a disc; its mask has the pixels whose centre the outline goes round, in the grid of
the source's own slices. A report holds outlines of discs alone: what the tools outline besides
(vertebrae, the canal) is not part of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from etl.load.dicom.common import (
    SERIES_NUMBERS,
    coded,
    composite,
    described,
    encode,
    items,
    new_uid,
    reference,
    stamp,
)
from etl.load.job import Job
from etl.load.pictures import outlines
from radixgpt.codes import STRUCTURE, site_code
from radixgpt.errors import InputError
from radixgpt.level import order
from radixgpt.observation import Evidence

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from radixgpt.reading.source import SourceSlice

SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"
_TOOL = "radixgpt levels"

Mask = npt.NDArray[np.bool_]
Drawn = tuple[int, str, Evidence]
"""Slice, level and outline."""


def to_masks(job: Job) -> dict[str, bytes]:
    """``discs-s2.seg.dcm`` for each series with outlines.

    Raises:
        InputError: the source is not at hand, nothing is outlined, or it is not known where in
            the patient the outlined images lie.
    """
    source = job.needs_source()
    found: dict[str, list[Drawn]] = {}
    for (series, index), levels in outlines(job.report).items():
        for level in sorted((lv for lv in levels if lv), key=order):
            evidence = levels[level]
            slice_ = source.slice(series, index)
            placed = slice_.place is not None and slice_.header.get("FrameOfReferenceUID")
            left_out = level in job.report.omitted_levels
            if len(evidence.polygon) > 2 and placed and not left_out:
                found.setdefault(series, []).append((index, level, evidence))
    if not found:
        raise InputError(
            "The report outlines no disc in an image whose place in the patient is known.",
            "Leave out seg.",
        )
    return {
        f"discs-{series}.seg.dcm": encode(segmentation(job, series, drawn, number))
        for number, (series, drawn) in enumerate(found.items(), start=1)
    }


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
        drawn: slice, level and outline of each disc.
        number: of this object among those of the report.
    """
    from pydicom.dataset import Dataset

    source = job.needs_source()
    slices = {index: source.slice(series, index) for index, _, _ in drawn}
    first = slices[drawn[0][0]]
    made = composite(
        job,
        SEGMENTATION,
        modality="SEG",
        number=SERIES_NUMBERS["SEG"],
        description=described(job, "outlines"),
        instance=number,
    )
    stamp(made, job.at, "Content")
    made.ImageType = ["DERIVED", "PRIMARY"]
    made.ContentLabel = "DISCS"
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
    levels = list(dict.fromkeys(level for _, level, _ in drawn))
    made.SegmentationType = "BINARY"
    made.SegmentSequence = items(
        [_segment(job, number, level) for number, level in enumerate(levels, start=1)]
    )
    masks = [mask(evidence, slices[index]) for index, _, evidence in drawn]
    _pixels(made, first, len(masks))
    _frames(made, first, [(slices[i], levels.index(level) + 1) for i, level, _ in drawn])
    # One bit a pixel, frames one after the other, the first pixel in the lowest bit (PS3.5 8.1.1).
    packed = np.packbits(np.stack(masks), bitorder="little").tobytes()
    made.PixelData = packed + b"\0" * (len(packed) % 2)
    made["PixelData"].VR = "OB"
    return made


def _segment(job: Job, number: int, level: str) -> Dataset:
    from pydicom.dataset import Dataset

    made = Dataset()
    made.SegmentedPropertyCategoryCodeSequence = items([coded(STRUCTURE["anatomy"])])
    made.SegmentedPropertyTypeCodeSequence = items([coded(site_code(level))])
    made.SegmentNumber = number
    made.SegmentLabel = level
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
