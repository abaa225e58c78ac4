"""Splits by patient, stratified on the labels that are rarest."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Hashable, Mapping
from typing import TypeVar

Patient = TypeVar("Patient", bound=Hashable)


def by_patient(
    labels: Mapping[Patient, frozenset[str]], *, share: float, seed: int
) -> tuple[list[Patient], list[Patient]]:
    """Split patients in two, so that each label keeps its share on both sides.

    Iterative stratification (Sechidis et al., ECML 2011): the rarest label is dealt first, each
    patient going to the side that still wants that label most.

    Args:
        labels: patient to the labels that occur at least once in that patient.
        share: share of the patients that goes to the second, held-out part, in (0, 1).
        seed: decides every tie.

    Returns:
        The training patients and the held-out patients, each in the order of ``labels``.

    Raises:
        ValueError: ``share`` lies outside (0, 1).
    """
    if not 0 < share < 1:
        raise ValueError(f"share is {share}; it has to lie between 0 and 1")
    rng = random.Random(seed)
    counts = Counter(label for found in labels.values() for label in found)
    wanted = {
        side: {label: part * n for label, n in counts.items()}
        for side, part in (("train", 1 - share), ("held", share))
    }
    room = {"train": (1 - share) * len(labels), "held": share * len(labels)}
    side_of: dict[Patient, str] = {}
    waiting = list(labels)
    rng.shuffle(waiting)
    while waiting:
        left = Counter(label for patient in waiting for label in labels[patient])
        rarest = min(left, key=lambda label: (left[label], label)) if left else None
        batch = [p for p in waiting if rarest is None or rarest in labels[p]]
        for patient in batch:
            side = max(
                ("train", "held"),
                key=lambda s: (wanted[s].get(rarest, 0.0) if rarest else 0.0, room[s]),
            )
            side_of[patient] = side
            room[side] -= 1
            for label in labels[patient]:
                wanted[side][label] -= 1
        waiting = [p for p in waiting if p not in side_of]
    return (
        [p for p in labels if side_of[p] == "train"],
        [p for p in labels if side_of[p] == "held"],
    )
