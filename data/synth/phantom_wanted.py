"""A phantom that has what is asked for, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from data.synth.conditions import DiscGrades
from data.synth.phantom_anatomy import build
from data.synth.phantom_canal import canal_of
from data.synth.phantom_curve import sideways
from data.synth.phantom_parameters import (
    DISCS_SHOWN,
    NARROWED,
    STENOSED_MM,
    VERTEBRAE_SHOWN,
    Disc,
    Phantom,
    Vertebra,
    sample,
)
from data.synth.phantom_truth import Truth, spine_truth, truth, vertebrae_truth
from data.synth.request import Place, Request, Value, told_fact
from radixgpt.errors import InputError
from radixgpt.finding import PRESENT
from radixgpt.level import LUMBAR_DISCS

_LOSS = {1: 0.0, 2: 0.04, 3: 0.12, 4: 0.16, 5: 0.18}
"""Height that is lost by Pfirrmann grade where narrowing is not asked for; less than NARROWED."""
_NARROWED_BY = {1: 0.25, 2: 0.3, 3: 0.35, 4: 0.42, 5: 0.6}
assert max(_LOSS.values()) < NARROWED <= min(_NARROWED_BY.values())

_SLIP_MM = {("forward", 1): 6.0, ("backward", 1): 4.0}
_SLIP_RATIO = {2: 0.36}
_EXTRUSION_MM, _PROTRUSION_MM = 7.0, 5.5
_FLAVUM_MM = 2.0
_STENOSIS_MM = 7.0
"""Depth of a narrowed sac where none is asked for."""
_LOSS_BY_GENANT = {1: 0.22, 2: 0.32, 3: 0.5}
_SHAPES = {"wedge": (1.0, 0.6, 0.0), "biconcave": (0.2, 1.0, 0.1), "crush": (1.0, 1.0, 0.8)}
_PLACES = ("front", "middle", "back")
_CURVE_DEG = 20.0
_HALVINGS = 22
_ROOM_MM = 0.3
"""What a healthy sac has beyond a narrowed one: a worn disc tilts the line it is measured on."""
_VIEW_MM = 4.0
"""Of what is asked for, this much more than its outline is in the image."""
_STEEP_MM = 8.0
"""Slip up to which a narrowed sac is as deep in the label map as the truth says, within a pixel."""
_CLOSE = {"mm": 0.15, "angle": 0.1}
_NEAR = 5e-3  # of shares, ratios and indices


def phantom_of(wanted: Request | Mapping[str, DiscGrades], seed: int) -> Phantom:
    """A drawn adult with what is asked for; all else is healthy.

    What isn't asked for may follow from what is: a herniation can press the sac so that the canal
    counts as narrowed, a slip can be one of grade 1. The truth tells all of it.

    Args:
        wanted: facts, or grades by lumbar disc.
        seed: of everything else: build, position, scanner.

    Raises:
        InputError: this build can't have what is asked for, or not together; it is named.
    """
    request = wanted if isinstance(wanted, Request) else Request.of(wanted)
    drawn = sample(np.random.default_rng(seed))
    phantom = _roomy(
        replace(
            drawn,
            discs=dict.fromkeys(DISCS_SHOWN, Disc()),
            vertebrae=dict.fromkeys(VERTEBRAE_SHOWN, Vertebra()),
        )
    )
    for level in request.places:
        if level is not None and level in phantom.vertebrae:
            phantom = _with_vertebra(phantom, level, request.at(level))
    discs = {name: _disc_of(request, name, phantom) for name in DISCS_SHOWN}
    phantom = replace(phantom, discs=discs)
    for level in request.discs:
        phantom = _with_lengths(phantom, level, request.at(level))
    phantom = _with_spine(phantom, request.at(None))
    for level in request.discs:
        phantom = _with_canal(phantom, level, request.at(level))
    phantom = _in_view(phantom, request)
    _hold(request, phantom)
    return phantom


def disc_of(grades: DiscGrades) -> Disc:
    """A disc whose truth is these grades."""
    has = grades.present
    loss = _NARROWED_BY if "disc_narrowing" in has else _LOSS
    herniated = "disc_herniation" in has
    return Disc(
        pfirrmann=grades.pfirrmann,
        narrowing=loss[grades.pfirrmann],
        bulge_mm=3.0 if "disc_bulging" in has else 0.0,
        herniation="protrusion" if herniated else "none",
        herniation_mm=_PROTRUSION_MM if herniated else 0.0,
        slip_mm=_SLIP_MM["forward", 1] if "spondylolisthesis" in has else 0.0,
        modic=grades.modic,
        modic_extent=0.35,
        endplate_upper="endplate_upper" in has,
        endplate_lower="endplate_lower" in has,
    )


def whole_truth(phantom: Phantom) -> dict[Place, Truth]:
    """All that is true of a phantom by place: discs, vertebrae, and the spine under None."""
    midline = build(phantom)
    found: dict[Place, Truth] = {None: spine_truth(phantom, midline)}
    found.update(vertebrae_truth(phantom, midline))
    found.update(truth(phantom, midline))
    return found


def _roomy(healthy: Phantom) -> Phantom:
    """A build whose sac is narrow nowhere: some small ones are drawn with less."""
    found = truth(healthy, build(healthy))
    least = min(float(found[name]["canal_mm"]) for name in LUMBAR_DISCS)
    if least >= STENOSED_MM + _ROOM_MM:
        return healthy
    sac = healthy.sac_mm * (STENOSED_MM + 2 * _ROOM_MM) / least
    return replace(healthy, sac_mm=sac, canal_mm=max(healthy.canal_mm, sac + 2.5))


def _disc_of(request: Request, name: str, phantom: Phantom) -> Disc:
    """A disc with all that is set and not solved for."""
    facts, disc = request.at(name), disc_of(request.grades(name))
    if "narrowing_share" in facts:
        disc = replace(disc, narrowing=float(facts["narrowing_share"]))
    if "bulge_mm" in facts:
        disc = replace(disc, bulge_mm=float(facts["bulge_mm"]))
    if "modic_extent" in facts:
        disc = replace(disc, modic_extent=float(facts["modic_extent"]))
    if facts.get("herniation") == "extrusion":
        moved = float(facts.get("migration_mm", 0.0))
        disc = replace(
            disc, herniation="extrusion", herniation_mm=_EXTRUSION_MM, migration_mm=moved
        )
    if "herniation_mm" in facts:
        disc = replace(disc, herniation_mm=float(facts["herniation_mm"]))
    if facts.get("spondylolisthesis") == PRESENT:
        disc = replace(disc, slip_mm=_slip(phantom, name, facts))
    flavum = facts.get("flavum_mm")
    if flavum is None and facts.get("ligamentum_flavum_hypertrophy") == PRESENT:
        flavum = _FLAVUM_MM
    return replace(
        disc,
        flavum_mm=float(flavum or 0.0),
        fissure=facts.get("annular_fissure") == PRESENT,
        vacuum=facts.get("vacuum_phenomenon") == PRESENT,
    )


def _slip(phantom: Phantom, name: str, facts: Mapping[str, Value]) -> float:
    if "slip_mm" in facts:
        return float(facts["slip_mm"])
    depth = build(phantom).discs[name].lower.depth
    if "slip_ratio" in facts:
        return float(facts["slip_ratio"]) * depth
    way, grade = str(facts.get("slip_direction", "forward")), int(facts.get("meyerding", 1))
    if grade in _SLIP_RATIO:
        return _SLIP_RATIO[grade] * depth * (-1 if way == "backward" else 1)
    return _SLIP_MM[way, 1] * (-1 if way == "backward" else 1)


def _with_lengths(phantom: Phantom, name: str, facts: Mapping[str, Value]) -> Phantom:
    """The disc narrowed until it has the height that is asked for."""
    for key in ("disc_height_mm", "disc_height_index"):
        if key in facts:
            phantom = _solved(phantom, name, "narrowing", 0.85, key, float(facts[key]))
    return phantom


def _with_canal(phantom: Phantom, name: str, facts: Mapping[str, Value]) -> Phantom:
    """The canal narrowed until the sac has the depth that is asked for."""
    targets = {key: facts[key] for key in ("canal_mm", "canal_ratio") if key in facts}
    if not targets and facts.get("canal_stenosis") == PRESENT:
        if truth(phantom, build(phantom))[name]["canal_stenosis"] == PRESENT:
            return phantom
        targets = {"canal_mm": _STENOSIS_MM}
    if targets and abs(phantom.discs[name].slip_mm) > _STEEP_MM:
        raise InputError(
            f"{name}: beside a slip of more than {_STEEP_MM:g} mm a narrowed canal is not drawn to "
            "the millimetre, as the canal steps with the vertebra.",
            "Ask for a smaller slip, or for no depth of the canal.",
        )
    for key, value in targets.items():
        phantom = _solved(phantom, name, "stenosis_mm", 20.0, key, float(value))
    return phantom


def _solved(
    phantom: Phantom, name: str, what: str, most: float, key: str, target: float
) -> Phantom:
    """Raise a parameter of a disc until what is true by ``key`` has fallen to its target."""

    def at(value: float) -> tuple[Phantom, float]:
        made = _with_disc(phantom, name, **{what: value})
        return made, float(truth(made, build(made))[name][key])

    low, high, first, last = 0.0, most, at(0.0)[1], at(most)[1]
    slack = _CLOSE["mm"] if key.endswith("mm") else _NEAR
    if not last - slack <= target <= first + slack:
        raise InputError(
            f"{name}: {told_fact(key, target)} can't be drawn in the build of this seed, whose own "
            f"is {first:.3g}.",
            f"Ask for {max(last, 0):.3g} to {first:.3g}, or take another seed.",
        )
    if target >= first:
        return at(low)[0]
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if at(middle)[1] > target else (low, middle)
    return at((low + high) / 2)[0]


def _with_disc(phantom: Phantom, name: str, **changes: float) -> Phantom:
    disc = replace(phantom.discs[name], **changes)  # type: ignore[arg-type]
    return replace(phantom, discs={**phantom.discs, name: disc})


def _with_vertebra(phantom: Phantom, name: str, facts: Mapping[str, Value]) -> Phantom:
    bone = Vertebra(
        oedema=facts.get("marrow_oedema") == PRESENT,
        haemangioma=facts.get("haemangioma") == PRESENT,
    )
    if facts.get("fracture") != PRESENT:
        return replace(phantom, vertebrae={**phantom.vertebrae, name: bone})
    given = {
        p: float(facts[f"loss_{p}"]) for p in ("front", "middle", "back") if f"loss_{p}" in facts
    }
    most = max(given.values(), default=_LOSS_BY_GENANT[int(facts.get("genant", 2))])
    by_place = "biconcave" if given and max(given, key=lambda p: given[p]) == "middle" else "wedge"
    shape = _SHAPES[str(facts.get("fracture_shape", by_place))]
    goal = np.array([given.get(p, most * s) for p, s in zip(_PLACES, shape, strict=True)])
    # The parameters are shares of sides of a trapezoid: near to the shares of the heights.
    lost = goal.copy()
    for _ in range(12):
        bone = replace(bone, loss_anterior=lost[0], loss_middle=lost[1], loss_posterior=lost[2])
        made = replace(phantom, vertebrae={**phantom.vertebrae, name: bone})
        now = vertebrae_truth(made, build(made))[name]
        seen = np.array([float(now[f"loss_{p}"]) for p in _PLACES])
        lost = np.clip(lost + (goal - seen), 0, 0.7)
    return made


def _with_spine(phantom: Phantom, facts: Mapping[str, Value]) -> Phantom:
    degrees = facts.get("curve_angle")
    if degrees is None and facts.get("scoliosis") == PRESENT:
        degrees = _CURVE_DEG
    if degrees:
        way = -1 if facts.get("curve_convex") == "right" else 1
        apex = str(facts.get("curve_apex", phantom.curve_apex))
        phantom = replace(phantom, curve_deg=way * float(degrees), curve_apex=apex)
    if "sac_end" in facts:
        phantom = replace(phantom, sac_end=float(str(facts["sac_end"])[1]) - 0.5)
    if "conus_level" in facts:
        place = str(facts["conus_level"])
        canal = canal_of(phantom, build(phantom))
        goal = canal.discs[place] if "-" in place else canal.bodies[place]
        up = canal.discs["L1-L2"] - 6 - goal
        phantom = replace(phantom, conus=up / (30 * phantom.scale))
    return phantom


def _in_view(phantom: Phantom, request: Request) -> Phantom:
    """A field of view that has all that is asked for."""
    midline = build(phantom)
    tops = [0.0]
    for place in request.places:
        if place is not None:
            tops.append(float(midline.bodies[place.split("-")[0]].upper.anterior[1]))
            tops.append(float(midline.bodies[place.split("-")[0]].upper.posterior[1]))
    if phantom.curve_deg:
        curve = sideways(phantom, midline)
        tops.append(curve.apex - curve.half)
    if "conus_level" in request.at(None):
        tops.append(float(midline.bodies["T12"].lower.posterior[1]))
    above = -min(tops) + _VIEW_MM
    if above <= phantom.place[1] * phantom.fov_mm:
        return phantom
    return replace(phantom, fov_mm=above / phantom.place[1])


def _hold(request: Request, phantom: Phantom) -> None:
    """Refuse where what is true is not what is asked for."""
    found = whole_truth(phantom)
    for (place, key), value in request.facts.items():
        true = found[place][key]
        if not _same(key, value, true):
            raise InputError(
                f"{place or 'spine'}: {told_fact(key, value)} can't be drawn together with the "
                f"rest: it would be {true if isinstance(true, str) else f'{true:.3g}'}.",
                "Leave one of them out, or ask for two images.",
            )


def _same(key: str, value: Value, true: Value) -> bool:
    if isinstance(value, str) or isinstance(true, str):
        return value == true
    if key.endswith("_mm"):
        return abs(value - true) <= _CLOSE["mm"]
    return abs(value - true) <= (_CLOSE["angle"] if key == "curve_angle" else _NEAR)


def consequences(request: Request, found: Mapping[Place, Truth]) -> Iterator[tuple[Place, str]]:
    """Kinds that are there without being asked for, as they follow from what was."""
    for place, facts in found.items():
        for key, value in facts.items():
            if value == PRESENT and (place, key) not in request.facts:
                yield place, key
