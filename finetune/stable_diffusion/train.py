"""The training itself: on one processor, or on several cards by ``accelerate launch``.

A loop of our own like that of :mod:`finetune.vlm.train`, for the same reasons: a step's pairs, its
learning rate and its random numbers follow from the recipe and the step's number alone, so that a
training that was broken off goes on as if it had not been.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import mse_loss

from data.synth import stable_diffusion as published
from data.synth.stable_diffusion import Told, encode, is_xl, readers, untold
from finetune.stable_diffusion.recipe import TEXT_LAYERS, UNET_LAYERS, Recipe
from finetune.vlm.pairs import Pair, turn_of
from finetune.vlm.train import order, shares
from radixgpt.errors import CaseError, RadixError, SettingsError

CHECKPOINT = "training.checkpoint"
LOG = "log.jsonl"
MODEL = "model"
_TEXT_NAMES = ("text_encoder", "text_encoder_2")
Say = Callable[[int, int, float], None]
"""Told the number of steps done and to do, and the loss."""


def prompt_of(pair: Pair) -> str:
    """What kind of picture it is, from the pair's question, and what the caption says of it."""
    kind, end, _ = pair.question.partition(". ")
    return f"{kind}. {pair.caption}" if end else pair.caption


def usable(pairs: Sequence[Pair]) -> list[Pair]:
    """The pairs of one picture: a text about several can't be drawn as one image.

    Raises:
        CaseError: there are none.
    """
    found = [pair for pair in pairs if len(pair.pictures) == 1]
    if not found:
        raise CaseError(
            "None of the pairs has one picture alone.",
            "Make them with: python -m finetune.vlm pairs CASES -o PAIRS --of image.",
        )
    return found


def pixels_of(pair: Pair, folder: Path, side: int) -> Tensor:
    """The picture of a pair, letterboxed: (3, side, side) in [-1, 1].

    Raises:
        CaseError: it can't be read.
    """
    from PIL import Image

    picture = turn_of(pair, folder).pictures[0]
    scale = side / max(picture.size)
    size = tuple(max(1, round(n * scale)) for n in picture.size)
    square = Image.new("L", (side, side))
    place = ((side - size[0]) // 2, (side - size[1]) // 2)
    square.paste(picture.resize((size[0], size[1]), Image.Resampling.BICUBIC), place)
    grey = torch.from_numpy(np.asarray(square, np.float32) / 127.5 - 1)
    return grey.expand(3, -1, -1)


# --- what is trained -------------------------------------------------------------------------


def prepare(pipeline: Any, recipe: Recipe) -> dict[str, Any]:
    """Freeze all, then open what the recipe trains; the parts that are trained, by name.

    Raises:
        SettingsError: the side does not suit the pipeline.
    """
    if recipe.side % (pipeline.vae_scale_factor * 2 ** (len(pipeline.unet.down_blocks) - 1)):
        raise SettingsError(
            f"A side of {recipe.side} pixels does not divide in this model.",
            "Use a multiple of 64.",
        )
    torch.manual_seed(recipe.seed)
    texts = [name for name in _TEXT_NAMES if getattr(pipeline, name, None) is not None]
    for name in ("vae", "unet", *texts):
        getattr(pipeline, name).requires_grad_(False)
        getattr(pipeline, name).eval()
    trained = {"unet": pipeline.unet}
    if recipe.train_text:
        trained |= {name: getattr(pipeline, name) for name in texts}
    for name, part in trained.items():
        if recipe.way == "full":
            part.float().requires_grad_(True)
        else:
            _adapt(part, UNET_LAYERS if name == "unet" else TEXT_LAYERS, recipe)
        if recipe.checkpointing and name == "unet":
            part.enable_gradient_checkpointing()
        elif recipe.checkpointing:
            part.activation_checkpointing_enable({"use_reentrant": False})
        part.train()
    return trained


def _adapt(part: Any, layers: Sequence[str], recipe: Recipe) -> None:
    from peft import LoraConfig

    # Saved adapters of diffusers carry no scale: with alpha equal to the rank it is 1.
    part.add_adapter(
        LoraConfig(
            r=recipe.rank,
            lora_alpha=recipe.rank,
            init_lora_weights="gaussian",
            target_modules=list(layers),
        )
    )
    for parameter in part.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.float()


def parameters_of(trained: dict[str, Any]) -> dict[str, Tensor]:
    """What is trained, by part and name."""
    return {
        f"{name}.{key}": parameter
        for name, part in trained.items()
        for key, parameter in part.named_parameters()
        if parameter.requires_grad
    }


def loss_of(
    pipeline: Any,
    unet: Any,
    noises: Any,
    pixels: Tensor,
    told: Told,
    gamma: float,
) -> Tensor:
    """Mean squared error of what the model predicts (noise or v), a scalar.

    Args:
        pipeline: whose VAE and kind are used.
        unet: its U-Net, wrapped or not.
        noises: the schedule of the training.
        pixels: (n, 3, side, side) in [-1, 1].
        told: of the n texts.
        gamma: bound on the weight of a time by its signal-to-noise ratio; 0 for none.
    """
    vae = pipeline.vae
    with torch.no_grad():
        latent = vae.encode(pixels.to(vae.dtype)).latent_dist.sample() * vae.config.scaling_factor
    latent = latent.float()
    noise = torch.randn_like(latent)
    steps = noises.config.num_train_timesteps
    times = torch.randint(0, steps, (len(latent),), device=latent.device)
    more: dict[str, Any] = {}
    if is_xl(pipeline):
        side = pixels.shape[-1]
        sizes = torch.tensor([[side, side, 0, 0, side, side]] * len(latent), device=latent.device)
        more["added_cond_kwargs"] = {"text_embeds": told.pooled, "time_ids": sizes}
    noisy = noises.add_noise(latent, noise, times)
    seen = unet(noisy, times, encoder_hidden_states=told.tokens, **more).sample.float()
    by_v = noises.config.prediction_type == "v_prediction"
    target = noises.get_velocity(latent, noise, times) if by_v else noise
    wrong = mse_loss(seen, target, reduction="none").mean((1, 2, 3))
    if gamma:
        kept = noises.alphas_cumprod.to(latent.device)[times]
        ratio = kept / (1 - kept)
        wrong = wrong * ratio.clamp(max=gamma) / (ratio + 1 if by_v else ratio).clamp(min=1e-8)
    return wrong.mean()


def left_out(told: Told, without: Told, share: float) -> Told:
    """Texts of which a share, drawn, is replaced by no text."""
    out = torch.rand(len(told.tokens), device=told.tokens.device) < share
    tokens = torch.where(out[:, None, None], without.tokens, told.tokens)
    if told.pooled is None or without.pooled is None:
        return Told(tokens, None)
    return Told(tokens, torch.where(out[:, None], without.pooled, told.pooled))


# --- the loop --------------------------------------------------------------------------------


def train(
    accelerator: Any,
    pipeline: Any,
    recipe: Recipe,
    pairs: Sequence[Pair],
    source: Path,
    out: Path,
    *,
    every: int = 100,
    until: int | None = None,
    say: Say = lambda step, steps, loss: None,
) -> list[float]:
    """Train, or go on from the checkpoint in ``out``; the loss of every step.

    Args:
        accelerator: of accelerate; knows the processes and their devices.
        pipeline: of :func:`data.synth.stable_diffusion.open_pipeline`; trained in place.
        recipe: what is learned and how.
        pairs: of :func:`usable`.
        source: the folder that the pairs' pictures are seen from.
        out: of the checkpoint, the log and the grids.
        every: steps between checkpoints and grids.
        until: the step to stop at, for a training in pieces; all if None.
        say: told of every step.

    Raises:
        SettingsError: the batch or the side does not divide, or ``out`` holds another training.
        RadixError: the loss is no number any more.
    """
    from diffusers import DDPMScheduler

    recipe.turns_a_step(accelerator.num_processes)
    steps = recipe.steps(len(pairs))
    trained = prepare(pipeline, recipe)
    pipeline.to(accelerator.device)
    parameters = parameters_of(trained)
    optimizer = torch.optim.AdamW(parameters.values(), lr=recipe.rate, weight_decay=recipe.decay)
    digest, losses = _digest(recipe, pairs), list[float]()
    if (out / CHECKPOINT).is_file():
        losses = _resume(out / CHECKPOINT, digest, parameters, optimizer)
    noises = DDPMScheduler.from_config(pipeline.scheduler.config)
    wrapped = {name: accelerator.prepare_model(part) for name, part in trained.items()}
    main = accelerator.is_main_process
    if main:
        out.mkdir(parents=True, exist_ok=True)
    for step in range(len(losses), min(until or steps, steps)):
        begun = time.monotonic()
        for group in optimizer.param_groups:
            group["lr"] = recipe.rate_at(step, steps)
        loss = _backward(accelerator, pipeline, wrapped, noises, recipe, pairs, source, step)
        norm = float(torch.nn.utils.clip_grad_norm_(list(parameters.values()), recipe.clip))
        if not math.isfinite(loss) or not math.isfinite(norm):
            raise RadixError(
                f"The loss is no number any more at step {step + 1}.",
                "Lower the rate, or use --precision float32, and begin anew.",
            )
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        losses.append(loss)
        done = step + 1
        if main:
            line = {"step": done, "loss": round(loss, 6), "norm": round(norm, 4)}
            line["seconds"] = round(time.monotonic() - begun, 3)
            with (out / LOG).open("a", encoding="utf-8") as log:
                log.write(json.dumps(line) + "\n")
        if main and (done % every == 0 or done in (steps, until)):
            _save(out / CHECKPOINT, digest, parameters, optimizer, losses)
            _grid(pipeline, recipe, pairs, out / f"grid-{done:06d}.png")
        accelerator.wait_for_everyone()
        say(done, steps, loss)
    return losses


def _backward(
    accelerator: Any,
    pipeline: Any,
    wrapped: dict[str, Any],
    noises: Any,
    recipe: Recipe,
    pairs: Sequence[Pair],
    source: Path,
    step: int,
) -> float:
    """Leave the gradients of a step in the model, and tell its mean loss."""
    rank, processes = accelerator.process_index, accelerator.num_processes
    _seed(recipe.seed, step, rank)
    batches = shares(order(len(pairs), recipe, step), recipe, processes, rank)
    device, unet = accelerator.device, wrapped["unet"]
    read_by = [
        (tokenizer, wrapped.get(name, encoder))
        for name, (tokenizer, encoder) in zip(_TEXT_NAMES, readers(pipeline), strict=False)
    ]
    bf16 = recipe.precision == "bf16" or (
        recipe.precision == "auto" and device.type == "cuda" and torch.cuda.is_bf16_supported()
    )
    summed = torch.zeros((), device=device)
    for turn, rows in enumerate(batches, start=1):
        some = [pairs[row] for row in rows]
        pixels = torch.stack([pixels_of(one, source, recipe.side) for one in some]).to(device)
        held = nullcontext() if turn == len(batches) else accelerator.no_sync(unet)
        with held, torch.autocast(device.type, torch.bfloat16, enabled=bf16):
            with nullcontext() if recipe.train_text else torch.no_grad():
                told = encode(pipeline, [prompt_of(one) for one in some], read_by)
                told = left_out(told, untold(pipeline, told, read_by), recipe.untold)
            lost = loss_of(pipeline, unet, noises, pixels, told, recipe.snr_gamma)
            accelerator.backward(lost / len(batches))
        summed += lost.detach() / len(batches)
    return float(accelerator.reduce(summed, "mean"))


def _seed(seed: int, step: int, rank: int) -> None:
    digest = hashlib.sha256(f"{seed} {step} {rank}".encode()).digest()
    torch.manual_seed(int.from_bytes(digest[:7], "big"))


def _grid(pipeline: Any, recipe: Recipe, pairs: Sequence[Pair], path: Path) -> None:
    """What the model draws for the first texts."""
    from finetune.rgan.fit import grid

    parts = [getattr(pipeline, n) for n in ("unet", *_TEXT_NAMES) if getattr(pipeline, n, None)]
    modes = [part.training for part in parts]
    for part in parts:
        part.eval()
    texts = list(dict.fromkeys(prompt_of(pair) for pair in pairs))[:4]
    made = [
        published.draw(pipeline, text, seed=number, side=recipe.side, steps=20)
        for number, text in enumerate(texts)
    ]
    for part, mode in zip(parts, modes, strict=True):
        part.train(mode)
    grid(torch.from_numpy(np.concatenate(made))[:, None], path, columns=4)


# --- checkpoint and result -------------------------------------------------------------------


def _digest(recipe: Recipe, pairs: Sequence[Pair]) -> str:
    """What a training can't change on the way; how it is computed can be."""
    fixed = recipe.model_dump(mode="json", exclude={"model", "at_once", "precision"})
    text = json.dumps([fixed, [pair.model_dump(mode="json") for pair in pairs]], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _save(
    path: Path, digest: str, parameters: dict[str, Tensor], optimizer: Any, losses: list[float]
) -> None:
    state = {
        "digest": digest,
        "trained": {name: p.detach().cpu() for name, p in parameters.items()},
        "optimizer": optimizer.state_dict(),
        "losses": losses,
    }
    new = path.with_name(path.name + ".new")
    torch.save(state, new)
    new.replace(path)


def _resume(path: Path, digest: str, parameters: dict[str, Tensor], optimizer: Any) -> list[float]:
    try:
        state = torch.load(path, weights_only=True, map_location="cpu")
        told, trained = state["digest"], state["trained"]
    except (OSError, RuntimeError, ValueError, KeyError, EOFError) as error:
        raise SettingsError(
            f"{path.name} can't be read.", "Remove it to begin anew, or name another --out."
        ) from error
    if told != digest or set(trained) != set(parameters):
        raise SettingsError(
            "The folder holds a training of another recipe, model or set of pairs.",
            f"Name another --out, or remove its {path.name} to begin anew.",
        )
    with torch.no_grad():
        for name, parameter in parameters.items():
            parameter.copy_(trained[name])
    optimizer.load_state_dict(state["optimizer"])
    return list(state["losses"])


def save(pipeline: Any, recipe: Recipe, folder: Path, steps: int) -> None:
    """Write adapters with the name of their model, or a whole pipeline; it appears whole."""
    new = folder.with_name(folder.name + ".new")
    shutil.rmtree(new, ignore_errors=True)
    if recipe.way == "full":
        pipeline.save_pretrained(new)
    else:
        from diffusers.utils import convert_state_dict_to_diffusers
        from peft import get_peft_model_state_dict

        layers = {
            f"{name}_lora_layers": convert_state_dict_to_diffusers(
                get_peft_model_state_dict(getattr(pipeline, name))
            )
            for name in ("unet", *(_TEXT_NAMES if recipe.train_text else ()))
            if getattr(pipeline, name, None) is not None
        }
        type(pipeline).save_lora_weights(new, **layers)
        there = Path(recipe.model).expanduser()
        base = os.path.relpath(there.resolve(), folder.resolve()) if there.is_dir() else None
        told = {"base": base or recipe.model, "rank": recipe.rank, "side": recipe.side}
        text = json.dumps({**told, "steps": steps}, indent=1) + "\n"
        (new / published.TRAINED).write_text(text, encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    new.replace(folder)
