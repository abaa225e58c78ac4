"""What turns pictures and texts into vectors of one space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Views = Mapping[str, Floats]
"""One place as its sequences show it: ``t2``, ``t1`` or ``grey`` to a picture in [-1, 1]."""


class Encoder(Protocol):
    """Pictures and texts to vectors of unit length."""

    @property
    def name(self) -> str:
        """Such as ``radixgpt-clip 1.0`` or ``open_clip:ViT-B-32/laion2b``."""
        ...

    @property
    def sha256(self) -> str:
        """Hash of its weights and preprocessing."""
        ...

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        ...

    def images(self, pictures: Sequence[Views]) -> Floats:
        """Vectors (n, dimension) of pictures, each one place in any of its sequences."""
        ...

    def texts(self, texts: Sequence[str]) -> Floats:
        """Vectors (n, dimension) of texts."""
        ...
