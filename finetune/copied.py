"""Whether made-up images copy those that were learned from, before any of them is shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from radixgpt.errors import CheckFailedError

COPY = 0.97
"""A correlation with a training image from which a sample counts as a copy of it."""


@dataclass(frozen=True)
class Nearest:
    """How near images are to their most alike training images, by correlation.

    Attributes:
        made: of the samples.
        real: of training images, to the most alike ones of other patients.
    """

    made: tuple[float, ...]
    real: tuple[float, ...]

    def told(self) -> dict[str, str]:
        """The figures as the cards tell them."""
        return {
            "samples": str(len(self.made)),
            "highest": f"{max(self.made):.2f}",
            "median": f"{np.median(self.made):.2f}",
            "real_median": f"{np.median(self.real):.2f}",
            "real_highest": f"{max(self.real):.2f}",
            "copy": f"{COPY:.2f}",
        }


def standard(images: Tensor) -> Tensor:
    """Images (n, 1, rows, columns) as rows of mean 0 and length 1, at half the resolution."""
    flat = avg_pool2d(images, 2).flatten(1)
    flat = flat - flat.mean(1, keepdim=True)
    unit: Tensor = flat / flat.norm(dim=1, keepdim=True).clamp(min=1e-6)
    return unit


def nearest(made: Tensor, known: Tensor, patients: npt.NDArray[np.int64]) -> Nearest:
    """Compare samples (m, 1, rows, columns) with training images (n, 1, rows, columns).

    Args:
        made: what is to be shown.
        known: what was learned from.
        patients: (n,) of whom; training images are compared across patients only.
    """
    real, whose = standard(known), torch.from_numpy(patients)
    own = (standard(made) @ real.T).amax(1)
    others = real @ real.T
    others[whose[:, None] == whose[None, :]] = -1
    return Nearest(tuple(own.tolist()), tuple(others.amax(1).tolist()))


def refuse_copies(near: Nearest) -> None:
    """Stop before a copy is shown.

    Raises:
        CheckFailedError: a sample is a copy of a training image.
    """
    if max(near.made) >= COPY:
        raise CheckFailedError(
            f"A sample has a correlation of {max(near.made):.3f} with a training image.",
            "Train with fewer steps or more patients; nothing of it may be shown.",
        )
