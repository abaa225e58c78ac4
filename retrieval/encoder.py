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
    """Pictures and texts to vectors of unit length.

    Attributes:
        name: such as ``radixgpt-clip 1.0`` or ``open_clip:ViT-B-32/laion2b``.
        sha256: hash of its weights and preprocessing.
        dimension: length of a vector.
    """

    @property
    def name(self) -> str: ...

    @property
    def sha256(self) -> str: ...

    @property
    def dimension(self) -> int: ...

    def images(self, pictures: Sequence[Views]) -> Floats:
        """Vectors (n, dimension) of pictures, each one place in any of its sequences."""
        ...

    def texts(self, texts: Sequence[str]) -> Floats:
        """Vectors (n, dimension) of texts."""
        ...
