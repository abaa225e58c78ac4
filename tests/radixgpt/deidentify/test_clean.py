"""What stays of an object, what stands in place of the rest, and what is kept out."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    ComputedRadiographyImageStorage,
    SecondaryCaptureImageStorage,
    generate_uid,
)

from radixgpt.deidentify import values, words
from radixgpt.deidentify.burned_in import shows_text
from radixgpt.errors import RejectedObjectError
from radixgpt.reading import read, vocabulary
from radixgpt.reading.identity import Keyring
from radixgpt.reading.quiet import quiet

SAMPLES = (
    "MR_small.dcm", "MR_small_bigendian.dcm", "MR_small_implicit.dcm", "MR_small_RLE.dcm",
    "MR_small_jp2klossless.dcm", "MR_small_jpeg_ls_lossless.dcm", "MR_small_padded.dcm",
    "CT_small.dcm", "693_J2KI.dcm", "J2K_pixelrep_mismatch.dcm", "examples_overlay.dcm",
)  # fmt: skip


def sample(name: str) -> Path:
    """A file that comes with pydicom."""
    found = get_testdata_file(name, download=False)
    if found is None:
        pytest.skip(f"pydicom brings no {name} here")
    return Path(str(found))


def day(text: str) -> date:
    return date(int(text[:4]), int(text[4:6]), int(text[6:8]))


def test_the_record_is_truthful(run: Any, tools: Any) -> None:
    found = tools.open(run(tools.make()))
    assert found.PatientIdentityRemoved == "YES"
    assert any("RadiXGPT" in line for line in found.DeidentificationMethod)
    codes = {
        (c.CodingSchemeDesignator, c.CodeValue): c.CodeMeaning
        for c in found.DeidentificationMethodCodeSequence
    }
    assert codes.keys() == {("DCM", c) for c in ("113100", "113105", "113107", "113108")}
    assert codes["DCM", "113100"] == "Basic Application Confidentiality Profile"
    # Pixels are not cleaned, so the option of cleaned pixels must not be claimed.
    assert ("DCM", "113101") not in codes
    assert found.LongitudinalTemporalInformationModified == "MODIFIED"
    assert "BurnedInAnnotation" not in found
    undated = tools.open(run(tools.make(StudyDate=None)))
    assert undated.LongitudinalTemporalInformationModified == "REMOVED"
    # Nothing was shifted, so the option of modified dates must not be claimed.
    assert {c.CodeValue for c in undated.DeidentificationMethodCodeSequence} == {
        "113100", "113105", "113108",
    }  # fmt: skip
    assert not any("shifted" in line for line in undated.DeidentificationMethod)


def test_dates_of_one_patient_keep_their_intervals(run: Any, tools: Any) -> None:
    days = ("20240105", "20240229", "20260301")
    mine = [
        day(tools.open(run(tools.make(StudyDate=d, StudyInstanceUID=generate_uid()))).StudyDate)
        for d in days
    ]
    assert [(b - a).days for a, b in pairwise(mine)] == [
        (day(b) - day(a)).days for a, b in pairwise(days)
    ]
    assert all(m < day(d) for m, d in zip(mine, days, strict=True))
    others = {
        (day("20240105") - day(tools.open(run(tools.make(PatientID=f"P{n}"))).StudyDate)).days
        for n in range(8)
    }
    assert len(others) > 1, "other patients have other shifts"
    other_key = tools.open(run(tools.make(StudyDate=days[0]), key=b"o" * 32)).StudyDate
    assert day(other_key) != mine[0]


def test_all_dates_of_an_object_move_together_and_times_go(run: Any, tools: Any) -> None:
    found = tools.open(
        run(
            tools.make(
                StudyDate="20240105",
                ContentDate="20240107",
                AcquisitionDateTime="20240106101112.5+0100",
                StudyTime="101112",
            )
        )
    )
    first = day(found.StudyDate)
    assert (day(found.ContentDate) - first).days == 2
    assert (day(found.AcquisitionDateTime) - first).days == 1
    assert len(found.AcquisitionDateTime) == 8
    assert found.StudyTime == ""


def test_pseudonyms_and_uids_agree_within_a_key_and_with_no_other(run: Any, tools: Any) -> None:
    first, second = tools.make(), tools.make(InstanceNumber=2)
    reference = Dataset()
    reference.ReferencedSOPClassUID = first.SOPClassUID
    reference.ReferencedSOPInstanceUID = first.SOPInstanceUID
    second.ReferencedImageSequence = Sequence([reference])
    one, two = tools.open(run(first)), tools.open(run(second))
    assert one.PatientID == two.PatientID == one.PatientName
    assert one.StudyInstanceUID == two.StudyInstanceUID != first.StudyInstanceUID
    assert two.ReferencedImageSequence[0].ReferencedSOPInstanceUID == one.SOPInstanceUID
    assert two.ReferencedImageSequence[0].ReferencedSOPClassUID == first.SOPClassUID
    assert one.file_meta.MediaStorageSOPInstanceUID == one.SOPInstanceUID
    apart = tools.open(run(first, key=b"o" * 32))
    assert {apart.PatientID, apart.SOPInstanceUID}.isdisjoint({one.PatientID, one.SOPInstanceUID})
    assert run(first).data == run(first).data


def test_patients_without_a_number_are_told_apart_by_name_and_birth_date(
    run: Any, tools: Any
) -> None:
    def who(**elements: Any) -> str:
        return str(tools.open(run(tools.make(PatientID=None, **elements))).PatientID)

    jane = who(PatientName="DOE^JANE", PatientBirthDate="19610203")
    assert jane == who(PatientName="DOE^JANE", PatientBirthDate="19610203")
    assert jane != who(PatientName="DOE^JANE", PatientBirthDate="19610204")
    assert who(PatientName=None) != who(PatientName=None, StudyInstanceUID=generate_uid())


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ({"PatientAge": "063Y"}, "063Y"),
        ({"PatientAge": "089Y"}, "089Y"),
        ({"PatientAge": "090Y"}, "090Y"),
        ({"PatientAge": "101Y"}, "090Y"),
        ({"PatientAge": "018M"}, "018M"),
        ({"PatientBirthDate": "19610203"}, "062Y"),
        ({"PatientBirthDate": "19200203"}, "090Y"),
        ({"PatientAge": "old", "PatientBirthDate": "19640105"}, "060Y"),
        ({}, None),
    ],
)
def test_ages_above_89_are_one(
    elements: dict[str, str], expected: str | None, run: Any, tools: Any
) -> None:
    found = tools.open(run(tools.make(**elements)))
    assert found.get("PatientAge") == expected
    assert found.PatientBirthDate == ""


@pytest.mark.parametrize("name", SAMPLES)
def test_what_is_read_is_what_was_read_before(name: str, run: Any, tmp_path: Path) -> None:
    path = sample(name)
    (tmp_path / "o.dcm").write_bytes(run(path.read_bytes()).data)
    before, after = read(path), read(tmp_path / "o.dcm")
    assert len(before.series) == len(after.series)
    for old, new in zip(before.series, after.series, strict=True):
        assert np.array_equal(old.pixels, new.pixels)
        for fact in (
            *("modality", "plane", "sequence", "region", "view", "geometry", "numbers"),
            *("window", "technique", "contrast_agent", "synthetic"),
        ):
            assert getattr(old, fact) == getattr(new, fact), fact
    assert (before.sex, before.age_band) == (after.sex, after.age_band)
    # Other readers see the same values.
    with quiet():  # of padding in the source
        theirs = dcmread(path).pixel_array
    assert np.array_equal(theirs, dcmread(tmp_path / "o.dcm").pixel_array)


@pytest.mark.parametrize("name", SAMPLES)
def test_dciodvfy_finds_no_error_that_was_not_there(name: str, run: Any, tmp_path: Path) -> None:
    if shutil.which("dciodvfy") is None:
        assert "CI" not in os.environ, "install dicom3tools: this test must run in CI"
        pytest.skip("dciodvfy is not here: apt-get install dicom3tools")
    (tmp_path / "o.dcm").write_bytes(run(sample(name).read_bytes()).data)

    def errors(path: Path) -> set[str]:
        told = subprocess.run(["dciodvfy", str(path)], capture_output=True, check=False)
        lines = (told.stdout + told.stderr).decode(errors="replace").splitlines()
        return {line for line in lines if line.startswith("Error")}

    assert errors(tmp_path / "o.dcm") <= errors(sample(name))


def letters(text: str, size: int, *, smooth: bool) -> np.ndarray[Any, Any]:
    """A slice-like picture with a text in it."""
    rows, columns = np.mgrid[:256, :256]
    body = 700 * np.exp(-(((rows - 128) / 90) ** 2) - ((columns - 128) / 70) ** 2)
    noise = np.random.default_rng(1).normal(60, 12, (256, 256))
    picture = Image.new("L", (256, 256))
    draw = ImageDraw.Draw(picture)
    draw.fontmode = "L" if smooth else "1"
    draw.text((8, 8), text, fill=255, font=ImageFont.load_default(size))
    ink = np.asarray(picture) / 255
    return np.clip((body + noise) * (1 - ink) + 1000 * ink, 0, 4095).astype(np.uint16)


@pytest.mark.parametrize("smooth", [False, True])
@pytest.mark.parametrize("size", [10, 14, 20])
def test_letters_in_the_pixels_are_seen(size: int, smooth: bool, run: Any, tools: Any) -> None:
    drawn = letters("DOE JANE 1961", size, smooth=smooth)
    assert shows_text(drawn)
    with pytest.raises(RejectedObjectError) as caught:
        run(tools.make(pixels=drawn))
    assert caught.value.reason == "burned-in"
    allowed = run(tools.make(pixels=drawn), allow_burned_in=True)
    assert allowed.burned_in == "letters"
    assert np.array_equal(tools.open(allowed).pixel_array, drawn)
    assert "BurnedInAnnotation" not in tools.open(allowed), "a look is no declaration"


def test_a_side_marker_is_no_text() -> None:
    assert not shows_text(letters("L", 20, smooth=False))
    assert not shows_text(letters("", 20, smooth=False))


@pytest.mark.parametrize(
    "elements",
    [
        {"BurnedInAnnotation": "YES"},
        {"SOPClassUID": SecondaryCaptureImageStorage},
        {"ImageType": ["DERIVED", "SECONDARY", "SCREEN SAVE"]},
        {"Modality": "US"},
        {"Modality": "OT"},
    ],
)
def test_what_may_show_text_is_kept_out_unless_asked_for(
    elements: dict[str, Any], run: Any, tools: Any
) -> None:
    with pytest.raises(RejectedObjectError) as caught:
        run(tools.make(**elements))
    assert caught.value.reason == "burned-in"
    assert run(tools.make(**elements), allow_burned_in=True).burned_in


def test_a_burned_in_annotation_stays_declared(run: Any, tools: Any) -> None:
    declared = run(tools.make(BurnedInAnnotation="YES"), allow_burned_in=True)
    assert tools.open(declared).BurnedInAnnotation == "YES"
    assert tools.open(run(tools.make(BurnedInAnnotation="NO"))).BurnedInAnnotation == "NO"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda d: d[132:], "no-preamble"),
        (lambda d: d[:-400], "truncated-pixels"),
        (lambda d: d[:200], "no-transfer-syntax"),
        (lambda _: b"", "empty"),
        (lambda _: b"\x89PNG\r\n\x1a\n" + b"\0" * 64, "not-dicom"),
    ],
)
def test_what_can_not_be_cleaned_says_why(change: Any, reason: str, run: Any, tools: Any) -> None:
    with pytest.raises(RejectedObjectError) as caught:
        run(change(tools.save(tools.make())))
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    "elements",
    [{"SOPInstanceUID": ""}, {"StudyInstanceUID": None}, {"SeriesInstanceUID": None}],
)
def test_an_object_without_identity_is_kept_out(
    elements: dict[str, Any], run: Any, tools: Any
) -> None:
    made = tools.make(**{k: v for k, v in elements.items() if v is None})
    made.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    for keyword, value in elements.items():
        if value is not None:
            setattr(made, keyword, value)
    with pytest.raises(RejectedObjectError) as caught:
        run(made)
    assert caught.value.reason == "no-identity"


def test_signed_and_inverted_pixels_keep_their_values(run: Any, tools: Any) -> None:
    signed = np.random.default_rng(2).integers(-1024, 1000, (48, 64)).astype(np.int16)
    made = tools.make(
        pixels=signed,
        Modality="CT",
        BitsStored=12,
        HighBit=11,
        PixelRepresentation=1,
        PixelPaddingValue=-1024,
    )
    made.PixelData = (signed.view(np.uint16) & 0x0FFF).tobytes()
    found = tools.open(run(made))
    assert np.array_equal(found.pixel_array, signed)
    assert found.PixelPaddingValue == -1024
    radiograph = tools.make(
        SOPClassUID=ComputedRadiographyImageStorage,
        Modality="CR",
        PhotometricInterpretation="MONOCHROME1",
    )
    inverted = tools.open(run(radiograph))
    assert inverted.PhotometricInterpretation == "MONOCHROME1"
    assert np.array_equal(inverted.pixel_array, radiograph.pixel_array)


def test_the_synthetic_mark_stays(run: Any, tools: Any) -> None:
    found = tools.open(run(tools.make(ImageComments="SYNTHETIC: made by ZQ")))
    assert found.ImageComments == "SYNTHETIC"


@given(st.text(max_size=60))
def test_descriptions_are_read_alike_before_and_after(text: str) -> None:
    said = words.known_words(text)
    assert len(said) <= 64
    assert vocabulary.region_of_words(said) == vocabulary.region_of_words(text)
    assert vocabulary.sequences_of_words(said) == vocabulary.sequences_of_words(text)


@given(
    st.lists(
        st.sampled_from(
            ["T2", "t1_tse", "stir", "SPC", "t2*", "lumbar", "LWS", "c-spine", "brain", "abdomen",
             "localizer", "PD", "whole spine", "mueller", "sag", "T2_SPACE", "dorsal spine"]
        ),
        max_size=5,
    )
)  # fmt: skip
def test_known_words_mean_what_they_meant(parts: list[str]) -> None:
    text = " ".join(parts)
    said = words.known_words(text)
    assert "mueller" not in said
    assert vocabulary.sequences_of_words(said) == vocabulary.sequences_of_words(text)
    assert set(vocabulary.other_parts(said)) == set(vocabulary.other_parts(text))
    assert set(vocabulary.regions_of_words(said)) == set(vocabulary.regions_of_words(text))


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_decimals_fit_and_stay_close(number: float) -> None:
    (written,) = values.numbers(number, "DS")
    assert len(written) <= 16
    assert float(written) == pytest.approx(number, rel=1e-6)


@given(st.dates(min_value=date(1900, 1, 1), max_value=date(2100, 1, 1)), st.text(max_size=12))
def test_a_shift_is_one_to_3652_days_back(seen: date, patient: str) -> None:
    shift = values.shift_of(patient, Keyring(b"k" * 32))
    assert -3652 <= shift.days <= -1
    (moved,) = values.dates(f"{seen:%Y%m%d}", shift)
    assert day(moved) - seen == shift


def test_only_codes_of_the_standard_pass_and_their_meaning_is_looked_up() -> None:
    lumbar = values.code("SCT", "122496007")
    assert lumbar is not None
    assert lumbar[:2] == ("122496007", "SCT")
    assert lumbar[2].startswith("Lumbar spine")
    assert values.code("SRT", "T-11503") is not None
    assert values.code("99LOCAL", "122496007") is None
    assert values.code("SCT", "4711") is None


def test_a_lookup_table_is_kept_if_it_is_one(run: Any, tools: Any) -> None:
    table = Dataset()
    table.LUTDescriptor, table.ModalityLUTType = [4, 0, 16], "US"
    table.LUTData = np.arange(4, dtype="<u2").tobytes()
    made = tools.make()
    made.ModalityLUTSequence = [table]
    kept = tools.open(run(made)).ModalityLUTSequence[0]
    assert kept.LUTData == table.LUTData
    assert io.BytesIO(run(made).data).read(128) == b"\0" * 128
