"""Which cases look alike: one vector a case from what the shared backbone sees in its images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from radixgpt.case import Image
from radixgpt.weights import load_card
from tools.case_images import load
from tools.embeddings import matrix
from tools.threads import one_thread
from tools.triage_looks import Floats, features, framed
from tools.triage_weights import eyes

if TYPE_CHECKING:
    import pandas as pd


def vector_of(folder: Path) -> Floats:
    """The vector of the images in a folder, of unit length, (components,).

    Args:
        folder: pictures, volumes, or folders of DICOM objects, of one case.

    Raises:
        InputError: one of them can't be read.
        WeightsError: the weights of triage are missing or damaged.
    """
    frames = []
    for path in sorted(folder.iterdir()):
        found = load(Image(path=path.name, sha256=""), folder)
        frames.append(framed(found.pixels, found.spacing))
    with one_thread():
        seen = features(eyes().network, np.stack(frames))
    return joined(seen)


def vectors_of(rows: pd.DataFrame) -> dict[str, Floats]:
    """Vectors by case from a table of :func:`tools.embeddings.embed_images`."""
    there = rows[rows["embedding"].notna()]
    return {
        str(case): joined(matrix(of_case)) for case, of_case in there.groupby("case", sort=True)
    }


def joined(seen: Floats) -> Floats:
    """Features of one case's images (n, 1280) to its vector.

    The whitened components that triage compares slices in, each image of unit length, averaged.
    """
    components = eyes().heads.project(seen)
    components /= np.linalg.norm(components, axis=1, keepdims=True).clip(1e-9)
    mean = components.mean(axis=0)
    vector: Floats = (mean / np.linalg.norm(mean).clip(1e-9)).astype(np.float32)
    return vector


def made_of() -> str:
    """Hash of the weights that the vectors come from."""
    return load_card("triage").facts().sha256
