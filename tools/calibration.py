"""From what networks and trees say of a disc to calibrated probabilities."""

from __future__ import annotations

from collections.abc import Sequence as Items
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from tools import slips
from tools.grade_net import BINARY

Floats = npt.NDArray[np.float64]

_LEAST = 1e-4
"""No grade is held to be less likely than about this."""


class Joined(BaseModel):
    """How two logits become one: ``network * z + trees * t + offset``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    network: float
    trees: float
    offset: float

    def logit(self, network: Floats, trees: Floats) -> Floats:
        """The joined logit."""
        joined: Floats = self.network * network + self.trees * trees + self.offset
        return joined


class Calibration(BaseModel):
    """How logits become probabilities, for one choice of sequences.

    Attributes:
        pfirrmann: of the four thresholds between grades.
        sharpness: power of the grades' probabilities; each threshold can be calibrated while the
            likeliest grade is still stated too surely, which a power below 1 mends.
        modic: of the logit of any change.
        binary: of each binary kind but spondylolisthesis.
        slip: what joins the logit of spondylolisthesis with the measured slip.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    pfirrmann: tuple[Joined, Joined, Joined, Joined]
    sharpness: float
    modic: Joined
    binary: dict[str, Joined]
    slip: slips.SlipRule


@dataclass(frozen=True, eq=False)
class Said:
    """What was said of n discs, before calibration.

    Attributes:
        pfirrmann, modic, binary: logits of the networks as :class:`tools.grade_net.Grades` has
            them: (n, 4), (n, 4), (n, 6).
        trees: logits (n, 10) of the forests, in the order of ``tools.forest.SECOND``: Modic, the
            binary kinds but the last, the four Pfirrmann thresholds.
        steps: the measured steps against the usual ones.
    """

    pfirrmann: Floats
    modic: Floats
    binary: Floats
    trees: Floats
    steps: Items[slips.Steps]


@dataclass(frozen=True)
class Chances:
    """Calibrated probabilities of n discs.

    Attributes:
        pfirrmann: (n, 5), grades 1 to 5.
        modic: (n, 4), types 0 to 3.
        binary: (n, 6), present, in the order of ``grade_net.BINARY``.
    """

    pfirrmann: Floats
    modic: Floats
    binary: Floats


def calibrate(said: Said, calibration: Calibration) -> Chances:
    """Logits to probabilities, by the calibration of the sequences that were looked at."""
    thresholds = said.trees[:, -4:]
    above = np.stack(
        [
            sigmoid(joined.logit(said.pfirrmann[:, k], thresholds[:, k]))
            for k, joined in enumerate(calibration.pfirrmann)
        ],
        axis=1,
    )
    above = np.minimum.accumulate(above, axis=1)  # the chance of a higher grade can't be larger
    edges = np.concatenate([np.ones((len(above), 1)), above, np.zeros((len(above), 1))], axis=1)
    grades = (edges[:, :-1] - edges[:, 1:] + _LEAST) ** calibration.sharpness
    grades /= grades.sum(axis=1, keepdims=True)
    raised = said.modic - said.modic.max(axis=1, keepdims=True)
    share = np.exp(raised) / np.exp(raised).sum(axis=1, keepdims=True)
    any_change = sigmoid(calibration.modic.logit(any_modic(said.modic), said.trees[:, 0]))
    types = share[:, 1:] / np.maximum(share[:, 1:].sum(axis=1, keepdims=True), 1e-9)
    types = np.concatenate([1 - any_change[:, None], any_change[:, None] * types], axis=1)
    joined = np.empty_like(said.binary)
    for j, name in enumerate(BINARY):
        if name == "spondylolisthesis":
            pairs = zip(said.binary[:, j], said.steps, strict=True)
            joined[:, j] = [slips.chance_logit(calibration.slip, z, step) for z, step in pairs]
        else:
            joined[:, j] = calibration.binary[name].logit(said.binary[:, j], said.trees[:, 1 + j])
    return Chances(grades, types, sigmoid(joined))


def any_modic(modic: Floats) -> Floats:
    """Logit of any Modic change from the (n, 4) logits of the types."""
    top = modic[:, 1:].max(axis=1)
    rest: Floats = top + np.log(np.exp(modic[:, 1:] - top[:, None]).sum(axis=1)) - modic[:, 0]
    return rest


def sigmoid(x: Floats) -> Floats:
    """Logit to probability."""
    value: Floats = 1 / (1 + np.exp(-np.clip(x, -40, 40)))
    return value
