"""The two small heads that find discs on a lateral radiograph and the corners beside them.

Both look at maps of the frozen backbone. :class:`DiscHead` says on the whole film where discs lie
and how their lower endplate runs; :class:`CornerHead` looks at a turned square about one disc, with
the anterior side on the left, and says where the four corners are.
"""

from __future__ import annotations

from collections.abc import Sequence as Items

import numpy as np
import numpy.typing as npt
import torch
from scipy import ndimage
from torch import Tensor, nn
from torch.nn import functional

from tools.backbone import PYRAMID_CHANNELS, EfficientNetLite0
from tools.radiographs.curve_net import CHANNELS

Array = npt.NDArray[np.floating]
Floats = npt.NDArray[np.float32]

SIDE = 160
"""Pixels along the square about a disc."""
REACH = 2.2
"""Sides of the square in depths of the lower endplate."""
CELL = 4
"""Pixels of the square to a cell of the corner maps."""
CELLS = SIDE // CELL
CORNERS = ("upper anterior", "upper posterior", "lower anterior", "lower posterior")
_LEVELS = (1, 2, 3, 4)
"""Maps of the pyramid that the corners are read from: strides 4 to 32."""
_WIDE = 32


class DiscHead(nn.Module):
    """Maps (n, CHANNELS, r, c) to (n, 3, r, c).

    The first channel is the logit of a disc's centre, the others the way (x, y) from the posterior
    to the anterior corner of the lower endplate, in cells of the map.
    """

    def __init__(self) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(CHANNELS, _WIDE, 1)
        self.near = nn.Conv2d(_WIDE, _WIDE, 3, padding=1)
        self.far = nn.Conv2d(_WIDE, _WIDE, 3, padding=3, dilation=3)
        self.out = nn.Conv2d(_WIDE, 3, 1)

    def forward(self, maps: Tensor) -> Tensor:
        """What is said of maps that are scaled by their mean and spread."""
        x = functional.relu(self.squeeze(maps))
        x = x + functional.relu(self.near(x))
        x = x + functional.relu(self.far(x))
        said: Tensor = self.out(x)
        return said


class CornerHead(nn.Module):
    """Maps of the pyramid of squares to log chances (n, 4, CELLS * CELLS) of the corners."""

    def __init__(self) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.BatchNorm2d(PYRAMID_CHANNELS[i]) for i in _LEVELS)
        self.squeeze = nn.ModuleList(nn.Conv2d(PYRAMID_CHANNELS[i], _WIDE, 1) for i in _LEVELS)
        self.first = nn.Conv2d(_WIDE, _WIDE, 3, padding=1)
        self.wider = nn.Conv2d(_WIDE, _WIDE, 3, padding=2, dilation=2)
        self.widest = nn.Conv2d(_WIDE, _WIDE, 3, padding=5, dilation=5)
        self.out = nn.Conv2d(_WIDE, len(CORNERS), 1)

    def forward(self, maps: Items[Tensor]) -> Tensor:
        """Log chances; each corner's add up to one over the square."""
        size = (CELLS, CELLS)
        x = torch.zeros(())
        for norm, squeeze, one in zip(self.norms, self.squeeze, maps, strict=True):
            y = squeeze(norm(one))
            if y.shape[-2:] != size:
                y = functional.interpolate(y, size=size, mode="bilinear", align_corners=False)
            x = x + y
        x = functional.relu(x)
        x = x + functional.relu(self.first(x))
        x = x + functional.relu(self.wider(x))
        x = x + functional.relu(self.widest(x))
        said: Tensor = self.out(x).flatten(2).log_softmax(2)
        return said


@torch.inference_mode()
def square_maps(network: EfficientNetLite0, squares: Floats) -> list[Tensor]:
    """The maps that :class:`CornerHead` reads of squares (n, SIDE, SIDE) in [-1, 1]."""
    pyramid = network.pyramid(torch.from_numpy(np.ascontiguousarray(squares))[:, None])
    return [pyramid[i] for i in _LEVELS]


def to_film(points: Array, centre: Array, along: Array) -> Array:
    """Points (n, 2) as (x, y) of the square as points of the film.

    Args:
        points: pixels of the square, centres at integers.
        centre: (x, y) of the square's middle on the film.
        along: (x, y) from the posterior to the anterior end of the disc; its length is the depth.
    """
    unit = (np.asarray(points) - (SIDE - 1) / 2) * REACH / SIDE
    down = _down(along)
    moved: Array = centre - unit[:, :1] * along + unit[:, 1:] * down
    return moved


def to_square(points: Array, centre: Array, along: Array) -> Array:
    """The way back of :func:`to_film`."""
    away = np.asarray(points, float) - centre
    length = float(along @ along)
    down = _down(along)
    unit = np.stack([-(away @ along) / length, (away @ down) / length], 1)
    back: Array = unit * SIDE / REACH + (SIDE - 1) / 2
    return back


def _down(along: Array) -> Array:
    """At a right angle to a disc, towards the feet, as long as it is."""
    down = np.array([-along[1], along[0]])
    return down if down[1] >= 0 else -down


def square_points(centre: Array, along: Array) -> Array:
    """Where on the film the pixels of a square lie, (SIDE * SIDE, 2) as (x, y)."""
    rows, columns = np.mgrid[0:SIDE, 0:SIDE]
    return to_film(np.stack([columns.ravel(), rows.ravel()], 1), centre, along)


def square(film: Floats, points: Array, depth: float) -> Floats:
    """The turned square (SIDE, SIDE) about a disc, the anterior side on the left, in [-1, 1].

    Args:
        film: (rows, columns), square pixels.
        points: as :func:`square_points` gives them.
        depth: of the lower endplate, pixels of the film.
    """
    step = depth * REACH / SIDE
    source = ndimage.gaussian_filter(film, 0.5 * (step - 1)) if step > 1.3 else film
    taken = ndimage.map_coordinates(
        source, [points[:, 1], points[:, 0]], order=1, mode="nearest"
    ).reshape(SIDE, SIDE)
    return stretched(taken)


def stretched(pixels: Array) -> Floats:
    """Greys of a square brought to [-1, 1] by their 1st and 99th percentile."""
    low, high = np.percentile(pixels, (1, 99))
    scaled = np.clip((pixels - low) / max(float(high - low), 1e-6), 0, 1) * 2 - 1
    return np.asarray(scaled, np.float32)


def places(log_chances: Tensor) -> tuple[Array, Array]:
    """Corners (n, 4, 2) in pixels of the square and how spread their chances are (n, 4), cells.

    The place is the mean of the chances within two cells of the likeliest cell.
    """
    chance = log_chances.exp().double().numpy().reshape(len(log_chances), 4, CELLS, CELLS)
    rows, columns = np.mgrid[0:CELLS, 0:CELLS]
    peak = chance.reshape(*chance.shape[:2], -1).argmax(2)
    near = (
        (np.abs(rows - (peak // CELLS)[..., None, None]) <= 2)
        & (np.abs(columns - (peak % CELLS)[..., None, None]) <= 2)
    ) * chance
    mass = near.sum((2, 3))
    x, y = (near * columns).sum((2, 3)) / mass, (near * rows).sum((2, 3)) / mass
    spread = np.sqrt(
        (chance * ((columns - x[..., None, None]) ** 2 + (rows - y[..., None, None]) ** 2)).sum(
            (2, 3)
        )
    )
    return np.stack([(x + 0.5) * CELL - 0.5, (y + 0.5) * CELL - 0.5], 2), spread
