"""Generator and discriminator, and their relativistic loss.

After R3GAN (Huang et al., NeurIPS 2024): no normalisation, residual blocks whose last convolution
starts at zero, smoothing resampling, and the relativistic pairing loss (Jolicoeur-Martineau 2018)
with gradient penalties on real and on made images, which are both centred at zero. The condition
enters the generator beside the noise, and the discriminator by an inner product (Miyato and Koyama
2018).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

SHAPE = (128, 160)
"""Rows and columns of an image; the classifier's crop is its middle."""
_START = (4, 5)
NOISE = 64
"""Length of the noise vector."""
_SLOPE = 0.2
WIDTHS = (128, 128, 96, 64, 40, 24)
"""Channels at 4, 8, 16, 32, 64 and 128 rows."""
_EMBEDDED = 64


def larger(x: Tensor) -> Tensor:
    """Twice the rows and columns, smoothed by [1, 2, 1] in both directions."""
    return functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


def smaller(x: Tensor) -> Tensor:
    """Half the rows and columns, each pixel the mean of four."""
    return functional.avg_pool2d(x, 2)


class _Block(nn.Module):
    """x plus a change, whose last convolution starts at zero."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.last = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        nn.init.kaiming_normal_(self.first.weight, a=_SLOPE)
        nn.init.zeros_(self.last.weight)

    def forward(self, x: Tensor) -> Tensor:
        change = functional.leaky_relu(self.first(functional.leaky_relu(x, _SLOPE)), _SLOPE)
        changed: Tensor = x + self.last(change)
        return changed


class Generator(nn.Module):
    """Noise and a condition to an image."""

    def __init__(self, condition: int, widths: Sequence[int] = WIDTHS) -> None:
        super().__init__()
        self.condition = condition
        self.widths = tuple(widths)
        self.embed = nn.Linear(condition, _EMBEDDED)
        self.start = nn.Linear(NOISE + _EMBEDDED, widths[0] * _START[0] * _START[1])
        self.blocks = nn.ModuleList(_Block(width) for width in widths)
        self.grow = nn.ModuleList(
            nn.Conv2d(before, after, 1, bias=False) for before, after in pairwise(widths)
        )
        self.show = nn.Conv2d(widths[-1], 1, 1)

    def forward(self, noise: Tensor, condition: Tensor) -> Tensor:
        """Make images.

        Args:
            noise: (n, NOISE), standard normal.
            condition: (n, condition).

        Returns:
            (n, 1, *SHAPE), about [-1, 1].
        """
        given = torch.cat([noise, self.embed(condition)], 1)
        x = self.start(given).reshape(len(noise), self.widths[0], *_START)
        x = self.blocks[0](x)
        for grow, block in zip(self.grow, list(self.blocks)[1:], strict=True):
            x = block(larger(grow(x)))
        shown: Tensor = self.show(x)
        return shown


class Discriminator(nn.Module):
    """An image and a condition to how real they look together."""

    def __init__(self, condition: int, widths: Sequence[int] = WIDTHS) -> None:
        super().__init__()
        down = tuple(reversed(widths))
        self.see = nn.Conv2d(1, down[0], 1)
        self.blocks = nn.ModuleList(_Block(width) for width in down)
        self.shrink = nn.ModuleList(
            nn.Conv2d(before, after, 1, bias=False) for before, after in pairwise(down)
        )
        self.end = nn.Linear(down[-1] * _START[0] * _START[1], _EMBEDDED)
        self.embed = nn.Linear(condition, _EMBEDDED)
        self.alone = nn.Linear(_EMBEDDED, 1)

    def forward(self, images: Tensor, condition: Tensor) -> Tensor:
        """Judge images (n, 1, *SHAPE) with their conditions (n, condition): logits (n,)."""
        x = self.see(images)
        for block, shrink in zip(list(self.blocks)[:-1], self.shrink, strict=True):
            x = shrink(smaller(block(x)))
        seen = functional.leaky_relu(self.end(self.blocks[-1](x).flatten(1)), _SLOPE)
        match = (seen * self.embed(condition)).sum(1) / _EMBEDDED**0.5
        logit: Tensor = self.alone(seen)[:, 0] + match
        return logit


def discriminator_loss(real: Tensor, made: Tensor) -> Tensor:
    """Real images should look more real than made ones they are paired with; logits (n,) each."""
    return functional.softplus(made - real).mean()


def generator_loss(real: Tensor, made: Tensor) -> Tensor:
    """The reverse of :func:`discriminator_loss`."""
    return functional.softplus(real - made).mean()


def penalty(discriminator: nn.Module, images: Tensor, condition: Tensor) -> Tensor:
    """Mean squared norm of the gradient of the logits by the images (R1 on real, R2 on made)."""
    shown = images.detach().requires_grad_(True)
    logits = discriminator(shown, condition)
    (gradient,) = torch.autograd.grad(logits.sum(), shown, create_graph=True)
    return gradient.float().square().sum((1, 2, 3)).mean()
