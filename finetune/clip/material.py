"""What is learned from and what is marked: discs and slices of the staged patients."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from finetune import classifier_data, spider
from finetune.classifier_data import DiscViews
from finetune.clip import bank, fit, pairs
from finetune.clip.bank import Bank
from finetune.clip.fit import Recipe
from radixgpt.level import LUMBAR_DISCS
from tools import levels

DISCS = Path("runs/classifier/discs.pickle")
"""Where ``finetune.classifier`` keeps what it cut."""


def discs_of(shared: Path, patients: Sequence[int], *, lumbar: bool = True) -> list[DiscViews]:
    """The discs of patients that were found and have a crop.

    Args:
        shared: the staged data.
        patients: whose.
        lumbar: whether those above L1-L2 are left out.
    """
    every = classifier_data.load(shared, levels.model(), DISCS)
    wanted = set(patients)
    most = len(LUMBAR_DISCS) if lumbar else 99
    return pairs.shown(d for d in every if d.patient in wanted and d.index < most)


def disc_bank(shared: Path, start: str, out: Path) -> Bank:
    """All discs of the training patients as a trunk sees them; kept in ``out``."""

    def make() -> Bank:
        patients, _ = spider.split(shared)
        model, _ = fit.begin(Recipe(start=start))
        return bank.of_discs(model, discs_of(shared, patients, lumbar=False), 1)

    return bank.kept(out / f"discs-{start}-{bank.state(start)}.pt", make)


def slice_bank(shared: Path, start: str, out: Path) -> Bank:
    """Their whole slices, likewise."""

    def make() -> Bank:
        patients, _ = spider.split(shared)
        model, _ = fit.begin(Recipe(start=start))
        return bank.of_slices(model, pairs.whole_slices(shared, patients), 2)

    return bank.kept(out / f"slices-{start}-{pairs.SIDE}-{bank.state(start)}.pt", make)
