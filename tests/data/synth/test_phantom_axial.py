"""Axial slices of the phantom: truth, symmetry, what narrows the sac, and where they lie."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from data.synth import phantom_dicom
from data.synth.phantom import Axial, Disc, Phantom, axial
from radixgpt.errors import LevelError

PLAIN = Phantom(seed=4)
NARROW = PLAIN.with_discs(L4_L5=Disc(4, bulge_mm=3.0, flavum_mm=2.0))


@pytest.fixture(scope="module")
def plain() -> Axial:
    return axial(PLAIN, "L4-L5", ("t2",), size=160)


def depth_mm(one: Axial) -> float:
    """Rows of the sac in the middle columns, in millimetres."""
    middle = one.labels.shape[1] // 2
    rows = (one.labels[:, middle - 1 : middle + 1] == 3).sum(0).mean()
    return float(rows) * one.spacing[0]


def test_the_sac_is_as_deep_as_the_truth_says(plain: Axial) -> None:
    assert depth_mm(plain) == pytest.approx(float(plain.truth["canal_mm"]), abs=1.6)
    # Seen from above it is a rounded body of that depth and of 18 mm.
    ellipse = math.pi / 4 * 18 * float(plain.truth["canal_mm"])
    assert plain.truth["sac_area_mm2"] == pytest.approx(ellipse, rel=0.2)


def test_labels_are_symmetric_and_in_their_order(plain: Axial) -> None:
    labels = plain.labels
    assert {0, 1, 2, 3} == set(np.unique(labels).tolist())
    assert float(np.mean(labels == labels[:, ::-1])) > 0.98
    front = {k: float(np.nonzero(labels == k)[0].mean()) for k in (1, 2, 3)}
    assert front[2] < front[3] < front[1]  # disc, sac, posterior elements
    sac, disc = (plain.images["t2"][labels == k].mean() for k in (3, 2))
    assert sac > 1.2 * disc  # fluid is brighter in T2 than the best disc


def test_bulge_and_flavum_narrow_the_sac(plain: Axial) -> None:
    narrow = axial(NARROW, "L4-L5", ("t2",), size=160)
    assert float(narrow.truth["sac_area_mm2"]) < 0.8 * float(plain.truth["sac_area_mm2"])
    assert depth_mm(narrow) == pytest.approx(float(narrow.truth["canal_mm"]), abs=1.6)


def test_above_the_disc_there_is_bone() -> None:
    above = axial(PLAIN, "L3-L4", ("t1",), size=96, above_mm=14)
    assert not (above.labels == 2).any()
    body = above.labels[: above.labels.shape[0] // 2] == 1
    assert body.sum() * above.spacing[0] ** 2 > 600


def test_a_disc_that_is_not_there_is_refused() -> None:
    with pytest.raises(LevelError, match="C3-C4"):
        axial(PLAIN, "C3-C4")


def test_the_dicom_series_lies_across_the_sagittal_ones(tmp_path: Path) -> None:
    import pydicom

    phantom_dicom.write(PLAIN, tmp_path, slices=1, size=96, axial=("L4-L5",))
    across = pydicom.dcmread(tmp_path / "MR030001.dcm")
    along = pydicom.dcmread(tmp_path / "MR020001.dcm")
    assert across.SeriesDescription == "T2 TSE AX"
    assert across.StudyInstanceUID == along.StudyInstanceUID
    assert across.FrameOfReferenceUID == along.FrameOfReferenceUID
    assert across.SeriesInstanceUID != along.SeriesInstanceUID
    # The middle of the L4-L5 disc, 22 mm before the middle of the axial field of view, is where
    # the sagittal slice shows it.
    row, column = np.array(across.ImageOrientationPatient, float).reshape(2, 3)
    assert abs(float(row @ column)) < 1e-6
    first = np.array(across.ImagePositionPatient, float)
    half = (across.Rows - 1) / 2 * float(across.PixelSpacing[0])
    place = first + column * (half - 22) + row * half
    from data.synth.phantom import render

    x, y = render(PLAIN, ("t2",), size=96).disc_centres["L4-L5"]
    corner = np.array(along.ImagePositionPatient, float)
    there = corner + np.array([0, x, -y]) * float(along.PixelSpacing[0])
    assert np.abs(place - there)[1:] == pytest.approx(0, abs=0.6)
