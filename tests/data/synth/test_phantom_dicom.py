"""The DICOM study of a phantom: valid headers, true geometry, no trace of a person."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import FileDataset
from pydicom.uid import UID, MRImageStorage

from data.synth import bundled
from data.synth.asking import asked
from data.synth.phantom import Phantom, render
from data.synth.phantom_dicom import GAP_MM, fingerprint, uid, write
from data.synth.phantom_wanted import phantom_of
from radixgpt.errors import InputError
from radixgpt.reading import read
from radixgpt.study import BodyRegion, Modality, Plane, Sequence

SIZE, SLICES = 96, 3
KEPT = "364be8cbdec20803fe8709a01b516af42f00e6eceb7a2cabcfa5709bb3f644f9"
PHANTOM = Phantom(seed=5)
TYPE_1 = [
    "SOPClassUID",
    "SOPInstanceUID",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "FrameOfReferenceUID",
    "Modality",
    "ImageType",
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "Rows",
    "Columns",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "PixelData",
    "PixelSpacing",
    "ImageOrientationPatient",
    "ImagePositionPatient",
    "ScanningSequence",
    "SequenceVariant",
    "SpecificCharacterSet",
    "PatientPosition",
    "RepetitionTime",
]
TYPE_2 = [
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyTime",
    "ReferringPhysicianName",
    "StudyID",
    "AccessionNumber",
    "SeriesNumber",
    "Manufacturer",
    "InstanceNumber",
    "PositionReferenceIndicator",
    "ScanOptions",
    "MRAcquisitionType",
    "EchoTime",
    "EchoTrainLength",
    "SliceThickness",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(PHANTOM, tmp_path_factory.mktemp("phantom") / "study", slices=SLICES, size=SIZE)


@pytest.fixture(scope="module")
def objects(folder: Path) -> list[FileDataset]:
    return [pydicom.dcmread(path) for path in sorted(folder.iterdir())]


def test_every_element_that_must_be_there_is(objects: list[FileDataset]) -> None:
    assert len(objects) == 2 * SLICES
    for item in objects:
        assert item.SOPClassUID == MRImageStorage
        assert item.file_meta.MediaStorageSOPInstanceUID == item.SOPInstanceUID
        for keyword in TYPE_1:
            assert item[keyword].value not in (None, "", []), keyword
        for keyword in TYPE_2:
            assert keyword in item, keyword
        assert item.BodyPartExamined == "LSPINE"
        assert item.ContentQualification == "RESEARCH"
        assert str(item.ImageComments).startswith("SYNTHETIC")


def test_identifiers_are_valid_and_depend_on_the_parameters_alone(
    objects: list[FileDataset], tmp_path: Path
) -> None:
    instances = [item.SOPInstanceUID for item in objects]
    assert len(set(instances)) == len(instances)
    assert len({item.StudyInstanceUID for item in objects}) == 1
    assert len({item.FrameOfReferenceUID for item in objects}) == 1
    assert len({item.SeriesInstanceUID for item in objects}) == 2
    for value in (*instances, objects[0].StudyInstanceUID, uid("any", 1)):
        assert UID(value).is_valid
        assert value.startswith("2.25.")
        assert len(value) <= 64
    again = write(Phantom(seed=5), tmp_path / "again", slices=SLICES, size=SIZE)
    for path, item in zip(sorted(again.iterdir()), objects, strict=True):
        assert pydicom.dcmread(path) == item
    assert fingerprint(PHANTOM) != fingerprint(replace(PHANTOM, seed=6))


def test_no_element_describes_a_person(objects: list[FileDataset]) -> None:
    empty = ("PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "AccessionNumber")
    for item in objects:
        assert item.PatientName == "SYNTHETIC^PHANTOM"
        assert str(item.PatientID).startswith("SYNTHETIC-")
        assert all(not item[keyword].value for keyword in (*empty, "ReferringPhysicianName"))
        for element in item.iterall():
            assert not element.tag.is_private
            if element.VR in ("PN", "DA", "TM", "DT", "AS"):
                assert str(element.value) in ("", "SYNTHETIC^PHANTOM"), element.keyword
        for keyword in ("InstitutionName", "OperatorsName", "StationName", "DeviceSerialNumber"):
            assert keyword not in item


def test_slices_lie_where_they_say(objects: list[FileDataset]) -> None:
    series = [item for item in objects if "T2" in item.SeriesDescription]
    left = [float(item.ImagePositionPatient[0]) for item in series]
    np.testing.assert_allclose(np.diff(left), GAP_MM, atol=1e-3)
    for item in series:
        assert list(item.ImageOrientationPatient) == [0, 1, 0, 0, 0, -1]
        np.testing.assert_allclose(item.PixelSpacing, PHANTOM.fov_mm / SIZE, atol=1e-5)
    middle = series[SLICES // 2]
    picture = render(PHANTOM, ("t2",), size=SIZE).images["t2"]
    stored = middle.pixel_array.astype(float)
    assert np.corrcoef(stored.ravel(), picture.ravel())[0, 1] > 0.995
    assert stored.max() <= 4095
    assert middle.WindowWidth > 100


def test_our_own_reader_knows_it(folder: Path) -> None:
    study = read(folder)
    assert study.synthetic
    assert not study.quarantine
    assert {series.sequence for series in study.series} == {Sequence.T1, Sequence.T2}
    for series in study.series:
        assert series.modality is Modality.MR
        assert series.plane is Plane.SAGITTAL
        assert series.region is BodyRegion.LUMBAR
        assert series.pixels.shape == (SLICES, SIZE, SIZE)
        assert series.geometry is not None
        assert series.geometry.slice_gap == pytest.approx(GAP_MM, abs=1e-3)


def test_validator_finds_no_error(folder: Path) -> None:
    validator = shutil.which("dciodvfy")
    if validator is None:
        pytest.skip("dciodvfy is not installed: install dicom3tools to run this test")
    for path in folder.iterdir():
        found = subprocess.run([validator, "-new", path], capture_output=True, text=True)
        assert "Error" not in found.stderr + found.stdout


@pytest.mark.parametrize(
    "text",
    [
        "scoliosis 25 degrees",
        "L4-L5 slip grade 2, L3-L4 canal stenosis 8 mm, L3 acute crush fracture, "
        "L2-L3 extrusion migrated down, annular fissure, conus at L2-L3",
    ],
)
def test_validator_finds_no_error_in_what_was_asked_for(text: str, tmp_path: Path) -> None:
    validator = shutil.which("dciodvfy")
    if validator is None:
        pytest.skip("dciodvfy is not installed: install dicom3tools to run this test")
    phantom = phantom_of(asked([text]), 3)
    for path in write(phantom, tmp_path, slices=2, size=48, axial=("L4-L5",)).iterdir():
        found = subprocess.run([validator, "-new", path], capture_output=True, text=True)
        assert "Error" not in found.stderr + found.stdout


def test_the_bundled_study_keeps_its_identifiers() -> None:
    # A later parameter that is not set changes no identifier, so that the study stays the same.
    assert fingerprint(bundled.PHANTOM) == KEPT
    assert fingerprint(replace(bundled.PHANTOM, curve_deg=10.0)) != KEPT


def test_no_slices_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="one or more"):
        write(PHANTOM, tmp_path, slices=0)


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(InputError, match="written to"):
        write(PHANTOM, tmp_path / "taken", slices=1, size=48)
