"""What each part of the disc grader brings: the same training with one part taken back.

Every row is trained anew on two thirds of the training patients and marked on the third left out,
for two of the thirds; the development patients take no part. Resumes; its figures are kept in
``finetune/ablation.csv``, which the model card shows::

    python -m finetune.ablation                 # all rows that have no figures yet
    python -m finetune.ablation --rows "no context"
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from eval import grades as marks
from finetune import classifier_data, classifier_fit, spider
from finetune.classifier_data import DiscViews
from finetune.recipe import Recipe
from tools.calibration import any_modic
from tools.grade_net import BINARY, GradeNet

TABLE = Path(__file__).parent / "ablation.csv"
FULL = "all of it"
_EPOCHS = 10
THIRDS = 2
"""Thirds of the training patients that are left out in turn."""
FIGURES = (
    "Pfirrmann kappa",
    "Pfirrmann balanced accuracy",
    "narrowing",
    "bulging",
    "herniation",
    "endplates",
    "Modic",
)
"""Kappa and balanced accuracy, then AUROC; endplates is the mean of upper and lower."""


@dataclass(frozen=True)
class Row:
    """One training with something taken back or added.

    Attributes:
        name: as the table shows it.
        recipe: how it is trained.
        copies: distorted copies of each disc that are looked at and averaged; 0 for none.
        members: networks whose logits are averaged.
        t2_too: whether the Pfirrmann grade is averaged with what is seen in T2 alone.
    """

    name: str
    recipe: Recipe
    copies: int = 0
    members: int = 1
    t2_too: bool = True


def rows(pretrained: Path) -> tuple[Row, ...]:
    """Every row; ``pretrained`` holds what ``finetune.pretrain`` made."""
    full = Recipe(epochs=_EPOCHS, near=True, averaging=0.98)
    return (
        Row(FULL, full),
        Row("another seed", replace(full, seed=105)),
        Row("T2 alone", replace(full, only="t2"), t2_too=False),
        Row("T1 alone", replace(full, only="t1"), t2_too=False),
        Row("no neighbouring discs", replace(full, context=False)),
        Row("softmax instead of ordinal thresholds", replace(full, ordinal=False)),
        Row("no T2 SPACE slices beside the middle", replace(full, near=False)),
        Row("no label smoothing", replace(full, smoothing=0.0)),
        Row("discs upside down in two of five, endplates swapped", replace(full, flips=0.4)),
        Row("encoder from random weights", replace(full, pretrained=False)),
        Row(
            "encoder pre-trained on all images without labels",
            replace(full, begin=str(pretrained / "images.pt")),
        ),
        Row(
            "encoder pre-trained on phantoms", replace(full, begin=str(pretrained / "phantoms.pt"))
        ),
        Row("mean over eight distorted copies", full, copies=8),
        Row("three members instead of one", full, members=3),
        Row("18 epochs instead of 10", replace(full, epochs=18)),
        Row("one network taught by the three members", replace(full, taught=0.5), members=3),
    )


def thirds(patients: tuple[int, ...]) -> list[list[int]]:
    """The training patients in three parts, in an order fixed by a seed."""
    order = np.random.default_rng(3).permutation(len(patients))
    return [[patients[i] for i in order[k::3]] for k in range(3)]


def look(
    models: Sequence[torch.nn.Module], discs: list[DiscViews], row: Row, only: str | None
) -> dict[str, Tensor]:
    """Mean logits over members and copies."""
    found: list[dict[str, Tensor]] = []
    for model in models:
        if not row.copies:
            found.append(classifier_fit.predict(model, discs, only=only, recipe=row.recipe))
        for copy in range(row.copies):
            rng = np.random.default_rng(copy)
            found.append(
                classifier_fit.predict(model, discs, only=only, recipe=row.recipe, copy=rng)
            )
    return {name: torch.stack([one[name] for one in found]).mean(0) for name in found[0]}


def measure(
    row: Row, discs: list[DiscViews], patients: tuple[int, ...], out: Path
) -> tuple[dict[str, Tensor], list[DiscViews]]:
    """Train and look; a training that stands under another row of the same recipe is taken."""
    logits: list[dict[str, Tensor]] = []
    marked: list[DiscViews] = []
    parts = thirds(patients)
    for number in range(THIRDS):
        held = [d for d in discs if d.patient in parts[number]]
        rest = [d for d in discs if d.patient in patients and d.patient not in parts[number]]
        models: list[GradeNet] = []
        plain = replace(row.recipe, taught=0.0)
        for member in range(row.members):
            recipe = replace(plain, seed=row.recipe.seed + 50 * member + number)
            folder = out / f"{abs(hash_of(recipe)):x}"
            models.append(classifier_fit.train(rest, [], folder, "member", recipe))
        if row.recipe.taught:
            recipe = replace(row.recipe, seed=row.recipe.seed + number)
            folder = out / f"{abs(hash_of(recipe)):x}"
            models = [classifier_fit.train(rest, [], folder, "member", recipe, models)]
        shown = [d for d in held if d.views.get("t1") and d.views.get("t2")]
        one = look(models, shown, row, row.recipe.only)
        if row.t2_too:
            alone = look(models, shown, row, "t2")
            one["pfirrmann"] = (one["pfirrmann"] + alone["pfirrmann"]) / 2
        logits.append(one)
        marked += shown
    return {name: torch.cat([one[name] for one in logits]) for name in logits[0]}, marked


def hash_of(recipe: Recipe) -> int:
    """A name for a recipe that is the same tomorrow."""
    import hashlib

    return int(hashlib.sha256(repr(recipe).encode()).hexdigest()[:12], 16)


def figures(logits: Mapping[str, Tensor], discs: list[DiscViews]) -> dict[str, float]:
    """FIGURES of discs that were not learned from."""
    truth = np.array([d.pfirrmann for d in discs])
    grade = 1 + logits["pfirrmann"].sigmoid().sum(1).numpy()
    stated = np.clip(np.round(grade), 1, 5).astype(int)
    area = {
        name: marks.auroc([d.binary[j] for d in discs], logits["binary"][:, j].numpy())
        for j, name in enumerate(BINARY)
    }
    modic = marks.auroc([d.modic > 0 for d in discs], any_modic(logits["modic"].numpy()))
    values = (
        marks.quadratic_kappa(truth - 1, stated - 1, 5),
        marks.balanced_accuracy(truth, stated),
        area["disc_narrowing"],
        area["disc_bulging"],
        area["disc_herniation"],
        (area["endplate_upper"] + area["endplate_lower"]) / 2,
        modic,
    )
    return {name: round(v, 4) for name, v in zip(FIGURES, values, strict=True)}


def kept(table: Path = TABLE) -> dict[str, dict[str, str]]:
    """Rows that have figures, by name."""
    if not table.is_file():
        return {}
    with table.open(encoding="utf-8", newline="") as file:
        return {row["row"]: row for row in csv.DictReader(file)}


def table(path: Path = TABLE) -> str:
    """The kept figures as a Markdown table, each with its distance from the full training."""
    known = kept(path)
    lines = [
        "| training | " + " | ".join(FIGURES) + " |",
        "| --- " * (1 + len(FIGURES)) + "|",
    ]
    base = known.get(FULL)
    for name, row in known.items():
        cells = []
        for figure in FIGURES:
            value = float(row[figure])
            away = "" if base is None or name == FULL else f" ({value - float(base[figure]):+.3f})"
            cells.append(f"{value:.3f}{away}")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Train and mark the rows that have no figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("runs/ablation"))
    parser.add_argument("--pretrained", type=Path, default=Path("runs/pretrain"))
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    parser.add_argument("--discs", type=Path, default=Path("runs/classifier/discs.pickle"))
    parser.add_argument("--rows", nargs="*", help="only these")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    from tools import levels

    discs = classifier_data.load(options.shared, levels.model(), options.discs)
    patients, _ = spider.split(options.shared)
    for row in rows(options.pretrained):
        if options.rows and row.name not in options.rows:
            continue
        if not options.rows and row.name in kept():
            continue
        if row.recipe.begin and not Path(row.recipe.begin).is_file():
            print(f"{row.name}: left out, run finetune.pretrain first")
            continue
        found = figures(*measure(row, discs, patients, options.out))
        known = {**kept(), row.name: {"row": row.name, **{k: str(v) for k, v in found.items()}}}
        order = [one.name for one in rows(options.pretrained)]
        with TABLE.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, ("row", *FIGURES), lineterminator="\n")
            writer.writeheader()
            writer.writerows(sorted(known.values(), key=lambda r: order.index(r["row"])))
        print(row.name, found, flush=True)


if __name__ == "__main__":
    main()
