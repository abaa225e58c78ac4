"""What turns pictures and texts into vectors of one space.

``embedded`` is the small open_clip model that ships in ``weights/clip``; every published open_clip
checkpoint takes its place by name (:func:`load`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from radixgpt.errors import SettingsError

Floats = npt.NDArray[np.float32]
Views = Mapping[str, Floats]
"""One place as its sequences show it: ``t2``, ``t1`` or ``grey`` to a picture in [-1, 1].

A picture is a crop of a disc (112 x 144, as ``tools.crops`` cuts it) or a whole framed slice; the
pictures of one place have one size.
"""
EMBEDDED = "embedded"
_PUBLISHED = "open_clip:"


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
        """Vectors (n, dimension) of pictures, each one place in any of its sequences.

        Raises:
            InputError: a picture that no vector can be made of.
        """
        ...

    def texts(self, texts: Sequence[str]) -> Floats:
        """Vectors (n, dimension) of texts; what is longer than the model reads is cut off."""
        ...

    def unknown(self, text: str) -> list[str]:
        """The words of a text, in order, that surely say nothing to it."""
        ...


def load(name: str = EMBEDDED) -> Encoder:
    """The encoder that a setting names.

    Args:
        name: ``embedded``; or ``open_clip:`` before ``MODEL/WEIGHTS`` as open_clip names them
            (``ViT-B-32/laion2b_s34b_b79k``), ``hf-hub:OWNER/REPOSITORY``, a folder with
            ``open_clip_config.json`` and weights, or ``MODEL@FILE`` for weights in a file.

    Raises:
        SettingsError: no encoder has this name.
        WeightsError: its weights are missing or damaged, or can't be had from here.
    """
    if name == EMBEDDED:
        from retrieval.encoder.embedded import Embedded

        return Embedded.load()
    if name.startswith(_PUBLISHED) and len(name) > len(_PUBLISHED):
        from retrieval.encoder.published import Published

        return Published.load(name.removeprefix(_PUBLISHED))
    raise SettingsError(
        f"'{name.rpartition('/')[2][:200]}' is not an encoder.",
        "Set RADIXGPT_ENCODER to embedded, open_clip:MODEL/WEIGHTS, "
        "open_clip:hf-hub:OWNER/REPOSITORY, open_clip:FOLDER or open_clip:MODEL@FILE.",
    )
