"""The parameters of a phantom, and plausible ones drawn at random."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from data.synth.phantom_signal import T1_WEIGHTED, T2_WEIGHTED, Protocol
from radixgpt.level import DISCS, VERTEBRAE

VERTEBRAE_SHOWN: tuple[str, ...] = VERTEBRAE[VERTEBRAE.index("T7") : VERTEBRAE.index("S1")]
"""The vertebrae that a phantom has above its sacrum, from head to tail."""
DISCS_SHOWN: tuple[str, ...] = DISCS[DISCS.index("T7-T8") : DISCS.index("L5-S1") + 1]
"""The discs of a phantom, from head to tail."""

Herniation = Literal["none", "protrusion", "extrusion"]

NARROWED = 0.2
"""A disc that lost this share of its normal height counts as narrowed."""
BULGING_MM = 1.5
"""A disc that exceeds the corners of its vertebrae by this much counts as bulging."""
SLIPPED_MM = 3.0
"""A vertebra that slipped by this much counts as spondylolisthesis."""
THICKENED_MM = 1.0
"""A ligamentum flavum that stands this far into the canal counts as thickened."""
STENOSED_MM = 10.0
"""A dural sac that is less deep than this counts as narrowed. Of the depths (AP diameters) that
were published as signs of central stenosis, below 10 mm is the one most often used (Steurer and
others 2011, BMC Musculoskeletal Disorders 12:175)."""
FRACTURED = 0.2
"""A vertebra that lost this share of a height counts as fractured (Genant 1993)."""
CURVED_DEG = 10.0
"""A sideways curve of this angle counts as scoliosis (Scoliosis Research Society)."""


@dataclass(frozen=True)
class Disc:
    """The state of one disc and the endplates beside it. Lengths in millimetres.

    Attributes:
        pfirrmann: grade 1 to 5.
        narrowing: share of the normal height that is lost, 0 to 0.85.
        bulge_mm: broad-based excess over the line between the posterior corners.
        herniation: form of a focal herniation.
        herniation_mm: how far the herniation reaches behind that line.
        migration_mm: where an extrusion went: positive is towards the feet.
        slip_mm: how far the vertebra above stands forward (negative: backward).
        modic: 0 to 3; ``modic_extent`` is the share of the vertebral height it fills.
        endplate_upper: irregular endplate of the vertebra above, with a Schmorl node.
        endplate_lower: the same of the vertebra below.
        flavum_mm: thickening of the ligamentum flavum into the canal.
        fissure: a bright spot in the posterior annulus on T2.
        vacuum: gas within the disc.
        stenosis_mm: how much less deep the canal and the sac are here, narrowed from behind.
    """

    pfirrmann: int = 1
    narrowing: float = 0.0
    bulge_mm: float = 0.0
    herniation: Herniation = "none"
    herniation_mm: float = 0.0
    migration_mm: float = 0.0
    slip_mm: float = 0.0
    modic: int = 0
    modic_extent: float = 0.3
    endplate_upper: bool = False
    endplate_lower: bool = False
    flavum_mm: float = 0.0
    fissure: bool = False
    vacuum: bool = False
    stenosis_mm: float = 0.0


@dataclass(frozen=True)
class Vertebra:
    """The state of one vertebral body: shares of its height that are lost, 0 to 0.6."""

    loss_anterior: float = 0.0
    loss_middle: float = 0.0
    loss_posterior: float = 0.0
    oedema: bool = False
    haemangioma: bool = False


@dataclass(frozen=True)
class Look:
    """Everything that changes the picture but no finding.

    Attributes:
        t1: acquisition of the T1-weighted series; ``t2`` of the T2-weighted.
        matrix: acquired (row, column) frequencies; the image is interpolated from them.
        snr: signal-to-noise ratio in bright tissue.
        coil_depth_mm: depth at which the surface coil's sensitivity halves.
        band: shape of the anterior saturation band.
        fatty_marrow: 0 red to 1 yellow.
        fatty_muscle: 0 to 1.
        back_fat_mm: thickness of the subcutaneous fat behind the lumbar spine.
        belly_mm: from the front of the column to the skin of the abdomen.
        body_mm: from the bony canal to the fascia of the back.
        aorta: whether the slice meets a great vessel before the column.
        bladder: whether bladder and bowel gas are seen before the sacrum.
    """

    t1: Protocol = T1_WEIGHTED
    t2: Protocol = T2_WEIGHTED
    matrix: tuple[int, int] = (320, 272)
    snr: float = 28.0
    coil_depth_mm: float = 70.0
    band: Literal["none", "follows", "straight"] = "none"
    fatty_marrow: float = 0.4
    fatty_muscle: float = 0.4
    back_fat_mm: float = 16.0
    belly_mm: float = 110.0
    body_mm: float = 42.0
    aorta: bool = True
    bladder: bool = True


def _healthy_discs() -> Mapping[str, Disc]:
    return dict.fromkeys(DISCS_SHOWN, Disc())


def _healthy_vertebrae() -> Mapping[str, Vertebra]:
    return dict.fromkeys(VERTEBRAE_SHOWN, Vertebra())


@dataclass(frozen=True)
class Phantom:
    """A lumbar spine.

    Attributes:
        seed: of textures and small irregularities; the grades don't depend on it.
        discs: state by disc, every name of ``DISCS_SHOWN``.
        vertebrae: state by vertebra, every name of ``VERTEBRAE_SHOWN``.
        scale: size against an average adult.
        sacral_slope_deg: tilt of the S1 endplate against the horizontal.
        lordosis: wedge of the discs and bodies against the average.
        canal_mm: depth of the bony canal, midline.
        sac_mm: depth of the dural sac, midline, where nothing narrows it.
        sac_end: where the sac ends: 0 at the top of S1, 1 at the top of S2, 2 at the top of S3.
        conus: height of the tip of the cord against L1-L2, in vertebrae, positive upwards.
        lateral_mm: where the midline lies against the middle of a volume of slices.
        fov_mm: field of view when a rendering doesn't ask for another.
        curve_deg: sideways curve, between its most tilted tangents; positive is convex to the
            left of the body.
        curve_apex: the disc or vertebra where the curve is furthest aside.
        place: where the middle of the S1 endplate lies in the field of view, (x, y), 0 to 1.
        look: what changes the picture but no finding.
    """

    seed: int = 0
    discs: Mapping[str, Disc] = field(default_factory=_healthy_discs)
    vertebrae: Mapping[str, Vertebra] = field(default_factory=_healthy_vertebrae)
    scale: float = 1.0
    sacral_slope_deg: float = 38.0
    lordosis: float = 1.0
    canal_mm: float = 18.0
    sac_mm: float = 14.0
    sac_end: float = 1.0
    conus: float = 0.0
    lateral_mm: float = 0.0
    fov_mm: float = 270.0
    place: tuple[float, float] = (0.5, 0.78)
    look: Look = field(default_factory=Look)
    curve_deg: float = 0.0
    curve_apex: str = "L2-L3"

    def with_discs(self, **changes: Disc) -> Phantom:
        """A copy with some discs replaced, named like ``L4_L5``."""
        named = {name.replace("_", "-"): disc for name, disc in changes.items()}
        return replace(self, discs={**self.discs, **named})


# How much each disc is worn against the others, from head to tail: L4-L5 and L5-S1 most.
_WEAR = {"L1-L2": 0.2, "L2-L3": 0.3, "L3-L4": 0.5, "L4-L5": 0.9, "L5-S1": 0.85}
_LOSS_BY_GRADE = {1: 0.0, 2: 0.04, 3: 0.18, 4: 0.33, 5: 0.6}


def sample(rng: np.random.Generator) -> Phantom:
    """Draw plausible parameters: an age, wear that grows with it and downwards, and a protocol."""
    age = rng.uniform(20, 85)
    proneness = rng.normal(0, 0.6)
    slope = float(np.clip(rng.normal(38, 8), 18, 58))
    lordosis = float(np.clip((slope / 38) ** 0.6 * rng.normal(1, 0.08), 0.55, 1.4))
    canal = float(np.clip(rng.normal(18, 1.5), 14.5, 22))
    fov = float(rng.choice([240, 260, 280, 300, 320, 360]) * rng.uniform(0.95, 1.05))
    low = 0.84 - 22 / fov  # a larger field shows more of the pelvis
    return Phantom(
        seed=int(rng.integers(2**31)),
        discs={name: _draw_disc(rng, name, age, proneness) for name in DISCS_SHOWN},
        vertebrae={name: _draw_vertebra(rng, age) for name in VERTEBRAE_SHOWN},
        scale=float(np.clip(rng.normal(1, 0.07), 0.82, 1.2)),
        sacral_slope_deg=slope,
        lordosis=lordosis,
        canal_mm=canal,
        sac_mm=float(np.clip(canal - rng.normal(3.3, 0.7), 11, 18)),
        sac_end=float(np.clip(rng.normal(1.1, 0.4), 0.3, 2.0)),
        conus=float(rng.normal(0, 0.5)),
        lateral_mm=float(rng.normal(0, 2.5)),
        fov_mm=fov,
        place=(float(rng.uniform(0.4, 0.62)), float(np.clip(rng.normal(low, 0.05), 0.58, 0.9))),
        look=_draw_look(rng, age),
    )


def _draw_disc(rng: np.random.Generator, name: str, age: float, proneness: float) -> Disc:
    wear = _WEAR.get(name, 0.1)
    worn = 0.026 * (age - 25) * (0.6 + wear) + 1.2 * wear * rng.random() + proneness + 0.4
    grade = int(np.clip(1 + round(worn + rng.normal(0, 0.5)), 1, 5))
    loss = _LOSS_BY_GRADE[grade] * rng.uniform(0.5, 1.3) + rng.uniform(-0.06, 0.06)
    disc = Disc(pfirrmann=grade, narrowing=float(np.clip(loss, 0, 0.75)))
    if name not in _WEAR or grade == 1:
        return disc
    if rng.random() < 0.22 * (grade - 1) * (0.5 + wear):
        disc = replace(disc, bulge_mm=float(1.6 + 2.4 * rng.beta(1.2, 2.5)))
    chance = rng.random() / (wear * grade)
    if chance < 0.015:
        moved = float(rng.choice([-1, 1]) * rng.uniform(2, 8))
        reach = float(rng.uniform(5, 9))
        disc = replace(disc, herniation="extrusion", herniation_mm=reach, migration_mm=moved)
    elif chance < 0.06:
        disc = replace(disc, herniation="protrusion", herniation_mm=float(rng.uniform(3, 6.5)))
    modic = int(rng.choice([1, 2, 2, 2, 3])) if grade >= 3 and rng.random() < 0.3 else 0
    rough = 0.08 + 0.1 * (grade - 1) + 0.35 * (modic > 0)
    slip = 0.0
    if grade >= 3 and wear > 0.4 and rng.random() < 0.10:
        slip = float(rng.uniform(3.5, 13) if rng.random() < 0.8 else -rng.uniform(3.2, 5))
    return replace(
        disc,
        slip_mm=slip,
        modic=modic,
        modic_extent=float(rng.uniform(0.15, 0.45)),
        endplate_upper=bool(rng.random() < rough),
        endplate_lower=bool(rng.random() < rough),
        flavum_mm=float(np.clip(rng.normal(0.3 * (grade - 3), 0.4), 0, 2.5)),
        fissure=bool(rng.random() < 0.12),
        vacuum=bool(grade == 5 and rng.random() < 0.4),
    )


def _draw_vertebra(rng: np.random.Generator, age: float) -> Vertebra:
    marked = bool(rng.random() < 0.04)
    if rng.random() > (0.01 if age < 55 else 0.04):
        return Vertebra(haemangioma=marked)
    loss = rng.uniform(0.2, 0.55)
    shapes = ((loss, loss * 0.6, 0.0), (loss * 0.2, loss, loss * 0.1), (loss, loss, loss * 0.8))
    front, middle, back = shapes[int(rng.integers(3))]
    return Vertebra(front, middle, back, oedema=bool(rng.random() < 0.5), haemangioma=marked)


def _draw_look(rng: np.random.Generator, age: float) -> Look:
    lines = int(rng.choice([256, 288, 320, 384, 448]))
    band: Literal["none", "follows", "straight"] = "none"
    if rng.random() < 0.65:
        band = "follows" if rng.random() < 0.5 else "straight"
    return Look(
        t1=Protocol(float(rng.uniform(420, 760)), float(rng.uniform(8, 15))),
        t2=Protocol(float(rng.uniform(2600, 5200)), float(rng.uniform(82, 125))),
        matrix=(lines, int(lines * rng.uniform(0.7, 1.0))),
        snr=float(rng.uniform(12, 45)),
        coil_depth_mm=float(rng.uniform(45, 160)),
        band=band,
        fatty_marrow=float(np.clip((age - 20) / 90 + rng.normal(0, 0.15), 0, 1)),
        fatty_muscle=float(np.clip((age - 20) / 110 + rng.normal(0.1, 0.15), 0, 1)),
        back_fat_mm=float(np.clip(rng.normal(17, 9), 5, 45)),
        belly_mm=float(rng.uniform(70, 150)),
        body_mm=float(rng.uniform(36, 50)),
        aorta=bool(rng.random() < 0.5),
        bladder=bool(rng.random() < 0.7),
    )
