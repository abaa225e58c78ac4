"""How a model is trained: a file for each family of models, and what a user sets besides."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from radixgpt.errors import SettingsError

CONFIGS = Path(__file__).resolve().parents[1] / "configs"


class Budget(BaseModel):
    """How long and how fast something is trained, whatever it is.

    A step sees ``batch`` pairs, whatever number of processes shares them, so that one card and
    several learn the same.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rate: float = Field(default=2e-4, gt=0, description="highest learning rate")
    warm_up: float = Field(default=0.05, ge=0, lt=1, description="share of the steps to reach it")
    decay: float = Field(default=0.0, ge=0, description="weight decay")
    clip: float = Field(default=1.0, gt=0, description="largest norm of the gradient")
    epochs: float = Field(default=3, gt=0, description="how often each pair is seen")
    batch: int = Field(default=16, ge=1, description="pairs a step, of all processes together")
    at_once: int = Field(default=1, ge=1, description="pairs that one process computes at once")
    precision: Literal["auto", "bf16", "float32"] = Field(
        default="auto", description="auto is bf16 where the card has it"
    )
    checkpointing: bool = Field(default=True, description="compute activations anew to save memory")
    seed: int = Field(default=7, description="of everything that is drawn")

    def steps(self, pairs: int) -> int:
        """Number of steps for a number of pairs."""
        return max(1, math.ceil(self.epochs * pairs / self.batch))

    def rate_at(self, step: int, steps: int) -> float:
        """Learning rate of a step: a rise, then a cosine down to a twentieth."""
        warm = max(1, round(self.warm_up * steps))
        if step < warm:
            return self.rate * (step + 1) / warm
        share = (step - warm) / max(1, steps - warm)
        return self.rate * (0.05 + 0.95 * (1 + math.cos(math.pi * share)) / 2)

    def turns_a_step(self, processes: int) -> int:
        """How often each process computes ``at_once`` pairs in a step.

        Raises:
            SettingsError: the batch does not divide.
        """
        together = self.at_once * processes
        if self.batch % together:
            raise SettingsError(
                f"A batch of {self.batch} does not divide among {processes} processes with "
                f"{self.at_once} pairs at once.",
                f"Use a batch that is a multiple of {together}.",
            )
        return self.batch // together


class Recipe(Budget):
    """Everything that decides what is learned of a vision-language model."""

    model: str = Field(description="a name on the hub, or a folder")
    kinds: tuple[str, ...] = Field(description="model types that this is for")
    language: str = Field(description="the linear layers of the decoder that get adapters, a regex")
    vision: str = Field(description="those of the vision tower, a regex")
    projector: tuple[str, ...] = Field(description="the modules between the two")

    adapt_vision: bool = Field(default=False, description="adapters in the vision tower too")
    train_projector: bool = Field(default=False, description="train the projector whole")
    rank: int = Field(default=16, ge=1, description="rank of the adapters")
    alpha: int = Field(default=32, ge=1, description="their scale, times the rank")
    dropout: float = Field(default=0.05, ge=0, lt=1, description="dropout before the adapters")
    longest: int = Field(default=512, ge=8, description="tokens of a caption")


def names() -> list[str]:
    """The families that there is a file for."""
    return sorted(path.stem for path in CONFIGS.glob("*.yaml"))


def read(config: str, changes: Mapping[str, Any]) -> Recipe:
    """The recipe of a family or a file.

    Args:
        config: a name of :func:`names`, or the path of such a file.
        changes: fields that are set otherwise.

    Raises:
        SettingsError: there is no such file, or it says what can't be.
    """
    path = CONFIGS / f"{config}.yaml" if config in names() else Path(config)
    try:
        text = path.read_text(encoding="utf-8")
        told = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SettingsError(
            f"There is no configuration '{Path(config).name[:60]}' that can be read.",
            f"Name one of {', '.join(names())}, or a file that looks like them.",
        ) from error
    if not isinstance(told, dict):
        raise SettingsError(f"{path.name} holds no settings.", "Look at finetune/configs.")
    try:
        return Recipe(**{**told, **changes})
    except (ValidationError, TypeError) as error:
        where, why = "a field", str(error)
        if isinstance(error, ValidationError):
            first = error.errors(include_url=False, include_input=False)[0]
            where, why = ".".join(str(part) for part in first["loc"]) or where, first["msg"]
        raise SettingsError(
            f"{path.name}: {where[:60]}: {why}.",
            f"Known fields: {', '.join(Recipe.model_fields)}.",
        ) from error


def of_kind(kind: str, changes: Mapping[str, Any]) -> Recipe:
    """The recipe of a model type.

    Raises:
        SettingsError: there is none, or the changes can't be.
    """
    for name in names():
        recipe = read(name, {})
        if kind in recipe.kinds:
            return read(name, changes)
    raise SettingsError(
        f"No configuration is for models of type '{kind[:60]}'.",
        "Write one like those in finetune/configs, and name it with --config.",
    )
