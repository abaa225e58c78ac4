"""A small open_clip model with random weights, of the shipped encoder's class, made here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from retrieval.encoder.embedded import Embedded

CONFIG = {
    "embed_dim": 32,
    "custom_text": True,
    "vision_cfg": {
        "image_size": [112, 144],
        "timm_model_name": "test_efficientnet",
        "timm_pool": "",
        "timm_proj": "linear",
    },
    "text_cfg": {"context_length": 48, "width": 32, "heads": 2, "layers": 2, "vocab_size": 49408},
}
WORDS = "L1 L2 L3 L4 L5 S1 - : . no disc herniation narrowing Modic type 2 changes Pfirrmann grade"


@pytest.fixture(scope="session")
def tiny_clip(tmp_path_factory: pytest.TempPathFactory) -> Embedded:
    """An encoder of random weights, exported and loaded as the shipped one is."""
    import torch

    from finetune.clip.export import export
    from retrieval.encoder.embedded import Embedded, build

    root = tmp_path_factory.mktemp("tiny_clip")
    path = root / "radixgpt-clip.json"
    path.write_text(json.dumps(CONFIG), encoding="utf-8")
    torch.manual_seed(4)
    model, tokenizer = build(path)
    known = torch.zeros(model.vocab_size, dtype=torch.bool)
    known[tokenizer([WORDS]).unique()] = True
    export(model.state_dict(), known, root / "clip", config=path)
    return Embedded.load(root)
