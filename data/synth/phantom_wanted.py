"""A phantom that has the grades that are wanted, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from data.synth.conditions import DiscGrades
from data.synth.phantom_parameters import (
    DISCS_SHOWN,
    NARROWED,
    VERTEBRAE_SHOWN,
    Disc,
    Phantom,
    Vertebra,
    sample,
)

_LOSS = {1: 0.0, 2: 0.04, 3: 0.12, 4: 0.16, 5: 0.18}
"""Height that is lost by Pfirrmann grade where narrowing is not asked for; less than NARROWED."""
_NARROWED_BY = {1: 0.25, 2: 0.3, 3: 0.35, 4: 0.42, 5: 0.6}
assert max(_LOSS.values()) < NARROWED <= min(_NARROWED_BY.values())


def phantom_of(discs: Mapping[str, DiscGrades], seed: int) -> Phantom:
    """A drawn adult whose discs have these grades; those that are not named are healthy.

    Args:
        discs: grades by lumbar disc.
        seed: of everything else: build, position, scanner.
    """
    drawn = sample(np.random.default_rng(seed))
    return replace(
        drawn,
        discs={name: disc_of(discs.get(name, DiscGrades())) for name in DISCS_SHOWN},
        vertebrae=dict.fromkeys(VERTEBRAE_SHOWN, Vertebra()),
    )


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
        herniation_mm=5.5 if herniated else 0.0,
        slip_mm=6.0 if "spondylolisthesis" in has else 0.0,
        modic=grades.modic,
        modic_extent=0.35,
        endplate_upper="endplate_upper" in has,
        endplate_lower="endplate_lower" in has,
    )
