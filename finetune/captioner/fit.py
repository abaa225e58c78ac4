"""Fit the decoder of the embedded captioner: samples, loss, steps, checkpoints.

A sample is one copy of a training patient (``finetune.captioner.tokens``), a scope, a style, and a
caption generated from the patient's gradings. Facts come from the gradings alone; a kind that the
copy's sequences do not show is not stated.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from data.generated.captions import STYLES, Shown, write
from data.generated.text import Grades
from finetune.captioner.tokens import Copy
from radixgpt.level import LUMBAR_DISCS
from tools.captioner.decoder import BEGIN, MEMBERS, PAD, Decoder, Shape
from tools.captioner.grammar import END
from tools.grade_net import WIDTH

Discs = Mapping[str, Grades]
"""Gradings of one patient by disc."""


@dataclass(frozen=True)
class Recipe:
    """How the decoder is trained.

    Attributes:
        steps: batches.
        discs: captions of discs in a batch; every other batch is of images and studies.
        images: captions of those in a batch.
        rate: the highest learning rate.
        noise: spread of what is added to the tokens, in their own spread.
        lost: share of the members' tokens that are blanked.
        cropped: share of the samples in which a disc at one end is out of the image.
        seed: of everything that is drawn.
    """

    steps: int = 1000
    discs: int = 32
    images: int = 8
    rate: float = 1.5e-3
    noise: float = 0.3
    lost: float = 0.1
    cropped: float = 0.15
    seed: int = 6


def shows(grades: Grades, sequences: frozenset[str]) -> dict[str, int]:
    """The gradings that some sequences show: Pfirrmann needs T2, Modic both."""
    lacking = {
        kind
        for kind, needed in (("pfirrmann", {"t2"}), ("modic", {"t1", "t2"}))
        if not needed <= sequences
    }
    return {kind: value for kind, value in grades.items() if kind not in lacking}


@dataclass(frozen=True, eq=False)
class Sample:
    """One caption with what it was generated for.

    Attributes:
        tokens: by level, (MEMBERS, WIDTH).
    """

    scope: str
    style: str
    sequences: frozenset[str]
    tokens: Mapping[str, Tensor]
    words: Sequence[str]


def sample(one: Copy, discs: Discs, scope: str, rng: random.Random, recipe: Recipe) -> Sample:
    """A caption of one copy of a patient.

    Args:
        one: the copy.
        discs: the patient's gradings.
        scope: ``disc``, ``image`` or ``study``.
        rng: draws the disc, the style and the words.
        recipe: how often a disc is out of the image.
    """
    levels = [level for level in one.levels if level in discs]
    if scope == "disc":
        levels = [rng.choice(levels)]
    elif len(levels) > 2 and rng.random() < recipe.cropped:
        levels = levels[1:] if rng.random() < 0.7 else levels[:-1]
    style = rng.choice(STYLES)
    told = {level: shows(discs[level], one.sequences) for level in levels}
    shown = Shown(one.sequences, levels[0] if scope == "disc" else None)
    return Sample(
        scope,
        style,
        one.sequences,
        {
            level: torch.from_numpy(one.tokens[one.levels.index(level)].astype(np.float32))
            for level in levels
        },
        write(told, shown, style, rng),
    )


def collate(net: Decoder, samples: Sequence[Sample]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """What :meth:`Decoder.forward` takes; the last is (n, length + 1) with what follows each."""
    n = len(samples)
    length = max(len(one.words) for one in samples) + 2
    seen = torch.zeros(n, len(LUMBAR_DISCS), MEMBERS, WIDTH)
    there = torch.zeros(n, len(LUMBAR_DISCS), dtype=torch.bool)
    said = torch.full((n, length), net.number[PAD])
    asked = torch.tensor([net.asked(one.scope, one.style, one.sequences) for one in samples])
    for row, one in enumerate(samples):
        for level, token in one.tokens.items():
            place = LUMBAR_DISCS.index(level)
            seen[row, place], there[row, place] = token, True
        numbers = [net.number[word] for word in (BEGIN, *one.words, END)]
        said[row, : len(numbers)] = torch.tensor(numbers)
    return asked, seen, there, said


def spoiled(seen: Tensor, spread: Tensor, recipe: Recipe) -> Tensor:
    """Tokens with noise, some of them blanked, so that no single one is relied on."""
    noisy = seen + recipe.noise * spread * torch.randn_like(seen)
    kept = torch.rand(seen.shape[:3]) >= recipe.lost
    return noisy * kept[..., None]


def loss(net: Decoder, batch: tuple[Tensor, Tensor, Tensor, Tensor]) -> Tensor:
    """Cross-entropy of each next word."""
    asked, seen, there, said = batch
    logits = net(asked, seen, there, said[:, :-1])
    pad = net.number[PAD]
    return functional.cross_entropy(logits.flatten(0, 1), said[:, 1:].flatten(), ignore_index=pad)


def samples(
    copies: Sequence[Copy], graded: Mapping[int, Discs], recipe: Recipe, step: int
) -> list[Sample]:
    """The samples of one step: captions of discs and of images in turn."""
    rng = random.Random(f"{recipe.seed}/{step}")
    by_patient: dict[int, list[Copy]] = {}
    for one in copies:
        by_patient.setdefault(one.patient, []).append(one)
    patients = sorted(by_patient)
    of_discs = step % 2 == 0
    found = []
    for _ in range(recipe.discs if of_discs else recipe.images):
        patient = rng.choice(patients)
        scope = "disc" if of_discs else rng.choice(("image", "study"))
        one = rng.choice(by_patient[patient])
        found.append(sample(one, graded[patient], scope, rng, recipe))
    return found


def schedule(step: int, recipe: Recipe) -> float:
    """Share of the highest rate: 5 % of the steps upwards, then a cosine to 2 %."""
    risen = 0.05 * recipe.steps
    if step < risen:
        return (step + 1) / risen
    done = (step - risen) / (recipe.steps - risen)
    return float(0.02 + 0.98 * (1 + np.cos(np.pi * done)) / 2)


def train(
    copies: Sequence[Copy],
    graded: Mapping[int, Discs],
    out: Path,
    recipe: Recipe,
    shape: Shape | None = None,
) -> Generator[dict[str, float], None, None]:
    """Train a decoder, from its last checkpoint if there is one; yields what is logged.

    Args:
        copies: of the training patients.
        graded: their gradings by disc.
        out: folder for the checkpoint ``decoder.pt`` and the log.
        recipe: how it is trained.
        shape: sizes of the decoder.
    """
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(recipe.seed)
    net = Decoder(shape)
    optimiser = torch.optim.AdamW(net.parameters(), lr=recipe.rate, weight_decay=0.02)
    spread = torch.from_numpy(np.concatenate([one.tokens for one in copies]).std((0, 1)))
    path = out / "decoder.pt"
    first = 0
    if path.is_file():
        kept: dict[str, Any] = torch.load(path, weights_only=True)
        net.load_state_dict(kept["net"])
        optimiser.load_state_dict(kept["optimiser"])
        first = int(kept["step"])
    begun, cpu = time.perf_counter(), time.process_time()
    for step in range(first, recipe.steps):
        torch.manual_seed(recipe.seed * 1_000_003 + step)
        net.train()
        for group in optimiser.param_groups:
            group["lr"] = recipe.rate * schedule(step, recipe)
        asked, seen, there, said = collate(net, samples(copies, graded, recipe, step))
        value = loss(net, (asked, spoiled(seen, spread.float(), recipe), there, said))
        optimiser.zero_grad()
        value.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        if (step + 1) % 50 == 0 or step + 1 == recipe.steps:
            state = {"net": net.state_dict(), "optimiser": optimiser.state_dict()}
            new = path.with_suffix(".new")
            torch.save({**state, "step": step + 1}, new)
            new.replace(path)
            row = {
                "step": float(step + 1),
                "loss": round(float(value.detach()), 4),
                "seconds": round(time.perf_counter() - begun, 1),
                "cpu_seconds": round(time.process_time() - cpu, 1),
            }
            with (out / "log.jsonl").open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(row) + "\n")
            yield row


def trained(out: Path, shape: Shape | None = None) -> Decoder:
    """The decoder that :func:`train` left.

    Raises:
        FileNotFoundError: it was not trained here.
    """
    net = Decoder(shape)
    net.load_state_dict(torch.load(out / "decoder.pt", weights_only=True)["net"])
    return net.eval()
