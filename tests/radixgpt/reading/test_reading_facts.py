"""Weighting from physics first; words only through a closed vocabulary."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

from radixgpt.reading import read, vocabulary
from radixgpt.reading.facts import REGION_WARNING, weighting
from radixgpt.study import BodyRegion, Modality, Sequence, Series, View

Write = Callable[..., Path]


def one(path: Path) -> Series:
    (series,) = read(path).series
    return series


@pytest.mark.parametrize(
    ("elements", "sequence"),
    [
        ({"EchoTime": 11, "RepetitionTime": 600}, Sequence.T1),
        ({"EchoTime": 102, "RepetitionTime": 3500}, Sequence.T2),
        ({"EchoTime": 124, "RepetitionTime": 1000, "MRAcquisitionType": "3D"}, Sequence.T2_SPACE),
        ({"EchoTime": 30, "RepetitionTime": 2500}, Sequence.PD),
        (
            {
                "EchoTime": 60,
                "RepetitionTime": 4000,
                "InversionTime": 160,
                "ScanningSequence": ["SE", "IR"],
            },
            Sequence.STIR,
        ),
        (
            {
                "EchoTime": 10,
                "RepetitionTime": 2000,
                "InversionTime": 860,
                "ScanningSequence": ["SE", "IR"],
            },
            Sequence.T1,
        ),
        (
            {
                "EchoTime": 120,
                "RepetitionTime": 9000,
                "InversionTime": 2500,
                "ScanningSequence": ["SE", "IR"],
            },
            Sequence.OTHER,
        ),
        # An inversion time without an inversion pulse means nothing.
        ({"EchoTime": 102, "RepetitionTime": 3500, "InversionTime": 160}, Sequence.T2),
        ({"EchoTime": 4, "RepetitionTime": 200, "ScanningSequence": "GR"}, Sequence.T1),
        ({"EchoTime": 20, "RepetitionTime": 600, "ScanningSequence": "GR"}, Sequence.OTHER),
        ({"EchoTime": 80, "RepetitionTime": 4000, "ScanningSequence": "EP"}, Sequence.OTHER),
        ({"DiffusionBValue": 800.0}, Sequence.OTHER),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, Sequence.LOCALIZER),
        ({"SeriesDescription": "3-plane localizer"}, Sequence.LOCALIZER),
        # Physics first ...
        ({"EchoTime": 11, "RepetitionTime": 600, "SeriesDescription": "sag T2 TSE"}, Sequence.T1),
        # ... words where it can't tell ...
        ({"SeriesDescription": "sag STIR", "EchoTime": 60}, Sequence.STIR),
        ({"SeriesDescription": "t2_spc_sag_p2_iso"}, Sequence.T2_SPACE),
        # ... and where it is silent.
        ({"EchoTime": None, "SeriesDescription": "t1_tse_sag_320"}, Sequence.T1),
        ({"EchoTime": None, "SeriesDescription": "SAG T2 FSE"}, Sequence.T2),
        ({"EchoTime": None, "SeriesDescription": "sag T2* GRE"}, Sequence.UNKNOWN),
        ({"EchoTime": None, "SeriesDescription": "T1 and T2"}, Sequence.UNKNOWN),
        ({"EchoTime": None, "SeriesDescription": "sag tse"}, Sequence.UNKNOWN),
        ({"EchoTime": None, "AcquisitionContrast": "STIR"}, Sequence.STIR),
        ({"Modality": "CT"}, Sequence.UNKNOWN),
    ],
)
def test_sequence(write: Write, elements: dict[str, Any], sequence: Sequence) -> None:
    series = one(write("a.dcm", **elements))
    assert series.sequence is sequence
    known = sequence is not Sequence.UNKNOWN
    assert series.facts_from["sequence"] == ("header" if known else "none")


@pytest.mark.parametrize(
    ("elements", "region"),
    [
        ({"BodyPartExamined": "L-SPINE"}, BodyRegion.LUMBAR),
        ({"BodyPartExamined": "CSPINE"}, BodyRegion.CERVICAL),
        ({"BodyPartExamined": "TSPINE"}, BodyRegion.THORACIC),
        ({"BodyPartExamined": "WHOLESPINE"}, BodyRegion.WHOLE_SPINE),
        ({"BodyPartExamined": "SPINE"}, BodyRegion.UNKNOWN),
        ({"BodyPartExamined": "HEAD"}, BodyRegion.OTHER),
        ({"BodyPartExamined": "SPINE", "StudyDescription": "MR LWS nativ"}, BodyRegion.LUMBAR),
        ({"BodyPartExamined": None, "ProtocolName": "LUMBAR/T2"}, BodyRegion.LUMBAR),
        ({"BodyPartExamined": None, "StudyDescription": "C-SPINE"}, BodyRegion.CERVICAL),
        ({"BodyPartExamined": None, "StudyDescription": "MRI brain"}, BodyRegion.OTHER),
        ({"BodyPartExamined": None, "StudyDescription": "Zeilinger"}, BodyRegion.UNKNOWN),
        ({"BodyPartExamined": "NECK", "StudyDescription": "Spine^C_Spine"}, BodyRegion.CERVICAL),
        ({"BodyPartExamined": "ABDOMEN", "SeriesDescription": "sag L spine"}, BodyRegion.LUMBAR),
        # The series' own words count for more than those of the study.
        (
            {
                "BodyPartExamined": None,
                "SeriesDescription": "C spine scout",
                "StudyDescription": "L-SPINE",
            },
            BodyRegion.CERVICAL,
        ),
    ],
)
def test_region(write: Write, elements: dict[str, Any], region: BodyRegion) -> None:
    assert one(write("a.dcm", **elements)).region is region


@pytest.mark.parametrize(
    "elements",
    [
        {"SeriesDescription": "cervical T2"},
        {"BodyPartExamined": "HEAD", "SeriesDescription": "lumbar T2"},
    ],
)
def test_contradictions_leave_the_region_unknown(write: Write, elements: dict[str, Any]) -> None:
    series = one(write("a.dcm", **elements))
    assert series.region is BodyRegion.UNKNOWN
    assert series.facts_from["region"] == "none"
    assert REGION_WARNING in series.warnings


@pytest.mark.parametrize(
    ("code", "region"),
    [
        ("122496007", BodyRegion.LUMBAR),
        ("T-11501", BodyRegion.CERVICAL),
        ("12738006", BodyRegion.OTHER),
        ("999", BodyRegion.UNKNOWN),
    ],
)
def test_region_of_codes(write: Write, code: str, region: BodyRegion) -> None:
    item = Dataset()
    item.CodeValue = code
    path = write("a.dcm", BodyPartExamined=None, AnatomicRegionSequence=Items([item]))
    assert one(path).region is region


@pytest.mark.parametrize(
    "elements",
    [{"ScanOptions": "FS"}, {"ImageType": ["DERIVED", "PRIMARY", "M", "WATER"]}],
)
def test_fat_suppression_is_noted(write: Write, elements: dict[str, Any]) -> None:
    assert one(write("a.dcm", **elements)).technique["fat_suppressed"] == "yes"


@pytest.mark.parametrize("value", [-5, 0, 1e9])
def test_impossible_technique_is_not_stated(write: Write, value: float) -> None:
    assert "echo_time_ms" not in one(write("a.dcm", EchoTime=value)).technique


@given(text=st.text(max_size=80))
def test_any_text_gives_only_values_of_the_vocabulary(text: str) -> None:
    assert vocabulary.region_of_words(text) in {None, *BodyRegion}
    assert vocabulary.sequences_of_words(text) <= set(Sequence)
    maker = vocabulary.manufacturer(text)
    assert maker is None or maker.lower()[:2] in text.lower() + "united"


@given(
    echo=st.floats(0.5, 400),
    repetition=st.floats(2, 12_000),
    inversion=st.none() | st.floats(20, 4000),
    gradient=st.booleans(),
)
def test_weighting_obeys_its_physics(
    echo: float, repetition: float, inversion: float | None, gradient: bool
) -> None:
    found = weighting(echo=echo, repetition=repetition, inversion=inversion, gradient=gradient)
    if found is Sequence.T2:
        assert echo >= 60
        assert not gradient
        assert inversion is None
    if found is Sequence.T1:
        assert echo <= 40
    if found is Sequence.STIR:
        assert inversion is not None
        assert inversion <= 350
    assert weighting(echo=None, repetition=repetition) is None


@pytest.mark.data
def test_weighting_agrees_with_what_a_public_set_calls_its_series(shared_data: Path) -> None:
    """The times of the header name 330 real series as their makers' protocols do."""
    wrong: Counter[str] = Counter()
    total = 0
    with (shared_data / "spider/series.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            if not row["EchoTime"]:
                continue
            total += 1
            name = row["image"].split("_", 1)[1]
            found = weighting(echo=float(row["EchoTime"]), repetition=float(row["RepetitionTime"]))
            # Which T2 is a three-dimensional one is told by the acquisition type, not by times.
            if found is not (Sequence.T1 if name == "t1" else Sequence.T2):
                wrong[name] += 1
    assert total > 300
    assert not wrong


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "modality", "sequence", "region", "shape"),
    [
        ("Spine1.dcm", Modality.MR, Sequence.T2, BodyRegion.CERVICAL, (1, 256, 256)),
        ("Abdo.dcm", Modality.MR, Sequence.T2, BodyRegion.OTHER, (1, 256, 256)),
        ("MR2_J2KR.dcm", Modality.MR, Sequence.T1, BodyRegion.OTHER, (1, 1024, 1024)),
        ("693_J2KR.dcm", Modality.CT, Sequence.UNKNOWN, BodyRegion.UNKNOWN, (1, 512, 512)),
        ("cervicalKyphosis.dcm", Modality.CT, Sequence.UNKNOWN, BodyRegion.CERVICAL, (1, 512, 512)),
        ("bad_sequence.dcm", Modality.CT, Sequence.UNKNOWN, BodyRegion.OTHER, (1, 512, 512)),
        ("emri_small.dcm", Modality.MR, Sequence.T1, BodyRegion.OTHER, (10, 64, 64)),
        ("t1_series_pddl", Modality.MR, Sequence.T1, BodyRegion.UNKNOWN, (10, 384, 274)),
        (
            "t2_lumbar.nii.gz",
            Modality.UNKNOWN,
            Sequence.UNKNOWN,
            BodyRegion.UNKNOWN,
            (38, 201, 257),
        ),
    ],
)
def test_real_objects(
    shared_data: Path,
    name: str,
    modality: Modality,
    sequence: Sequence,
    region: BodyRegion,
    shape: tuple[int, ...],
) -> None:
    study = read(shared_data / "dicom" / name)
    (series,) = study.series
    assert (series.modality, series.sequence, series.region) == (modality, sequence, region)
    assert series.pixels.shape == shape
    assert "doe" not in repr(study).lower()


@pytest.mark.data
def test_real_ct_numbers(shared_data: Path) -> None:
    """Air and bone lie where they belong after JPEG Lossless, JPEG 2000 and no compression."""
    for name in ("bad_sequence.dcm", "693_J2KR.dcm", "CT_small.dcm", "cervicalKyphosis.dcm"):
        pixels = one(shared_data / "dicom" / name).pixels
        assert float(pixels.min()) <= -800
        assert 1000 <= float(pixels.max()) <= 3072


@pytest.mark.data
def test_real_part_of_a_series_is_not_measured_across(shared_data: Path) -> None:
    series = one(shared_data / "dicom" / "t1_series_pddl")
    assert series.geometry is not None
    assert series.geometry.slice_gap is None
    assert series.geometry.spacing == pytest.approx((0.6667, 0.7), abs=1e-3)
    assert any("missing" in warning for warning in series.warnings)
    heights = [position[2] for position in series.geometry.positions or ()]
    assert heights == sorted(heights)


@pytest.mark.data
def test_real_folder_of_everything_holds_two_patients(shared_data: Path) -> None:
    from radixgpt.errors import MixedPatientsError

    with pytest.raises(MixedPatientsError):
        read(shared_data / "dicom")


@pytest.mark.parametrize(
    ("modality", "stated", "view"),
    [
        ("DX", "AP", View.AP),
        ("CR", "PA", View.AP),
        ("DX", "LL", View.LATERAL),
        ("CR", "RL", View.LATERAL),
        ("DX", "LLO", View.OTHER),
        ("DX", None, View.UNKNOWN),
        ("MR", "AP", View.UNKNOWN),
    ],
)
def test_view_of_radiographs(write: Write, modality: str, stated: str | None, view: View) -> None:
    series = one(write("a.dcm", Modality=modality, ViewPosition=stated))
    assert series.view is view
    assert series.facts_from.get("view") == (None if view is View.UNKNOWN else "header")
