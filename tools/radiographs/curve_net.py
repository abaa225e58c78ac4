"""The small head that says, for each row of an AP radiograph, in which column the spine lies.

It looks at maps of the frozen backbone. A film is read in strips of its own height, so that a row
of the map has one answer: a column, or "no spine in this row".
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from tools.backbone import PYRAMID_CHANNELS, EfficientNetLite0
from tools.framing import resize, standardise

Floats = npt.NDArray[np.float32]

ROWS = 448
"""Rows that a film is brought to; its columns keep the proportion."""
STRIDE = 8
_WIDEST = 448
_UNIT = 32
_MAPS = (2, 3, 4)
"""Maps of the pyramid that are read: strides 8, 16 and 32."""
CHANNELS = sum(PYRAMID_CHANNELS[i] for i in _MAPS)
_HIDDEN = 32


class CurveHead(nn.Module):
    """Maps (n, CHANNELS, r, c) to log chances (n, r, c + 1); the last column is "no spine"."""

    def __init__(self) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(CHANNELS, _HIDDEN, 1)
        self.mix = nn.Conv2d(_HIDDEN, _HIDDEN, 3, padding=1)
        self.tall = nn.Conv2d(_HIDDEN, _HIDDEN, (7, 1), padding=(3, 0), groups=_HIDDEN)
        self.spine = nn.Conv2d(_HIDDEN, 1, 1)
        self.none = nn.Conv1d(_HIDDEN, 1, 3, padding=1)

    def forward(self, maps: Tensor) -> Tensor:
        """Log chances of maps that are scaled by their mean and spread."""
        x = functional.relu(self.squeeze(maps))
        x = x + functional.relu(self.mix(x))
        x = x + functional.relu(self.tall(x))
        spine = self.spine(x)[:, 0]
        none = self.none(x.amax(3))[:, 0]
        return torch.cat([spine, none[..., None]], 2).log_softmax(2)


def strip(
    pixels: npt.ArrayLike, spacing: tuple[float, float] | None = None
) -> tuple[Floats, float]:
    """A film (rows, columns) as the backbone sees it: ROWS high, in [-1, 1], padded to _UNIT.

    Args:
        pixels: any range of values.
        spacing: (row, column) millimetres of its pixels; None means square pixels.

    Returns:
        The strip, whose columns keep the proportion up to a square and are padded with black on
        the right, and how many columns of the map the film itself takes.
    """
    values = standardise(pixels)
    row, column = spacing or (1.0, 1.0)
    wide = round(values.shape[1] * column * ROWS / (values.shape[0] * row))
    wide = min(_WIDEST, max(_UNIT, wide))
    out = np.full((ROWS, -(-wide // _UNIT) * _UNIT), -1, np.float32)
    out[:, :wide] = resize(values, ROWS, wide)
    return out, wide / STRIDE


@torch.inference_mode()
def maps_of(network: EfficientNetLite0, film: Floats) -> Tensor:
    """The joined maps (1, CHANNELS, ROWS / 8, columns / 8) of one strip."""
    pyramid = network.pyramid(torch.from_numpy(film)[None, None])
    size = pyramid[_MAPS[0]].shape[-2:]
    return torch.cat(
        [
            pyramid[i]
            if i == _MAPS[0]
            else functional.interpolate(pyramid[i], size=size, mode="bilinear", align_corners=False)
            for i in _MAPS
        ],
        1,
    )
