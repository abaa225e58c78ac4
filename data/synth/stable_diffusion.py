"""Stable Diffusion 1.5, 2.1 and XL: opened from this machine, told a report's text, sampled.

A folder with a pipeline of diffusers, a folder that ``finetune.stable_diffusion`` wrote, or a name
that is in the hub's cache; nothing is fetched unless ``HF_HUB_OFFLINE=0`` is set. CLIP's text
encoders read 77 tokens, which a report exceeds: a text is read in pieces of that length, and what
the encoders make of the pieces is laid end to end, in training as in sampling.
"""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from radixgpt.errors import InputError, MissingPackageError, WeightsError

CLASSES = ("StableDiffusionPipeline", "StableDiffusionXLPipeline")
TRAINED = "trained.json"
"""What ``finetune.stable_diffusion`` writes beside low-rank adapters."""
MOST_PIECES = 6
"""Pieces of a text that are read; the rest is refused."""


@dataclass(frozen=True, eq=False)
class Told:
    """What the text encoders make of n texts.

    Attributes:
        tokens: (n, tokens, width).
        pooled: (n, width) of XL's second encoder; None of the others.
    """

    tokens: Tensor
    pooled: Tensor | None


def offline() -> bool:
    """Whether nothing may be fetched: unless the user sets ``HF_HUB_OFFLINE=0``."""
    return os.environ.get("HF_HUB_OFFLINE", "1").strip().lower() not in ("0", "false", "no", "off")


def open_pipeline(source: str, dtype: torch.dtype = torch.float32) -> Any:
    """A pipeline on the CPU, with the adapters of the folder where it holds some.

    Args:
        source: a folder, or a name on the hub.
        dtype: of the weights.

    Raises:
        MissingPackageError: diffusers is not installed.
        WeightsError: it can't be had, or is no Stable Diffusion.
    """
    try:
        import diffusers
    except ImportError as error:
        raise MissingPackageError(
            "Stable Diffusion needs diffusers.", "Install it: pip install -e '.[synthesis]'."
        ) from error
    folder = Path(source).expanduser()
    if (folder / TRAINED).is_file():
        return _adapted(folder, dtype)
    name = folder.resolve().name if folder.is_dir() else source
    options: dict[str, bool | None] = {"local_files_only": offline()}
    where = str(folder) if folder.is_dir() else source
    try:
        with _quiet_hub():
            kind = diffusers.DiffusionPipeline.load_config(where, **options).get("_class_name")
        if kind not in CLASSES:
            raise WeightsError(
                f"'{name[:60]}' is no Stable Diffusion 1.5, 2.1 or XL.",
                f"Name a pipeline of the class {' or '.join(CLASSES)}.",
            )
        if kind == CLASSES[0]:  # the checker of photographs refuses MR images at random
            options |= {"safety_checker": None, "requires_safety_checker": False}
        with _quiet_hub():
            pipeline = getattr(diffusers, kind).from_pretrained(where, **options).to(dtype)
    except (OSError, ValueError) as error:
        raise _not_had(name, folder.is_dir(), error) from error
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


@contextmanager
def _quiet_hub() -> Iterator[None]:
    """Let diffusers name an option to the hub that the hub has given up, without a warning."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*local_dir_use_symlinks", UserWarning)
        yield


def _not_had(name: str, is_folder: bool, error: Exception) -> WeightsError:
    kind, said = type(error).__name__, f"'{name[:60]}'"
    if is_folder or name.startswith(("/", ".", "~")) or name.count("/") > 1:
        return WeightsError(
            f"The folder {said} holds no whole pipeline of diffusers ({kind}).",
            "Name a folder with model_index.json and everything that it lists.",
        )
    if offline():
        return WeightsError(
            f"{said} is not in this machine's cache, and nothing is fetched.",
            "Set HF_HUB_OFFLINE=0 to fetch it (and HF_TOKEN where the hub asks for one), or name "
            "the folder of a copy.",
        )
    return WeightsError(
        f"{said} can't be fetched ({kind}).",
        "Check the name, the network and, where the hub asks for one, HF_TOKEN; or name the "
        "folder of a copy.",
    )


def _adapted(folder: Path, dtype: torch.dtype) -> Any:
    try:
        base = json.loads((folder / TRAINED).read_text(encoding="utf-8"))["base"]
    except (OSError, ValueError, KeyError) as error:
        raise WeightsError(f"{TRAINED} can't be read.", "Train the adapters again.") from error
    beside = folder / str(base)
    pipeline = open_pipeline(str(beside.resolve()) if beside.is_dir() else str(base), dtype)
    try:
        pipeline.load_lora_weights(str(folder), local_files_only=True)
    except (OSError, ValueError, RuntimeError) as error:
        raise WeightsError(
            f"The adapters in '{folder.resolve().name[:60]}' do not fit their model.",
            "Train them again, or name the model that they were trained on.",
        ) from error
    return pipeline


# --- texts -----------------------------------------------------------------------------------


def readers(pipeline: Any) -> list[tuple[Any, Any]]:
    """The tokenizers with their text encoders: one of SD, two of XL."""
    both = [(pipeline.tokenizer, pipeline.text_encoder)]
    if is_xl(pipeline):
        both.append((pipeline.tokenizer_2, pipeline.text_encoder_2))
    return both


def is_xl(pipeline: Any) -> bool:
    """Whether a pipeline is of the XL kind."""
    return type(pipeline).__name__ == CLASSES[1]


def encode(
    pipeline: Any, texts: Sequence[str], read_by: Sequence[tuple[Any, Any]] | None = None
) -> Told:
    """Read texts; all get as many pieces as the longest needs, and an empty one gets the same.

    Args:
        pipeline: of :func:`open_pipeline`.
        texts: n of them.
        read_by: the tokenizers and encoders, where those of the pipeline were wrapped.

    Raises:
        InputError: a text is longer than :data:`MOST_PIECES` pieces.
    """
    xl, both = is_xl(pipeline), list(read_by or readers(pipeline))
    ids = [[t(text, add_special_tokens=False).input_ids for text in texts] for t, _ in both]
    pieces = max(
        max(1, -(-len(one) // (tokenizer.model_max_length - 2)))
        for (tokenizer, _), found in zip(both, ids, strict=True)
        for one in found
    )
    if pieces > MOST_PIECES:
        raise InputError(
            f"The text is {pieces} pieces long, and {MOST_PIECES} are read.", "Shorten it."
        )
    parts, pooled = [], None
    for (tokenizer, encoder), found in zip(both, ids, strict=True):
        device = next(encoder.parameters()).device
        seen = []
        for piece in range(pieces):
            wanted = torch.tensor([_framed(tokenizer, one, piece) for one in found], device=device)
            made = encoder(wanted, output_hidden_states=xl)
            seen.append(made.hidden_states[-2] if xl else made.last_hidden_state)
            if xl and piece == 0 and encoder is both[-1][1]:
                pooled = made.text_embeds
        parts.append(torch.cat(seen, 1))
    return Told(torch.cat(parts, -1), pooled)


def _framed(tokenizer: Any, ids: Sequence[int], piece: int) -> list[int]:
    """The tokens of one piece, between the marks of begin and end, and padded."""
    long = tokenizer.model_max_length - 2
    own = [*ids[piece * long : (piece + 1) * long]]
    padding = [tokenizer.pad_token_id] * (long - len(own))
    return [tokenizer.bos_token_id, *own, tokenizer.eos_token_id, *padding]


def untold(pipeline: Any, told: Told, read_by: Sequence[tuple[Any, Any]] | None = None) -> Told:
    """What stands for no text, of the same shape: zeros where the pipeline says so, or ''."""
    if is_xl(pipeline) and pipeline.config.force_zeros_for_empty_prompt:
        pooled = None if told.pooled is None else torch.zeros_like(told.pooled)
        return Told(torch.zeros_like(told.tokens), pooled)
    empty = encode(pipeline, [""], read_by)
    n, tokens, _ = told.tokens.shape
    times = tokens // empty.tokens.shape[1]
    pooled = None if empty.pooled is None else empty.pooled.expand(n, -1)
    return Told(empty.tokens.repeat(1, times, 1).expand(n, -1, -1), pooled)


# --- sampling --------------------------------------------------------------------------------


@torch.inference_mode()
def draw(
    pipeline: Any,
    text: str,
    count: int = 1,
    seed: int = 0,
    *,
    side: int = 512,
    steps: int = 30,
    guidance: float = 5.0,
) -> npt.NDArray[np.float32]:
    """Images of what a text says, (count, side, side) in [-1, 1].

    Args:
        pipeline: of :func:`open_pipeline`.
        text: a report or caption, as the pairs of the training have it.
        count: how many.
        seed: of the first image's noise; each further one has the next.
        side: rows and columns, as trained.
        steps: of the pipeline's own scheduler.
        guidance: 1 asks for the text alone; more goes further away from no text.

    Raises:
        InputError: there is no text, it is too long, the side is no multiple of the VAE's, or no
            image or step is asked for.
    """
    if count < 1 or steps < 1 or seed < 0:
        raise InputError(
            f"{count} images in {steps} steps from seed {seed} can't be made.",
            "Ask for one image and one step or more, and a seed of 0 or more.",
        )
    if not text.strip():
        raise InputError("There is no text.", "Say what the image is to show.")
    if side < pipeline.vae_scale_factor or side % pipeline.vae_scale_factor:
        raise InputError(
            f"A side of {side} pixels can't be made.",
            f"Use a multiple of {pipeline.vae_scale_factor}.",
        )
    told = encode(pipeline, [text] * count)
    without = untold(pipeline, told)
    given: dict[str, Any] = {"prompt_embeds": told.tokens, "negative_prompt_embeds": without.tokens}
    if told.pooled is not None:
        given["pooled_prompt_embeds"] = told.pooled
        given["negative_pooled_prompt_embeds"] = without.pooled
    made = pipeline(
        **given,
        height=side,
        width=side,
        num_inference_steps=steps,
        guidance_scale=guidance,
        generator=[torch.Generator().manual_seed(seed + k) for k in range(count)],
        output_type="np",
    ).images
    return np.asarray(made.mean(-1) * 2 - 1, np.float32)
