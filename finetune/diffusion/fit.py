"""Train the diffusion model: steps, checkpoints, a log and a grid of samples."""

from __future__ import annotations

import copy
import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from data.synth.conditions import DiscGrades, Wanted
from data.synth.diffusion import haar, networks
from data.synth.diffusion.networks import TIMES, Denoiser, noise_schedule
from data.synth.diffusion.sample import conditions, denoise
from finetune import checkpoint
from finetune.diffusion.columns import Columns, batch, middle
from finetune.rgan.fit import grid
from radixgpt.level import LUMBAR_DISCS

_KEPT_EVERY = 100
_SHOWN_STEPS = 20


@dataclass(frozen=True)
class Recipe:
    """How the denoiser is trained.

    Attributes:
        steps: of the optimiser.
        images: a step.
        rate: learning rate; it rises, then falls by a cosine to a twentieth.
        warm_up: steps of the rise.
        dropped: share of the conditions that are not told, for guidance.
        phantoms: share of phantoms in the first step; it falls to none at the last.
        average: images over which the moving average halves.
        widths, layers: of the U-Net.
        seed: of everything that is drawn.
    """

    steps: int = 10_000
    images: int = 8
    rate: float = 1e-3
    warm_up: int = 100
    dropped: float = 0.12
    phantoms: float = 0.3
    average: float = 4000.0
    widths: tuple[int, ...] = networks.WIDTHS
    layers: int = 1
    seed: int = 5


@dataclass(eq=False)
class Training:
    """The denoiser, its moving average and the optimiser."""

    net: Denoiser
    average: Denoiser
    optimiser: torch.optim.Optimizer

    @classmethod
    def start(cls, recipe: Recipe, columns: Columns) -> Training:
        """New ones, from the recipe's seed; packets are standardised as the real columns are."""
        torch.manual_seed(recipe.seed)
        net = Denoiser(recipe.widths, recipe.layers)
        rows = columns.real if len(columns.real) else columns.phantoms
        packed = haar.pack(middle(columns.pixels[rows]))
        net.middle.copy_(packed.mean((0, 2, 3)))
        net.spread.copy_(packed.std((0, 2, 3)).clamp(min=1e-4))
        optimiser = torch.optim.AdamW(net.parameters(), lr=recipe.rate, weight_decay=1e-4)
        return cls(net, copy.deepcopy(net).requires_grad_(False), optimiser)

    def parts(self) -> dict[str, Any]:
        """What a checkpoint holds."""
        return {"net": self.net, "average": self.average, "optimiser": self.optimiser}


def rows_of(columns: Columns, recipe: Recipe, number: int) -> Any:
    """The rows of a step; each patient is as likely, however many slices there are."""
    rng = np.random.default_rng((recipe.seed, number))
    share = recipe.phantoms * (1 - number / recipe.steps)
    chosen = []
    for _ in range(recipe.images):
        other = len(columns.phantoms) and (rng.random() < share or not len(columns.real))
        pool = columns.phantoms if other else columns.real
        patient = rng.choice(np.unique(columns.patients[pool]))
        chosen.append(rng.choice(pool[columns.patients[pool] == patient]))
    return np.asarray(chosen, np.intp)


def step(
    training: Training, recipe: Recipe, images: Tensor, condition: Tensor, number: int
) -> float:
    """One step; its loss: squared error of v, in which the coarse channels count more."""
    warm = min(1.0, (number + 1) / recipe.warm_up)
    fall = 0.525 + 0.475 * math.cos(math.pi * number / recipe.steps)
    for group in training.optimiser.param_groups:
        group["lr"] = recipe.rate * warm * fall
    net, schedule = training.net, noise_schedule()
    clean = net.standardised(haar.pack(images))
    noise = torch.randn_like(clean)
    # One time from each of n equal parts: the loss varies less than with free draws.
    n = len(images)
    times = ((torch.arange(n) + torch.rand(n)) / n * TIMES).long().clamp(max=TIMES - 1)
    told = torch.rand(n) >= recipe.dropped
    with torch.autocast(
        "cpu", torch.bfloat16
    ):  # two thirds of the time, where the processor has it
        seen = net(schedule.add_noise(clean, noise, times), times, condition, told).float()
    wrong = (seen - schedule.get_velocity(clean, noise, times)).square().mean((0, 2, 3))
    weight = net.spread.sqrt()
    lost = (wrong * weight).sum() / weight.sum()
    training.optimiser.zero_grad()
    lost.backward()
    torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    training.optimiser.step()
    keep = 0.5 ** (n / min(recipe.average, 0.05 * n * (number + 1) + 1))
    with torch.no_grad():
        for mean, own in zip(training.average.parameters(), net.parameters(), strict=True):
            mean.lerp_(own, 1 - keep)
    return float(lost.detach())


def shown() -> list[Wanted]:
    """What the grid shows: all discs of each Pfirrmann grade in T2, in T1, then L4-L5 alone."""
    whole = [
        Wanted(name, dict.fromkeys(LUMBAR_DISCS, _worn(grade)))
        for name in ("t2", "t1")
        for grade in range(1, 6)
    ]
    alone = (
        DiscGrades(4, 0, frozenset({"disc_bulging"})),
        DiscGrades(4, 0, frozenset({"disc_herniation"})),
        DiscGrades(5, 2, frozenset({"disc_narrowing", "endplate_upper", "endplate_lower"})),
        DiscGrades(4, 0, frozenset({"spondylolisthesis"})),
        DiscGrades(5, 1, frozenset({"disc_narrowing"})),
    )
    return [*whole, *(Wanted("t2", {"L4-L5": one}) for one in alone)]


def _worn(grade: int) -> DiscGrades:
    kinds = {3: {"disc_bulging"}, 4: {"disc_bulging"}, 5: {"disc_bulging", "disc_narrowing"}}
    return DiscGrades(grade, 0, frozenset(kinds.get(grade, set())))


def samples(net: Denoiser, seed: int = 1, steps: int = _SHOWN_STEPS) -> Tensor:
    """The images of the grid."""
    told = torch.stack([conditions(one) for one in shown()])
    return denoise(net.eval(), told, seed, steps)


def train(
    columns: Columns,
    out: Path,
    recipe: Recipe,
    *,
    until: int | None = None,
    say: Callable[[int, int], None] = lambda _done, _total: None,
) -> Denoiser:
    """Train, or go on where the checkpoint in ``out`` left off; the averaged denoiser.

    Args:
        columns: to learn from.
        out: keeps ``checkpoint.pt``, ``log.jsonl`` and ``grid-<step>.png``.
        recipe: how.
        until: stop after so many steps, all if None; the checkpoint goes on from there.
        say: told how many steps are done, and of how many.

    Raises:
        InputError: the checkpoint is damaged, or of another recipe.
    """
    out.mkdir(parents=True, exist_ok=True)
    training = Training.start(recipe, columns)
    first = checkpoint.taken_up(out, training.parts(), asdict(recipe), first_logged=1)
    begun, last = time.process_time(), min(until or recipe.steps, recipe.steps)
    losses: list[float] = []
    for number in range(first, last):
        torch.manual_seed(recipe.seed * 1_000_003 + number)
        rng = np.random.default_rng((recipe.seed, 1, number))
        told = batch(columns, rows_of(columns, recipe, number), rng)
        losses.append(step(training, recipe, *told, number))
        done = number + 1
        if done % 10 == 0 or done == last:
            line = {"step": done, "loss": round(sum(losses) / len(losses), 5)}
            line["cpu_seconds"] = round(time.process_time() - begun, 1)
            with (out / "log.jsonl").open("a", encoding="utf-8") as log:
                log.write(json.dumps(line) + "\n")
            losses.clear()
        if done % _KEPT_EVERY == 0 or done == last:
            checkpoint.keep(out, training.parts(), done, asdict(recipe))
        if done % (4 * _KEPT_EVERY) == 0 or done == last:
            grid(samples(training.average), out / f"grid-{done:05d}.png", columns=5)
        say(done, recipe.steps)
    return training.average.eval()
