"""The public sets in the layout that they are published in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage, generate_uid

from radixgpt.errors import CaseError
from radixgpt.reading import read


def _volume(path: Path, values: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = SimpleITK.GetImageFromArray(values)
    image.SetSpacing((4.0, 0.5, 0.75))
    SimpleITK.WriteImage(image, str(path))


def _spider(sources: Any) -> Path:
    folder: Path = sources.folder("spider_full")
    (folder / "overview.csv").write_text(
        "new_file_name,subset,num_vertebrae,num_discs,sex,birth_date,EchoTime\n"
        "1_t1,training,7,7,F,1970,9\n1_t2,training,7,7,F,1970,100\n9_t2,validation,7,7,M,,\n"
    )
    (folder / "radiological_gradings.csv").write_text(
        "Patient,IVD label,Modic,UP endplate,LOW endplate,Spondylolisthesis,Disc herniation,"
        "Disc narrowing,Disc bulging,Pfirrman grade\n1,1,0,0,0,0,0,0,1,3\n9,2,0,0,0,0,0,0,0,1\n"
    )
    rng = np.random.default_rng(0)
    for name in ("1_t1", "1_t2", "9_t2"):
        _volume(folder / "images" / f"{name}.mha", rng.integers(0, 900, (24, 20, 5), np.int16))
    labels = np.zeros((24, 20, 5), np.uint8)
    labels[2], labels[4], labels[6], labels[8] = 1, 19, 100, 207
    _volume(folder / "masks" / "1_t1.mha", labels)
    return folder


def test_spider_as_published(sources: Any) -> None:
    _spider(sources)
    cases, refused = sources.map("spider_full")
    assert not refused
    assert [(case.id, case.patient) for case in cases] == [
        ("spider_full/1", "spider/1"),
        ("spider_full/9", "spider/9"),
    ]
    assert [case.facts["subset"] for case in cases] == ["training", "validation"]
    first = cases[0]
    assert [image.sequence for image in first.images] == ["t1", "t2"]
    image = first.images[0]
    assert (image.rows, image.columns, image.facts["slices"]) == (24, 20, 5)
    assert image.spacing == (0.75, 0.5)
    assert image.facts["echo_time_ms"] == 9
    root = sources.workspace.root
    assert read(root / image.path).series[0].slices == 5
    assert image.mask is not None
    mask = read(root / image.mask).series[0].pixels
    assert sorted(np.unique(mask)) == [0, 1, 2, 3]
    levels = {f.level for case in cases for f in case.findings}
    assert levels == {"L5-S1", "L4-L5"}
    assert "1970" not in first.model_dump_json()


def test_a_damaged_volume_is_told(sources: Any) -> None:
    folder = _spider(sources)
    (folder / "images" / "1_t1.mha").write_bytes(b"ObjectType = Image\nNDims = 3\n")
    (folder / "images" / "9_t2.mha").unlink()
    cases, refused = sources.map("spider_full")
    assert [len(case.images) for case in cases] == [1, 0]
    assert sources.told(refused) == [
        ("1_t1.mha", None, "The volume is damaged or cut off."),
        ("overview.csv", 4, "There is no picture 9_t2.mha."),
    ]


def test_kauh_as_published(sources: Any) -> None:
    for number, name in enumerate(
        [
            "Scol/N93, Rt TL AIS, F, 14 Yrs.jpg",
            "Spond/N1, Olisthesis L4-5, M, 50 Yrs.jpg",
            "Normal/N1,N,20,F_1_0.jpg",
            "other/N1,N,20,F_1_0.jpg",
        ]
    ):
        sources.picture(f"kauh_full/ImagesOriginalSize/{name}", number)
    cases, refused = sources.map("kauh_full")
    assert sorted((case.facts["label"], case.facts["age_years"]) for case in cases) == [
        ("normal", 20),
        ("scoliosis", 14),
        ("spondylolisthesis", 50),
    ]
    assert not any(case.findings for case in cases)
    assert all("view is unknown" in " ".join(case.warnings) for case in cases)
    assert len({case.patient for case in cases}) == 3
    assert len(refused) == 1
    (sources.folder("empty") / "x.txt").write_text("x")


def test_kauh_without_its_folders_fails(sources: Any) -> None:
    sources.picture("kauh_full/a.jpg", 1)
    with pytest.raises(CaseError, match="No folder Normal"):
        sources.map("kauh_full")


def _object(path: Path, patient: str, seed: int) -> None:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = MRImageStorage
    made = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    pixels = np.random.default_rng(seed).integers(0, 900, (16, 16), dtype=np.uint16)
    for keyword, value in {
        "SOPClassUID": MRImageStorage,
        "SOPInstanceUID": generate_uid(),
        "StudyInstanceUID": f"1.2.{patient}",
        "SeriesInstanceUID": f"1.2.{patient}.1",
        "PatientID": "anonymised",
        "Modality": "MR",
        "InstanceNumber": seed,
        "Rows": 16,
        "Columns": 16,
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "BitsAllocated": 16,
        "BitsStored": 16,
        "HighBit": 15,
        "PixelRepresentation": 0,
        "PixelData": pixels.tobytes(),
    }.items():
        setattr(made, keyword, value)
    path.parent.mkdir(parents=True, exist_ok=True)
    made.save_as(path, enforce_file_format=True)


def test_sudirman_as_published_shares_its_patients_with_the_notes(sources: Any) -> None:
    folder = sources.folder("sudirman_full") / "01_MRI_Data"
    for patient, seed in (("0001", 1), ("0001", 2), ("0023", 3)):
        _object(folder / patient / "L-SPINE" / "T2" / f"{seed}.ima", patient.strip("0"), seed)
    cases, refused = sources.map("sudirman_full")
    assert not refused
    assert sorted(case.patient for case in cases) == ["sudirman/1", "sudirman/23"]
    assert sorted(case.images[0].facts["slices"] for case in cases) == [1, 2]
    sources.table(
        "lumbar_notes_full/lumbar_mri_notes.csv",
        ["Patient ID", "Clinician's Notes"],
        [[23, "L4-L5: disc bulge."]],
    )
    (note,), _ = sources.map("lumbar_notes_full")
    assert (note.id, note.patient) == ("lumbar_notes_full/23", "sudirman/23")


def test_a_workbook_of_notes_says_what_to_do(sources: Any) -> None:
    (sources.folder("lumbar_notes_full") / "Radiologists Report.xlsx").write_bytes(b"PK\x03\x04")
    with pytest.raises(CaseError, match="is a workbook") as error:
        sources.map("lumbar_notes_full")
    assert "lumbar_mri_notes.csv" in error.value.mend


def test_mtsamples_as_published(sources: Any) -> None:
    header = ["", "description", "medical_specialty", "sample_name", "transcription", "keywords"]
    rows = [
        [0, "x", "Radiology", "MRI L-Spine", "FINDINGS:, L4-L5 disc bulge.", ""],
        [1, "x", "Dentistry", "Extraction", "PROCEDURE:, A collection was drained.", ""],
    ]
    sources.table("mtsamples_full/mtsamples.csv", header, rows)
    cases, refused = sources.map("mtsamples_full")
    assert not refused
    assert [case.id for case in cases] == ["mtsamples_full/0", "mtsamples_full/1"]
    assert [f.kind for f in cases[0].findings] == ["disc_bulging"]
    assert not cases[1].findings


def test_rocov2_as_published(sources: Any) -> None:
    names = [f"ROCOv2_2023_train_{number:06}" for number in range(1, 6)]
    captions = [
        [names[0], "Sagittal MRI of the lumbar spine shows a disc bulge at L4-L5."],
        [names[1], "CT of the abdomen shows a collection."],
        [names[2], "No licence."],
        [names[3], ""],
        [names[0], "Again."],
    ]
    sources.table("rocov2/train_captions.csv", ["ID", "Caption"], captions)
    sources.table(
        "rocov2/train_concepts.csv", ["ID", "CUIs"], [[names[0], "C0024485;C0037949;C0024485"]]
    )
    licences = [
        [names[0], "PMC11", "CC BY [Somebody et al. (2020)]", "x"],
        [names[1], "PMC12", "CC BY-NC [Others et al. (2021)]", "x"],
        [names[3], "PMC13", "CC BY [Others]", "x"],
    ]
    header = ["ID", "PMCID", "Attribution", "Link"]
    sources.table("rocov2/license_information.csv", header, licences)
    sources.picture(f"rocov2/train/{names[0]}.jpg", 1)
    cases, refused = sources.map("rocov2")
    assert [(case.licence, case.patient) for case in cases] == [
        ("CC BY", "rocov2/PMC11"),
        ("CC BY-NC", "rocov2/PMC12"),
    ]
    assert [f.kind for f in cases[0].findings] == ["disc_bulging"]
    assert [len(case.images) for case in cases] == [1, 0]
    assert [concept.cui for concept in cases[0].concepts] == ["C0024485", "C0037949"]
    assert not cases[1].findings
    assert [(row, reason.split()[1]) for _, row, reason in sources.told(refused)] == [
        (4, "licence"),
        (5, "caption"),
        (6, "repeats"),
    ]


def test_openi_as_published(sources: Any) -> None:
    folder = sources.folder("openi")
    (folder / "ecgen-radiology").mkdir()
    report = (
        "<eCitation><MedlineCitation><Article><Abstract>"
        '<AbstractText Label="COMPARISON">None.</AbstractText>'
        '<AbstractText Label="INDICATION"/>'
        '<AbstractText Label="FINDINGS">Heart &amp; lungs  normal.</AbstractText>'
        "</Abstract></Article></MedlineCitation>"
        '<parentImage id="CXR1_1"/><parentImage id="CXR1_2"/></eCitation>'
    )
    bomb = '<!DOCTYPE x [<!ENTITY a "aa">]><eCitation>&a;</eCitation>'
    for name, text in (("1", report), ("2", "<eCitation/>"), ("3", "<open"), ("4", bomb)):
        (folder / "ecgen-radiology" / f"{name}.xml").write_text(text)
    sources.picture("openi/CXR1_1.png", 1)
    (case,), refused = sources.map("openi")
    assert case.report == {"comparison": "None.", "findings": "Heart & lungs normal."}
    assert len(case.images) == 1
    assert any("is missing" in warning for warning in case.warnings)
    assert {file: reason for file, _, reason in sources.told(refused)} == {
        "2.xml": "It has no text.",
        "3.xml": "It is no XML.",
        "4.xml": "It is no plain report.",
    }


@pytest.mark.parametrize("key", ["rocov2", "openi"])
def test_sets_without_their_files_fail(sources: Any, key: str) -> None:
    sources.folder(key)
    with pytest.raises(CaseError):
        sources.map(key)
