"""Tiny vision-language models with random weights, made here: the classes of the published ones.

No hub, no file of anybody's. Each is saved with a tokenizer and a processor made here, and loaded
as a published one is. ``tiny_vlm("gemma3")`` gives its folder, made once a session.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

TEXTS = (
    "The picture is a sagittal T2-weighted MR image of the lumbar spine. Describe each disc.",
    "L4-L5: disc degeneration Pfirrmann grade 4, disc bulging, no herniation. L5-S1: normal.",
    "USER: ASSISTANT: Question: Answer: findings:",
)
CHAT = (
    "{{ bos_token }}{% for message in messages %}<|turn|>{{ message.role }}\n"
    "{% for part in message.content %}{% if part.type == 'image' %}IMAGE{% else %}{{ part.text }}"
    "{% endif %}{% endfor %}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|turn|>assistant\n{% endif %}"
)
WIDE = 0.2
"""Deviation of random weights, wide enough for adapters to make one word likelier than others."""
VISION = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2}
VIT = {**VISION, "num_attention_heads": 2, "image_size": 32, "patch_size": 8}
SIDE = {"height": 32, "width": 32}


def _tokenizer(special: Sequence[str] = (), **named: str) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    bpe = Tokenizer(models.BPE(unk_token=None))
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<pad>", "<s>", "<|turn|>", "<|end|>", *special],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bpe.train_from_iterator(TEXTS, trainer)
    marks = {"bos_token": "<s>", "eos_token": "<|end|>", "pad_token": "<pad>"}
    return PreTrainedTokenizerFast(tokenizer_object=bpe, **marks, extra_special_tokens=named)


def _text(tokenizer: Any, **more: Any) -> dict[str, Any]:
    return {
        "vocab_size": len(tokenizer),
        **VISION,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "head_dim": 16,
        "max_position_embeddings": 1024,
        "initializer_range": WIDE,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
        **more,
    }


def _gemma3() -> tuple[Any, Any]:
    import transformers as t

    marks = {"boi_token": "<boi>", "image_token": "<img>", "eoi_token": "<eoi>"}
    tokenizer = _tokenizer([*marks.values()], **marks)
    number = tokenizer.convert_tokens_to_ids
    layers = ["sliding_attention", "full_attention"]
    config = t.Gemma3Config(
        text_config=_text(tokenizer, sliding_window=64, layer_types=layers),
        vision_config={**VIT, "vision_use_head": False},
        mm_tokens_per_image=4,
        boi_token_index=number("<boi>"),
        eoi_token_index=number("<eoi>"),
        image_token_index=number("<img>"),
    )
    processor = t.Gemma3Processor(
        t.Gemma3ImageProcessor(size=SIDE),
        tokenizer,
        chat_template=CHAT.replace("IMAGE", "<boi>"),
        image_seq_length=4,
    )
    return t.Gemma3ForConditionalGeneration(config), processor


def _qwen(kind: str) -> tuple[Any, Any]:
    import transformers as t

    names = ("<|vision_start|>", "<|image_pad|>", "<|vision_end|>", "<|video_pad|>")
    tokenizer = _tokenizer(names)
    start, image, end, video = tokenizer.convert_tokens_to_ids(list(names))
    vision = {
        "depth": 2, "hidden_size": 32, "intermediate_size": 64, "num_heads": 2, "patch_size": 4,
        "spatial_merge_size": 2, "temporal_patch_size": 2, "out_hidden_size": 32,
    }  # fmt: skip
    rope = {"mrope_section": [2, 3, 3], "rope_type": "default"}
    if kind == "qwen2_5_vl":
        vision |= {"window_size": 16, "fullatt_block_indexes": [1]}
        configured, made = t.Qwen2_5_VLConfig, t.Qwen2_5_VLForConditionalGeneration
        processed, video_processor = t.Qwen2_5_VLProcessor, t.Qwen2VLVideoProcessor
    else:
        vision |= {"deepstack_visual_indexes": [0], "num_position_embeddings": 64}
        rope["mrope_interleaved"] = True
        configured, made = t.Qwen3VLConfig, t.Qwen3VLForConditionalGeneration
        processed, video_processor = t.Qwen3VLProcessor, t.Qwen3VLVideoProcessor
    config = configured(
        text_config=_text(tokenizer, rope_scaling=rope),
        vision_config=vision,
        image_token_id=image,
        video_token_id=video,
        vision_start_token_id=start,
        vision_end_token_id=end,
    )
    patches = {"patch_size": 4, "merge_size": 2, "temporal_patch_size": 2}
    processor = processed(
        t.Qwen2VLImageProcessor(**patches, min_pixels=64, max_pixels=1024),
        tokenizer,
        video_processor(patch_size=4, merge_size=2),
        chat_template=CHAT.replace("IMAGE", "".join(names[:3])),
    )
    return made(config), processor


def _llava() -> tuple[Any, Any]:
    import transformers as t

    tokenizer = _tokenizer(["<image>"])
    config = t.LlavaConfig(
        text_config=t.LlamaConfig(**_text(tokenizer)),
        vision_config=t.CLIPVisionConfig(**VIT, projection_dim=32),
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        image_seq_length=16,
    )
    processor = t.LlavaProcessor(
        t.CLIPImageProcessor(size=SIDE, crop_size=SIDE),
        tokenizer,
        patch_size=8,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
    )
    return t.LlavaForConditionalGeneration(config), processor


def _blip() -> tuple[Any, Any]:
    import transformers as t

    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    marks = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[DEC]"]
    vocabulary = [*marks, *letters, *".,:-", *(f"##{letter}" for letter in letters)]
    tokenizer = t.BertTokenizerFast(vocab={word: i for i, word in enumerate(vocabulary)})
    text = {
        "vocab_size": len(tokenizer), **VISION, "encoder_hidden_size": 32, "projection_dim": 32,
        "num_attention_heads": 2, "max_position_embeddings": 256, "bos_token_id": 5,
        "pad_token_id": 0, "eos_token_id": 3, "sep_token_id": 3, "initializer_range": WIDE,
    }  # fmt: skip
    config = t.BlipConfig(text_config=text, vision_config=VIT, image_text_hidden_size=32)
    processor = t.BlipProcessor(t.BlipImageProcessor(size=SIDE), tokenizer)
    return t.BlipForConditionalGeneration(config), processor


def _blip2() -> tuple[Any, Any]:
    import transformers as t

    tokenizer = _tokenizer()
    processor = t.Blip2Processor(t.BlipImageProcessor(size=SIDE), tokenizer, num_query_tokens=4)
    text = t.OPTConfig(
        vocab_size=len(tokenizer), init_std=WIDE, hidden_size=32, word_embed_proj_dim=32,
        ffn_dim=64, num_hidden_layers=2, num_attention_heads=2, max_position_embeddings=512,
        bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    config = t.Blip2Config(
        vision_config=VIT,
        qformer_config={"vocab_size": 10, **VISION, "num_attention_heads": 2,
                        "encoder_hidden_size": 32},
        text_config=text.to_dict(),
        num_query_tokens=4,
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
    )  # fmt: skip
    return t.Blip2ForConditionalGeneration(config), processor


_MAKERS: dict[str, Callable[[], tuple[Any, Any]]] = {
    "gemma3": _gemma3,
    "qwen2_5_vl": lambda: _qwen("qwen2_5_vl"),
    "qwen3_vl": lambda: _qwen("qwen3_vl"),
    "llava": _llava,
    "blip": _blip,
    "blip-2": _blip2,
}
KINDS = tuple(_MAKERS)


def make(kind: str, folder: Path) -> Path:
    """A model of a family with random weights in a folder."""
    import torch
    from transformers.utils import logging

    logging.disable_progress_bar()
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    model, processor = _MAKERS[kind]()
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_vlm(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a tiny model by its model type."""
    root = tmp_path_factory.mktemp("tiny_vlms")

    def folder(kind: str) -> Path:
        there = root / kind
        return there if there.is_dir() else make(kind, there)

    return folder
