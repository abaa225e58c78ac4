"""The network that segments the column and points at its discs.

An EfficientNet-Lite0 encoder with a small U-Net decoder. Per pixel it gives the classes
background, vertebra, disc and canal, and two heatmaps: centres of all discs, and of L5-S1.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from tools.backbone import PYRAMID_CHANNELS, EfficientNetLite0

SIZE = 224
"""Side of the input frame in pixels."""
BACKGROUND, VERTEBRA, DISC, CANAL = range(4)
CLASSES = ("background", "vertebra", "disc", "canal")
HEATMAPS = ("disc_centre", "l5_s1_centre")


class _Merge(nn.Module):
    """Upsample, join with the encoder's map of that size, and mix."""

    def __init__(self, deep: int, skip: int, out: int) -> None:
        super().__init__()
        self.skip = nn.Conv2d(skip, out, 1)
        self.deep = nn.Conv2d(deep, out, 1)
        self.mix = nn.Sequential(nn.BatchNorm2d(out), nn.ReLU(), nn.Conv2d(out, out, 3, padding=1))

    def forward(self, deep: Tensor, skip: Tensor) -> Tensor:
        up = functional.interpolate(
            self.deep(deep), size=skip.shape[-2:], mode="bilinear", align_corners=False
        )
        x = up + self.skip(skip)
        mixed: Tensor = x + self.mix(x)
        return mixed


class ColumnNet(nn.Module):
    """Images (n, 1, 224, 224) in [-1, 1] to class logits and heatmap logits."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = EfficientNetLite0()
        del self.encoder.head  # the pooled head is the classifier's business
        s2, s4, s8, s16, s32 = PYRAMID_CHANNELS
        self.merge16 = _Merge(s32, s16, 96)
        self.merge8 = _Merge(96, s8, 64)
        self.merge4 = _Merge(64, s4, 48)
        self.merge2 = _Merge(48, s2, 32)
        self.classes = nn.Conv2d(32, 4 * len(CLASSES), 1)
        self.heatmaps = nn.Conv2d(48, len(HEATMAPS), 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Class logits (n, 4, 224, 224) and heatmap logits (n, 2, 56, 56)."""
        f2, f4, f8, f16, f32 = self.encoder.pyramid(x)
        at4 = self.merge4(self.merge8(self.merge16(f32, f16), f8), f4)
        logits = functional.pixel_shuffle(self.classes(self.merge2(at4, f2)), 2)
        return logits, self.heatmaps(at4)

    @torch.inference_mode()
    def predict(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        """Class probabilities (n, 4, 224, 224) and heatmaps (n, 2, 56, 56) in [0, 1]."""
        self.eval()
        logits, heat = self(frames)
        return logits.softmax(1), heat.sigmoid()
