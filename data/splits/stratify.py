"""Dealing patients to sides so that the rarest labels keep their shares."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Hashable, Mapping
from typing import TypeVar

Patient = TypeVar("Patient", bound=Hashable)
Side = TypeVar("Side", bound=str)


def deal(
    labels: Mapping[Patient, frozenset[str]],
    *,
    shares: Mapping[Side, float],
    seed: int,
    sizes: Mapping[Patient, int] | None = None,
) -> dict[Patient, Side]:
    """Deal patients, or groups of patients, to sides, so that each label keeps its share on each.

    Iterative stratification (Sechidis et al., ECML 2011): the rarest label is dealt first, each
    patient going to the side that still wants that label most, then to the side with most room.

    Args:
        labels: patient to the labels that occur at least once in that patient.
        shares: side to its share of the patients, positive numbers that add up to one.
        seed: decides every tie.
        sizes: how many patients stand behind each key; one each where it is None. Larger groups
            are dealt first, so that the small ones can make up for them.

    Returns:
        Every patient's side, in the order of ``labels``.

    Raises:
        ValueError: a share that isn't positive, or shares that don't add up to one.
    """
    if not shares or min(shares.values()) <= 0 or abs(sum(shares.values()) - 1) > 1e-9:
        raise ValueError(f"the shares are {dict(shares)}; they have to be positive and add up to 1")
    size = sizes or {}
    total = sum(size.get(patient, 1) for patient in labels)
    counts = Counter(label for found in labels.values() for label in found)
    wanted = {
        side: {label: part * n for label, n in counts.items()} for side, part in shares.items()
    }
    room = {side: part * total for side, part in shares.items()}
    side_of: dict[Patient, Side] = {}
    waiting = list(labels)
    random.Random(seed).shuffle(waiting)
    if sizes:
        waiting.sort(key=lambda patient: -size.get(patient, 1))
    while waiting:
        left = Counter(label for patient in waiting for label in labels[patient])
        rarest = min(left, key=lambda label: (left[label], label)) if left else None
        batch = [p for p in waiting if rarest is None or rarest in labels[p]]
        for patient in batch:
            side = max(
                shares,
                key=lambda s: (wanted[s].get(rarest, 0.0) if rarest else 0.0, room[s]),
            )
            side_of[patient] = side
            room[side] -= size.get(patient, 1)
            for label in labels[patient]:
                wanted[side][label] -= 1
        waiting = [p for p in waiting if p not in side_of]
    return {patient: side_of[patient] for patient in labels}


def by_patient(
    labels: Mapping[Patient, frozenset[str]], *, share: float, seed: int
) -> tuple[list[Patient], list[Patient]]:
    """Split patients in two; see :func:`deal`.

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
    side_of = deal(labels, shares={"train": 1 - share, "held": share}, seed=seed)
    return (
        [p for p in labels if side_of[p] == "train"],
        [p for p in labels if side_of[p] == "held"],
    )
