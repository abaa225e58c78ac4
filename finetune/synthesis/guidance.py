"""How far the diffusion model is to be guided, by what training patients are like.

The same columns with the same seeds are drawn with each guidance, graded by our own disc grader,
and held against the crops of training patients; the development patients take no part. The table
is kept in ``finetune/synthesis/guidance.csv``, which ``docs/synthesis.md`` shows::

    python -m finetune.synthesis.guidance
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import Progress, TaskID

from data.synth.conditions import Wanted
from data.synth.diffusion import sample as diffusion
from data.synth.diffusion.networks import PLACES, Denoiser
from finetune import classifier_data, spider
from finetune.synthesis import measure, sources
from finetune.synthesis.sources import DISCS, SHARED
from tools import levels

TABLE = Path(__file__).with_suffix(".csv")
TRIED = (1.0, 2.0, 3.0, 4.0)
_COLUMNS, _SEED = 60, 29
FIGURES: Mapping[str, str] = {
    "crops": ".0f",
    "Pfirrmann kappa": ".2f",
    "narrowing AUROC": ".2f",
    "bulging AUROC": ".2f",
    "FID": ".2f",
    "precision": ".2f",
    "recall": ".2f",
}
"""What is told of each guidance, and how it is rounded."""


def tried(
    net: Denoiser,
    learned: sources.Discs,
    guidance: float,
    columns: int = _COLUMNS,
    say: Callable[[int], None] = lambda done: None,
) -> dict[str, float]:
    """The figures of one guidance.

    Args:
        net: the denoiser.
        learned: crops of the training patients, whose gradings are asked for.
        guidance: as :func:`data.synth.diffusion.sample.draw` takes it.
        columns: how many are drawn, of five discs each.
        say: is told how many are drawn.
    """
    wanted = sources.wanted_columns(learned, columns, _SEED)

    def drawn(one: Wanted, seed: int) -> sources.Floats:
        say(seed)
        column: sources.Floats = diffusion.draw(one, 1, seed, net=net, guidance=guidance)[0]
        return column

    made = sources.by_columns(drawn, wanted, PLACES)
    graded, like = measure.agreement(made), measure.likeness(made, learned, learned)
    figures = (
        float(len(made.pixels)),
        graded["pfirrmann kappa"],
        graded.get("disc_narrowing AUROC", float("nan")),
        graded.get("disc_bulging AUROC", float("nan")),
        like.fid,
        like.precision,
        like.recall,
    )
    return dict(zip(FIGURES, figures, strict=True))


def as_markdown(table: Path = TABLE) -> str:
    """The kept table for the page."""
    with table.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    head = ["guidance", *FIGURES]
    return "\n".join(
        [
            f"| {' | '.join(head)} |",
            "| --- " * len(head) + "|",
            *(f"| {' | '.join(row[name] for name in head)} |" for row in rows),
        ]
    )


def _tell(progress: Progress, task: TaskID, done: int) -> None:
    progress.update(task, completed=done + 1)


def main() -> None:
    """Try each, and keep the table."""
    torch.set_num_threads(1)
    train, _ = spider.split(SHARED)
    views = classifier_data.load(SHARED, levels.model(), DISCS)
    learned = sources.real(d for d in views if d.patient in train)
    rows = []
    with Progress(console=Console(stderr=True)) as progress:
        for guidance in TRIED:
            task = progress.add_task(f"Guidance {guidance:g}", total=_COLUMNS)
            found = tried(
                diffusion.denoiser(),
                learned,
                guidance,
                say=partial(_tell, progress, task),
            )
            rows.append(
                {"guidance": f"{guidance:g}"}
                | {name: f"{found[name]:{how}}" for name, how in FIGURES.items()}
            )
    with TABLE.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, ["guidance", *FIGURES], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(as_markdown())


if __name__ == "__main__":
    main()
