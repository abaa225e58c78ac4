"""What a slice looks like: of what kind it is, and how far it is from lumbar sagittal slices.

A frozen EfficientNet-Lite0 with ImageNet weights gives 1280 features; a linear head and the
distance to the nearest training slices do the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import torch

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
    "photograph",
    "page",
    "pattern",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
SIZE = 224
"""Side of the frame in pixels."""


@dataclass(frozen=True, eq=False)
class Heads:
    """The trained part; shapes with p components, k kinds and n remembered slices.

    Attributes:
        mean, basis: (1280,) and (p, 1280): centring, and principal axes scaled to unit variance.
        kind_weight, kind_bias: (k, p) and (k,), softmax.
        memory: (n, p) lumbar sagittal training slices.
    """

    mean: Floats
    basis: Floats
    kind_weight: Floats
    kind_bias: Floats
    memory: Floats

    def project(self, features: Floats) -> Floats:
        """Features (n, 1280) to whitened components (n, p)."""
        projected: Floats = np.asarray((features - self.mean) @ self.basis.T, np.float32)
        return projected

    def look(self, features: Floats) -> tuple[Look, ...]:
        """Judge pooled features (n, 1280)."""
        components = self.project(features)
        kinds = _softmax(components @ self.kind_weight.T + self.kind_bias)
        away = distance(components, self.memory)
        return tuple(
            Look(dict(zip(KINDS, map(float, kind), strict=True)), float(far))
            for kind, far in zip(kinds, away, strict=True)
        )


@dataclass(frozen=True)
class Look:
    """What one slice looks like.

    Attributes:
        kinds: probability of each kind.
        distance: cosine distance to the nearest remembered lumbar slices, 0 to 2.
    """

    kinds: dict[Kind, float]
    distance: float

    @property
    def kind(self) -> Kind:
        """The most probable kind."""
        return max(self.kinds, key=self.kinds.__getitem__)


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


def framed(pixels: npt.NDArray[np.float32], spacing: tuple[float, float] | None = None) -> Floats:
    """A slice (rows, columns) as the network sees it, (SIZE, SIZE) in [-1, 1].

    Args:
        pixels: any range of values.
        spacing: (row, column) millimetres of its pixels; None means square pixels.
    """
    return frame(pixels, SIZE, spacing).pixels
