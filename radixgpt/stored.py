"""How larger weights are stored: matrices in 8 bits, everything else in half precision.

Each output channel of a matrix is scaled by its largest weight (symmetric, per channel). Depthwise
convolutions keep half precision: they are few, and a rounded one is felt in a whole channel.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

_SCALE = ".scale"
_FEWEST = 4096
"""Smaller tensors are not worth the rounding."""


def pack(state: Mapping[str, Array]) -> dict[str, Array]:
    """Weights by name as they are stored."""
    stored: dict[str, Array] = {}
    for name, tensor in state.items():
        if not np.issubdtype(tensor.dtype, np.floating):
            stored[name] = np.array(tensor, order="C")
            continue
        depthwise = tensor.ndim == 4 and tensor.shape[1] == 1
        if tensor.ndim < 2 or tensor.size < _FEWEST or depthwise:
            stored[name] = np.array(tensor, np.float16, order="C")
            continue
        flat = np.asarray(tensor, np.float32).reshape(len(tensor), -1)
        scale = np.maximum(np.abs(flat).max(1), np.float32(1e-12)) / np.float32(127)
        rounded = np.clip(np.round(flat / scale[:, None]), -127, 127)
        stored[name] = rounded.astype(np.int8).reshape(tensor.shape)
        stored[name + _SCALE] = scale
    return stored


def unpack(stored: Mapping[str, Array]) -> dict[str, Array]:
    """What :func:`pack` stored as weights in single precision."""
    state: dict[str, Array] = {}
    for name, tensor in stored.items():
        if name.endswith(_SCALE) and name.removesuffix(_SCALE) in stored:
            continue
        if tensor.dtype == np.int8 and name + _SCALE in stored:
            scale = stored[name + _SCALE]
            wide = scale.reshape(-1, *[1] * (tensor.ndim - 1))
            state[name] = tensor.astype(np.float32) * wide
        else:
            floats = np.issubdtype(tensor.dtype, np.floating)
            state[name] = tensor.astype(np.float32) if floats else tensor
    return state
