"""How Stable Diffusion is fine-tuned: what a user sets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, ValidationError

from finetune.vlm.recipe import Budget
from radixgpt.errors import SettingsError

UNET_LAYERS = ("to_q", "to_k", "to_v", "to_out.0")
"""The linear layers of the U-Net's attention, which get adapters."""
TEXT_LAYERS = ("q_proj", "k_proj", "v_proj", "out_proj")
"""Those of the text encoders."""


class Recipe(Budget):
    """Everything that decides what is learned."""

    model: str = Field(description="a name on the hub, or a folder")
    way: Literal["lora", "full"] = Field(
        default="lora", description="adapters in the U-Net's attention, or the whole U-Net"
    )
    train_text: bool = Field(default=False, description="the text encoders too, the same way")
    rank: int = Field(default=16, ge=1, description="rank of the adapters, and their scale")
    side: int = Field(default=512, ge=16, description="rows and columns of an image")
    untold: float = Field(default=0.1, ge=0, lt=1, description="share of texts left out")
    snr_gamma: float = Field(
        default=5.0, ge=0, description="bound on a time's weight (Hang et al. 2023); 0 for none"
    )
    rate: float = Field(default=1e-4, gt=0, description="highest learning rate")
    decay: float = Field(default=1e-2, ge=0, description="weight decay")


def of(given: Mapping[str, Any]) -> Recipe:
    """The recipe with some fields set.

    Raises:
        SettingsError: a field is unknown or has a value that can't be.
    """
    try:
        return Recipe(**given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "a field"
        raise SettingsError(
            f"{where[:60]}: {first['msg']}.", f"Known fields: {', '.join(Recipe.model_fields)}."
        ) from error
