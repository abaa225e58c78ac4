"""Radiographs as DICOM objects: the study as a whole, and no level."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from PIL import Image

from etl import draft
from etl.load import formats
from radixgpt.eligibility import Eligibility
from radixgpt.errors import InputError
from radixgpt.observation import Evidence, Observation
from radixgpt.reading.source import read_source

DICOM = ("sr", "sr-text", "seg", "sc", "dicom-pdf")


def _radiograph(folder: Path, studies: Any) -> Path:
    """One frontal film, without a place in the patient."""
    studies.write(
        folder,
        Modality="DX",
        ViewPosition="AP",
        SOPClassUID="1.2.840.10008.5.1.4.1.1.1.1",
        **dict.fromkeys(
            ("ImagePositionPatient", "ImageOrientationPatient", "FrameOfReferenceUID",
             "PositionReferenceIndicator", "PixelSpacing", "ScanningSequence", "SequenceVariant",
             "ScanOptions", "MRAcquisitionType", "EchoTime", "RepetitionTime", "EchoTrainLength",
             "MagneticFieldStrength", "SliceThickness")
        ),
    )  # fmt: skip
    for file in sorted(folder.iterdir())[1:]:
        file.unlink()
    return folder


def test_a_radiograph_is_exported_for_the_study_as_a_whole(
    tmp_path: Path, studies: Any, spines: Any, judge: Callable[..., list[str]]
) -> None:
    folder = _radiograph(tmp_path / "study", studies)
    study, _ = read_source(folder)
    band = Evidence(
        series="s1",
        slice_index=0,
        polygon=((20.0, 5.0), (30.0, 5.0), (30.0, 60.0), (20.0, 60.0)),
        tool="radiographs 1",
    )

    def seen(kind: str, **fields: Any) -> Observation:
        return Observation(
            id=kind, tool="radiographs", tool_version="1", kind=kind, evidence=(band,), **fields
        )

    report = draft(
        study,
        Eligibility(False, reason="not-mr", radiographs=("s1",)),
        [
            seen("scoliosis", value="present", confidence=0.96),
            seen("curve_angle", value=34.2, unit="deg"),
            seen("spondylolisthesis", status="not_assessable", reason="It needs a lateral film."),
        ],
        models=(),
    )
    job = formats.job_of(report, folder, studies.AT)
    made = formats.export(job, [formats.ALL])
    assert set(made.skipped) == {"seg"}
    for name, data in made.files.items():
        if name.endswith(".dcm"):
            (tmp_path / name).write_bytes(data)
            assert judge("dciodvfy", tmp_path / name) == []
    sr = pydicom.dcmread(io.BytesIO(made.files["findings.sr.dcm"]))
    group, items = sr.ContentSequence[-1].ContentSequence
    said = {
        c.ConceptNameCodeSequence[0].CodeValue: c
        for c in group.ContentSequence
        if c.ValueType in ("NUM", "CODE", "SCOORD")
    }
    assert said["363698007"].ConceptCodeSequence[0].CodeValue in ("122496007", "421060004")
    assert said["curve-angle"].MeasuredValueSequence[0].NumericValue == 34.2
    assert said["scoliosis"].ConceptCodeSequence[0].CodeMeaning == "present"
    assert len(said["111030"].GraphicData) == 2 * 5
    left = [c for c in items.ContentSequence if c.ValueType == "CODE"]
    assert {c.ConceptCodeSequence[0].CodeMeaning for c in left[-6:]} == {"Not evaluated"}


def test_a_slip_of_a_film_is_exported_without_a_level(
    tmp_path: Path, studies: Any, judge: Callable[..., list[str]]
) -> None:
    folder = _radiograph(tmp_path / "study", studies)
    study, _ = read_source(folder)
    disc = Evidence(
        series="s1",
        slice_index=0,
        polygon=((5.0, 40.0), (25.0, 42.0), (30.0, 50.0), (10.0, 48.0)),
        axis=((10.0, 48.0), (30.0, 50.0)),
        tool="radiographs 2",
    )
    facts = {"tool": "radiographs", "tool_version": "2", "evidence": (disc,)}
    seen = [
        {"id": "o1", "kind": "spondylolisthesis", "value": "present", "confidence": 0.93, **facts},
        {"id": "o2", "kind": "slip_ratio", "value": 0.31, "unit": "1", **facts},
    ]
    report = draft(
        study,
        Eligibility(False, reason="not-mr", radiographs=("s1",)),
        [Observation.model_validate(fields) for fields in seen],
        models=(),
    )
    made = formats.export(formats.job_of(report, folder, studies.AT), [formats.ALL])
    for name, data in made.files.items():
        if name.endswith(".dcm"):
            (tmp_path / name).write_bytes(data)
            assert judge("dciodvfy", tmp_path / name) == []
    sr = pydicom.dcmread(io.BytesIO(made.files["findings.sr.dcm"]))
    group = sr.ContentSequence[-1].ContentSequence[0]
    numbers = [c for c in group.ContentSequence if c.ValueType == "NUM"]
    assert [float(c.MeasuredValueSequence[0].NumericValue) for c in numbers] == [0.31]


def test_a_study_of_one_picture_gives_pages_but_no_dicom_object(
    tmp_path: Path, studies: Any, spines: Any
) -> None:
    pixels = np.random.default_rng(1).integers(0, 255, (64, 64)).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "t2.png")
    study, source = read_source(tmp_path / "t2.png")
    assert source is None
    observations = [
        o.model_copy(update={"evidence": tuple(
            e.model_copy(update={"slice_index": 0}) for e in o.evidence if e.series == "s1")})
        for o in spines.observe(spines.degenerated(), ("s1",))
    ]  # fmt: skip
    report = draft(
        study,
        Eligibility(True, t1=None, t2="s1", mid_slices={"s1": 0}),
        observations,
        models=spines.MODELS,
    )
    job = formats.job_of(report, tmp_path / "t2.png", studies.AT)
    made = formats.export(job, [formats.ALL])
    assert set(made.skipped) == set(DICOM)
    assert made.files["report.pdf"].startswith(b"%PDF")
    with pytest.raises(InputError, match="Choose docx"):
        formats.export(job, ["sr"])
