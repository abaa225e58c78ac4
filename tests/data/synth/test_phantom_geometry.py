"""Lengths measured on the label maps equal the parameters."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from data.synth.phantom import DISCS_SHOWN, Disc, Part, Phantom, Rendered, Vertebra, render, sample
from data.synth.phantom_anatomy import build
from radixgpt.level import LUMBAR_DISCS

SIZE, FOV = 320, 270.0
PIXEL = FOV / SIZE
STEP = 0.05


def sampled(
    rendered: Rendered, phantom: Phantom, start: npt.ArrayLike, axis: npt.ArrayLike, reach: float
) -> npt.NDArray[np.uint8]:
    """Part codes along a line, every 0.05 mm from ``-reach`` to ``reach``."""
    steps = np.arange(-reach, reach, STEP)[:, None] * np.asarray(axis)
    points = np.asarray(start) + steps + np.array(phantom.place) * FOV
    size, pixel = len(rendered.parts), rendered.spacing[0]
    columns, rows = np.floor(points / pixel).astype(int).T
    inside = (rows >= 0) & (rows < size) & (columns >= 0) & (columns < size)
    return rendered.parts[rows[inside], columns[inside]]


@pytest.mark.parametrize("narrowing", [0.0, 0.3, 0.6])
def test_disc_height_in_the_mask(narrowing: float) -> None:
    worn = {name: Disc(pfirrmann=3, narrowing=narrowing) for name in DISCS_SHOWN}
    phantom = Phantom(discs=worn)
    rendered, bones = render(phantom, ("t2",), SIZE, FOV), build(phantom)
    for name in LUMBAR_DISCS:
        disc = bones.discs[name]
        seen = sampled(rendered, phantom, disc.centre(), disc.frame.n, 12.0)
        height = float((seen == Part.DISC).sum()) * STEP
        assert height == pytest.approx(rendered.truth[name]["disc_height_mm"], abs=PIXEL)


def test_narrowing_takes_its_share_of_the_height() -> None:
    whole, lost = Phantom(), Phantom().with_discs(L4_L5=Disc(pfirrmann=5, narrowing=0.6))
    before, after = build(whole).discs["L4-L5"], build(lost).discs["L4-L5"]
    assert after.height == pytest.approx(0.4 * before.height, rel=0.02)
    assert after.height_back > 0.8  # still a gap behind


@pytest.mark.parametrize("slip", [-4.0, 3.0, 6.0, 12.0])
@pytest.mark.parametrize("level", ["L4_L5", "L3_L4"])
def test_slip_in_the_mask(level: str, slip: float) -> None:
    def step(phantom: Phantom) -> float:
        rendered, disc = render(phantom, ("t2",), SIZE, FOV), build(phantom).discs[name]
        rows, columns = np.nonzero(rendered.parts == Part.BODY)
        points = (np.stack([columns, rows], axis=1) + 0.5) * PIXEL - np.array(phantom.place) * FOV
        along = (points - disc.centre()) @ disc.frame.u
        across = (points - disc.centre()) @ disc.frame.n
        reach = disc.height / 2
        above = along[(across > reach + 3) & (across < reach + 8)].max()
        below = along[(across < -reach - 3) & (across > -reach - 8)].max()
        return float(below - above)

    name = level.replace("_", "-")
    straight = Phantom().with_discs(**{level: Disc(pfirrmann=4)})
    slipped = Phantom().with_discs(**{level: Disc(pfirrmann=4, slip_mm=slip)})
    assert step(slipped) - step(straight) == pytest.approx(slip, abs=PIXEL)
    assert build(slipped).discs[name].height == pytest.approx(
        build(straight).discs[name].height, abs=0.3
    )


@pytest.mark.parametrize(
    "state",
    [
        Disc(),
        Disc(pfirrmann=4, bulge_mm=3.0),
        Disc(pfirrmann=3, herniation="extrusion", herniation_mm=7.0, migration_mm=4.0),
        Disc(pfirrmann=4, slip_mm=7.0, flavum_mm=2.0),
    ],
)
def test_sac_depth_in_the_mask(state: Disc) -> None:
    phantom = Phantom().with_discs(L3_L4=state)
    rendered, bones = render(phantom, ("t2",), SIZE, FOV), build(phantom)
    for name in ("L2-L3", "L3-L4", "L4-L5"):
        disc = bones.discs[name]
        seen = sampled(rendered, phantom, disc.frame.point(disc.depth / 2, 0), disc.frame.u, 35.0)
        depth = float((seen == Part.SAC).sum()) * STEP
        assert depth == pytest.approx(rendered.truth[name]["canal_mm"], abs=PIXEL)


@pytest.mark.parametrize("seed", [0, 14, 57, 83])  # in the last three an arch reaches the sac
def test_no_arch_covers_the_sac_of_a_drawn_phantom(seed: int) -> None:
    phantom = replace(sample(np.random.default_rng(seed)), curve_deg=0.0, fov_mm=FOV)
    rendered, bones = render(phantom, ("t2",), 2 * SIZE), build(phantom)
    for name in LUMBAR_DISCS:
        disc = bones.discs[name]
        seen = sampled(rendered, phantom, disc.frame.point(disc.depth / 2, 0), disc.frame.u, 35.0)
        if len(seen) < 2 * 35 / STEP:
            continue  # reaches out of the image
        depth = float((seen == Part.SAC).sum()) * STEP
        assert depth == pytest.approx(rendered.truth[name]["canal_mm"], abs=PIXEL), name


def test_sac_and_bony_canal_are_apart() -> None:
    narrow = replace(Phantom(), sac_mm=11.0)
    before, after = render(Phantom(), ("t2",), 128).truth, render(narrow, ("t2",), 128).truth
    for name in LUMBAR_DISCS:
        assert after[name]["bony_canal_mm"] == before[name]["bony_canal_mm"]
        assert float(after[name]["canal_mm"]) < float(before[name]["canal_mm"]) - 1.5


def test_a_herniation_narrows_the_sac_and_a_healthy_spine_has_room() -> None:
    healthy = render(Phantom(), ("t2",), 128).truth
    assert all(float(healthy[name]["canal_mm"]) > 11 for name in LUMBAR_DISCS)
    state = Disc(pfirrmann=3, herniation="protrusion", herniation_mm=6.0)
    truth = render(Phantom().with_discs(L4_L5=state), ("t2",), 128).truth
    assert float(truth["L4-L5"]["canal_mm"]) < float(healthy["L4-L5"]["canal_mm"]) - 2


def test_a_crushed_body_is_lower_in_front() -> None:
    vertebrae = {**Phantom().vertebrae, "L1": Vertebra(loss_anterior=0.4)}
    normal, crushed = (
        build(Phantom()).bodies["L1"],
        build(Phantom(vertebrae=vertebrae)).bodies["L1"],
    )
    front = [np.hypot(*(b.upper.anterior - b.lower.anterior)) for b in (normal, crushed)]
    back = [np.hypot(*(b.upper.posterior - b.lower.posterior)) for b in (normal, crushed)]
    assert front[1] == pytest.approx(0.6 * front[0], rel=0.03)
    assert back[1] == pytest.approx(back[0], rel=0.01)


def test_centres_lie_in_their_discs_and_levels_follow_each_other() -> None:
    rendered = render(Phantom(), ("t2",), SIZE, FOV)
    for x, y in rendered.disc_centres.values():
        assert rendered.labels[round(y), round(x)] == 2
    rows = [y for _, y in rendered.disc_centres.values()]
    assert rows == sorted(rows)
    assert set(LUMBAR_DISCS) <= set(rendered.disc_centres)


def test_bodies_get_shallower_and_the_sac_closes_away_from_the_midline() -> None:
    offsets = (0.0, 4.4, 8.8, 13.2)
    slices = [render(Phantom(), ("t2",), 160, offset_mm=z) for z in offsets]
    sac = [int((r.labels == 3).sum()) for r in slices]
    bone = [int((r.parts == Part.BODY).sum()) for r in slices]
    assert sac == sorted(sac, reverse=True)
    assert sac[0] > 1.05 * sac[1]
    assert sac[-1] == 0
    assert bone[3] < bone[2] < bone[0]
    assert bone[-1] < 0.95 * bone[0]
    far = render(Phantom(), ("t2",), 96, offset_mm=40.0)
    assert not far.disc_centres
