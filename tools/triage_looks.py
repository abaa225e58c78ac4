"""What a slice looks like: its kind, its MR contrast, and how far it is from lumbar slices.

A frozen EfficientNet-Lite0 with ImageNet weights gives 1280 features; small linear heads and the
distance to the nearest training slices do the rest. Everything is in ``weights/triage``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import torch
from safetensors.numpy import load_file

from radixgpt.errors import WeightsError
from radixgpt.weights import Card, load_card
from tools.backbone import EfficientNetLite0
from tools.framing import frame

Floats = npt.NDArray[np.float32]
Kind = Literal[
    "sagittal_spine",
    "axial_spine",
    "coronal_body",
    "radiograph_ap",
    "radiograph_lateral",
    "ct",
    "other_mr",
    "not_medical",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
SEQUENCES = ("t1", "t2", "stir")
SIZE = 224
"""Side of the frame in pixels."""
FILE = "looks.safetensors"
BACKBONE = "backbone."
"""Prefix of the backbone's tensors in the file."""


@dataclass(frozen=True, eq=False)
class Heads:
    """The trained part; shapes with p components, k kinds, s sequences and n remembered slices.

    Attributes:
        mean, basis: (1280,) and (p, 1280): centring, and principal axes scaled to unit variance.
        kind_weight, kind_bias: (k, p) and (k,), softmax.
        sequence_weight, sequence_bias: (s, p) and (s,), softmax.
        memory: (n, p) lumbar sagittal training slices.
    """

    mean: Floats
    basis: Floats
    kind_weight: Floats
    kind_bias: Floats
    sequence_weight: Floats
    sequence_bias: Floats
    memory: Floats

    def project(self, features: Floats) -> Floats:
        """Features (n, 1280) to whitened components (n, p)."""
        projected: Floats = (features - self.mean) @ self.basis.T
        return projected

    def look(self, features: Floats) -> tuple[Look, ...]:
        """Judge pooled features (n, 1280)."""
        components = self.project(features)
        kinds = _softmax(components @ self.kind_weight.T + self.kind_bias)
        sequences = _softmax(components @ self.sequence_weight.T + self.sequence_bias)
        away = distance(components, self.memory)
        return tuple(
            Look(
                dict(zip(KINDS, map(float, kind), strict=True)),
                dict(zip(SEQUENCES, map(float, sequence), strict=True)),
                float(far),
            )
            for kind, sequence, far in zip(kinds, sequences, away, strict=True)
        )


@dataclass(frozen=True)
class Look:
    """What one slice looks like.

    Attributes:
        kinds: probability of each kind.
        sequences: probability of each MR contrast, of use for sagittal spine slices only.
        distance: cosine distance to the nearest remembered lumbar slices, 0 to 2.
    """

    kinds: dict[Kind, float]
    sequences: dict[str, float]
    distance: float

    @property
    def kind(self) -> Kind:
        """The most probable kind."""
        return max(self.kinds, key=self.kinds.__getitem__)

    @property
    def sequence(self) -> str:
        """The most probable contrast."""
        return max(self.sequences, key=self.sequences.__getitem__)


NEIGHBOURS = 3


def distance(components: Floats, memory: Floats) -> Floats:
    """Mean cosine distance of each row of (n, p) to its three nearest rows of memory (m, p)."""
    near = _unit(components) @ _unit(memory).T
    nearest = -np.partition(-near, NEIGHBOURS - 1, axis=1)[:, :NEIGHBOURS]
    away: Floats = 1 - nearest.mean(1)
    return away


def _unit(rows: Floats) -> Floats:
    scaled: Floats = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)
    return scaled


def _softmax(scores: Floats) -> Floats:
    raised = np.exp(scores - scores.max(1, keepdims=True))
    chances: Floats = raised / raised.sum(1, keepdims=True)
    return chances


@torch.inference_mode()
def features(network: EfficientNetLite0, frames: Floats) -> Floats:
    """Pooled features (n, 1280) of frames (n, SIZE, SIZE) in [-1, 1]."""
    stacked = torch.from_numpy(np.ascontiguousarray(frames))[:, None]
    pooled: Floats = network(stacked.to(memory_format=torch.channels_last)).numpy()
    return pooled


@cache
def card() -> Card:
    """The card of ``weights/triage``."""
    return load_card("triage")


@cache
def loaded() -> tuple[EfficientNetLite0, Heads]:
    """The network and the heads, read once.

    Raises:
        WeightsError: the weights are missing, damaged or of another shape.
    """
    tensors = load_file(card().file(FILE))
    network = EfficientNetLite0().to(memory_format=torch.channels_last).eval()
    own = {
        name.removeprefix(BACKBONE): torch.from_numpy(tensor.astype(np.float32))
        for name, tensor in tensors.items()
        if name.startswith(BACKBONE)
    }
    own |= {k: v for k, v in network.state_dict().items() if k.endswith("num_batches_tracked")}
    try:
        network.load_state_dict(own)
        heads = Heads(
            **{k: v.astype(np.float32) for k, v in tensors.items() if not k.startswith(BACKBONE)}
        )
    except (RuntimeError, TypeError) as error:
        raise WeightsError(
            "weights/triage does not fit this version.",
            "Restore the folder from the repository (git checkout -- weights).",
        ) from error
    return network, heads


def look(
    slices: list[npt.NDArray[np.float32]], spacing: tuple[float, float] | None = None
) -> tuple[Look, ...]:
    """Look at slices (rows, columns) of one series.

    Args:
        slices: any range of values.
        spacing: (row, column) millimetres of their pixels; None means square pixels.

    Raises:
        WeightsError: the weights are missing or damaged.
    """
    network, heads = loaded()
    frames = np.stack([frame(pixels, SIZE, spacing).pixels for pixels in slices])
    return heads.look(features(network, frames))
