"""Train the relativistic GAN: steps, checkpoints, a log and a grid of samples."""

from __future__ import annotations

import copy
import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from data.synth.conditions import DISC_CONDITION, DiscGrades, Wanted
from data.synth.rgan import networks
from data.synth.rgan.networks import NOISE, Discriminator, Generator
from finetune import checkpoint
from finetune.rgan.crops import Crops, batch

_SHOWN = 24


@dataclass(frozen=True)
class Recipe:
    """How the pair is trained.

    Attributes:
        steps: of both networks.
        images: a step.
        rate: learning rate; it falls by a cosine to a tenth.
        gamma: weight of the gradient penalties (half of it for each).
        every: steps between two penalties; they count that much more.
        average: images over which the generator's moving average halves.
        widths: channels of the networks.
        seed: of everything that is drawn.
    """

    steps: int = 2500
    images: int = 16
    rate: float = 4e-4
    gamma: float = 4.0
    every: int = 8
    average: float = 4000.0
    widths: tuple[int, ...] = networks.WIDTHS
    seed: int = 3


@dataclass(eq=False)
class Pair:
    """The two networks, the generator's moving average and their optimisers."""

    generator: Generator
    discriminator: Discriminator
    average: Generator
    of_generator: torch.optim.Optimizer
    of_discriminator: torch.optim.Optimizer

    @classmethod
    def start(cls, recipe: Recipe) -> Pair:
        """New ones, from the recipe's seed."""
        torch.manual_seed(recipe.seed)
        generator = Generator(DISC_CONDITION, recipe.widths)
        discriminator = Discriminator(DISC_CONDITION, recipe.widths)

        def adam(net: nn.Module) -> torch.optim.Optimizer:
            return torch.optim.Adam(net.parameters(), lr=recipe.rate, betas=(0.0, 0.99))

        for net in (generator, discriminator):  # half the time on a processor
            net.to(memory_format=torch.channels_last)
        average = copy.deepcopy(generator).requires_grad_(False)
        return cls(generator, discriminator, average, adam(generator), adam(discriminator))

    def parts(self) -> dict[str, nn.Module | torch.optim.Optimizer]:
        """What a checkpoint holds."""
        return {
            "generator": self.generator,
            "discriminator": self.discriminator,
            "average": self.average,
            "of_generator": self.of_generator,
            "of_discriminator": self.of_discriminator,
        }


def mixed(net: nn.Module, *given: Tensor) -> Tensor:
    """What a network answers in bf16, as floats.

    A third of the time, where the processor has it. Each call has a context of its own: autocast
    keeps the weights that it has cast, and those cast without gradients would have none later.
    """
    with torch.autocast("cpu", torch.bfloat16):
        found: Tensor = net(*given)
    return found.float()


def step(
    pair: Pair, recipe: Recipe, real: Tensor, condition: Tensor, number: int
) -> dict[str, float]:
    """One step of both networks; their losses, and the penalties where they were taken."""
    rate = recipe.rate * (0.1 + 0.45 * (1 + math.cos(math.pi * number / recipe.steps)))
    for optimiser in (pair.of_generator, pair.of_discriminator):
        for group in optimiser.param_groups:
            group["lr"] = rate
    noise = torch.randn(len(real), NOISE)
    with torch.no_grad():
        made = mixed(pair.generator, noise, condition)
    judged = mixed(pair.discriminator, torch.cat([real, made]), torch.cat([condition, condition]))
    lost = networks.discriminator_loss(*judged.chunk(2))
    told = {"discriminator": float(lost.detach())}
    if number % recipe.every == 0:
        with torch.autocast("cpu", torch.bfloat16):
            on_real = networks.penalty(pair.discriminator, real, condition)
            on_made = networks.penalty(pair.discriminator, made, condition)
        lost = lost + recipe.every * recipe.gamma / 2 * (on_real + on_made)
        told |= {"R1": float(on_real.detach()), "R2": float(on_made.detach())}
    pair.of_discriminator.zero_grad()
    lost.backward()  # type: ignore[no-untyped-call]
    pair.of_discriminator.step()

    pair.discriminator.requires_grad_(False)
    made = mixed(pair.generator, torch.randn(len(real), NOISE), condition)
    with torch.no_grad():
        held = mixed(pair.discriminator, real, condition)
    lost = networks.generator_loss(held, mixed(pair.discriminator, made, condition))
    pair.of_generator.zero_grad()
    lost.backward()  # type: ignore[no-untyped-call]
    pair.of_generator.step()
    pair.discriminator.requires_grad_(True)
    told["generator"] = float(lost.detach())

    keep = 0.5 ** (len(real) / min(recipe.average, 0.05 * len(real) * (number + 1) + 1))
    with torch.no_grad():
        for mean, own in zip(pair.average.parameters(), pair.generator.parameters(), strict=True):
            mean.lerp_(own, 1 - keep)
    return told


def shown() -> tuple[Tensor, Tensor]:
    """Noise and conditions of the grid: each Pfirrmann grade of L4-L5 in T2, then in T1."""
    grades = [DiscGrades(1 + k % 5) for k in range(_SHOWN)]
    grades = [
        DiscGrades(g.pfirrmann, 0, frozenset({"disc_bulging"} if g.pfirrmann >= 4 else ()))
        for g in grades
    ]
    wanted = [Wanted("t2" if k < _SHOWN // 2 else "t1", {"L4-L5": g}) for k, g in enumerate(grades)]
    conditions = np.stack([one.disc_vector("L4-L5") for one in wanted])
    noise = torch.randn(_SHOWN, NOISE, generator=torch.Generator().manual_seed(1))
    return noise, torch.from_numpy(conditions)


def grid(images: Tensor, path: Path, columns: int = 6) -> None:
    """Write images (n, 1, rows, columns) in [-1, 1] side by side as a PNG."""
    from PIL import Image

    grey = ((images[:, 0].clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).numpy()
    rows = [np.concatenate(list(grey[k : k + columns]), 1) for k in range(0, len(grey), columns)]
    Image.fromarray(np.concatenate(rows, 0)).save(path)


def train(
    crops: Crops,
    out: Path,
    recipe: Recipe,
    *,
    until: int | None = None,
    say: Callable[[int, int], None] = lambda _done, _total: None,
) -> Generator:
    """Train, or go on where the checkpoint in ``out`` left off; the averaged generator.

    Args:
        crops: to learn from.
        out: keeps ``checkpoint.pt``, ``log.jsonl`` and ``grid-<step>.png``.
        recipe: how.
        until: stop after so many steps, all if None; the checkpoint goes on from there.
        say: told how many steps are done, and of how many.

    Raises:
        InputError: the checkpoint is damaged, or of another recipe.
    """
    out.mkdir(parents=True, exist_ok=True)
    pair = Pair.start(recipe)
    first = checkpoint.taken_up(out, pair.parts(), asdict(recipe), first_logged=0)
    begun, last = time.process_time(), min(until or recipe.steps, recipe.steps)
    for number in range(first, last):
        rng = np.random.default_rng((recipe.seed, number))
        torch.manual_seed(recipe.seed * 1_000_003 + number)
        rows = rng.choice(
            len(crops.pixels), recipe.images, replace=len(crops.pixels) < recipe.images
        )
        told = step(pair, recipe, *batch(crops, rows, rng), number)
        if number % recipe.every == 0:
            line = {"step": number, **{k: round(v, 4) for k, v in told.items()}}
            line["cpu_seconds"] = round(time.process_time() - begun, 1)
            with (out / "log.jsonl").open("a") as log:
                log.write(json.dumps(line) + "\n")
        if (number + 1) % 200 == 0 or number + 1 == last:
            checkpoint.keep(out, pair.parts(), number + 1, asdict(recipe))
            with torch.no_grad():
                grid(pair.average(*shown()), out / f"grid-{number + 1:05d}.png")
        say(number + 1, recipe.steps)
    return pair.average.eval()
