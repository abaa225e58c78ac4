"""Disc crops with their grades, from patients and from everything that makes images up.

Each source answers with the same kind of set, whose crops the grader could take: so a set can be
held against another, graded, and learned from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from data.synth.conditions import BINARY, SEQUENCES, DiscGrades, SequenceName, Wanted
from data.synth.rgan.networks import NOISE, SHAPE, Generator
from finetune.classifier_data import DiscViews
from finetune.rgan.crops import crops_of, middle
from radixgpt.finding import PRESENT
from radixgpt.level import LUMBAR_DISCS
from tools.column import Disc
from tools.framing import Frame

Floats = npt.NDArray[np.float32]
SHARED = Path("../shared/data")
DISCS = Path("runs/classifier/discs.pickle")
"""Where the crops of the patients are kept once they are cut."""


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


def wanted_columns(like: Discs, count: int, seed: int) -> list[Wanted]:
    """Whole columns to ask for: the sequences and gradings of patients of a set, drawn anew."""
    rng = np.random.default_rng(seed)
    people: dict[tuple[int, SequenceName], dict[str, DiscGrades]] = {}
    for patient, sequence, level, grades in zip(
        like.patients, like.sequences, like.levels, like.grades, strict=True
    ):
        people.setdefault((int(patient), sequence), {})[level] = grades
    whole = [(key, discs) for key, discs in people.items() if len(discs) == len(LUMBAR_DISCS)]
    return [
        Wanted(whole[i][0][1], whole[i][1]) for i in rng.choice(len(whole), count, replace=True)
    ]


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


Places = Sequence[tuple[float, float]]
"""(x, y) in the slice of the lumbar discs from head to tail."""


def by_columns(make: Columns, wanted: Iterable[Wanted], places: Places | None = None) -> Discs:
    """Crops out of whole slices that were made up; discs that can't be found are left out.

    Args:
        make: draws a slice.
        wanted: what to draw.
        places: where each disc was asked for, in a slice that was drawn to such places: a disc that
            is found is that of the nearest place, if it is nearer than half of the way to the next.
            Otherwise discs are counted upwards from the lowest, taken as L5-S1.
    """
    from tools import crops as cropping
    from tools import levels
    from tools.columns import columns_of

    pixels, sequences, names, grades = [], [], [], []
    for seed, one in enumerate(wanted):
        slice_ = make(one, seed)
        ((framed, column),) = columns_of(levels.model(), [slice_], [None])
        found: Sequence[Disc | None] = column.discs[: len(LUMBAR_DISCS)][::-1]
        if places is not None:
            found = _placed(column.discs, framed, places)
        cut = cropping.crops(slice_, framed, column, found, 1.25)
        for level, crop in zip(LUMBAR_DISCS[len(LUMBAR_DISCS) - len(cut) :], cut, strict=True):
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


def _placed(discs: Sequence[Disc | None], framed: Frame, places: Places) -> list[Disc | None]:
    """The disc at each place, None where none is near."""
    there = [disc for disc in discs if disc is not None]
    if not there:
        return [None] * len(places)
    centres = framed.to_slice(np.stack([disc.centre for disc in there]))
    wanted = np.asarray(places, float)
    reach = np.hypot(*np.diff(wanted, axis=0).T).min() / 2
    away = np.hypot(*(centres[None] - wanted[:, None]).transpose(2, 0, 1))
    return [there[row.argmin()] if row.min() < reach else None for row in away]


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
