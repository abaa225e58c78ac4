"""Enhanced multi-frame objects keep the geometry of each frame."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import EnhancedMRImageStorage

from radixgpt.errors import UnsafeInputError
from radixgpt.reading import read
from radixgpt.study import BodyRegion, Plane, Sequence

Write = Callable[..., Path]


def group(**elements: Any) -> Items:
    item = Dataset()
    for keyword, value in elements.items():
        setattr(item, keyword, value)
    return Items([item])


@pytest.fixture
def enhanced(write: Write) -> Callable[..., Path]:
    """An enhanced MR object of sagittal frames, stored from left to right."""

    def write_enhanced(places: list[float], echoes: list[float], **change: Any) -> Path:
        frames = []
        for place, echo in zip(places, echoes, strict=True):
            frame = Dataset()
            frame.PlanePositionSequence = group(ImagePositionPatient=[place, -50.0, 60.0])
            frame.MREchoSequence = group(EffectiveEchoTime=echo)
            frame.PixelValueTransformationSequence = group(
                RescaleSlope=2, RescaleIntercept=1, RescaleType="US"
            )
            frame.FrameVOILUTSequence = group(WindowCenter=300, WindowWidth=600)
            frames.append(frame)
        shared = Dataset()
        shared.PixelMeasuresSequence = group(
            PixelSpacing=[0.75, 0.5], SliceThickness=4, SpacingBetweenSlices=4
        )
        shared.PlaneOrientationSequence = group(ImageOrientationPatient=[0, -1, 0, 0, 0, 1])
        shared.MRTimingAndRelatedParametersSequence = group(RepetitionTime=3500.0, FlipAngle=90.0)
        code = group(CodeValue="122496007", CodingSchemeDesignator="SCT", CodeMeaning="x")
        shared.FrameAnatomySequence = group(AnatomicRegionSequence=code, FrameLaterality="U")
        gone = (
            "EchoTime RepetitionTime BodyPartExamined ImageOrientationPatient SliceThickness "
            "ImagePositionPatient PixelSpacing ScanningSequence"
        )
        pixels = np.stack([np.full((12, 16), n, np.uint16) for n in range(len(places))])
        pixels[:, 0, 0] += 100
        return write(
            "a.dcm",
            pixels,
            **{
                **dict.fromkeys(gone.split()),
                "SOPClassUID": EnhancedMRImageStorage,
                "EchoPulseSequence": "SPIN",
                "NumberOfFrames": len(places),
                "Rows": 12,
                "Columns": 16,
                "SharedFunctionalGroupsSequence": Items([shared]),
                "PerFrameFunctionalGroupsSequence": Items(frames),
                **change,
            },
        )

    return write_enhanced


def test_frames_are_placed_ordered_and_turned_one_by_one(enhanced: Callable[..., Path]) -> None:
    (series,) = read(enhanced([-4.0, 0.0, 4.0], [102.0] * 3)).series
    assert series.plane is Plane.SAGITTAL
    assert series.sequence is Sequence.T2
    assert series.region is BodyRegion.LUMBAR
    assert series.window == (300.0, 600.0)
    assert series.technique["repetition_time_ms"] == 3500.0
    assert series.technique["slice_thickness_mm"] == 4.0
    geometry = series.geometry
    assert geometry is not None
    assert [p[0] for p in geometry.positions or ()] == [4.0, 0.0, -4.0]
    assert geometry.slice_gap == pytest.approx(4.0)
    # The first stored pixel lay at the back and at the feet.
    assert [float(v) for v in series.pixels[:, 11, 15]] == [205.0, 203.0, 201.0]
    assert [float(v) for v in series.pixels[:, 0, 0]] == [5.0, 3.0, 1.0]
    assert len(set(series.instances)) == 1


def test_echoes_become_series(enhanced: Callable[..., Path]) -> None:
    path = enhanced([0.0, 4.0, 0.0, 4.0], [10.0, 10.0, 102.0, 102.0])
    series = read(path).series
    assert [s.slices for s in series] == [2, 2]
    assert [s.technique["echo_time_ms"] for s in series] == [10.0, 102.0]


def test_functional_groups_that_lie_about_the_frames_are_rejected(
    enhanced: Callable[..., Path],
) -> None:
    path = enhanced([0.0, 4.0, 8.0], [102.0] * 3, NumberOfFrames=2)
    with pytest.raises(UnsafeInputError, match="does not fit"):
        read(path)
