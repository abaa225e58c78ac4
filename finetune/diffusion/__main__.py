"""Train the diffusion model of columns, and write what ships.

Seeded, and resumes::

python -m finetune.diffusion train
python -m finetune.diffusion export
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import Progress

from data.synth.diffusion.networks import Denoiser
from data.synth.diffusion.sample import FILE, NAME
from finetune import checkpoint, spider
from finetune.diffusion import card, columns, fit
from finetune.diffusion.columns import Columns
from radixgpt.weights import WEIGHTS, write_manifest
from tools import levels
from tools.stored import pack

PHANTOMS, PHANTOM_SEED = 250, 9


def learned_from(shared: Path, cache: Path, progress: Progress) -> Columns:
    """The columns of the training patients, and of phantoms."""

    def made() -> Columns:
        train, _ = spider.split(shared)
        patients = progress.add_task("Cutting columns", total=None)
        phantoms = progress.add_task("Drawing phantoms", total=PHANTOMS)
        found = [
            *columns.of_patients(
                shared,
                levels.model(),
                train,
                lambda done, total: progress.update(patients, completed=done, total=total),
            ),
            *columns.of_phantoms(
                PHANTOMS, PHANTOM_SEED, lambda done, _: progress.update(phantoms, completed=done)
            ),
        ]
        return columns.together(found)

    return columns.kept(cache, made)


def export(net: Denoiser, folder: Path) -> None:
    """Write the denoiser in 8 bits, with its manifest."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    save_file(pack(net.state_dict()), folder / FILE)
    write_manifest(
        folder,
        files=(FILE,),
        name="lumbar columns by diffusion",
        version="1.1",
        licence="Apache-2.0; trained on SPIDER (CC BY 4.0)",
        summary="Made-up mid-sagittal columns by sequence and grades; no patient's.",
    )


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; its exit code."""
    return checkpoint.told(run, argv)


def run(argv: Sequence[str] | None) -> None:
    """Train, or train to the end and export."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stage", choices=("cut", "train", "export"))
    parser.add_argument("--out", type=Path, default=Path("runs/diffusion"))
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    parser.add_argument("--steps", type=int, default=fit.Recipe().steps)
    parser.add_argument("--seed", type=int, default=fit.Recipe().seed)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args(argv)
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    recipe = fit.Recipe(steps=options.steps, seed=options.seed)
    with Progress(console=Console(stderr=True)) as progress:
        known = learned_from(options.shared, options.out / "columns.npz", progress)
        if options.stage == "cut":
            return
        task = progress.add_task("Training", total=recipe.steps)
        net = fit.train(
            known, options.out, recipe, say=lambda done, _: progress.update(task, completed=done)
        )
    if options.stage == "export":
        folder = WEIGHTS / NAME
        export(net, folder)
        card.write(folder, known, options.out, recipe)


if __name__ == "__main__":
    sys.exit(main())
