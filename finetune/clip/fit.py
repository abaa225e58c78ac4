"""Fit the encoder: its steps, its checkpoints."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel
from torch.optim.swa_utils import get_ema_multi_avg_fn as get_ema

from finetune.clip import bank, pairs, slices
from finetune.clip.bank import Bank
from finetune.clip.captions import Caption, Facts, draft
from finetune.clip.losses import contrast
from retrieval.encoder.embedded import build, encode_text

CONFIG = Path(__file__).with_name("radixgpt-clip.json")
_AVERAGING = 0.99
_WEIGHTS = {"level": 1.0, "grade": 1.5, "finding": 3.0}
"""How readily a hard negative of each group is drawn: there are seven findings, and one grade."""
_LARGEST_SCALE = 4.6052
"""Logarithm of the factor that likenesses are multiplied by, at most (100, as CLIP has it)."""


@dataclass(frozen=True)
class Recipe:
    """What goes into one training.

    Attributes:
        epochs: passes over the discs.
        discs: how many a step.
        slices: how many whole slices, at the first of every so many steps.
        every: that many.
        loss: of :data:`finetune.clip.losses.LOSSES`.
        start: the image tower's trunk, of :data:`finetune.clip.bank.STARTS`; none for a test.
        hard: how many hard negatives each caption gets at most.
        slice_share: weight of the slices' loss.
        dropout: share of the trunk's features that is hidden.
        rate: the highest learning rate.
        seed: of everything that is drawn.
    """

    epochs: int = 32
    discs: int = 32
    slices: int = 16
    every: int = 3
    loss: str = "masked"
    start: str = "classifier"
    hard: int = 1
    slice_share: float = 0.5
    dropout: float = 0.2
    rate: float = 1e-3
    seed: int = 5


@dataclass
class Texts:
    """The captions of a batch.

    Attributes:
        captions: own ones and hard negatives, in any order.
        owner: the image that each was made for.
        own: whether it was made as true of it.
    """

    captions: list[Caption]
    owner: list[int]
    own: list[bool]


def disc_texts(facts: Sequence[Facts], seed: str, hard: int) -> Texts:
    """A long and a short caption of each disc, with hard negatives of each."""
    found = Texts([], [], [])
    for i, one in enumerate(facts):
        for brief in (False, True):
            drawn = draft(one, f"{seed} {i} {brief}", brief=brief)
            false = _ranked(drawn.against(one), f"{seed} {i} {brief}")
            _add(found, i, drawn.of(one), false[:hard])
    return found


def slice_texts(facts: Sequence[Facts], seed: str, hard: int) -> Texts:
    """Two captions of each slice with hard negatives."""
    found = Texts([], [], [])
    for i, one in enumerate(facts):
        for number in range(2):
            own = f"{seed} {i} {number}"
            keys = slices.drawn_keys(one, own)
            false = _ranked(slices.against(one, keys, own), own)
            _add(found, i, slices.caption(one, keys, own), false[:hard])
    return found


def _ranked(false: Mapping[str, Caption], seed: str) -> list[Caption]:
    """Hard negatives in a drawn order, those of the groups of more weight mostly first."""
    rng = Random(seed)
    keys = {group: rng.random() ** (1 / _WEIGHTS[group]) for group in false}
    return [false[group] for group in sorted(false, key=lambda group: -keys[group])]


def _add(texts: Texts, image: int, own: Caption, false: Sequence[Caption]) -> None:
    texts.captions += [own, *false]
    texts.owner += [image] * (1 + len(false))
    texts.own += [True] + [False] * len(false)


def batch_loss(
    model: Any,
    tokenizer: Any,
    seen: Tensor,
    facts: Sequence[Facts],
    texts: Texts,
    kind: str,
    known: Tensor | None = None,
) -> Tensor:
    """The loss of pictures' vectors (n, dimension), of given facts, against captions.

    ``known`` (vocabulary,) bool is told which tokens occurred.
    """
    tokens = tokenizer([c.text for c in texts.captions])
    if known is not None:
        known[tokens.unique()] = True
    # Texts of like length together, so that the short ones are not padded.
    ranked = tokens.argmax(1).argsort()
    parts = [part for part in ranked.tensor_split(3) if len(part)]
    read = torch.cat([encode_text(model, tokens[part]) for part in parts])
    vectors = functional.normalize(read, dim=-1)[torch.cat(parts).argsort()]
    logits = functional.normalize(seen, dim=-1) @ vectors.T * model.logit_scale.exp()
    if model.logit_bias is not None:
        logits = logits + model.logit_bias
    true = torch.from_numpy(pairs.matches(facts, texts.captions))
    return contrast(kind, logits, true, torch.tensor(texts.owner), torch.tensor(texts.own))


def begin(recipe: Recipe, config: Path = CONFIG) -> tuple[Any, Any]:
    """The model before its first step, and its tokenizer."""
    torch.manual_seed(recipe.seed)
    model, tokenizer = build(config)
    if recipe.start:
        bank.start(model, recipe.start)
    return model, tokenizer


def train(
    discs: Bank,
    whole: Bank | None,
    out: Path,
    recipe: Recipe,
    *,
    config: Path = CONFIG,
    until: int | None = None,
) -> tuple[dict[str, Tensor], Tensor]:
    """Train; resumes epoch by epoch.

    Args:
        discs: what to learn from.
        whole: slices, likewise.
        out: folder for the log, the checkpoint and the weights.
        recipe: how.
        config: of the model.
        until: stop after this epoch, to go on later.

    Returns:
        The averaged weights, and which tokens were met (vocabulary,) bool.
    """
    finished = out / "clip.pt"
    if finished.is_file():
        state = torch.load(finished, weights_only=True)
        return state["model"], state["known"]
    out.mkdir(parents=True, exist_ok=True)
    model, tokenizer = begin(recipe, config)
    first = {k: v.clone() for k, v in model.state_dict().items()}
    model.train().visual.trunk.eval().requires_grad_(False)
    if recipe.loss == "sigmoid":
        model.logit_bias = nn.Parameter(torch.tensor(-4.0))
    known = torch.zeros(model.vocab_size, dtype=torch.bool)
    learned = _steps(model, tokenizer, discs, whole, out, recipe, known, until)
    state = {k: learned.get(k, v) for k, v in first.items()}
    if until is None or until >= recipe.epochs:
        torch.save({"model": state, "known": known, "recipe": asdict(recipe)}, finished)
        (out / "checkpoint").unlink(missing_ok=True)
    return state, known


def _steps(
    model: Any,
    tokenizer: Any,
    discs: Bank,
    whole: Bank | None,
    out: Path,
    recipe: Recipe,
    known: Tensor,
    until: int | None,
) -> dict[str, Tensor]:
    each = max(1, len(discs.facts) // recipe.discs)
    learning = nn.ModuleDict({"text": model.text, "head": model.visual.head})
    scales = [p for n, p in model.named_parameters() if n.startswith("logit_")]
    optimiser = torch.optim.AdamW(
        [
            {"params": list(learning.parameters()), "weight_decay": 0.03},
            {"params": scales, "weight_decay": 0.0},
        ],
        lr=recipe.rate,
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, max_lr=recipe.rate, total_steps=recipe.epochs * each, pct_start=0.1
    )
    averaging = get_ema(_AVERAGING)  # type: ignore[no-untyped-call]
    average = AveragedModel(learning, multi_avg_fn=averaging)
    parts: dict[str, Any] = {
        "model": model,
        "average": average,
        "optimiser": optimiser,
        "schedule": schedule,
    }
    checkpoint, done = out / "checkpoint", 0
    if checkpoint.is_file():
        state = torch.load(checkpoint, weights_only=True)
        for part, value in parts.items():
            value.load_state_dict(state[part])
        known |= state["known"]
        done = state["epoch"]
    for epoch in range(done, min(recipe.epochs, until or recipe.epochs)):
        rng = np.random.default_rng((recipe.seed, epoch))
        torch.manual_seed(recipe.seed * 1000 + epoch)
        begun, total = time.time(), np.zeros(2)
        order = rng.permutation(len(discs.facts))
        for k in range(each):
            seed = f"{recipe.seed} {epoch} {k}"
            rows = order[k * recipe.discs : (k + 1) * recipe.discs]
            facts = [discs.facts[i] for i in rows]
            seen = _drawn(model, discs, rows, rng, recipe.dropout)
            texts = disc_texts(facts, seed, recipe.hard)
            value = batch_loss(model, tokenizer, seen, facts, texts, recipe.loss, known)
            total[0] += value.item()
            if whole is not None and k % recipe.every == 0:
                many = min(recipe.slices, len(whole.facts))
                rows = rng.choice(len(whole.facts), many, replace=False)
                facts = [whole.facts[i] for i in rows]
                seen = _drawn(model, whole, rows, rng, recipe.dropout)
                texts = slice_texts(facts, seed, recipe.hard)
                second = batch_loss(model, tokenizer, seen, facts, texts, recipe.loss, known)
                value = value + recipe.slice_share * second
                total[1] += second.item()
            optimiser.zero_grad()
            value.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(learning.parameters(), 3.0)
            optimiser.step()
            schedule.step()
            with torch.no_grad():
                model.logit_scale.clamp_(0, _LARGEST_SCALE)
            average.update_parameters(learning)
        line = {
            "epoch": epoch + 1,
            "discs": round(total[0] / each, 4),
            "slices": round(total[1] / len(range(0, each, recipe.every)), 4),
            "scale": round(float(model.logit_scale.detach().exp()), 2),
            "seconds": round(time.time() - begun, 1),
        }
        with (out / "train.log").open("a") as log:
            log.write(json.dumps(line) + "\n")
        state = {part: value.state_dict() for part, value in parts.items()}
        torch.save({**state, "known": known, "epoch": epoch + 1}, f"{checkpoint}.new")
        Path(f"{checkpoint}.new").replace(checkpoint)
    averaged: Any = average.module
    return {
        **{f"text.{k}": v for k, v in averaged["text"].state_dict().items()},
        **{f"visual.head.{k}": v for k, v in averaged["head"].state_dict().items()},
        "logit_scale": model.logit_scale.detach(),
    }


def _drawn(
    model: Any,
    pictures: Bank,
    rows: np.typing.NDArray[np.intp],
    rng: np.random.Generator,
    dropout: float,
) -> Tensor:
    """Vectors of one view of each picture, a sequence left out now and then."""
    copies = rng.integers(pictures.features.shape[1], size=len(rows))
    features = pictures.features[rows, copies].float()
    there = pictures.there[rows].clone()
    both = there.all(1) & torch.from_numpy(rng.random(len(rows)) < 0.3)
    there[both, torch.from_numpy(rng.integers(2, size=len(rows)))[both]] = False
    return bank.projected(model, functional.dropout(features, dropout), there)
