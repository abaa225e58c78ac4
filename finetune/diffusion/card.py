"""The card of the shipped diffusion model, with a picture of what it draws.

Each made-up image of the picture is compared with every training image by correlation, so that a
copy of a patient would be found before it is shown.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from data.synth.diffusion.sample import FILE, GUIDANCE, STEPS, denoiser
from finetune.copied import Nearest, nearest, refuse_copies
from finetune.diffusion import fit
from finetune.diffusion.columns import Columns, middle
from finetune.rgan.fit import grid

PICTURE = "samples.png"
_TEMPLATE = Path(__file__).with_name("card.md")


def told(known: Columns, log: Sequence[str], recipe: fit.Recipe, near: Nearest) -> str:
    """The card as Markdown."""
    lines = [json.loads(line) for line in log]
    real = known.real
    first, last = lines[0], lines[-1]
    net = denoiser()
    return _TEMPLATE.read_text(encoding="utf-8").format(
        parameters=f"{sum(p.numel() for p in net.parameters()) / 1e6:.1f}",
        patients=len(np.unique(known.patients[real])),
        slices=len(real),
        phantoms=len(known.phantoms),
        steps=recipe.steps,
        images=recipe.images,
        seen=f"{recipe.steps * recipe.images:,}",
        minutes=round(sum(_spent(lines)) / 60),
        loss_first=f"{first['loss']:.2f}",
        loss_last=f"{np.mean([line['loss'] for line in lines[-20:]]):.2f}",
        last=last["step"],
        **near.told(),
        ddim=STEPS,
        guidance=f"{GUIDANCE:g}",
    )


def _spent(lines: Sequence[dict[str, float]]) -> list[float]:
    """Processor seconds of each run of the training: the log's clock starts anew with each."""
    spent = [line["cpu_seconds"] for line in lines]
    return [a for a, b in zip(spent, [*spent[1:], 0.0], strict=True) if b < a]


def write(folder: Path, known: Columns, run: Path, recipe: fit.Recipe) -> None:
    """Draw the picture from the weights in ``folder`` as they ship, and write the card.

    Raises:
        CheckFailedError: a sample is a copy of a training image.
    """
    assert (folder / FILE).is_file()
    denoiser.cache_clear()
    images = fit.samples(denoiser(), steps=STEPS)
    real = known.real
    near = nearest(images, middle(known.pixels[real]), known.patients[real])
    refuse_copies(near)
    grid(images, folder / PICTURE, columns=5)
    log = (run / "log.jsonl").read_text(encoding="utf-8").splitlines()
    (folder / "card.md").write_text(told(known, log, recipe, near), encoding="utf-8")
