"""From files to a checked report through the shipped models: phantom, real pairs, real volume."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage, generate_uid

from agent import pipeline
from data.synth import bundled
from etl.load import to_html, to_json, to_markdown
from radixgpt.finding import GRADED
from radixgpt.level import LUMBAR_DISCS
from radixgpt.report import DRAFT_MARK, Report

SECRETS = ("Doe^Jane", "MRN-4711", "19610203")


@pytest.fixture(scope="module")
def phantom(tmp_path_factory: pytest.TempPathFactory) -> tuple[pipeline.Reading, Report]:
    return pipeline.report(bundled.study_folder(tmp_path_factory.mktemp("cache")))


def grade(report: Report, level: str, kind: str) -> object:
    """The stated value of one kind at one level, or its status."""
    found = next(f for f in report.findings if (f.level, f.kind) == (level, kind))
    return found.value if found.status == "value" else found.status


def whole(report: Report) -> None:
    """What every report of a graded study has to be."""
    assert report.status == "draft"
    assert report.mark == DRAFT_MARK
    assert report.study.gradable, report.study.reason
    assert report.checks
    assert all(check.passed for check in report.checks if check.severity == "error")
    stated = {(f.level, f.kind) for f in report.findings}
    assert {(a, b) for a in LUMBAR_DISCS for b in GRADED} <= stated
    ids = {f.id for f in report.findings}
    for sentence in report.sentences:
        assert set(sentence.findings) <= ids
        if sentence.section == "impression":
            assert sentence.findings
    for finding in report.findings:
        if finding.status == "value":
            assert finding.evidence


def test_the_bundled_study_becomes_a_whole_report(
    phantom: tuple[pipeline.Reading, Report],
) -> None:
    _, report = phantom
    whole(report)
    assert report.study.synthetic
    assert report.study.region == "lumbar"


def test_what_the_models_say_of_the_phantom_is_near_its_truth(
    phantom: tuple[pipeline.Reading, Report],
) -> None:
    reading, _ = phantom
    truth = bundled.truth()
    said = {(o.level, o.kind): o for o in reading.observations}
    heights, grades = [], []
    for level in LUMBAR_DISCS:
        measured = said[level, "disc_height_mm"].value
        assert isinstance(measured, float)
        heights.append(abs(measured - float(truth[level]["disc_height_mm"])))
        chances = said[level, "pfirrmann"].probabilities
        expected = sum(int(g) * p for g, p in chances.items())
        grades.append((expected, int(truth[level]["pfirrmann"])))
        canal = said[level, "canal_mm"].value
        assert isinstance(canal, float)
        assert canal == pytest.approx(float(truth[level]["canal_mm"]), abs=3.5)
    assert np.mean(heights) < 2.0
    said_grades, true_grades = zip(*grades, strict=True)
    assert np.corrcoef(said_grades, true_grades)[0, 1] > 0.8
    assert said["L4-L5", "spondylolisthesis"].value == "present"
    assert {said[x, "spondylolisthesis"].value for x in LUMBAR_DISCS if x != "L4-L5"} == {"absent"}
    slip = said["L4-L5", "slip_mm"].value
    assert isinstance(slip, float)
    assert slip == pytest.approx(float(truth["L4-L5"]["slip_mm"]), abs=2)
    assert grade_of(said["L5-S1", "disc_narrowing"].probabilities) == "present"
    assert grade_of(said["L1-L2", "disc_narrowing"].probabilities) == "absent"


def grade_of(probabilities: dict[str, float]) -> str:
    """The likeliest value."""
    return max(probabilities, key=lambda value: probabilities[value])


def test_a_report_is_written_in_every_form(phantom: tuple[pipeline.Reading, Report]) -> None:
    reading, report = phantom
    assert Report.model_validate_json(to_json(report)) == report
    for text in (to_markdown(report), to_html(report, reading.study)):
        assert DRAFT_MARK in text
        assert "L4-L5" in text
    page = to_html(report, reading.study)
    assert "data:image/png;base64," in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page


def test_a_shift_recomputes_everything(phantom: tuple[pipeline.Reading, Report]) -> None:
    reading, report = phantom
    shifted = pipeline.write(pipeline.look(reading.study, level_shift=1))
    assert grade(shifted, "L5-S1", "pfirrmann") == "not_assessable"
    before, after = grade(report, "L5-S1", "modic"), grade(shifted, "L4-L5", "modic")
    assert (before, after) in {
        (before, before),
        (before, "indeterminate"),
        ("indeterminate", after),
    }
    assert "shifted" in shifted.study.numbering_basis
    assert shifted.study.level_shift == 1


def test_the_same_study_gives_the_same_report(
    phantom: tuple[pipeline.Reading, Report], tmp_path: Path
) -> None:
    _, again = pipeline.report(bundled.study_folder(tmp_path))
    assert again.findings[0].kind == phantom[1].findings[0].kind
    assert [f.value for f in again.findings] == [f.value for f in phantom[1].findings]
    assert [s.text for s in again.sentences] == [s.text for s in phantom[1].sentences]


def pair(shared: Path, folder: Path, patient: int) -> Path:
    """The two mid-sagittal PNGs of a patient in one folder, under names that say nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    for i, name in enumerate(("t2", "t1")):
        shutil.copy(shared / "spider" / "images" / f"{patient}_{name}.png", folder / f"{i}.png")
    return folder


def wrapped(pictures: Path, folder: Path) -> Path:
    """The same pictures as DICOM MR images of one identified patient."""
    folder.mkdir(parents=True)
    study = generate_uid()
    for number, path in enumerate(sorted(pictures.glob("*.png"))):
        with Image.open(path) as picture:
            pixels = np.asarray(picture.convert("L"))
        ds = Dataset()
        ds.file_meta = FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = MRImageStorage
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        ds.StudyInstanceUID, ds.SeriesInstanceUID = study, generate_uid()
        ds.PatientName, ds.PatientID, ds.PatientBirthDate = SECRETS
        ds.Modality = "MR"
        ds.BodyPartExamined = "LSPINE"
        ds.RepetitionTime, ds.EchoTime = ((3500, 100), (550, 10))[number]
        ds.ScanningSequence, ds.SequenceVariant, ds.ScanOptions = "SE", "SK", ""
        ds.ImageOrientationPatient = [0, 1, 0, 0, 0, -1]
        ds.ImagePositionPatient = [0, -140, 140]
        ds.PixelSpacing = [0.6, 0.6]
        ds.SliceThickness = 4
        ds.InstanceNumber = 1
        ds.Rows, ds.Columns = pixels.shape
        ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
        ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 8, 8, 7, 0
        ds.PixelData = pixels.tobytes() + b"\0" * (pixels.size % 2)
        ds.save_as(folder / f"{number}.dcm", enforce_file_format=True)
    return folder


@pytest.mark.data
def test_real_pairs_are_graded_from_pixels_alone(shared_data: Path, tmp_path: Path) -> None:
    for patient in (7, 25):
        _, report = pipeline.report(pair(shared_data, tmp_path / str(patient), patient))
        whole(report)
        sequences = {s.sequence: s for s in report.study.series}
        assert set(sequences) == {"t1", "t2"}
        assert {s.facts_from["sequence"] for s in sequences.values()} == {"pixels"}
        assert not any(f.kind.endswith("_mm") and f.status == "value" for f in report.findings)


@pytest.mark.data
def test_a_real_pair_as_dicom_says_the_same_and_keeps_its_secrets(
    shared_data: Path, tmp_path: Path
) -> None:
    pictures = pair(shared_data, tmp_path / "png", 7)
    _, plain = pipeline.report(pictures)
    reading, report = pipeline.report(wrapped(pictures, tmp_path / "dicom"))
    whole(report)
    assert {s.facts_from["sequence"] for s in report.study.series} == {"header"}
    for level in LUMBAR_DISCS:
        assert grade(report, level, "pfirrmann") == grade(plain, level, "pfirrmann")
    assert any(f.kind == "disc_height_mm" and f.status == "value" for f in report.findings)
    everything = (
        to_json(report) + to_markdown(report) + to_html(report, reading.study) + repr(reading)
    )
    for secret in (*SECRETS, str(tmp_path)):
        assert secret not in everything


@pytest.mark.data
def test_the_real_volume_without_sacrum_is_read_but_not_numbered(shared_data: Path) -> None:
    reading, report = pipeline.report(shared_data / "dicom" / "t2_lumbar.nii.gz")
    (series,) = reading.study.series
    assert series.slices == 38
    assert series.plane == "sagittal"
    assert series.has_millimetres()
    # The field of view ends above L5-S1, so that no disc can be given its number.
    assert report.study.reason == "no-column"
    assert not any(f.status == "value" for f in report.findings)


@pytest.mark.data
@pytest.mark.parametrize("name", ["dicom/Spine1.dcm", "dicom/CT_small.dcm"])
def test_what_is_no_lumbar_mr_is_told_and_not_graded(shared_data: Path, name: str) -> None:
    reading, report = pipeline.report(shared_data / name)
    assert not report.study.gradable
    assert report.study.reason
    assert reading.observations == ()
    assert not any(f.status == "value" for f in report.findings)
    assert "not assessed" in to_markdown(report).lower()
    assert json.loads(to_json(report))["study"]["gradable"] is False


@pytest.mark.data
def test_a_radiograph_gets_a_report_of_its_own_and_no_disc_a_grade(shared_data: Path) -> None:
    reading, report = pipeline.report(shared_data / "kauh_xray" / "images" / "scol_000.jpg")
    assert not report.study.gradable
    assert {o.tool for o in reading.observations} == {"radiographs"}
    assert not any(f.level for f in report.findings if f.status == "value")
    text = to_markdown(report)
    assert "radiograph" in text.lower()
    assert "not assessed" in text.lower()
    assert "AI draft" in text
