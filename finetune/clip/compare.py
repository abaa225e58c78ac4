"""What the losses, the hard negatives and the first weights bring, on training patients left out.

Each variant learns from two thirds of the training patients and is marked on the third left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from finetune.clip.fit import Recipe

SHORT = Recipe(epochs=5)
VARIANTS: dict[str, Recipe] = {
    "masked": SHORT,
    "sigmoid": replace(SHORT, loss="sigmoid"),
    "from the levels' encoder": replace(SHORT, start="levels"),
    "plain": replace(SHORT, loss="plain"),
    "no hard negatives": replace(SHORT, hard=0),
}
"""What is held against what, by name."""


def parts(patients: Sequence[int]) -> tuple[list[int], list[int]]:
    """Two thirds of the training patients to learn from, and the third left out."""
    order = np.random.default_rng(11).permutation(len(patients))
    cut = 2 * len(patients) // 3
    return [patients[i] for i in order[:cut]], [patients[i] for i in order[cut:]]


def folder(name: str) -> str:
    """Where a variant's training is kept."""
    return name.replace("'", "").replace(" ", "-")
