"""How larger weights are stored: matrices in 8 bits, everything else in half precision.

Each output channel of a matrix is scaled by its largest weight (symmetric, per channel). Depthwise
convolutions keep half precision: they are few, and a rounded one is felt in a whole channel.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

_SCALE = ".scale"
_FEWEST = 4096
"""Smaller tensors are not worth the rounding."""


def pack(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A state dict as it is stored."""
    stored: dict[str, Tensor] = {}
    for name, tensor in state.items():
        if not tensor.is_floating_point():
            stored[name] = tensor.contiguous()
            continue
        depthwise = tensor.ndim == 4 and tensor.shape[1] == 1
        if tensor.ndim < 2 or tensor.numel() < _FEWEST or depthwise:
            stored[name] = tensor.half().contiguous()
            continue
        flat = tensor.float().flatten(1)
        scale = flat.abs().amax(1).clamp(min=1e-12) / 127
        rounded = (flat / scale[:, None]).round().clamp(-127, 127)
        stored[name] = rounded.to(torch.int8).reshape(tensor.shape).contiguous()
        stored[name + _SCALE] = scale.contiguous()
    return stored


def unpack(stored: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """What :func:`pack` stored as a state dict in single precision."""
    state: dict[str, Tensor] = {}
    for name, tensor in stored.items():
        if name.endswith(_SCALE) and name.removesuffix(_SCALE) in stored:
            continue
        if tensor.dtype == torch.int8 and name + _SCALE in stored:
            scale = stored[name + _SCALE]
            state[name] = tensor.float() * scale.reshape(-1, *[1] * (tensor.ndim - 1))
        else:
            state[name] = tensor.float() if tensor.is_floating_point() else tensor
    return state
