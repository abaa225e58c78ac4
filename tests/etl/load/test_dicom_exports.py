"""Exported DICOM objects: valid to others' eyes, of the source's patient, in its pixels."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.uid import EnhancedMRImageStorage

from etl.edit import drop_sentences, set_grade
from etl.load import formats
from etl.load.dicom.masks import mask
from etl.load.job import Job
from radixgpt.errors import InputError
from radixgpt.reading.quiet import quiet

DICOM = ("sr", "sr-text", "seg", "sc", "dicom-pdf")


def _write(folder: Path, job: Job, names: tuple[str, ...] = DICOM) -> list[Path]:
    made = formats.export(job, names).files
    for name, data in made.items():
        (folder / name).write_bytes(data)
    return [folder / name for name in made]


@pytest.mark.parametrize(
    ("orientation", "signed"), [("UPRIGHT", False), ("LYING", True)], ids=["draft", "signed"]
)
def test_other_peoples_validators_find_no_error(
    orientation: str,
    signed: bool,
    tmp_path: Path,
    studies: Any,
    spines: Any,
    judge: Callable[..., list[str]],
) -> None:
    folder = studies.write(tmp_path / "study", getattr(studies, orientation))
    bench = studies.bench(folder, spines)
    files = _write(tmp_path, (bench.signed() if signed else bench).job)
    assert len(files) == 7
    for file in files:
        assert judge("dciodvfy", file) == []
    assert judge("dcentvfy", *files, *sorted(folder.iterdir())) == []
    for file in files[:2]:
        assert judge("dsrdump", file) == []


def test_the_entity_check_sees_a_second_patient(
    bench: Any, tmp_path: Path, judge: Callable[..., list[str]]
) -> None:
    (file,) = _write(tmp_path, bench.job, ("sr",))
    other = pydicom.dcmread(file)
    other.PatientName = "Somebody^Else"
    other.SOPInstanceUID = other.file_meta.MediaStorageSOPInstanceUID = "2.25.1"
    other.save_as(tmp_path / "other.dcm")
    assert judge("dcentvfy", file, tmp_path / "other.dcm")


def test_highdicom_reads_what_the_report_says(bench: Any, tmp_path: Path) -> None:
    highdicom_sr = pytest.importorskip("highdicom.sr")
    (file,) = _write(tmp_path, bench.job, ("sr",))
    with quiet():
        content = highdicom_sr.srread(str(file)).content
    groups = content.get_planar_roi_measurement_groups()
    assert {g.tracking_identifier for g in groups} >= {"L4-L5", "L5-S1"}
    (l45,) = [g for g in groups if g.tracking_identifier == "L4-L5"]
    assert [s.value.value for s in l45.finding_sites] == ["84020006"]
    slip = [m for m in l45.get_measurements() if m.name.value == "slip-mm"]
    assert (slip[0].value, slip[0].unit.value) == (6.2, "mm")
    graded = {e.name.value: e.value.value for e in l45.get_qualitative_evaluations()}
    assert graded["pfirrmann"] == "pfirrmann-4"
    assert graded["modic"] == "modic-2"


def test_a_draft_is_preliminary_and_a_signed_report_final(bench: Any) -> None:
    for job, flags in (
        (bench.job, ("PARTIAL", "UNVERIFIED", "PRELIMINARY")),
        (bench.signed().job, ("COMPLETE", "VERIFIED", "FINAL")),
    ):
        quick = Job(job.signed, job.at, None, job.source)  # without pictures
        made = formats.export(quick, ["sr", "sr-text", "dicom-pdf"]).files
        for name in ("findings.sr.dcm", "report.sr.dcm"):
            sr = pydicom.dcmread(io.BytesIO(made[name]))
            assert (sr.CompletionFlag, sr.VerificationFlag, sr.PreliminaryFlag) == flags
            observers = [
                str(o.VerifyingObserverName) for o in sr.get("VerifyingObserverSequence", [])
            ]
            assert observers == (["Example^Ada"] if flags[2] == "FINAL" else [])
        wrapped = pydicom.dcmread(io.BytesIO(made["report.pdf.dcm"]))
        assert wrapped.VerificationFlag == flags[1]


def test_every_object_is_of_the_sources_patient_and_study(bench: Any) -> None:
    source = pydicom.dcmread(sorted(bench.folder.iterdir())[0], stop_before_pixels=True)
    made = formats.export(bench.job, DICOM).files
    uids = set()
    for data in made.values():
        one = pydicom.dcmread(io.BytesIO(data))
        for keyword in (
            *("PatientName", "PatientID", "PatientBirthDate", "PatientSex"),
            *("StudyInstanceUID", "StudyDate", "StudyTime", "AccessionNumber", "StudyID"),
        ):
            assert str(one[keyword].value) == str(source[keyword].value), keyword
        assert one.SeriesInstanceUID != source.SeriesInstanceUID
        uids.add(one.SOPInstanceUID)
    assert len(uids) == len(made)


@pytest.mark.parametrize("orientation", ["UPRIGHT", "UPSIDE_DOWN", "LYING"])
def test_outlines_lie_where_they_were_seen_however_the_source_was_turned(
    orientation: str, tmp_path: Path, studies: Any, spines: Any
) -> None:
    folder = studies.write(tmp_path / "study", getattr(studies, orientation))
    bench = studies.bench(folder, spines)
    evidence = spines.outline("L4-L5", "s1")
    upright = bench.job.study.one("s1")
    slice_ = bench.job.source.slice("s1", 1)
    header = pydicom.dcmread(
        next(
            f
            for f in folder.iterdir()
            if pydicom.dcmread(f).SOPInstanceUID == slice_.header.SOPInstanceUID
        )
    )
    # The same point of the patient, once by the study's geometry and once by the source's header.
    geometry = upright.geometry
    for x, y in evidence.polygon:
        ours = (
            np.array(geometry.positions[1])
            + x * geometry.spacing[1] * np.array(geometry.orientation[:3])
            + y * geometry.spacing[0] * np.array(geometry.orientation[3:])
        )
        column, row = slice_.point((x, y))
        theirs = (
            np.array(header.ImagePositionPatient, dtype=float)
            + (column - 0.5)
            * float(header.PixelSpacing[1])
            * np.array(header.ImageOrientationPatient[:3])
            + (row - 0.5)
            * float(header.PixelSpacing[0])
            * np.array(header.ImageOrientationPatient[3:])
        )
        assert np.allclose(ours, theirs, atol=1e-4)
    # And the masks, turned upright, are those of the upright slice.
    drawn = slice_.turn.pixels(mask(evidence, slice_))
    ys, xs = np.nonzero(drawn)
    assert (xs.min(), xs.max(), ys.min(), ys.max()) == (20, 40, 40, 44)
    (seg,) = (
        data
        for name, data in formats.export(bench.job, ["seg"]).files.items()
        if name == "outlines-s1.seg.dcm"
    )
    made = pydicom.dcmread(io.BytesIO(seg))
    plane = made.PerFrameFunctionalGroupsSequence[0].PlanePositionSequence[0]
    assert np.allclose(plane.ImagePositionPatient, header.ImagePositionPatient)
    shared = made.SharedFunctionalGroupsSequence[0]
    assert np.allclose(
        shared.PlaneOrientationSequence[0].ImageOrientationPatient, header.ImageOrientationPatient
    )
    assert np.allclose(shared.PixelMeasuresSequence[0].PixelSpacing, header.PixelSpacing)
    number = next(s.SegmentNumber for s in made.SegmentSequence if s.SegmentLabel == "L4-L5")
    frame = next(
        i
        for i, f in enumerate(made.PerFrameFunctionalGroupsSequence)
        if f.SegmentIdentificationSequence[0].ReferencedSegmentNumber == number
    )
    assert np.array_equal(made.pixel_array[frame].astype(bool), mask(evidence, slice_))


def test_frames_of_one_object_are_referred_to_by_number(
    tmp_path: Path, studies: Any, spines: Any
) -> None:
    folder = studies.write(tmp_path / "study")
    _join(folder)
    bench = studies.bench(folder, spines)
    assert {s.frame for s in bench.job.source.slices.values()} == {1, 2, 3}
    made = pydicom.dcmread(io.BytesIO(formats.export(bench.job, ["sr"]).files["findings.sr.dcm"]))
    frames = {
        element.value for element in made.iterall() if element.keyword == "ReferencedFrameNumber"
    }
    assert frames == {2}


def _join(folder: Path) -> None:
    """Make one enhanced object of each series."""
    for number in (1, 2):
        parts = [pydicom.dcmread(folder / f"{number}{i}") for i in range(3)]
        whole = parts[0]
        whole.SOPClassUID = whole.file_meta.MediaStorageSOPClassUID = EnhancedMRImageStorage
        whole.NumberOfFrames = 3
        own = []
        for part in parts:
            frame, place = pydicom.Dataset(), pydicom.Dataset()
            place.ImagePositionPatient = part.ImagePositionPatient
            frame.PlanePositionSequence = [place]
            own.append(frame)
        shared, direction, measures = pydicom.Dataset(), pydicom.Dataset(), pydicom.Dataset()
        direction.ImageOrientationPatient = whole.ImageOrientationPatient
        measures.PixelSpacing = whole.PixelSpacing
        shared.PlaneOrientationSequence = [direction]
        shared.PixelMeasuresSequence = [measures]
        whole.SharedFunctionalGroupsSequence = [shared]
        whole.PerFrameFunctionalGroupsSequence = own
        whole.PixelData = b"".join(p.PixelData for p in parts)
        for i in range(3):
            (folder / f"{number}{i}").unlink()
        whole.save_as(folder / f"{number}", enforce_file_format=True)


def test_a_key_image_carries_the_mark_in_its_pixels(bench: Any) -> None:
    made = formats.export(bench.job, ["sc"]).files
    assert sorted(made) == ["key-image-1.dcm", "key-image-2.dcm"]
    one = pydicom.dcmread(io.BytesIO(made["key-image-1.dcm"]))
    assert one.BurnedInAnnotation == "YES"
    assert one.ImageComments.startswith("AI draft, not for clinical use")
    band = one.pixel_array[: one.Rows - 640]
    assert (band == (255, 207, 133)).all(axis=2).sum() > 50
    # Nothing of the mark covers the image.
    assert not (one.pixel_array[one.Rows - 640 :] == (255, 207, 133)).all(axis=2).any()


def test_a_made_up_study_stays_marked(tmp_path: Path, studies: Any, spines: Any) -> None:
    folder = studies.write(tmp_path / "study", ImageComments="SYNTHETIC, not of a patient")
    bench = studies.bench(folder, spines)
    made = pydicom.dcmread(io.BytesIO(formats.export(bench.job, ["sc"]).files["key-image-1.dcm"]))
    assert made.ImageComments.startswith("SYNTHETIC")


def test_a_study_without_identity_gives_objects_without(
    tmp_path: Path, studies: Any, spines: Any, judge: Callable[..., list[str]]
) -> None:
    empty = dict.fromkeys(
        ("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime",
         "AccessionNumber", "ReferringPhysicianName", "StudyID")
    )  # fmt: skip
    bench = studies.bench(studies.write(tmp_path / "study", **empty), spines)
    for file in _write(tmp_path, bench.job, ("sr", "seg", "sc")):
        assert judge("dciodvfy", file) == []
        assert not pydicom.dcmread(file).PatientID


def test_names_of_any_script_go_through(
    tmp_path: Path, studies: Any, spines: Any, judge: Any
) -> None:
    name = "Yamada^Tarou=山田^太郎=やまだ^たろう"
    folder = studies.write(
        tmp_path / "study", SpecificCharacterSet=["", "ISO 2022 IR 87"], PatientName=name
    )
    bench = studies.bench(folder, spines)
    for file in _write(tmp_path, bench.job, ("sr", "sr-text")):
        assert str(pydicom.dcmread(file).PatientName) == name
        assert judge("dciodvfy", file) == []


def test_without_its_study_a_report_gives_no_dicom_object(bench: Any) -> None:
    alone = Job(bench.job.signed, bench.job.at)
    for name in DICOM:
        with pytest.raises(InputError, match="--study"):
            formats.export(alone, [name])
    made = formats.export(alone, [formats.ALL])
    assert set(made.skipped) == {*DICOM, "html"}
    assert "report.pdf" in made.files


def test_another_study_is_refused(bench: Any, tmp_path: Path, studies: Any) -> None:
    other = studies.write(tmp_path / "other", PixelSpacing=[1.0, 1.0])
    for file in other.iterdir():
        one = pydicom.dcmread(file)
        one.PixelData = bytes(len(one.PixelData))
        one.save_as(file)
    with pytest.raises(InputError, match="not written from this study"):
        formats.job_of(bench.job.signed, other, studies.AT)


def test_values_that_may_not_be_written_any_more_are_mended_or_left_out(
    tmp_path: Path, studies: Any, spines: Any, judge: Callable[..., list[str]], caplog: Any
) -> None:
    folder = studies.write(
        tmp_path / "study",
        PatientAge="42",
        StudyDate="1997.04.24",
        StudyTime="14:04:38",
        PatientBirthDate="about 1948",
        SliceThickness="0.666666686534882",
    )
    files = _write(tmp_path, studies.bench(folder, spines).job, ("sr", "seg"))
    for file in files:
        with quiet():
            one = pydicom.dcmread(file)
            assert (one.StudyDate, one.StudyTime) == ("19970424", "140438")
            assert (one.PatientBirthDate, one.get("PatientAge")) == ("", None)
        assert judge("dciodvfy", file) == []
    assert "about 1948" not in caplog.text


def test_what_a_reader_changed_is_exported_so(bench: Any) -> None:
    report = drop_sentences(bench.job.signed, "L1-L2")
    report = set_grade(report, "L4-L5", "pfirrmann", 5)
    job = Job(report, bench.job.at, bench.job.study, bench.job.source)
    made = formats.export(job, ["sr", "seg", "fhir", "hl7"]).files
    sr = pydicom.dcmread(io.BytesIO(made["findings.sr.dcm"]))
    groups = {g.ContentSequence[0].TextValue: g for g in sr.ContentSequence[-1].ContentSequence}
    assert "L1-L2" not in groups
    (graded,) = (
        c
        for c in groups["L4-L5"].ContentSequence
        if c.ConceptNameCodeSequence[0].CodeValue == "pfirrmann"
    )
    assert graded.ConceptCodeSequence[0].CodeValue == "pfirrmann-5"
    below = {c.ConceptNameCodeSequence[0].CodeMeaning: c for c in graded.ContentSequence}
    assert below["Comment"].TextValue == "Set by the reader."
    assert "Certainty of Finding" not in below
    assert "Algorithm Name" not in below
    segments = pydicom.dcmread(io.BytesIO(made["outlines-s1.seg.dcm"])).SegmentSequence
    assert "L1-L2" not in {s.SegmentLabel for s in segments}
    for name in ("report.fhir.json", "report.hl7"):
        assert b"L1-L2 intervertebral disc" not in made[name]
        assert b"Set by the reader." in made[name]
