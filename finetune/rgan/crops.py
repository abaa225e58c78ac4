"""The disc crops that generators of discs learn from, with their conditions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from data.synth.conditions import SEQUENCES, DiscGrades, Wanted
from data.synth.rgan.networks import SHAPE
from finetune.classifier_data import DiscViews
from radixgpt.level import LUMBAR_DISCS, disc_at
from tools.grade_net import BINARY


@dataclass(frozen=True, eq=False)
class Crops:
    """n crops.

    Attributes:
        pixels: (n, rows, columns) in [-1.2, 1.5], with a margin around SHAPE.
        conditions: (n, DISC_CONDITION).
        patients: (n,).
        wanted, levels: the same as the conditions, readable.
    """

    pixels: npt.NDArray[np.float32]
    conditions: Tensor
    patients: npt.NDArray[np.int64]
    wanted: tuple[Wanted, ...]
    levels: tuple[str, ...]


def grades_of(disc: DiscViews) -> DiscGrades:
    """The gradings of a disc as a condition holds them."""
    present = frozenset(name for name, there in zip(BINARY, disc.binary, strict=True) if there)
    return DiscGrades(disc.pfirrmann, disc.modic, present)


def crops_of(discs: Iterable[DiscViews]) -> Crops:
    """Every view of every lumbar disc; the T2 SPACE slices beside the middle too."""
    pixels, wanted, levels, patients = [], [], [], []
    for disc in discs:
        level = disc_at(disc.index)
        if level not in LUMBAR_DISCS:
            continue
        grades = {level: grades_of(disc)}
        for name, views in disc.views.items():
            sequence = next(one for one in SEQUENCES if one == ("t1" if name == "t1" else "t2"))
            for view in views:
                pixels.append(view.pixels)
                wanted.append(Wanted(sequence, grades))
                levels.append(level)
                patients.append(disc.patient)
    conditions = [one.disc_vector(level) for one, level in zip(wanted, levels, strict=True)]
    return Crops(
        np.stack(pixels),
        torch.from_numpy(np.stack(conditions)),
        np.asarray(patients, np.int64),
        tuple(wanted),
        tuple(levels),
    )


def middle(pixels: npt.NDArray[np.float32]) -> Tensor:
    """The middle of crops (n, rows, columns) as images, (n, 1, *SHAPE) in [-1, 1]."""
    top, left = ((pixels.shape[k + 1] - SHAPE[k]) // 2 for k in (0, 1))
    cut = pixels[:, top : top + SHAPE[0], left : left + SHAPE[1]]
    return torch.from_numpy(np.ascontiguousarray(cut)).clamp(-1, 1)[:, None]


def batch(
    crops: Crops, rows: npt.NDArray[np.intp], rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Images and conditions of some crops, each moved by a few pixels and with other greys."""
    spare = [crops.pixels.shape[k + 1] - SHAPE[k] for k in (0, 1)]
    images = np.empty((len(rows), *SHAPE), np.float32)
    for place, row in enumerate(rows):
        top, left = (int(rng.integers(max(0, s // 2 - 4), s // 2 + 5)) for s in spare)
        top, left = min(top, spare[0]), min(left, spare[1])
        cut = crops.pixels[row, top : top + SHAPE[0], left : left + SHAPE[1]]
        images[place] = (cut + 1) * rng.uniform(0.93, 1.07) - 1 + rng.uniform(-0.03, 0.03)
    return torch.from_numpy(images).clamp(-1, 1)[:, None], crops.conditions[rows]
