"""Train the disc grading networks that ``tools/classifier`` runs.

The members that ship learn from all training patients. What they would say of a patient whom they
don't know is learned from their like: for each fifth of the training patients a network learns
from the other four fifths, and its predictions on the fifth left out calibrate the ensemble. The
development patients take no part. Seeded, and resumes network by network and epoch by epoch::

    python -m finetune.classifier train
    python -m finetune.classifier export
    python -m finetune.classifier_calibration
    python -m finetune.classifier_marks --cards
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from finetune import classifier_data, classifier_fit, spider
from finetune.classifier_data import DiscViews
from finetune.recipe import Recipe
from radixgpt.errors import InputError
from radixgpt.weights import WEIGHTS
from tools.grade_net import GradeNet

RECIPE = Recipe()
MEMBERS = 3
"""Networks that ship."""
FOLDS = 5
PER_FOLD = 1
"""Networks that learn from the patients outside of a fold."""
FILE = "grades{}.safetensors"
"""Name of a member's weights."""


def folds(patients: Sequence[int]) -> list[list[int]]:
    """The training patients in FOLDS parts, in an order fixed by a seed."""
    order = np.random.default_rng(7).permutation(len(patients))
    return [[patients[i] for i in order[k::FOLDS]] for k in range(FOLDS)]


def networks() -> list[tuple[str, int | None, Recipe]]:
    """Name, fold left out and recipe of everything that is trained."""
    made: list[tuple[str, int | None, Recipe]] = []
    for fold in range(FOLDS):
        for one in range(PER_FOLD):
            recipe = replace(RECIPE, seed=RECIPE.seed + 100 * one + fold)
            made.append((f"fold{fold}-{one}", fold, recipe))
    for member in range(MEMBERS):
        made.append((f"member{member}", None, replace(RECIPE, seed=RECIPE.seed + 1000 + member)))
    return made


def train(discs: list[DiscViews], patients: Sequence[int], out: Path, names: Sequence[str]) -> None:
    """Train what is named, or everything, unless it is there.

    Args:
        discs: of any patients.
        patients: the training patients.
        out: folder for weights, checkpoints and the log.
        names: as :func:`networks` gives them; empty for all.
    """
    parts = folds(patients)
    for name, fold, recipe in networks():
        if names and name not in names:
            continue
        left_out = set(parts[fold]) if fold is not None else set()
        own = [d for d in discs if d.patient in patients and d.patient not in left_out]
        held = [d for d in discs if d.patient in left_out]
        classifier_fit.train(own, held, out, name, recipe)


def of_folds(out: Path) -> list[list[GradeNet]]:
    """The networks of each fold.

    Raises:
        FileNotFoundError: they have not been trained here.
    """
    found: list[list[GradeNet]] = [[] for _ in range(FOLDS)]
    for name, fold, _ in networks():
        if fold is not None:
            net = GradeNet()
            net.load_state_dict(torch.load(out / f"{name}.pt", weights_only=True))
            found[fold].append(net.eval())
    return found


def export(out: Path, weights: Path) -> None:
    """Write the members as they ship; their calibration follows."""
    from safetensors.torch import save_file

    from tools.stored import pack

    weights.mkdir(parents=True, exist_ok=True)
    for member in range(MEMBERS):
        state = torch.load(out / f"member{member}.pt", weights_only=True)
        save_file(pack(state), weights / FILE.format(member))


def main() -> None:
    """Train or export."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stage", choices=("train", "export"))
    parser.add_argument("--out", type=Path, default=Path("runs/classifier"))
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    parser.add_argument("--weights", type=Path, default=WEIGHTS / "classifier")
    parser.add_argument("--names", nargs="*", default=[], help="only these networks")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    if options.stage == "export":
        export(options.out, options.weights)
        return
    from tools import levels

    discs = classifier_data.load(options.shared, levels.model(), options.out / "discs.pickle")
    patients, _ = spider.split(options.shared)
    try:
        train(discs, patients, options.out, options.names)
    except InputError as error:
        parser.exit(1, f"{error}\n")


if __name__ == "__main__":
    main()
