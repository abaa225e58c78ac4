"""The card of the shipped diffusion model, with a picture of what it draws.

Each made-up image of the picture is compared with every training image by correlation, so that a
copy of a patient would be found before it is shown.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from data.synth.diffusion.sample import FILE, GUIDANCE, STEPS, denoiser
from finetune.diffusion import fit
from finetune.diffusion.columns import Columns, middle
from finetune.rgan.fit import grid
from radixgpt.errors import CheckFailedError

PICTURE = "samples.png"
COPY = 0.97
"""A correlation with a training image from which a sample counts as a copy of it."""
_TEMPLATE = Path(__file__).with_name("card.md")


@dataclass(frozen=True)
class Nearest:
    """How near images are to their most alike training images, by correlation.

    Attributes:
        made: of the samples.
        real: of training images, to the most alike ones of other patients.
    """

    made: tuple[float, ...]
    real: tuple[float, ...]


def standard(images: Tensor) -> Tensor:
    """Images (n, 1, rows, columns) as rows of mean 0 and length 1, at half the resolution."""
    flat = avg_pool2d(images, 2).flatten(1)
    flat = flat - flat.mean(1, keepdim=True)
    unit: Tensor = flat / flat.norm(dim=1, keepdim=True).clamp(min=1e-6)
    return unit


def nearest(made: Tensor, known: Columns) -> Nearest:
    """Compare samples (n, 1, rows, columns) with the training images of patients."""
    rows = known.real
    real = standard(middle(known.pixels[rows]))
    patients = torch.from_numpy(known.patients[rows])
    own = (standard(made) @ real.T).amax(1)
    others = real @ real.T
    others[patients[:, None] == patients[None, :]] = -1
    return Nearest(tuple(own.tolist()), tuple(others.amax(1).tolist()))


def told(known: Columns, log: Sequence[str], recipe: fit.Recipe, near: Nearest) -> str:
    """The card as Markdown."""
    lines = [json.loads(line) for line in log]
    real, made = known.real, np.asarray(near.made)
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
        samples=len(made),
        highest=f"{made.max():.2f}",
        median=f"{np.median(made):.2f}",
        real_median=f"{np.median(near.real):.2f}",
        real_highest=f"{max(near.real):.2f}",
        copy=f"{COPY:.2f}",
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
    near = nearest(images, known)
    if max(near.made) >= COPY:
        raise CheckFailedError(
            f"A sample has a correlation of {max(near.made):.3f} with a training image.",
            "Train with fewer steps or more patients; nothing of it may be shown.",
        )
    grid(images, folder / PICTURE, columns=5)
    log = (run / "log.jsonl").read_text(encoding="utf-8").splitlines()
    (folder / "card.md").write_text(told(known, log, recipe, near), encoding="utf-8")
