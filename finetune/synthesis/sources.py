"""Disc crops with their grades, from patients and from everything that makes images up.

Each source answers with the same kind of set, whose crops the grader could take: so a set can be
held against another, graded, and learned from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from data.synth.conditions import BINARY, SEQUENCES, DiscGrades, SequenceName, Wanted
from data.synth.rgan.networks import NOISE, SHAPE, Generator
from finetune.classifier_data import DiscViews
from finetune.rgan.crops import crops_of, middle
from radixgpt.finding import PRESENT
from radixgpt.level import LUMBAR_DISCS

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Discs:
    """n disc crops.

    Attributes:
        pixels: (n, *SHAPE) in [-1, 1].
        sequences, levels, grades: what each shows, or was to show.
        patients: (n,) of whom; 0 where of nobody.
    """

    pixels: Floats
    sequences: tuple[SequenceName, ...]
    levels: tuple[str, ...]
    grades: tuple[DiscGrades, ...]
    patients: npt.NDArray[np.int64]

    def part(self, rows: npt.NDArray[np.intp]) -> Discs:
        """Some of the crops."""
        return Discs(
            self.pixels[rows],
            tuple(self.sequences[i] for i in rows),
            tuple(self.levels[i] for i in rows),
            tuple(self.grades[i] for i in rows),
            self.patients[rows],
        )

    def of(self, sequence: SequenceName) -> Discs:
        """The crops of one sequence."""
        return self.part(np.flatnonzero([one == sequence for one in self.sequences]))


def joined(sets: Iterable[Discs]) -> Discs:
    """Several sets as one."""
    some = list(sets)
    return Discs(
        np.concatenate([one.pixels for one in some]),
        tuple(s for one in some for s in one.sequences),
        tuple(level for one in some for level in one.levels),
        tuple(g for one in some for g in one.grades),
        np.concatenate([one.patients for one in some]),
    )


def real(discs: Iterable[DiscViews]) -> Discs:
    """The crops of patients; of each disc and sequence the first view."""
    firsts = []
    for disc in discs:
        views = {name: some[:1] for name, some in disc.views.items() if name in ("t1", "t2")}
        firsts.append(
            DiscViews(disc.patient, disc.index, disc.pfirrmann, disc.modic, disc.binary, views)
        )
    crops = crops_of(firsts)
    return Discs(
        np.asarray(middle(crops.pixels)[:, 0].numpy(), np.float32),
        tuple(one.sequence for one in crops.wanted),
        crops.levels,
        tuple(w.disc(level) for w, level in zip(crops.wanted, crops.levels, strict=True)),
        crops.patients,
    )


def asked(like: Discs, count: int, seed: int) -> list[tuple[SequenceName, str, DiscGrades]]:
    """What to ask a generator for: sequence, level and grades as frequent as in a set."""
    rows = np.random.default_rng(seed).choice(len(like.grades), count, replace=True)
    return [(like.sequences[i], like.levels[i], like.grades[i]) for i in rows]


def by_rgan(net: Generator, wanted: list[tuple[SequenceName, str, DiscGrades]], seed: int) -> Discs:
    """Crops of the relativistic GAN, in batches."""
    torch.manual_seed(seed)
    made = []
    conditions = torch.from_numpy(
        np.stack([Wanted(s, {level: g}).disc_vector(level) for s, level, g in wanted])
    )
    with torch.inference_mode():
        for some in torch.split(conditions, 64):
            made.append(net(torch.randn(len(some), NOISE), some)[:, 0].clamp(-1, 1))
    return Discs(
        np.asarray(torch.cat(made).numpy(), np.float32),
        tuple(s for s, _, _ in wanted),
        tuple(level for _, level, _ in wanted),
        tuple(g for _, _, g in wanted),
        np.zeros(len(wanted), np.int64),
    )


Columns = Callable[[Wanted, int], Floats]
"""A condition and a seed to a mid-sagittal slice (rows, columns)."""


def by_columns(make: Columns, wanted: Iterable[Wanted]) -> Discs:
    """Crops out of whole slices that were made up; discs that can't be found are left out."""
    from tools import crops as cropping
    from tools import levels
    from tools.columns import columns_of

    pixels, sequences, names, grades = [], [], [], []
    for seed, one in enumerate(wanted):
        slice_ = make(one, seed)
        ((framed, column),) = columns_of(levels.model(), [slice_], [None])
        cut = cropping.crops(slice_, framed, column, column.discs, 1.25)
        for place, crop in enumerate(cut[: len(LUMBAR_DISCS)]):
            level = LUMBAR_DISCS[-1 - place]  # counted upwards from the lowest, L5-S1
            if crop is not None:
                pixels.append(crop.pixels)
                sequences.append(one.sequence)
                names.append(level)
                grades.append(one.disc(level))
    stacked = np.stack(pixels) if pixels else np.zeros((0, *SHAPE), np.float32)
    return Discs(
        np.asarray(middle(stacked)[:, 0].numpy(), np.float32),
        tuple(sequences),
        tuple(names),
        tuple(grades),
        np.zeros(len(names), np.int64),
    )


def by_phantom(count: int, seed: int, say: Callable[[int], None] = lambda done: None) -> Discs:
    """Crops of drawn phantoms, whose grades are exact; ``say`` is told how many are drawn."""
    from data.synth.phantom import Rendered, render, sample

    rng = np.random.default_rng(seed)
    sets = []
    for number in range(count):
        rendered: Rendered = render(sample(rng), size=288)
        truth = {level: _true(rendered.truth[level]) for level in LUMBAR_DISCS}
        images = {name: np.asarray(rendered.images[name], np.float32) for name in SEQUENCES}

        def shown(wanted: Wanted, _seed: int, of: dict[SequenceName, Floats] = images) -> Floats:
            return of[wanted.sequence]

        sets.append(by_columns(shown, [Wanted(name, truth) for name in SEQUENCES]))
        say(number + 1)
    return joined(sets)


def _true(one: dict[str, int | float | str]) -> DiscGrades:
    present = frozenset(kind for kind in BINARY if one[kind] == PRESENT)
    return DiscGrades(int(one["pfirrmann"]), int(one["modic"]), present)
