"""A sideways curve: its angle and its shift, measured on sagittal and on axial label maps."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.synth.asking import asked
from data.synth.phantom import Phantom, axial, render
from data.synth.phantom_anatomy import build
from data.synth.phantom_curve import sideways
from data.synth.phantom_dicom import fingerprint, write
from data.synth.phantom_render import slices_of
from data.synth.phantom_truth import spine_truth, truth
from data.synth.phantom_wanted import phantom_of
from radixgpt.level import LUMBAR_DISCS

CURVED = phantom_of(asked(["scoliosis 30 degrees"]), 5)


@given(
    degrees=st.floats(1, 60),
    way=st.sampled_from([-1, 1]),
    apex=st.sampled_from(["L1", "L1-L2", "L2-L3", "L3", "L3-L4"]),
)
def test_the_most_tilted_tangents_have_the_angle(degrees: float, way: int, apex: str) -> None:
    phantom = Phantom(curve_deg=way * degrees, curve_apex=apex)
    midline = build(phantom)
    curve = sideways(phantom, midline)
    y = np.linspace(curve.apex - curve.half - 20, 20, 20_001)
    aside = curve.shift(y)
    tilt = np.rad2deg(np.arctan(np.gradient(aside, y)))
    assert float(tilt.max() - tilt.min()) == pytest.approx(degrees, abs=0.01)
    assert float(y[np.abs(aside).argmax()]) == pytest.approx(curve.apex, abs=0.05)
    assert np.sign(curve.far) == way
    assert np.abs(aside[[0, -1]]).max() < 1e-9  # upright at both ends
    found = spine_truth(phantom, midline)
    assert float(found["curve_angle"]) == pytest.approx(degrees, abs=1e-6)
    assert found["curve_convex"] == ("left" if way > 0 else "right")


def test_the_midline_in_sagittal_label_maps_has_the_shift_and_the_angle() -> None:
    size, gap = 96, 1.5
    places = np.arange(-15, 40, gap)
    stack = np.stack(
        [s.labels == 3 for s in slices_of(CURVED, ("t2",), size, places.tolist())]
    ).astype(float)
    pixel = CURVED.fov_mm / size
    rows = np.arange(size)
    y = (rows + 0.5) * pixel - CURVED.place[1] * CURVED.fov_mm
    area = stack.sum((0, 2))
    midline = (stack.sum(2) * places[:, None]).sum(0) / np.maximum(area, 1)
    there = (area > 0) & (y < 20)
    curve = sideways(CURVED, build(CURVED))
    assert np.abs(midline - curve.shift(y))[there].max() < pixel
    smooth = np.polynomial.Polynomial.fit(y[there], midline[there], 9)
    tilt = np.rad2deg(np.arctan(smooth.deriv()(y[there][4:-4])))
    true = float(spine_truth(CURVED, build(CURVED))["curve_angle"])
    assert float(tilt.max() - tilt.min()) == pytest.approx(true, abs=2.5)


def test_the_sac_in_axial_label_maps_lies_where_the_truth_says() -> None:
    level = "L2-L3"  # near the apex
    one = axial(CURVED, level, ("t2",), size=112)
    columns = np.nonzero(one.labels == 3)[1]
    aside = (float(columns.mean()) - (one.labels.shape[1] - 1) / 2) * one.spacing[1]
    assert aside == pytest.approx(float(one.truth["aside_mm"]), abs=one.spacing[1])
    straight = axial(replace(CURVED, curve_deg=0.0), level, ("t2",), size=112)
    assert one.truth["sac_area_mm2"] == pytest.approx(straight.truth["sac_area_mm2"], rel=0.1)


def test_a_slice_through_a_curve_leaves_the_spine_at_its_apex() -> None:
    right = render(CURVED, ("t2",), 96, offset_mm=-4.4)
    assert "L5-S1" in right.disc_centres
    sac_rows = np.nonzero((right.labels == 3).any(1))[0]
    apex = build(CURVED).discs["L2-L3"].centre()[1] + CURVED.place[1] * CURVED.fov_mm
    assert round(apex / right.spacing[0]) not in sac_rows
    assert truth(CURVED, build(CURVED))["L5-S1"]["aside_mm"] == pytest.approx(0, abs=1)


def test_a_curve_is_no_finding_of_the_discs() -> None:
    straight = phantom_of(asked(["no scoliosis"]), 5)
    for level in LUMBAR_DISCS:
        one, other = (truth(p, build(p))[level] for p in (CURVED, straight))
        assert {k: v for k, v in one.items() if k != "aside_mm"} == {
            k: v for k, v in other.items() if k != "aside_mm"
        }


def test_a_curved_study_is_written_and_a_straight_one_keeps_its_identifiers(
    tmp_path: Path,
) -> None:
    folder = write(CURVED, tmp_path, slices=3, size=64)
    assert len(list(folder.glob("*.dcm"))) == 6
    assert fingerprint(CURVED) != fingerprint(replace(CURVED, curve_deg=0.0))
    assert fingerprint(Phantom()) == fingerprint(Phantom(curve_apex="L3"))
