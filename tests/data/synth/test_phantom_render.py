"""What the pictures show, and that the same parameters always make the same picture."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.synth.phantom import Disc, Look, Part, Phantom, Rendered, render, sample
from data.synth.phantom_anatomy import build
from data.synth.phantom_truth import truth
from radixgpt.finding import GRADED, KINDS
from radixgpt.level import LUMBAR_DISCS

SIZE = 192
QUIET = Look(snr=200.0, coil_depth_mm=1000.0)


def around(rendered: Rendered, level: str, sequence: str, part: Part, reach: float) -> float:
    """Mean signal of a part within ``reach`` millimetres of a disc's centre."""
    x, y = rendered.disc_centres[level]
    rows, columns = np.mgrid[: rendered.labels.shape[0], : rendered.labels.shape[1]]
    near = np.hypot(columns - x, rows - y) * rendered.spacing[0] < reach
    return float(rendered.images[sequence][near & (rendered.parts == part)].mean())


def test_nucleus_darkens_with_every_pfirrmann_grade() -> None:
    signal = []
    for grade in range(1, 6):
        phantom = Phantom(look=QUIET).with_discs(L4_L5=Disc(pfirrmann=grade))
        rendered = render(phantom, ("t2",), SIZE)
        sac = float(rendered.images["t2"][rendered.parts == Part.SAC].mean())
        signal.append(around(rendered, "L4-L5", "t2", Part.DISC, 3.0) / sac)
    assert all(above > 1.1 * below for above, below in pairwise(signal))


@pytest.mark.parametrize(("modic", "t1", "t2"), [(1, -1, 1), (2, 1, 1), (3, -1, -1)])
def test_modic_changes_the_marrow_beside_the_disc(modic: int, t1: int, t2: int) -> None:
    def marrow(grade: int) -> dict[str, float]:
        state = Disc(pfirrmann=4, narrowing=0.4, modic=grade, modic_extent=0.4)
        rendered = render(Phantom(look=QUIET).with_discs(L4_L5=state), size=SIZE)
        return {s: around(rendered, "L4-L5", s, Part.BODY, 10.0) for s in ("t1", "t2")}

    plain, changed = marrow(0), marrow(modic)
    assert t1 * (changed["t1"] / plain["t1"] - 1) > 0.15
    assert t2 * (changed["t2"] / plain["t2"] - 1) > 0.08


def test_fluid_is_dark_on_t1_and_bright_on_t2() -> None:
    rendered = render(Phantom(look=QUIET), size=SIZE)
    ratios = {
        name: float(np.median(image[rendered.parts == Part.SAC]))
        / float(np.median(image[rendered.parts == Part.BODY]))
        for name, image in rendered.images.items()
    }
    assert ratios["t1"] < 0.7
    assert ratios["t2"] > 1.2


def test_same_parameters_same_picture() -> None:
    phantom = sample(np.random.default_rng(3))
    assert phantom == sample(np.random.default_rng(3))
    first, again = render(phantom, size=96), render(phantom, size=96)
    np.testing.assert_array_equal(first.parts, again.parts)
    for name in ("t1", "t2"):
        np.testing.assert_array_equal(first.images[name], again.images[name])
    alone = render(phantom, ("t2",), size=96)
    np.testing.assert_array_equal(alone.images["t2"], first.images["t2"])
    other = render(replace(phantom, seed=phantom.seed + 1), size=96)
    assert not np.array_equal(other.images["t2"], first.images["t2"])


def test_changing_one_disc_leaves_the_bones_below_alone() -> None:
    base = Phantom(look=QUIET)
    changed = base.with_discs(L2_L3=Disc(pfirrmann=5))
    first, second = render(base, ("t2",), 128), render(changed, ("t2",), 128)
    row = int(first.disc_centres["L4-L5"][1])
    np.testing.assert_array_equal(first.parts[row:], second.parts[row:])


def test_labels_follow_the_masks_of_the_real_data() -> None:
    rendered = render(Phantom(), ("t2",), SIZE)
    assert set(np.unique(rendered.parts)) == {int(p) for p in Part}
    assert set(np.unique(rendered.labels[rendered.parts == Part.SACRUM])) == {0}
    assert set(np.unique(rendered.labels[rendered.parts == Part.POSTERIOR])) == {1}
    assert rendered.labels.dtype == np.uint8


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000), offset=st.floats(-20, 20))
def test_every_drawn_phantom_renders(seed: int, offset: float) -> None:
    phantom = sample(np.random.default_rng(seed))
    rendered = render(phantom, size=80, offset_mm=offset)
    for image in rendered.images.values():
        assert image.dtype == np.float32
        assert image.shape == (80, 80)
        assert np.isfinite(image).all()
        assert image.min() >= 0
        assert image.std() > 0
    assert rendered.labels.max() <= 3
    for disc, values in rendered.truth.items():
        for kind in GRADED:
            assert values[kind] in KINDS[kind].values, (disc, kind)
        assert float(values["disc_height_mm"]) > 0.5
        assert 0 <= float(values["canal_mm"]) <= float(values["bony_canal_mm"]) + 3
    for x, y in rendered.disc_centres.values():
        assert -0.5 <= x <= 79.5
        assert -0.5 <= y <= 79.5


def test_narrow_canals_are_the_exception() -> None:
    depths = []
    for seed in range(12):
        phantom = sample(np.random.default_rng(seed))
        found = truth(phantom, build(phantom))
        depths += [float(found[name]["canal_mm"]) for name in LUMBAR_DISCS]
    assert np.mean(np.array(depths) < 10) < 0.15
