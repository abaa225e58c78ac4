"""Low-rank adapters (Hu 2021) in a vision-language model: put in, saved, merged."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import torch

from finetune.vlm.recipe import Recipe
from radixgpt.errors import MissingPackageError, SettingsError, WeightsError
from tools.captioner.published import TRAINED, Loaded, Trained, open_model, quiet_peft

CARD = "README.md"


def require_packages() -> None:
    """Refuse to begin without what training needs.

    Raises:
        MissingPackageError: it is not installed.
    """
    from importlib.util import find_spec

    missing = [name for name in ("accelerate", "peft") if find_spec(name) is None]
    if missing:
        raise MissingPackageError(
            f"Fine-tuning needs {' and '.join(missing)}.", "Install it: pip install -e '.[train]'."
        )


def adapt(model: Any, recipe: Recipe) -> Any:
    """The model with new adapters, seeded; nothing else of it is trained, unless asked for.

    Raises:
        SettingsError: no layer of the model has a name that the recipe asks for.
    """
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(recipe.seed)
    pattern = f"({recipe.language})|({recipe.vision})" if recipe.adapt_vision else recipe.language
    config = LoraConfig(
        r=recipe.rank,
        lora_alpha=recipe.alpha,
        lora_dropout=recipe.dropout,
        target_modules=pattern,
        modules_to_save=list(recipe.projector) if recipe.train_projector else None,
    )
    try:
        with quiet_peft():
            adapted = get_peft_model(model, config)
    except ValueError as error:
        raise SettingsError(
            "No layer of this model has a name that the configuration gives adapters to.",
            "Look at its layers' names and mend 'language' or 'vision' in a file for --config.",
        ) from error
    if recipe.checkpointing:
        # After PEFT, which else lets the embeddings have gradients: reentrant checkpoints need
        # them, these do not, and BLIP can't bear them.
        options = {"use_reentrant": False}
        model.config.get_text_config().use_cache = False
        if hasattr(model, "activation_checkpointing_enable"):
            model.activation_checkpointing_enable(options)
        else:  # transformers before it was renamed
            model.gradient_checkpointing_enable(options)
    return adapted


def state_of(adapted: Any) -> dict[str, torch.Tensor]:
    """What was trained, on the CPU, by name."""
    from peft import get_peft_model_state_dict

    state = get_peft_model_state_dict(adapted, save_embedding_layers=False)
    return {key: value.detach().cpu().clone() for key, value in state.items()}


def put_back(adapted: Any, state: dict[str, torch.Tensor]) -> None:
    """Set what was trained to an earlier state."""
    from peft import set_peft_model_state_dict

    set_peft_model_state_dict(adapted, state)


def base_as_seen(source: str, folder: Path) -> str:
    """A model as an adapter in a folder remembers it: a hub's name, or a path from that folder."""
    there = Path(source).expanduser()
    return os.path.relpath(there.resolve(), folder.resolve()) if there.is_dir() else source


def save(adapted: Any, processor: Any, folder: Path, trained: Trained, card: str) -> None:
    """Write an adapter with its processor; the folder appears whole, in place of an older one."""
    new = folder.with_name(folder.name + ".new")
    shutil.rmtree(new, ignore_errors=True)
    adapted.save_pretrained(new, save_embedding_layers=False)
    processor.save_pretrained(new)
    config = json.loads((new / "adapter_config.json").read_text(encoding="utf-8"))
    # PEFT writes the path that the model was loaded from.
    config["base_model_name_or_path"] = trained.base
    (new / "adapter_config.json").write_text(json.dumps(config, indent=2), encoding="utf-8")
    told = trained.model_dump_json(indent=1) + "\n"
    (new / TRAINED).write_text(told, encoding="utf-8")
    (new / CARD).write_text(card, encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    new.replace(folder)


def merge(adapter: Path, out: Path) -> Loaded:
    """Write the model with an adapter's changes in its own weights.

    Raises:
        CaptionerError: the model can't be had.
        SettingsError: there is something else in the way.
        WeightsError: the folder is no adapter, or is one of another model.
    """
    if not (adapter / "adapter_config.json").is_file():
        raise WeightsError(
            f"'{adapter.resolve().name[:60]}' is no adapter.",
            "Name the folder 'adapter' that python -m finetune.vlm wrote.",
        )
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise SettingsError(f"'{out.name[:60]}' is there already.", "Name a new folder.")
    found = open_model(str(adapter))
    merged = found.model.merge_and_unload()
    merged.save_pretrained(out)
    found.processor.save_pretrained(out)
    return Loaded(merged, found.processor, out.name, found.sha256)
