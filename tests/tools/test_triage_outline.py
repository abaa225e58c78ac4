"""What is laid out as a draft: a spine by its header, unless the pixels object."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from radixgpt.reading import read
from radixgpt.study import BodyRegion, Modality, Series, Study
from tools import triage


def stated(pixels: np.ndarray, modality: Modality, region: BodyRegion) -> Study:
    series = Series("s1", np.ascontiguousarray(pixels[None], np.float32))
    return Study("k", (series.with_facts("header", modality=modality, region=region),))


@pytest.mark.parametrize(
    ("name", "modality"), [("Spine1", "MR"), ("cervicalKyphosis", "CT")], ids=["mr", "ct"]
)
def test_real_necks_are_laid_out_and_not_graded(
    shared_data: Path, name: str, modality: str
) -> None:
    _, decision = triage.run(read(shared_data / "dicom" / f"{name}.dcm"))
    assert not decision.read
    assert decision.outline == (modality, "cervical")


@pytest.mark.parametrize("name", ["MR2_J2KR", "Abdo", "CT_small", "693_J2KR", "MR_small"])
def test_what_is_no_spine_by_its_header_is_refused(shared_data: Path, name: str) -> None:
    _, decision = triage.run(read(shared_data / "dicom" / f"{name}.dcm"))
    assert not decision.read
    assert decision.outline is None


def test_another_part_under_the_header_of_a_neck_is_refused(shared_data: Path) -> None:
    pixels = read(shared_data / "dicom" / "MR2_J2KR.dcm").series[0].pixels[0]
    _, decision = triage.run(stated(pixels, Modality.MR, BodyRegion.CERVICAL))
    assert decision.outline is None


@pytest.mark.parametrize("modality", [Modality.MR, Modality.CT])
def test_a_pattern_under_the_header_of_a_neck_is_refused(modality: Modality) -> None:
    rows = np.indices((300, 300)).sum(axis=0)
    for pixels in (np.zeros((300, 300)), np.where(rows % 40 < 20, 255.0, 0.0)):
        _, decision = triage.run(stated(pixels, modality, BodyRegion.CERVICAL))
        assert decision.outline is None


def test_a_region_read_from_pixels_is_no_ground(shared_data: Path) -> None:
    pixels = read(shared_data / "dicom" / "Spine1.dcm").series[0].pixels[0]
    series = Series("s1", pixels[None]).with_facts("header", modality=Modality.MR)
    series = series.with_facts("pixels", region=BodyRegion.CERVICAL)
    _, decision = triage.run(Study("k", (series,)))
    assert decision.outline is None
