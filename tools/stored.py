"""Larger weights of torch as :mod:`radixgpt.stored` keeps them, and back."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from radixgpt import stored


def pack(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A state dict as it is stored."""
    arrays = stored.pack({name: tensor.detach().numpy() for name, tensor in state.items()})
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def unpack(packed: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """What :func:`pack` stored as a state dict in single precision."""
    arrays = stored.unpack({name: tensor.numpy() for name, tensor in packed.items()})
    return {name: torch.from_numpy(array) for name, array in arrays.items()}
