"""Trees that judge a disc again, by its measures and what the networks said of it.

Networks see texture, trees see sizes and signals; together they err less than either (the model
card has the figures). A forest is stored as plain arrays, so that no pickle is loaded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tools import slips
from tools.calibration import any_modic
from tools.crops import MEASURES, Crop
from tools.grade_net import BINARY, SEQUENCES

Floats = npt.NDArray[np.float64]

SECOND = (
    "modic",
    *(name for name in BINARY if name != "spondylolisthesis"),
    *(f"pfirrmann above {grade}" for grade in range(1, 5)),
)
"""What is judged again; a slip is not, as the patients have too few large ones to learn from."""
_NEIGHBOURS = ("height_to_depth", "signal_to_canal", "signal_to_vertebra")
FEATURES = (
    *(f"{name} {sequence}" for sequence in SEQUENCES for name in MEASURES),
    "level",
    *(f"{name} against the patient's median" for name in MEASURES),
    *(f"{name} {where}" for where in ("below", "above") for name in _NEIGHBOURS),
    "canal step",
    "wall step",
    *(f"network: pfirrmann above {grade}" for grade in range(1, 5)),
    "network: modic",
    *(f"network: {name}" for name in BINARY),
)
"""What a disc is judged by, in order."""
_LEAST = 1e-3


def features(
    cut: Sequence[Mapping[str, Crop]],
    steps: Sequence[slips.Steps],
    levels: Sequence[int],
    logits: tuple[Floats, Floats, Floats],
) -> Floats:
    """The FEATURES of one patient's discs, (n, len(FEATURES)); nan where unknown.

    Args:
        cut: sequence to the crop of each disc.
        steps: of each disc, as measured.
        levels: discs above L5-S1.
        logits: what the networks say: Pfirrmann (n, 4), Modic (n, 4), binary (n, 6).
    """
    n = len(cut)
    measures = np.full((n, len(SEQUENCES), len(MEASURES)), np.nan)
    for i, views in enumerate(cut):
        for j, sequence in enumerate(SEQUENCES):
            if sequence in views:
                measures[i, j] = views[sequence].measures
    first = np.where(np.isnan(measures[:, :1]), measures[:, 1:], measures[:, :1])[:, 0]
    known = np.isfinite(first).any(0)
    middle = np.full(len(MEASURES), np.nan)
    middle[known] = np.nanmedian(first[:, known], axis=0)
    near = [MEASURES.index(name) for name in _NEIGHBOURS]
    place = {level: i for i, level in enumerate(levels)}
    beside = np.full((n, 2, len(near)), np.nan)
    for i, level in enumerate(levels):
        for j, other in enumerate((level - 1, level + 1)):
            if other in place:
                beside[i, j] = first[place[other], near]
    stepped = [[np.nan if v is None else v for v in (s.canal, s.walls)] for s in steps]
    pfirrmann, modic, binary = logits
    return np.concatenate(
        [
            measures.reshape(n, -1),
            np.array(levels, float)[:, None],
            first - middle,
            beside.reshape(n, -1),
            np.array(stepped, float).reshape(n, 2),
            pfirrmann,
            any_modic(modic)[:, None],
            binary,
        ],
        axis=1,
    )


@dataclass(frozen=True, eq=False)
class Forest:
    """Trees of one question as arrays over all their nodes.

    Attributes:
        feature: what a node asks of; -1 in a leaf.
        threshold: up to it the way leads left.
        left, right: the next node.
        value: a leaf's chance.
        roots: first node of each tree.
        filled: stands for an unknown feature.
    """

    feature: npt.NDArray[np.int16]
    threshold: npt.NDArray[np.float32]
    left: npt.NDArray[np.int32]
    right: npt.NDArray[np.int32]
    value: npt.NDArray[np.float16]
    roots: npt.NDArray[np.int32]
    filled: npt.NDArray[np.float32]

    def chance(self, given: Floats) -> Floats:
        """Mean over the trees, (n,), of n discs' features."""
        known = np.where(np.isnan(given), self.filled, given).astype(np.float32)
        rows = np.arange(len(known))[:, None]
        node = np.broadcast_to(self.roots, (len(known), len(self.roots))).copy()
        while (inner := self.feature[node] >= 0).any():
            asked = known[rows, np.maximum(self.feature[node], 0)]
            following = np.where(asked <= self.threshold[node], self.left[node], self.right[node])
            node = np.where(inner, following, node)
        mean: Floats = self.value[node].astype(float).mean(axis=1)
        return mean


ARRAYS = tuple(Forest.__dataclass_fields__)


def judged(forests: Mapping[str, Forest], given: Floats) -> Floats:
    """Logits (n, len(SECOND)) of what the forests say."""
    chance = np.stack([forests[name].chance(given) for name in SECOND], axis=1)
    chance = np.clip(chance, _LEAST, 1 - _LEAST)
    logit: Floats = np.log(chance / (1 - chance))
    return logit
