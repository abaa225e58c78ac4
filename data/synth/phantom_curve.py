"""The sideways curve of a phantom: how far each height of the body lies aside.

The whole body is sheared: every horizontal plane moves aside as it is. The midline becomes a raised
cosine with its apex where it is asked for, upright at its ends, the lower of which is the endplate
of S1. Vertebrae are neither tilted nor turned.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from data.synth.phantom_parameters import Phantom
from data.synth.phantom_shapes import Bones


@dataclass(frozen=True)
class Sideways:
    """A curve.

    Attributes:
        far: how far the apex lies aside in millimetres, positive to the left of the body.
        apex: height of the apex, millimetres below the endplate of S1 (so negative).
        half: from the apex to either end of the curve in millimetres.
    """

    far: float
    apex: float
    half: float

    def shift(self, y: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Millimetres aside, positive to the left, by height below the endplate of S1."""
        share = np.clip((np.asarray(y, np.float64) - self.apex) / max(self.half, 1e-6), -1, 1)
        return np.asarray(self.far * (1 + np.cos(np.pi * share)) / 2)

    @property
    def angle_deg(self) -> float:
        """Between the two most tilted tangents, which lie half-way from the apex to the ends."""
        steepest = abs(self.far) * np.pi / (2 * max(self.half, 1e-6))
        return float(np.rad2deg(2 * np.arctan(steepest)))


def sideways(phantom: Phantom, midline: Bones) -> Sideways:
    """The curve of a phantom; one of no width where it is straight."""
    name = phantom.curve_apex
    if name in midline.discs:
        apex = float(midline.discs[name].centre()[1])
    else:
        apex = float(midline.bodies[name].frame.origin[1])
    half = -apex
    steepest = float(np.tan(np.deg2rad(phantom.curve_deg) / 2))
    return Sideways(steepest * 2 * half / np.pi, apex, half)
