"""Every kind that can be asked for: told by the truth, seen in pixels, measured on the masks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.synth.asking import asked
from data.synth.phantom import Part, Phantom, Rendered, render
from data.synth.phantom_anatomy import build
from data.synth.phantom_canal import canal_of
from data.synth.phantom_spine import ENDPLATE_MM
from data.synth.phantom_truth import Truth
from data.synth.phantom_wanted import phantom_of, whole_truth
from data.synth.request import LUMBAR_VERTEBRAE, OF_DISC, OF_VERTEBRA, Place, Request, Value
from radixgpt.errors import InputError
from radixgpt.finding import ITEMS, KINDS, PRESENT
from radixgpt.level import LUMBAR_DISCS

SIZE, FINE = 384, 560
STEP = 0.05


@dataclass(frozen=True)
class Case:
    """A request with what its truth must say.

    Attributes:
        follows: kinds that may follow from it at the same disc.
    """

    text: str
    place: Place
    facts: dict[str, Value]
    follows: tuple[str, ...] = ()


PRESSED = ("canal_stenosis",)
CASES = [
    *(Case(f"L4-L5 pfirrmann {g}", "L4-L5", {"pfirrmann": g}) for g in (2, 3, 4, 5)),
    *(Case(f"L3-L4 modic {g}", "L3-L4", {"modic": g}) for g in (1, 2, 3)),
    Case("L3-L4 modic 2 over 50 %", "L3-L4", {"modic": 2, "modic_extent": 0.5}),
    Case("L5-S1 disc space narrowing", "L5-S1", {"disc_narrowing": PRESENT}),
    Case("L4-L5 narrowing 40 %", "L4-L5", {"disc_narrowing": PRESENT, "narrowing_share": 0.4}),
    Case("L4-L5 disc height 7 mm", "L4-L5", {"disc_height_mm": 7.0}, ("disc_narrowing",)),
    Case("L4-L5 disc height index 0.2", "L4-L5", {"disc_height_index": 0.2}, ("disc_narrowing",)),
    Case("L3-L4 bulging", "L3-L4", {"disc_bulging": PRESENT}, PRESSED),
    Case("L3-L4 bulging 4 mm", "L3-L4", {"disc_bulging": PRESENT, "bulge_mm": 4.0}, PRESSED),
    Case("L4-L5 herniation", "L4-L5", {"disc_herniation": PRESENT}, PRESSED),
    Case(
        "L4-L5 protrusion 6 mm",
        "L4-L5",
        {"disc_herniation": PRESENT, "herniation": "protrusion", "herniation_mm": 6.0},
        PRESSED,
    ),
    Case(
        "L4-L5 extrusion 8 mm migrated up 5 mm",
        "L4-L5",
        {
            "disc_herniation": PRESENT,
            "herniation": "extrusion",
            "herniation_mm": 8.0,
            "migration_mm": -5.0,
        },
        PRESSED,
    ),
    Case("L2-L3 endplate changes above", "L2-L3", {"endplate_upper": PRESENT}),
    Case("L2-L3 endplate changes below", "L2-L3", {"endplate_lower": PRESENT}),
    Case("L2-L3 endplates", "L2-L3", {"endplate_upper": PRESENT, "endplate_lower": PRESENT}),
    Case("L4-L5 spondylolisthesis", "L4-L5", {"spondylolisthesis": PRESENT, "meyerding": 1}),
    Case("L4-L5 slip grade 2", "L4-L5", {"spondylolisthesis": PRESENT, "meyerding": 2}, PRESSED),
    Case(
        "L3-L4 slip 5 mm",
        "L3-L4",
        {"spondylolisthesis": PRESENT, "slip_mm": 5.0, "slip_direction": "forward"},
    ),
    Case("L4-L5 slip ratio 0.2", "L4-L5", {"spondylolisthesis": PRESENT, "slip_ratio": 0.2}),
    Case(
        "L4-L5 retrolisthesis 4 mm",
        "L4-L5",
        {"spondylolisthesis": PRESENT, "slip_mm": -4.0, "slip_direction": "backward"},
    ),
    Case("L4-L5 annular fissure", "L4-L5", {"annular_fissure": PRESENT}),
    Case("L4-L5 vacuum", "L4-L5", {"vacuum_phenomenon": PRESENT}),
    Case(
        "L4-L5 thickened flavum 2 mm",
        "L4-L5",
        {"ligamentum_flavum_hypertrophy": PRESENT, "flavum_mm": 2.0},
        PRESSED,
    ),
    Case("L4-L5 canal stenosis", "L4-L5", {"canal_stenosis": PRESENT}),
    Case("L3-L4 canal stenosis 6 mm", "L3-L4", {"canal_stenosis": PRESENT, "canal_mm": 6.0}),
    Case("L4-L5 canal depth 9.5 mm", "L4-L5", {"canal_mm": 9.5}, PRESSED),
    Case("L4-L5 canal ratio 0.25", "L4-L5", {"canal_ratio": 0.25}, PRESSED),
    Case("L3 fracture", "L3", {"fracture": PRESENT, "fracture_shape": "wedge", "genant": 2}),
    *(
        Case(f"L2 {shape} fracture genant {g}", "L2", {"fracture_shape": shape, "genant": g})
        for shape, g in (("wedge", 1), ("biconcave", 2), ("crush", 3))
    ),
    Case("L4 fracture 35 %", "L4", {"fracture": PRESENT, "loss_front": 0.35}),
    Case("L1 marrow oedema", "L1", {"marrow_oedema": PRESENT}),
    Case("L4 haemangioma", "L4", {"haemangioma": PRESENT}),
    Case("conus at L2-L3", None, {"conus_level": "L2-L3"}),
    Case("sac end at S1", None, {"sac_end": "S1"}),
    Case("scoliosis", None, {"scoliosis": PRESENT, "curve_angle": 20.0, "curve_convex": "left"}),
    Case(
        "scoliosis 30 degrees convex to the right apex L3",
        None,
        {"curve_angle": 30.0, "curve_convex": "right", "curve_apex": "L3"},
    ),
    Case("curve 7 degrees", None, {"curve_angle": 7.0}),
]
CURVES = ("scoliosis", "curve_angle")
IN_ONE_SLICE = [case for case in CASES if not set(CURVES) & set(case.facts)]
NAMES = [case.text for case in CASES]
SEEDS = st.integers(0, 500)


def test_every_kind_that_can_have_a_value_is_asked_for() -> None:
    told = {key for case in CASES for key in asked([case.text]).at(case.place)}
    valued = {name for name, kind in KINDS.items() if kind.type != "item"}
    assert told >= valued | set(OF_DISC) | set(OF_VERTEBRA)
    assert not told & set(ITEMS)


@cache
def drawn(text: str, seed: int) -> Phantom:
    return phantom_of(asked([text]) if text else Request(), seed)


@pytest.mark.parametrize("case", CASES, ids=NAMES)
@settings(max_examples=2)
@given(seed=SEEDS)
def test_the_truth_says_what_is_asked_for_and_the_rest_is_healthy(case: Case, seed: int) -> None:
    found = whole_truth(drawn(case.text, seed))
    here = found[case.place]
    for key, value in case.facts.items():
        if isinstance(value, float):
            assert float(here[key]) == pytest.approx(value, abs=0.15 if "mm" in key else 5e-3), key
        else:
            assert here[key] == value, key
    present = {
        (place, key)
        for place, facts in found.items()
        for key, value in facts.items()
        if value == PRESENT
    }
    expected = {(case.place, key) for key, value in case.facts.items() if value == PRESENT}
    if "genant" in case.facts or "loss_front" in case.facts:
        expected.add((case.place, "fracture"))
    if float(found[None]["curve_angle"]) >= 10:
        expected.add((None, "scoliosis"))
    assert expected <= present
    assert present - expected <= {(case.place, key) for key in case.follows}
    for level in LUMBAR_DISCS:
        if level != case.place:
            assert (found[level]["pfirrmann"], found[level]["modic"]) == (1, 0)
    for level in LUMBAR_VERTEBRAE:
        if level != case.place:
            assert found[level]["genant"] == 0


@given(seed=SEEDS)
@settings(max_examples=10)
def test_nothing_asked_for_is_nothing_found(seed: int) -> None:
    found = whole_truth(drawn("", seed))
    assert not [k for facts in found.values() for k, v in facts.items() if v == PRESENT]
    assert min(float(found[level]["canal_mm"]) for level in LUMBAR_DISCS) >= 10
    assert float(found[None]["curve_angle"]) == 0


# --- what is seen -------------------------------------------------------------------------------


def seen(phantom: Phantom, like: Phantom | None = None) -> Rendered:
    """A quiet picture, in the field of view of another phantom."""
    view = phantom if like is None else like
    look = replace(phantom.look, snr=400.0, coil_depth_mm=1000.0)
    quiet = replace(phantom, fov_mm=view.fov_mm, place=view.place, look=look)
    return render(quiet, ("t1", "t2"), SIZE)


def window(phantom: Phantom, case: Case) -> tuple[slice, slice]:
    """Where a finding lies in the picture."""
    bones = build(phantom)
    aside, high = 34.0, 16.0
    if case.place in bones.discs:
        middle = bones.discs[str(case.place)].centre()
    elif case.place in bones.bodies:
        middle = bones.bodies[str(case.place)].frame.origin
    elif "conus_level" in case.facts:
        middle, aside, high = bones.discs["L1-L2"].frame.point(25, 0.0), 16.0, 30.0
    else:
        middle = bones.sacrum[1].frame.point(15, 0.0)
        aside, high = 20.0, 25.0
    pixel = phantom.fov_mm / SIZE
    x, y = (middle + np.array(phantom.place) * phantom.fov_mm) / pixel
    spans = [
        slice(max(0, int(v - r / pixel)), int(v + r / pixel)) for v, r in ((y, high), (x, aside))
    ]
    return spans[0], spans[1]


@pytest.mark.parametrize("case", IN_ONE_SLICE, ids=[case.text for case in IN_ONE_SLICE])
@settings(max_examples=1)
@given(seed=SEEDS)
def test_the_pixels_show_it_where_it_lies(case: Case, seed: int) -> None:
    phantom = drawn(case.text, seed)
    with_it, without = seen(phantom), seen(drawn("", seed), phantom)
    where = window(phantom, case)
    for name in ("t1", "t2"):
        change = np.abs(with_it.images[name] - without.images[name])[where]
        scale = float(np.percentile(without.images[name][where], 99))
        if change.max() > 0.15 * scale and (change > 0.1 * scale).sum() >= 8:
            return
    pytest.fail("the pictures are alike")


# --- what is measured on the masks --------------------------------------------------------------


def line(
    picture: Rendered, phantom: Phantom, start: npt.ArrayLike, axis: npt.ArrayLike, reach: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.uint8]]:
    """Places along a line, every 0.05 mm, and the parts there."""
    steps = np.arange(-reach, reach, STEP)
    points = np.asarray(start) + steps[:, None] * np.asarray(axis)
    pixel = picture.spacing[0]
    spots = np.floor((points + np.array(phantom.place) * phantom.fov_mm) / pixel).astype(int)
    inside = ((spots >= 0) & (spots < len(picture.parts))).all(1)
    columns, rows = spots[inside].T
    return steps[inside], picture.parts[rows, columns]


def run(picture: Rendered, phantom: Phantom, name: str, along: float) -> float:
    """Height of the marrow of a vertebra at a place along it."""
    frame = build(phantom).bodies[name].frame
    _, parts = line(picture, phantom, frame.point(along, 0.0), frame.n, 24.0)
    middle = len(parts) // 2
    beyond = np.nonzero(parts != Part.BODY)[0]
    above = beyond[beyond > middle].min()
    below = beyond[beyond < middle].max()
    return float(above - below) * STEP


def test_a_narrowed_canal_beside_a_far_slip_is_refused() -> None:
    with pytest.raises(InputError, match="more than 8 mm"):
        phantom_of(asked(["L4-L5 slip 12 mm, canal depth 8 mm"]), 0)
    with pytest.raises(InputError, match="more than 8 mm"):
        phantom_of(asked(["L5-S1 retrolisthesis 9 mm, canal stenosis"]), 0)


MEASURED = [
    "",
    "L4-L5 slip 6 mm, canal depth 9 mm",
    "L4-L5 disc height 7 mm",
    "L4-L5 pfirrmann 5 narrowing bulging slip 6 mm",
    "L3-L4 canal stenosis 6 mm",
    "L4-L5 thickened flavum 2 mm",
    "L4-L5 slip grade 2",
    "L4-L5 retrolisthesis 5 mm",
    "L3 fracture genant 3",
    "L2 biconcave fracture 35 %",
    "L4-L5 canal ratio 0.25, protrusion 4 mm",
]


@pytest.mark.parametrize("text", MEASURED)
@settings(max_examples=1)
@given(seed=SEEDS)
def test_the_masks_have_the_millimetres_of_the_truth(text: str, seed: int) -> None:
    phantom = drawn(text, seed)
    picture, bones, found = render(phantom, ("t2",), FINE), build(phantom), whole_truth(phantom)
    pixel = phantom.fov_mm / SIZE  # of an image; a line through pixels is itself no nearer
    for level in LUMBAR_DISCS[1:]:
        disc, true = bones.discs[level], found[level]
        # After a slip the middles of the two plates don't face each other.
        ends = [
            disc.frame.point(float((plate.middle() - disc.frame.origin) @ disc.frame.u), 0.0)
            for plate in (disc.upper, disc.lower)
        ]
        halves = [
            line(picture, phantom, end, axis, 14.0)
            for end, axis in zip(ends, (disc.frame.n, -disc.frame.n), strict=True)
        ]
        height = sum(float(steps[parts == Part.DISC].max()) for steps, parts in halves)
        assert height == pytest.approx(float(true["disc_height_mm"]), abs=pixel), level
        start = disc.frame.point(disc.depth / 2, 0.0)
        _, parts = line(picture, phantom, start, disc.frame.u, 35.0)
        sac = float((parts == Part.SAC).sum()) * STEP
        assert sac == pytest.approx(float(true["canal_mm"]), abs=pixel), level
    for level in LUMBAR_VERTEBRAE[1:]:
        body, true = bones.bodies[level], found[level]
        if body.upper.frame.origin[1] + phantom.place[1] * phantom.fov_mm < 5:
            continue  # above the field of view
        middle = run(picture, phantom, level, 0.0) + 2 * ENDPLATE_MM
        assert middle == pytest.approx(float(true["height_middle_mm"]), abs=1.2 * pixel), level
        # The hollows are alike on both sides of the middle: what remains is front against back.
        wedges = [
            (
                run(picture, phantom, level, -away * body.depth)
                - run(picture, phantom, level, away * body.depth)
            )
            / (2 * away)
            for away in np.linspace(0.2, 0.36, 9)
        ]
        true_wedge = float(true["height_front_mm"]) - float(true["height_back_mm"])
        assert float(np.mean(wedges)) == pytest.approx(true_wedge, abs=1.5 * pixel), level


@pytest.mark.parametrize(
    ("text", "key"),
    [("L3-L4 bulging 4 mm", "bulge_mm"), ("L3-L4 protrusion 7 mm", "herniation_mm")],
)
@settings(max_examples=2)
@given(seed=SEEDS)
def test_what_stands_into_the_canal_reaches_as_far_as_the_truth_says(
    text: str, key: str, seed: int
) -> None:
    phantom = drawn(text, seed)
    disc = build(phantom).discs["L3-L4"]
    picture = seen(phantom)
    steps, parts = line(picture, phantom, disc.frame.point(0.0, 0.0), disc.frame.u, 40.0)
    limit = float(disc.posterior_limit(np.zeros((1, 1), np.float32))[0, 0])
    reach = float(steps[parts == Part.DISC].max()) - limit
    true = float(whole_truth(phantom)["L3-L4"][key])
    assert reach == pytest.approx(true, abs=picture.spacing[0])


@pytest.mark.parametrize(("way", "sign"), [("up", 1), ("down", -1)])
def test_an_extrusion_migrates_the_way_that_is_said(way: str, sign: int) -> None:
    phantom = drawn(f"L3-L4 extrusion 8 mm migrated {way} 6 mm", 7)
    disc, picture = build(phantom).discs["L3-L4"], seen(phantom)
    rows, columns = np.nonzero(picture.parts == Part.DISC)
    pixel = picture.spacing[0]
    points = (np.stack([columns, rows], 1) + 0.5) * pixel - np.array(phantom.place) * phantom.fov_mm
    along, across = ((points - disc.frame.origin) @ axis for axis in (disc.frame.u, disc.frame.n))
    out = (along > disc.depth / 2 + 3) & (along < disc.depth / 2 + 12) & (abs(across) < 20)
    assert sign * float(across[out].mean()) > 2
    assert whole_truth(phantom)["L3-L4"]["migration_mm"] == -6 * sign


@given(
    seed=SEEDS, share=st.integers(20, 60), shape=st.sampled_from(["wedge", "biconcave", "crush"])
)
@settings(max_examples=12)
def test_a_vertebra_loses_the_share_that_is_asked_for(seed: int, share: int, shape: str) -> None:
    found: Truth = whole_truth(drawn(f"L3 {shape} fracture {share} %", seed))["L3"]
    most = "middle" if shape == "biconcave" else "front"
    assert float(found[f"loss_{most}"]) == pytest.approx(share / 100, abs=5e-3)
    assert found["fracture_shape"] == shape
    assert found["genant"] == 1 + (share >= 25) + (share >= 40)
    before = whole_truth(drawn("", seed))["L3"]
    lost = float(before[f"height_{most}_mm"]) - float(found[f"height_{most}_mm"])
    assert lost == pytest.approx(float(found[f"lost_{most}_mm"]), abs=0.05)


@pytest.mark.parametrize("place", ["T12-L1", "L1", "L2", "L2-L3", "L3"])
def test_the_cord_ends_where_it_is_asked_to(place: str) -> None:
    phantom = drawn(f"conus at {place}", 3)
    assert whole_truth(phantom)[None]["conus_level"] == place
    midline = build(phantom)
    canal, plates = canal_of(phantom, midline), midline.bodies[place.split("-")[0]]
    tip, _ = canal.wall.at(canal.conus)
    end = midline.bodies[place.split("-")[-1]].lower.posterior
    assert plates.upper.posterior[1] < tip[1] < end[1]
