"""Tissues and the spin-echo equation that turns them into grey.

Tissue values: synthetic-MRI norms of the spine (PMC7410772) for cerebrospinal fluid, cord, marrow
and disc; T2 of the nucleus and annulus by Pfirrmann grade from quantitative T2 mapping of 479
discs; the rest are usual textbook values at 1.5 T, rounded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.floating[Any]]
Value: TypeAlias = "float | Array"


@dataclass(frozen=True)
class Tissue:
    """What a voxel is made of: proton density (percent units), T1 and T2 in milliseconds.

    Each may be one number or an array, all of one shape.
    """

    pd: Value
    t1: Value
    t2: Value

    def mixed(self, other: Tissue, share: Value) -> Tissue:
        """This tissue with ``share`` (0 to 1) of it replaced by another."""
        return Tissue(
            self.pd + (other.pd - self.pd) * share,
            self.t1 + (other.t1 - self.t1) * share,
            self.t2 + (other.t2 - self.t2) * share,
        )


@dataclass(frozen=True)
class Protocol:
    """A spin-echo acquisition: repetition and echo time in milliseconds."""

    repetition_ms: float
    echo_ms: float


T1_WEIGHTED = Protocol(550.0, 10.0)
T2_WEIGHTED = Protocol(3500.0, 102.0)

AIR = Tissue(0.0, 1000.0, 50.0)
BLOOD = Tissue(7.0, 1200.0, 50.0)
BOWEL = Tissue(80.0, 900.0, 70.0)
CORD = Tissue(59.0, 780.0, 101.0)
CORTEX = Tissue(12.0, 250.0, 1.5)
FLUID = Tissue(107.5, 4270.0, 1580.0)
FAT = Tissue(95.0, 290.0, 140.0)
LIGAMENT = Tissue(30.0, 500.0, 12.0)
MUSCLE = Tissue(78.0, 900.0, 38.0)
RED_MARROW = Tissue(84.0, 700.0, 72.0)
YELLOW_MARROW = Tissue(96.0, 370.0, 124.0)
ROOTS = Tissue(62.0, 850.0, 80.0)
SKIN = Tissue(70.0, 500.0, 40.0)

ENDPLATE_OEDEMA = Tissue(97.0, 1700.0, 190.0)
"""Modic 1: long T1 and long T2, so clearly dark on T1 and bright on T2."""
ENDPLATE_FAT = Tissue(99.0, 285.0, 150.0)
"""Modic 2: bright on T1, as bright or brighter on T2."""
ENDPLATE_SCLEROSIS = Tissue(36.0, 800.0, 20.0)
"""Modic 3: dark on both."""
MODIC_TISSUE: dict[int, Tissue] = {
    1: ENDPLATE_OEDEMA,
    2: ENDPLATE_FAT,
    3: ENDPLATE_SCLEROSIS,
}


@dataclass(frozen=True)
class DiscTissue:
    """Nucleus, and T2 of the anterior and posterior annulus in milliseconds."""

    nucleus: Tissue
    annulus_anterior_t2: float
    annulus_posterior_t2: float


DISC_TISSUE: dict[int, DiscTissue] = {
    1: DiscTissue(Tissue(79.0, 1165.0, 210.0), 55.0, 62.0),
    2: DiscTissue(Tissue(79.0, 1100.0, 129.0), 50.0, 54.0),
    3: DiscTissue(Tissue(68.0, 850.0, 84.0), 45.0, 48.0),
    4: DiscTissue(Tissue(58.0, 700.0, 51.0), 37.0, 40.0),
    5: DiscTissue(Tissue(48.0, 554.0, 38.0), 34.0, 36.0),
}
"""Disc tissue by Pfirrmann grade (Pfirrmann 2001)."""


def spin_echo(tissue: Tissue, protocol: Protocol) -> Value:
    """Signal of a spin echo with perfect pulses.

    ``S = PD (1 - 2 exp(-(TR - TE/2)/T1) + exp(-TR/T1)) exp(-TE/T2)`` (Haacke and others,
    *Magnetic Resonance Imaging*, chapter 8).

    Returns:
        Signal in the units of the proton density, of the shape of the tissue.
    """
    tr, te = protocol.repetition_ms, protocol.echo_ms
    if all(isinstance(v, float | int) for v in (tissue.pd, tissue.t1, tissue.t2)):
        pd, t1, t2 = float(tissue.pd), float(tissue.t1), float(tissue.t2)
        recovered = 1 - 2 * np.exp(-(tr - te / 2) / t1) + np.exp(-tr / t1)
        return float(pd * recovered * np.exp(-te / t2))
    rate1 = np.divide(np.float32(-1.0), tissue.t1, dtype=np.float32)
    rate2 = np.divide(np.float32(-te), tissue.t2, dtype=np.float32)
    grown = 1 - 2 * np.exp(rate1 * np.float32(tr - te / 2)) + np.exp(rate1 * np.float32(tr))
    signal: Array = np.asarray(tissue.pd * grown * np.exp(rate2), dtype=np.float32)
    return signal
