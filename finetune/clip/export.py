"""Write a trained encoder as it ships."""

from __future__ import annotations

import shutil
from pathlib import Path

from safetensors.torch import save_file
from torch import Tensor

from finetune.clip.fit import CONFIG
from finetune.clip.pairs import CROP, SIDE
from radixgpt.weights import Card, write_manifest
from retrieval.encoder import embedded
from tools.stored import pack

VERSION = "1.0"


def export(state: dict[str, Tensor], known: Tensor, folder: Path, *, config: Path = CONFIG) -> Card:
    """Write configuration, weights in 8 bits and manifest.

    Args:
        state: of the model as open_clip builds it from ``config``.
        known: (vocabulary,) bool, the tokens that were met in training; the others' rows are left
            out.
        folder: such as ``weights/clip``.
        config: of the model.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(config, folder / embedded.CONFIG)
    slim = embedded.slim(state, known.nonzero()[:, 0].tolist())
    save_file(pack(slim), folder / embedded.FILE)
    return write_manifest(
        folder,
        files=(embedded.CONFIG, embedded.FILE),
        name="radixgpt-clip",
        version=VERSION,
        licence="Apache-2.0; trained on SPIDER (CC BY 4.0)",
        summary="One space of lumbar discs, whole slices and captions (open_clip)",
        labels={"vector": "unit length; the product of two is their likeness"},
        input={"crop": list(CROP), "slice": SIDE},
        tokens=int(known.sum()),
    )
