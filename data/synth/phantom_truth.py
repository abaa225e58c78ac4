"""What is true of a phantom: every graded kind, and lengths measured on its outlines."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from data.synth.phantom_canal import canal_of
from data.synth.phantom_parameters import BULGING_MM, NARROWED, SLIPPED_MM, Phantom
from data.synth.phantom_shapes import Bones
from radixgpt.finding import ABSENT, PRESENT

Truth: TypeAlias = dict[str, int | float | str]

_SAMPLE_MM = 0.1
_BEHIND_MM = 40.0


def truth(phantom: Phantom, midline: Bones) -> dict[str, Truth]:
    """Grades and millimetres by disc.

    Besides the graded kinds of :data:`radixgpt.finding.GRADED`: ``disc_height_mm`` in the middle of
    the disc with ``disc_height_front_mm`` and ``disc_height_back_mm`` at its corners, all between
    the endplates; ``disc_height_index``, height over depth; ``slip_mm`` of the vertebra above
    along the disc, positive forward, and ``slip_ratio``, over the depth of the plate below;
    ``canal_mm``, depth of the dural sac behind the disc along its axis, as the label map shows it,
    ``canal_ratio``, over the depth of the plate above, and ``bony_canal_mm``; ``bulge_mm``,
    ``herniation`` and ``herniation_mm`` as set.
    """
    canal = canal_of(phantom, midline)
    found: dict[str, Truth] = {}
    for name, disc in midline.discs.items():
        state = disc.state
        start, axis = disc.frame.point(disc.depth / 2, 0.0), disc.frame.u
        steps = np.arange(-8.0, _BEHIND_MM, _SAMPLE_MM, dtype=np.float32)[None, :]
        x = np.float32(start[0]) + steps * np.float32(axis[0])
        y = np.float32(start[1]) + steps * np.float32(axis[1])
        s, t = canal.wall.project(x, y)
        open_ = (canal.sac_distance(s, t) < 0) & (disc.distance(x, y) >= 0)
        sac = float(open_.sum()) * _SAMPLE_MM
        found[name] = {
            "pfirrmann": state.pfirrmann,
            "disc_narrowing": _binary(state.narrowing >= NARROWED),
            "disc_bulging": _binary(state.bulge_mm >= BULGING_MM),
            "disc_herniation": _binary(state.herniation != "none"),
            "modic": state.modic,
            "endplate_upper": _binary(state.endplate_upper),
            "endplate_lower": _binary(state.endplate_lower),
            "spondylolisthesis": _binary(abs(state.slip_mm) >= SLIPPED_MM),
            "disc_height_mm": disc.height,
            "disc_height_front_mm": disc.height_front,
            "disc_height_back_mm": disc.height_back,
            "disc_height_index": disc.height / disc.depth,
            "slip_mm": state.slip_mm,
            "slip_ratio": state.slip_mm / disc.lower.depth,
            "canal_mm": sac,
            "canal_ratio": sac / disc.upper.depth,
            "bony_canal_mm": float(canal.bony_depth(np.array([canal.discs[name]], np.float32))[0]),
            "bulge_mm": state.bulge_mm,
            "herniation": state.herniation,
            "herniation_mm": state.herniation_mm,
        }
    return found


def _binary(present: bool) -> str:
    return PRESENT if present else ABSENT
