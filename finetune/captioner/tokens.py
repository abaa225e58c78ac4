"""What the eyes see of the training patients, cached: several distorted copies of every disc.

The shipped graders know the training patients by heart, so what they see of them is surer than what
they will see of others. Each copy is cut from a drawn view, distorted, with measures jittered and
with the networks' own dropout left on, which makes it about as unsure as a stranger's.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from finetune.classifier_data import Batch, DiscViews, collate
from radixgpt.level import LUMBAR_DISCS, disc_at
from tools.grade_net import GradeNet, Inputs

Halves = npt.NDArray[np.float16]
DRAWN, ALONE = 9, 2
"""Copies of a patient as drawn (either sequence may be missing), and of each sequence alone."""


@dataclass(frozen=True, eq=False)
class Copy:
    """What the members see in one copy of a patient.

    Attributes:
        levels: the lumbar discs, from head to tail.
        tokens: (discs, members, grade_net.WIDTH).
        sequences: those that it shows, ``t1`` and ``t2``.
    """

    patient: int
    levels: tuple[str, ...]
    tokens: Halves
    sequences: frozenset[str]


def inputs(batch: Batch) -> Inputs:
    """What a member takes."""
    return batch.crops, batch.there, batch.measures, batch.levels, batch.patients


@torch.inference_mode()
def seen(nets: Sequence[GradeNet], discs: list[DiscViews], batch: Batch) -> Copy:
    """What members see in a batch of one patient's discs."""
    tokens = torch.stack([net.tokens(inputs(batch)) for net in nets], 1)
    names = [disc_at(disc.index) for disc in discs]
    rows = [names.index(level) for level in LUMBAR_DISCS if level in names]
    shown = batch.there[rows].any(0)
    kept = [row for row in rows if bool(batch.there[row].any())]
    return Copy(
        discs[0].patient,
        tuple(names[row] for row in kept),
        tokens[kept].half().numpy(),
        frozenset(name for name, there in zip(("t2", "t1"), shown, strict=True) if there),
    )


def copies(
    nets: Sequence[GradeNet], discs: list[DiscViews], rng: np.random.Generator
) -> list[Copy]:
    """The copies of one patient.

    Args:
        nets: the members; their dropout is on while this runs.
        discs: all of the patient's.
        rng: draws everything.
    """
    discs = sorted(discs, key=lambda disc: -disc.index)
    torch.manual_seed(int(rng.integers(2**31)))
    loose = [module for net in nets for module in net.modules() if isinstance(module, nn.Dropout)]
    for module in loose:
        module.train()
    try:
        batches = [collate(discs, rng, near=True) for _ in range(DRAWN)]
        for only in ("t2", "t1"):
            if any(disc.views.get(only) for disc in discs):
                batches += [collate(discs, rng, near=True, only=only) for _ in range(ALONE)]
        found = [seen(nets, discs, batch) for batch in batches]
    finally:
        for module in loose:
            module.eval()
    return [one for one in found if one.levels]


def load(
    nets: Sequence[GradeNet],
    discs: Sequence[DiscViews],
    patients: Sequence[int],
    folder: Path,
    state: str,
    say: Callable[[str, int, int], None],
    seed: int = 17,
) -> list[Copy]:
    """The copies of some patients, made once for each state of the members.

    Args:
        nets: the members.
        discs: of any patients.
        patients: whose copies are wanted.
        folder: keeps a file a patient, so that it goes on where it stopped.
        state: names the members' weights.
        say: told what is done, how much, and of how much.
        seed: of everything that is drawn.
    """
    folder = folder / f"tokens-{state}"
    folder.mkdir(parents=True, exist_ok=True)
    found: list[Copy] = []
    for done, patient in enumerate(patients, start=1):
        path = folder / f"{patient}.pickle"
        if not path.is_file():
            own = [disc for disc in discs if disc.patient == patient and disc.index >= 0]
            made = copies(nets, own, np.random.default_rng([seed, patient])) if own else []
            new = path.with_suffix(".new")
            new.write_bytes(pickle.dumps(made))
            new.replace(path)
        found += pickle.loads(path.read_bytes())  # noqa: S301 -- written by this very function
        say("Looking at copies of the training patients", done, len(patients))
    return found
