"""Grading discs by texts alone: each grade is asked for in all its phrasings, and their mean."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from finetune.clip.captions import GRADES, KINDS, phrases
from retrieval.encoder import Encoder, Floats

PRESENT: dict[str, tuple[int, ...]] = {
    "modic": (1, 2, 3),
    **{kind: (1,) for kind in KINDS if kind not in ("pfirrmann", "modic")},
}
"""Kinds that are there or not, with the grades that count as there."""
_FORMS = ("{said}", "lumbar disc with {said}", "MRI of a lumbar disc, {said}")


def sayings(kind: str, grades: Sequence[int]) -> list[str]:
    """What may be said where a kind has just these grades."""
    return [
        said
        for row in phrases()[kind]
        if tuple(row["grades"]) == tuple(grades)
        for said in row["said"]
    ]


def mean_vector(encoder: Encoder, said: Sequence[str]) -> Floats:
    """The vector (dimension,) of unit length amid all forms of some phrasings."""
    vectors = encoder.texts([form.format(said=one) for one in said for form in _FORMS])
    mean: Floats = vectors.mean(0)
    return mean / np.float32(max(float(np.linalg.norm(mean)), 1e-12))


def grade_likeness(encoder: Encoder, vectors: Floats) -> Floats:
    """(n, 5) how like each Pfirrmann grade the pictures' vectors are."""
    texts = [mean_vector(encoder, sayings("pfirrmann", (g,))) for g in GRADES["pfirrmann"]]
    likeness: Floats = vectors @ np.stack(texts).T
    return likeness


def present_likeness(encoder: Encoder, vectors: Floats, kind: str) -> Floats:
    """(n,) how much more like "it is there" than "it is not" the pictures' vectors are."""
    there = mean_vector(encoder, sayings(kind, PRESENT[kind]))
    absent = mean_vector(encoder, sayings(kind, (0,)))
    more: Floats = vectors @ (there - absent)
    return more
