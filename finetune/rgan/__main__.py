"""Train the relativistic GAN of disc crops, and write what ships.

Seeded, and resumes::

python -m finetune.rgan train
python -m finetune.rgan export
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import Progress

from data.synth.rgan.sample import FILE, NAME
from finetune import checkpoint, classifier_data, spider
from finetune.rgan import card, fit
from finetune.rgan.crops import Crops, crops_of
from radixgpt.weights import WEIGHTS, write_manifest
from tools import levels


def learned_from(shared: Path, discs: Path) -> Crops:
    """The crops of the training patients."""
    train, _ = spider.split(shared)
    found = classifier_data.load(shared, levels.model(), discs)
    return crops_of(d for d in found if d.patient in train)


def export(generator: torch.nn.Module, folder: Path) -> None:
    """Write the generator in half precision, with its manifest."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    state = {name: tensor.half().contiguous() for name, tensor in generator.state_dict().items()}
    save_file(state, folder / FILE)
    write_manifest(
        folder,
        files=(FILE,),
        name="disc crops by a relativistic GAN",
        version="1.0",
        licence="Apache-2.0; trained on SPIDER (CC BY 4.0)",
        summary="Made-up disc crops by sequence, level and grades; no patient's.",
    )


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; its exit code."""
    return checkpoint.told(run, argv)


def run(argv: Sequence[str] | None) -> None:
    """Train or export."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stage", choices=("train", "export"))
    parser.add_argument("--out", type=Path, default=Path("runs/rgan"))
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    parser.add_argument("--discs", type=Path, default=Path("runs/classifier/discs.pickle"))
    parser.add_argument("--steps", type=int, default=fit.Recipe().steps)
    parser.add_argument("--seed", type=int, default=fit.Recipe().seed)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args(argv)
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    recipe = fit.Recipe(steps=options.steps, seed=options.seed)
    crops = learned_from(options.shared, options.discs)
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("Training", total=recipe.steps)
        generator = fit.train(
            crops, options.out, recipe, say=lambda done, _: progress.update(task, completed=done)
        )
    if options.stage == "export":
        folder = WEIGHTS / NAME
        export(generator, folder)
        card.write(folder, crops, options.out, recipe)


if __name__ == "__main__":
    sys.exit(main())
