"""What is true of a phantom: every graded kind, and lengths measured on its outlines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from data.synth.phantom_anatomy import build
from data.synth.phantom_canal import canal_of
from data.synth.phantom_curve import sideways
from data.synth.phantom_parameters import (
    BULGING_MM,
    CURVED_DEG,
    FRACTURED,
    NARROWED,
    SLIPPED_MM,
    STENOSED_MM,
    THICKENED_MM,
    VERTEBRAE_SHOWN,
    Phantom,
    Vertebra,
)
from data.synth.phantom_shapes import Body, Bones, Vec
from radixgpt.finding import ABSENT, PRESENT

Truth: TypeAlias = dict[str, int | float | str]

SOURCES: dict[str, str] = {
    "pfirrmann": "Pfirrmann and others 2001",
    "modic": "Modic and others 1988",
    "meyerding": "Meyerding 1932: each grade is a quarter of the depth of the plate below",
    "genant": "Genant and others 1993: 20, 25 and 40 % of a height lost",
    "canal_stenosis": f"dural sac less deep than {STENOSED_MM:g} mm; of the depths published as a "
    "sign of central stenosis the one most often used (Steurer and others 2011, "
    "doi:10.1186/1471-2474-12-175)",
    "scoliosis": f"a sideways curve of {CURVED_DEG:g} degrees (Scoliosis Research Society)",
    "disc_narrowing": f"a share of {NARROWED:g} of the normal height lost; this project's own line",
    "disc_bulging": f"{BULGING_MM:g} mm beyond the corners; this project's own line",
    "spondylolisthesis": f"a slip of {SLIPPED_MM:g} mm; this project's own line",
    "ligamentum_flavum_hypertrophy": f"{THICKENED_MM:g} mm into the canal; this project's own line",
}
"""By kind: the scale, or from where on it counts, and who says so."""

_SAMPLE_MM = 0.1
_BEHIND_MM = 40.0
_MEYERDING = (0.25, 0.5, 0.75, 1.0)
_GENANT = (FRACTURED, 0.25, 0.4)
_ROUNDING = 1e-3  # what is lost by solving for a share doesn't change its grade


def truth(phantom: Phantom, midline: Bones) -> dict[str, Truth]:
    """Grades and millimetres by disc.

    Besides the graded kinds of :data:`radixgpt.finding.GRADED`: ``disc_height_mm`` in the middle of
    the disc with ``disc_height_front_mm`` and ``disc_height_back_mm`` at its corners, all between
    the endplates; ``disc_height_index``, height over depth; ``slip_mm`` of the vertebra above
    along the disc, positive forward, and ``slip_ratio``, over the depth of the plate below, with
    its ``meyerding`` grade; ``canal_mm``, depth of the dural sac behind the disc along its axis, as
    the label map shows it, ``canal_ratio``, over the depth of the plate above, ``canal_stenosis``
    (see :data:`SOURCES`); ``bony_canal_mm``, across the course of the canal, so that after a slip
    it can be less than the depth along the disc; and as set: ``narrowing_share`` of the normal
    height, ``bulge_mm``, ``herniation`` with its form, ``herniation_mm`` and ``migration_mm``
    (positive towards the feet), ``modic_extent`` (share of the vertebra's height; 0 without a
    change), ``annular_fissure``, ``vacuum_phenomenon``, and ``flavum_mm`` into the canal.
    """
    canal = canal_of(phantom, midline)
    curve = sideways(phantom, midline)
    bones = {**midline.bodies, "S1": midline.sacrum[0]}
    found: dict[str, Truth] = {}
    for name, disc in midline.discs.items():
        state = disc.state
        start, axis = disc.frame.point(disc.depth / 2, 0.0), disc.frame.u
        steps = np.arange(-8.0, _BEHIND_MM, _SAMPLE_MM, dtype=np.float32)[None, :]
        x = np.float32(start[0]) + steps * np.float32(axis[0])
        y = np.float32(start[1]) + steps * np.float32(axis[1])
        s, t = canal.wall.project(x, y)
        # Bone is painted over the sac: after a slip the body below stands into it.
        bony = [bones[end].distance(x, y) >= 0 for end in name.split("-")]
        open_ = (canal.sac_distance(s, t) < 0) & (disc.distance(x, y) >= 0) & bony[0] & bony[1]
        sac = float(open_.sum()) * _SAMPLE_MM
        ratio = state.slip_mm / disc.lower.depth
        slipped = abs(state.slip_mm) >= SLIPPED_MM
        found[name] = {
            "pfirrmann": state.pfirrmann,
            "disc_narrowing": _binary(state.narrowing >= NARROWED),
            "disc_bulging": _binary(state.bulge_mm >= BULGING_MM),
            "disc_herniation": _binary(state.herniation != "none"),
            "modic": state.modic,
            "endplate_upper": _binary(state.endplate_upper),
            "endplate_lower": _binary(state.endplate_lower),
            "spondylolisthesis": _binary(slipped),
            "disc_height_mm": disc.height,
            "disc_height_front_mm": disc.height_front,
            "disc_height_back_mm": disc.height_back,
            "disc_height_index": disc.height / disc.depth,
            "narrowing_share": state.narrowing,
            "slip_mm": state.slip_mm,
            "slip_ratio": ratio,
            "slip_direction": ("forward" if ratio > 0 else "backward") if slipped else "none",
            "meyerding": _grade(abs(ratio), (0.0, *_MEYERDING)) if slipped else 0,
            "canal_mm": sac,
            "canal_ratio": sac / disc.upper.depth,
            "canal_stenosis": _binary(sac < STENOSED_MM),
            "bony_canal_mm": float(canal.bony_depth(np.array([canal.discs[name]], np.float32))[0]),
            "bulge_mm": state.bulge_mm,
            "herniation": state.herniation,
            "herniation_mm": state.herniation_mm,
            "migration_mm": state.migration_mm,
            "modic_extent": state.modic_extent if state.modic else 0.0,
            "annular_fissure": _binary(state.fissure),
            "vacuum_phenomenon": _binary(state.vacuum),
            "flavum_mm": state.flavum_mm,
            "ligamentum_flavum_hypertrophy": _binary(state.flavum_mm >= THICKENED_MM),
            "aside_mm": float(curve.shift(disc.centre()[1])),
        }
    return found


def vertebrae_truth(phantom: Phantom, midline: Bones) -> dict[str, Truth]:
    """Heights in front, in the middle and behind by vertebra, and what they lost.

    ``height_*_mm`` between the plates; ``lost_*_mm`` against the same phantom with whole vertebrae,
    and ``loss_*`` the share of its height; ``fracture`` and its ``genant`` grade by the greatest
    loss, and its ``fracture_shape``; ``marrow_oedema`` and ``haemangioma``.
    """
    whole = replace(phantom, vertebrae=dict.fromkeys(VERTEBRAE_SHOWN, Vertebra()))
    before = build(whole).bodies
    found: dict[str, Truth] = {}
    for name, body in midline.bodies.items():
        bone = phantom.vertebrae[name]
        one: Truth = {}
        most = 0.0
        heights = zip(
            ("front", "middle", "back"), _heights(body), _heights(before[name]), strict=True
        )
        for place, now, once in heights:
            share = max(0.0, (once - now) / once)
            most = max(most, share)
            one[f"height_{place}_mm"] = now
            one[f"lost_{place}_mm"] = share * once
            one[f"loss_{place}"] = share
        grade = _grade(most, _GENANT)
        found[name] = {
            "fracture": _binary(grade > 0),
            "fracture_shape": _shape(one) if grade else "none",
            "genant": grade,
            **one,
            "marrow_oedema": _binary(bone.oedema),
            "haemangioma": _binary(bone.haemangioma),
        }
    return found


def spine_truth(phantom: Phantom, midline: Bones) -> Truth:
    """What holds for the whole spine.

    ``scoliosis``; ``curve_angle`` in degrees between the most tilted tangents of the midline seen
    from the front, with ``curve_convex``, ``curve_apex`` and ``curve_aside_mm``, the apex's
    distance aside; ``conus_level``, the vertebra or disc behind which the cord ends, and
    ``conus_mm``, above the L1-L2 disc along the canal; ``sac_end``, the sacral segment behind which
    the dural sac ends, and ``sac_end_mm``, below the top of S1.
    """
    canal, curve = canal_of(phantom, midline), sideways(phantom, midline)
    curved = phantom.curve_deg != 0
    return {
        "scoliosis": _binary(curve.angle_deg >= CURVED_DEG - _ROUNDING),
        "curve_angle": curve.angle_deg,
        "curve_convex": ("left" if curve.far > 0 else "right") if curved else "none",
        "curve_apex": phantom.curve_apex if curved else "none",
        "curve_aside_mm": abs(curve.far),
        "conus_level": behind(canal.conus, midline, canal.wall.nearest),
        "conus_mm": canal.discs["L1-L2"] - canal.conus,
        "sac_end": behind(canal.tip, midline, canal.wall.nearest),
        "sac_end_mm": canal.tip - canal.sacral[0],
    }


def behind(s: float, midline: Bones, nearest: Callable[[Vec], float]) -> str:
    """The vertebra, or the disc between two, behind which a place along the canal lies."""
    names = [*midline.bodies, *(body.name for body in midline.sacrum)]
    bodies = [*midline.bodies.values(), *midline.sacrum]
    for i, body in enumerate(bodies):
        if s < nearest(body.upper.posterior) and i:
            return f"{names[i - 1]}-{names[i]}"
        if s <= nearest(body.lower.posterior):
            return names[i]
    return names[-1]


def _heights(body: Body) -> tuple[float, float, float]:
    return (
        float(np.hypot(*(body.upper.anterior - body.lower.anterior))),
        float(np.hypot(*(body.upper.middle() - body.lower.middle()))),
        float(np.hypot(*(body.upper.posterior - body.lower.posterior))),
    )


def _shape(one: Truth) -> str:
    """A crush where the back lost too, biconcave where the middle lost most, or a wedge."""
    front, middle, back = (float(one[f"loss_{place}"]) for place in ("front", "middle", "back"))
    if back >= max(front, middle) / 2:
        return "crush"
    return "biconcave" if middle > front else "wedge"


def _grade(share: float, lines: tuple[float, ...]) -> int:
    """How many lines a share reaches."""
    return sum(share >= line - _ROUNDING for line in lines)


def _binary(present: bool) -> str:
    return PRESENT if present else ABSENT
