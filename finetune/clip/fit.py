"""Fit the encoder: its steps, its checkpoints.

The first stages of the image tower stay as they began. They are fused (each batch normalisation
folded into its convolution) while the rest learns, which changes no value and saves time.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torch.optim.swa_utils import AveragedModel
from torch.optim.swa_utils import get_ema_multi_avg_fn as get_ema

from finetune.classifier_data import DiscViews
from finetune.clip import pairs, slices
from finetune.clip.captions import Caption, Facts, draft
from finetune.clip.losses import contrast
from finetune.clip.pairs import Slice
from retrieval.encoder.embedded import build, encode_text

CONFIG = Path(__file__).with_name("radixgpt-clip.json")
STARTS = ("imagenet", "levels", "classifier")
_FROZEN_STAGES = 2
_AVERAGING = 0.99


@dataclass(frozen=True)
class Recipe:
    """What goes into one training.

    Attributes:
        epochs: passes over the discs.
        discs: how many a step.
        slices: how many whole slices, at the first of every so many steps.
        every: that many.
        loss: of :data:`finetune.clip.losses.LOSSES`.
        start: the image tower's first weights, of STARTS.
        hard: how many hard negatives each caption gets at most.
        slice_share: weight of the slices' loss.
        rate: the highest learning rate of the text tower; the image tower's is a quarter of it.
        seed: of everything that is drawn.
    """

    epochs: int = 24
    discs: int = 40
    slices: int = 8
    every: int = 3
    loss: str = "masked"
    start: str = "imagenet"
    hard: int = 1
    slice_share: float = 0.3
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


def start(model: Any, which: str) -> None:
    """Give the image tower its first weights.

    ``levels`` and ``classifier`` are encoders of this project, which look at one grey channel: each
    of the three colours gets a third of it. ``levels`` has no last convolution; ImageNet's is kept.

    Args:
        model: as open_clip built it, on tf_efficientnet_lite0.
        which: of STARTS.
    """
    from finetune.levels import imagenet

    published = imagenet()
    own = model.visual.trunk.state_dict()
    theirs = [k for k in published if not k.startswith("_fc") and "num_batches" not in k]
    names = [k for k in own if "num_batches" not in k]
    for name, other in zip(names, theirs, strict=True):
        own[name] = published[other]
    if which != "imagenet":
        ours = [v for k, v in _eyes(which).items() if "num_batches" not in k]
        for name, tensor in zip(names, ours, strict=False):
            wide = own[name].shape[1:2] == (3,) and tensor.shape[1] == 1
            own[name] = tensor.expand(-1, 3, -1, -1) / 3 if wide else tensor
    model.visual.trunk.load_state_dict(own)


def _eyes(which: str) -> Mapping[str, Tensor]:
    if which == "levels":
        from tools import levels

        return levels.model().encoder.state_dict()
    from safetensors.torch import load_file

    from radixgpt.weights import load_card
    from tools.stored import unpack

    state = unpack(load_file(load_card("classifier").file("grades0.safetensors")))
    own = {k: v for k, v in state.items() if k.startswith("encoder.")}
    return {k.removeprefix("encoder."): v for k, v in own.items()}


def prepare(model: Any) -> None:
    """Train mode, but for the early stages and all running statistics of the image tower."""
    model.train()
    for module in model.visual.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()
    for part in _frozen(model):
        part.requires_grad_(False)


def _frozen(model: Any) -> list[nn.Module]:
    trunk = model.visual.trunk
    return [trunk.conv_stem, trunk.bn1, *list(trunk.blocks)[:_FROZEN_STAGES]]


@contextmanager
def fused_start(model: Any) -> Iterator[None]:
    """The frozen stages fused for the time of the training; afterwards they are as they were."""
    trunk = model.visual.trunk
    kept: list[tuple[nn.Module, str, nn.Module]] = []
    blocks = [m for stage in list(trunk.blocks)[:_FROZEN_STAGES] for m in stage.children()]
    for owner in (trunk, *blocks):
        before = ""
        for name, layer in list(owner.named_children()):
            if isinstance(layer, nn.BatchNorm2d) and before:
                convolution = getattr(owner, before)
                kept += [(owner, before, convolution), (owner, name, layer)]
                fused = fuse_conv_bn_eval(convolution.eval(), layer.eval())
                setattr(owner, before, fused.requires_grad_(False))
                setattr(owner, name, getattr(layer, "act", nn.Identity()))
            before = name if isinstance(layer, nn.Conv2d) else ""
            if owner is trunk and name == "bn1":
                break
    yield
    for owner, name, layer in kept:
        setattr(owner, name, layer)


def disc_texts(facts: Sequence[Facts], seed: str, hard: int) -> Texts:
    """A long and a short caption of each disc, with hard negatives of each."""
    found = Texts([], [], [])
    for i, one in enumerate(facts):
        for brief in (False, True):
            drawn = draft(one, f"{seed} {i} {brief}", brief=brief)
            false = list(drawn.against(one).values())
            Random(f"{seed} {i} {brief}").shuffle(false)
            _add(found, i, drawn.of(one), false[:hard])
    return found


def slice_texts(chosen: Sequence[Slice], seed: str, hard: int) -> Texts:
    """A caption of each slice with hard negatives."""
    found = Texts([], [], [])
    for i, one in enumerate(chosen):
        own = f"{seed} {i}"
        keys = slices.drawn_keys(one.facts, own)
        false = list(slices.against(one.facts, keys, own).values())
        _add(found, i, slices.caption(one.facts, keys, own), false[:hard])
    return found


def _add(texts: Texts, image: int, own: Caption, false: Sequence[Caption]) -> None:
    texts.captions += [own, *false]
    texts.owner += [image] * (1 + len(false))
    texts.own += [True] + [False] * len(false)


def batch_loss(
    model: Any,
    tokenizer: Any,
    pictures: Tensor,
    facts: Sequence[Facts],
    texts: Texts,
    kind: str,
    known: Tensor | None = None,
) -> Tensor:
    """The loss of pictures (n, 3, rows, columns) of given facts against captions.

    ``known`` (vocabulary,) bool is told which tokens occurred.
    """
    tokens = tokenizer([c.text for c in texts.captions])
    if known is not None:
        known[tokens.unique()] = True
    seen = model.encode_image(pictures.contiguous(memory_format=torch.channels_last))
    # Long and short texts apart, so that the short ones are not padded.
    ranked = tokens.argmax(1).argsort()
    parts = [part for part in ranked.tensor_split(2) if len(part)]
    read = torch.cat([encode_text(model, tokens[part]) for part in parts])
    order = torch.cat(parts).argsort()
    vectors = functional.normalize(read, dim=-1)[order]
    logits = functional.normalize(seen, dim=-1) @ vectors.T * model.logit_scale.exp()
    if model.logit_bias is not None:
        logits = logits + model.logit_bias
    true = torch.from_numpy(pairs.matches(facts, texts.captions))
    return contrast(kind, logits, true, torch.tensor(texts.owner), torch.tensor(texts.own))


def begin(recipe: Recipe, config: Path = CONFIG) -> tuple[Any, Any]:
    """The model before its first step, and its tokenizer."""
    torch.manual_seed(recipe.seed)
    model, tokenizer = build(config)
    if recipe.loss == "sigmoid":
        model.logit_bias = nn.Parameter(torch.tensor(-4.0))
    if recipe.start:
        start(model, recipe.start)
    return model, tokenizer


def train(
    discs: list[DiscViews],
    whole: list[Slice],
    out: Path,
    recipe: Recipe,
    *,
    config: Path = CONFIG,
    until: int | None = None,
) -> tuple[dict[str, Tensor], Tensor]:
    """Train; resumes epoch by epoch.

    Args:
        discs: what to learn from.
        whole: slices, likewise; may be empty.
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
    prepare(model)
    model = model.to(memory_format=torch.channels_last)
    known = torch.zeros(model.vocab_size, dtype=torch.bool)
    with fused_start(model):
        learned = _steps(model, tokenizer, discs, whole, out, recipe, known, until)
    state = {k: v for k, v in learned.items() if k in first and v.shape == first[k].shape}
    frozen = tuple(
        f"visual.trunk.{name}."
        for name in ("conv_stem", "bn1", *(f"blocks.{i}" for i in range(_FROZEN_STAGES)))
    )
    final = {k: first[k] if k.startswith(frozen) else state[k] for k in first}
    if until is None or until >= recipe.epochs:
        torch.save({"model": final, "known": known, "recipe": asdict(recipe)}, finished)
        (out / "checkpoint").unlink(missing_ok=True)
    return final, known


def _steps(
    model: Any,
    tokenizer: Any,
    discs: list[DiscViews],
    whole: list[Slice],
    out: Path,
    recipe: Recipe,
    known: Tensor,
    until: int | None,
) -> dict[str, Tensor]:
    each = max(1, len(discs) // recipe.discs)
    image = [p for p in model.visual.trunk.parameters() if p.requires_grad]
    other = [p for n, p in model.named_parameters() if not n.startswith("visual.trunk.")]
    optimiser = torch.optim.AdamW(
        [{"params": image}, {"params": other}], lr=recipe.rate, weight_decay=0.03
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser,
        max_lr=[recipe.rate / 4, recipe.rate],
        total_steps=recipe.epochs * each,
        pct_start=0.1,
    )
    averaging = get_ema(_AVERAGING)  # type: ignore[no-untyped-call]
    average = AveragedModel(model, multi_avg_fn=averaging, use_buffers=True)
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
    facts = [pairs.facts_of(d) for d in discs]
    for epoch in range(done, min(recipe.epochs, until or recipe.epochs)):
        rng = np.random.default_rng((recipe.seed, epoch))
        torch.manual_seed(recipe.seed * 1000 + epoch)
        begun, total = time.time(), np.zeros(2)
        order = rng.permutation(len(discs))
        for k in range(each):
            seed = f"{recipe.seed} {epoch} {k}"
            rows = order[k * recipe.discs : (k + 1) * recipe.discs]
            chosen = [facts[i] for i in rows]
            texts = disc_texts(chosen, seed, recipe.hard)
            pictures = pairs.disc_pictures([discs[i] for i in rows], rng)
            value = batch_loss(model, tokenizer, pictures, chosen, texts, recipe.loss, known)
            total[0] += value.item()
            if whole and k % recipe.every == 0:
                some = [
                    whole[i] for i in rng.choice(len(whole), min(recipe.slices, len(whole)), False)
                ]
                texts = slice_texts(some, seed, recipe.hard)
                pictures = pairs.slice_pictures(some, rng)
                told = [one.facts for one in some]
                second = batch_loss(model, tokenizer, pictures, told, texts, recipe.loss, known)
                value = value + recipe.slice_share * second
                total[1] += second.item()
            optimiser.zero_grad()
            value.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(model.parameters(), 3.0)
            optimiser.step()
            schedule.step()
            with torch.no_grad():
                model.logit_scale.clamp_(0, 4.6052)
            average.update_parameters(model)
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
    averaged: dict[str, Tensor] = average.module.state_dict()
    return averaged
