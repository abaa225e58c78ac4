"""Tiny Stable Diffusion pipelines with random weights, made here: the classes of the published.

No hub, no file of anybody's. ``tiny_sd("sd")`` and ``tiny_sd("xl")`` give folders, made once a
session, which are opened as published ones are.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

KINDS = ("sd", "sd2", "xl")
LONG = 24
"""Tokens that the tiny text encoders read; CLIP's read 77."""
_TEXT = {
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_attention_heads": 2,
    "num_hidden_layers": 2,
    "max_position_embeddings": LONG,
    "projection_dim": 16,
}


def _tokenizer(folder: Path) -> Any:
    """CLIP's tokenizer with single characters for words."""
    from transformers import CLIPTokenizer

    folder.mkdir(parents=True, exist_ok=True)
    letters = [chr(k) for k in range(33, 127)]
    words = [*letters, *(f"{x}</w>" for x in letters), "<|startoftext|>", "<|endoftext|>"]
    vocabulary = {word: k for k, word in enumerate(words)}
    (folder / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n", encoding="utf-8")
    return CLIPTokenizer(
        vocab=str(folder / "vocab.json"),
        merges=str(folder / "merges.txt"),
        model_max_length=LONG,
        pad_token="<|endoftext|>",
    )


def _make(kind: str, folder: Path) -> None:
    import torch
    from diffusers import (
        AutoencoderKL,
        DDIMScheduler,
        StableDiffusionPipeline,
        StableDiffusionXLPipeline,
        UNet2DConditionModel,
    )
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    torch.manual_seed(3)
    xl = kind == "xl"
    tokenizer = _tokenizer(folder / "made")
    marks = {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id}
    text = CLIPTextConfig(vocab_size=len(tokenizer), **_TEXT, **marks)
    more: dict[str, Any] = {}
    if xl:
        more = {
            "addition_embed_type": "text_time",
            "addition_time_embed_dim": 8,
            "projection_class_embeddings_input_dim": 16 + 6 * 8,
        }
    unet = UNet2DConditionModel(
        sample_size=8,
        block_out_channels=(16, 32),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=32 if xl else 16,
        attention_head_dim=8,
        norm_num_groups=8,
        use_linear_projection=xl,
        **more,
    )
    vae = AutoencoderKL(
        block_out_channels=(8, 16),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        norm_num_groups=4,
        layers_per_block=1,
        latent_channels=4,
    )
    schedule = DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        clip_sample=False,
        set_alpha_to_one=False,
        steps_offset=1,
        prediction_type="v_prediction" if kind == "sd2" else "epsilon",
    )
    common = {"vae": vae, "unet": unet, "scheduler": schedule, "tokenizer": tokenizer}
    if xl:
        pipeline = StableDiffusionXLPipeline(
            **common,
            text_encoder=CLIPTextModel(text),
            text_encoder_2=CLIPTextModelWithProjection(text),
            tokenizer_2=tokenizer,
        )
    else:
        pipeline = StableDiffusionPipeline(
            **common,
            text_encoder=CLIPTextModel(text),
            safety_checker=None,
            feature_extractor=None,
            requires_safety_checker=False,
        )
    pipeline.save_pretrained(folder / "pipeline")


@pytest.fixture(scope="session")
def tiny_sd(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a tiny pipeline by kind."""
    made: dict[str, Path] = {}

    def folder(kind: str) -> Path:
        if kind not in made:
            place = tmp_path_factory.mktemp(f"tiny-{kind}")
            _make(kind, place)
            made[kind] = place / "pipeline"
        return made[kind]

    return folder
