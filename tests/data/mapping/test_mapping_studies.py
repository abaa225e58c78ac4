"""Folders of studies: grouped by header, read without identifiers, laid out under neutral names."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage, generate_uid

from data.mapping.source import Source
from data.mapping.studies import units
from radixgpt.errors import CaseError
from radixgpt.reading import read

Write = Callable[..., Path]


@pytest.fixture
def write(sources: Any) -> Write:
    """Write a sagittal T2 slice of a lumbar spine into the source ``own``."""

    def _write(path: str, seed: int = 0, **elements: Any) -> Path:
        meta = FileMetaDataset()
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        meta.MediaStorageSOPClassUID = MRImageStorage
        made = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
        pixels = np.random.default_rng(seed).integers(0, 900, (24, 20), dtype=np.uint16)
        values: dict[str, Any] = {
            "SOPClassUID": MRImageStorage,
            "SOPInstanceUID": generate_uid(),
            "StudyInstanceUID": "1.2.3.1",
            "SeriesInstanceUID": "1.2.3.1.1",
            "PatientName": "DOE^JANE",
            "PatientID": "HOSPITAL-4711",
            "PatientBirthDate": "19590131",
            "PatientSex": "F",
            "PatientAge": "065Y",
            "Modality": "MR",
            "Manufacturer": "SIEMENS",
            "SeriesDescription": "T2 TSE SAG",
            "BodyPartExamined": "LSPINE",
            "ScanningSequence": "SE",
            "EchoTime": 102.0,
            "RepetitionTime": 3500.0,
            "MagneticFieldStrength": 1.5,
            "InstanceNumber": seed + 1,
            "ImageOrientationPatient": [0.0, 1.0, 0.0, 0.0, 0.0, -1.0],
            "ImagePositionPatient": [4.0 * seed, -50.0, 60.0],
            "PixelSpacing": [0.75, 0.5],
            "SliceThickness": 4.0,
            "SamplesPerPixel": 1,
            "PhotometricInterpretation": "MONOCHROME2",
            "Rows": 24,
            "Columns": 20,
            "BitsAllocated": 16,
            "BitsStored": 16,
            "HighBit": 15,
            "PixelRepresentation": 0,
            "PixelData": pixels.tobytes(),
        }
        for keyword, value in {**values, **elements}.items():
            if value is not None:
                setattr(made, keyword, value)
        place: Path = sources.folder("own") / path
        place.parent.mkdir(parents=True, exist_ok=True)
        made.save_as(place, enforce_file_format=True)
        return place

    return _write


def test_objects_of_a_study_are_one_case_wherever_they_lie(sources: Any, write: Write) -> None:
    write("a/1.dcm", 0)
    write("b/2.dcm", 1)
    write("a/3.dcm", 2, SeriesInstanceUID="1.2.3.1.2", EchoTime=9.0, RepetitionTime=500.0)
    write("c/4.dcm", 3, StudyInstanceUID="1.2.3.2")
    cases, refused = sources.map("own")
    assert not refused
    assert sorted(len(case.images) for case in cases) == [1, 2]
    assert len({case.patient for case in cases}) == 1
    case = next(case for case in cases if len(case.images) == 2)
    assert case.facts == {"sex": "F", "age_band": "60-69"}
    sequences = {image.sequence: image for image in case.images}
    assert set(sequences) == {"t1", "t2"}
    image = sequences["t2"]
    assert (image.modality, image.plane, image.region) == ("MR", "sagittal", "lumbar")
    assert (image.rows, image.columns, image.spacing) == (24, 20, (0.75, 0.5))
    assert image.facts["slices"] == 2
    assert image.facts["field_strength_t"] == 1.5
    again = read(sources.workspace.root / image.path)
    assert [series.slices for series in again.series] == [2]


def test_nothing_that_identifies_is_kept(sources: Any, write: Write) -> None:
    write("Doe_Jane_4711/scan.dcm")
    write("Doe_Jane_4711/cut.dcm", 1, Rows=9999)
    cases, refused = sources.map("own")
    said = "".join(case.model_dump_json() for case in cases)
    for secret in ("DOE", "Doe", "JANE", "4711", "1959", "1.2.3.1"):
        assert secret not in said
    assert "DOE" not in json.dumps([one.reason for one in refused])
    laid = [path.name for path in (sources.workspace.studies / "own").rglob("*")]
    assert not [name for name in laid if "Doe" in name]


def test_keys_are_equal_in_one_workspace_alone(sources: Any, write: Write, tmp_path: Path) -> None:
    write("1.dcm")
    first, second = ([case.patient for case in sources.map("own")[0]] for _ in range(2))
    assert first == second
    own = sources.source("own")
    from data.gather.naming import keyring

    other = Source("own", own.root, own.folder, own.studies, keyring(tmp_path / "other"))
    strange = [case.patient for unit in units(other) for case in unit.work().cases]
    assert strange != first


@pytest.mark.parametrize(
    "second",
    [{"PatientSex": "M"}, {"PatientBirthDate": "19700101"}, {"PatientName": "ROE^RICHARD"}],
)
def test_two_people_under_one_id_are_no_case(
    sources: Any, write: Write, second: dict[str, str]
) -> None:
    write("1.dcm")
    write("2.dcm", 1, StudyInstanceUID="1.2.3.2", **second)
    write("3.dcm", 2, StudyInstanceUID="1.2.3.3", PatientID="OTHER-1")
    cases, refused = sources.map("own")
    assert len(cases) == 1
    assert {file for file, _, _ in sources.told(refused)} == {"1.dcm", "2.dcm"}
    assert all("two people" in reason for _, _, reason in sources.told(refused))


@pytest.mark.parametrize("nobody", ["ANON", "Anonymous", "0000", "unknown", "", "De-identified"])
def test_ids_that_stand_for_nobody_make_no_patient(sources: Any, write: Write, nobody: str) -> None:
    write("1.dcm", PatientID=nobody, PatientName=nobody)
    write("2.dcm", 1, StudyInstanceUID="1.2.3.2", PatientID=nobody, PatientSex="M")
    cases, refused = sources.map("own")
    assert not refused
    assert len({case.patient for case in cases}) == 2
    assert all("Nothing tells whose study" in case.warnings[0] for case in cases)


def test_pictures_and_volumes_go_by_their_folder(sources: Any) -> None:
    for name, seed in (("alone.png", 1), ("one/a.png", 2), ("one/deep/b.png", 3)):
        sources.picture(f"own/{name}", seed)
    volume = np.random.default_rng(0).integers(0, 900, (5, 24, 20)).astype(np.int16)
    image = SimpleITK.GetImageFromArray(volume)
    image.SetSpacing((0.5, 0.75, 4.0))
    SimpleITK.WriteImage(image, str(sources.folder("own") / "one" / "c.nii.gz"))
    cases, refused = sources.map("own")
    assert not refused
    assert sorted(len(case.images) for case in cases) == [1, 3]
    case = max(cases, key=lambda case: len(case.images))
    volumes = [i for i in case.images if i.path.endswith(".nii.gz")]
    assert [(i.rows, i.columns, i.spacing) for i in volumes] == [(24, 20, (0.75, 0.5))]
    pictures = [i for i in case.images if i.path.endswith(".png")]
    assert [i.spacing for i in pictures] == [None, None]


def test_what_cant_be_read_is_told_and_the_rest_is_mapped(sources: Any, write: Write) -> None:
    write("1.dcm")
    write("2.dcm", 1, PixelData=b"\0" * 10)
    write("report.dcm", 2, SOPClassUID="1.2.840.10008.5.1.4.1.1.88.11", PixelData=None)
    (sources.folder("own") / "readme.txt").write_text("hello")
    (sources.folder("own") / "bare").write_bytes(b"\x08\x00\x05\x00CS\x0a\x00ISO_IR 100")
    (sources.folder("own") / ".hidden").write_text("hello")
    (case,), refused = sources.map("own")
    assert len(case.images) == 1
    told = {file: reason for file, _, reason in sources.told(refused)}
    assert set(told) == {"2.dcm", "report.dcm", "readme.txt", "bare"}
    assert "preamble" in told["bare"]


def test_a_study_of_nothing_but_damage_is_no_case(sources: Any, write: Write) -> None:
    write("1.dcm", Rows=9999)
    cases, refused = sources.map("own")
    assert not cases
    assert [file for file, _, _ in sources.told(refused)] == ["1.dcm"]
    assert not list((sources.workspace.studies / "own").iterdir())


def test_links_out_of_the_folder_are_not_followed(sources: Any, tmp_path: Path) -> None:
    sources.picture("own/a.png", 1)
    secret = tmp_path / "secret.png"
    secret.write_bytes((sources.folder("own") / "a.png").read_bytes())
    (sources.folder("own") / "b.png").symlink_to(secret)
    cases, refused = sources.map("own")
    assert len(cases) == 1
    assert sources.told(refused)[0][0] == "b.png"


def test_an_empty_folder_fails(sources: Any) -> None:
    sources.folder("own")
    with pytest.raises(CaseError, match="empty"):
        sources.map("own")


@pytest.mark.data
def test_the_staged_examples_map_but_for_the_report(shared_data: Path, sources: Any) -> None:
    own = sources.source("dicom_examples")
    root = own.root
    folder = sources.folder("dicom_examples")
    for file in (shared_data / "dicom").rglob("*.*"):
        place = folder / file.relative_to(shared_data / "dicom")
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(file.read_bytes())
    source = Source("dicom_examples", root, folder, own.studies, own.keys)
    units_ = [unit.work() for unit in units(source)]
    cases = [case for unit in units_ for case in unit.cases]
    assert len(cases) == 11
    assert max(case.images[0].facts["slices"] for case in cases) >= 10
    told = sources.told([refused for unit in units_ for refused in unit.refused])
    assert [file for file, _, _ in told] == ["reportsi.dcm"]
