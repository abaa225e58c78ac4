"""The Haar packet: an image as a quarter of its rows and columns with sixteen channels.

Each step splits a channel into its mean and its differences along rows, columns and both. The
transform is orthonormal: white noise stays white noise, and nothing is lost.
"""

from __future__ import annotations

import torch
from torch import Tensor

STEPS = 2
CHANNELS = 4**STEPS
SIDE = 2**STEPS
"""Pixels along each side of what one place of the packet holds."""


def pack(images: Tensor) -> Tensor:
    """Images (n, 1, rows, columns) to packets (n, CHANNELS, rows / SIDE, columns / SIDE)."""
    packed = images
    for _ in range(STEPS):
        a, b = packed[..., ::2, ::2], packed[..., ::2, 1::2]
        c, d = packed[..., 1::2, ::2], packed[..., 1::2, 1::2]
        parts = (a + b + c + d, a - b + c - d, a + b - c - d, a - b - c + d)
        packed = torch.cat(parts, 1) / 2
    return packed


def unpack(packed: Tensor) -> Tensor:
    """The images that :func:`pack` packed."""
    images = packed
    for _ in range(STEPS):
        mean, along, across, both = images.chunk(4, 1)
        n, channels, rows, columns = mean.shape
        images = mean.new_empty(n, channels, 2 * rows, 2 * columns)
        images[..., ::2, ::2] = mean + along + across + both
        images[..., ::2, 1::2] = mean - along + across - both
        images[..., 1::2, ::2] = mean + along - across - both
        images[..., 1::2, 1::2] = mean - along - across + both
        images = images / 2
    return images
