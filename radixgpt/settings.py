"""The settings, read at the doors: code defaults < radixgpt.yaml < .env and RADIXGPT_* < flags."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    YamlConfigSettingsSource,
)

from radixgpt.errors import SettingsError
from radixgpt.style import Language

PREFIX = "RADIXGPT_"
YAML_FILE = "radixgpt.yaml"
ENV_FILE = ".env"


class Settings(BaseSettings):
    """Everything that can be set; made by :func:`load`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=ENV_FILE,
        env_file_encoding="utf-8",
        dotenv_filtering="match_prefix",
        yaml_file=YAML_FILE,
        yaml_file_encoding="utf-8",
        extra="forbid",
        frozen=True,
    )

    llm: str = Field(
        default="embedded",
        description="The language model: embedded, openai:MODEL@URL, ollama:MODEL, "
        "anthropic:MODEL, google:MODEL, gguf:PATH or transformers:PATH",
    )
    llm_timeout: float = Field(
        default=120.0, gt=0, description="Seconds to wait for a language model's server"
    )
    llm_send_to: str = Field(
        default="",
        description="Hosts that a conversation and its findings may be sent to unasked, with "
        "commas between",
    )
    llm_price_in: float | None = Field(
        default=None, ge=0, description="What a million tokens sent to the language model cost"
    )
    llm_price_out: float | None = Field(
        default=None, ge=0, description="What a million tokens that it writes cost"
    )
    captioner: str = Field(
        default="embedded",
        description="Who words captions: embedded, transformers:PATH_OR_NAME or openai:MODEL@URL",
    )
    captioner_timeout: float = Field(
        default=120.0, gt=0, description="Seconds to wait for a captioner's server"
    )
    encoder: str = Field(
        default="embedded",
        description="What turns images and texts into vectors for a new index: embedded, or "
        "open_clip:MODEL/WEIGHTS, open_clip:hf-hub:OWNER/REPOSITORY, open_clip:FOLDER",
    )
    index: Path | None = Field(
        default=None,
        description="Folder of the index that similar cases come from; the shipped one otherwise",
    )
    adapter_python: str = Field(
        default="",
        description="The Python that runs learned metrics, or NAME=PATH with commas between",
    )
    adapter_models: str = Field(
        default="",
        description="Models of learned metrics, NAME=MODEL with commas between",
    )
    pacs: str = Field(
        default="",
        description="The PACS: https://HOST/PATH, dimse://AET@HOST:PORT or dimses://AET@HOST:PORT",
    )
    pacs_calling_aet: str = Field(
        default="RADIXGPT", description="Our title, as which a PACS has to admit us"
    )
    pacs_ca: Path | None = Field(
        default=None, description="PEM file of the authorities to trust for the PACS"
    )
    audit: bool = Field(
        default=True,
        description="Whether `radixgpt report` writes audit.jsonl, the record of the run, beside "
        "the draft",
    )
    audit_words: bool = Field(
        default=False,
        description="Whether records keep what was typed and what a language model wrote, word for "
        "word; by hash alone otherwise",
    )
    style: str = Field(
        default="standard",
        description="How reports are worded: standard, concise, prose, or a YAML file of the house",
    )
    language: Language | None = Field(
        default=None, description="Language of reports; the style's own, else English, otherwise"
    )
    follow_up: bool = Field(
        default=False,
        description="Whether `radixgpt report` suggests follow-up by published rules",
    )
    shared_data: Path | None = Field(
        default=None, description="Folder of real studies for tests and training"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags first, then the environment, then ``.env``, then ``radixgpt.yaml``."""
        return (
            init_settings,
            env_settings,
            dotenv_settings,
            YamlConfigSettingsSource(settings_cls),
        )


def load(*, environment: Mapping[str, str] | None = None, **flags: Any) -> Settings:
    """The settings in force in the current folder.

    Args:
        environment: for the check of unknown names; the process's own by default.
        flags: values of command-line flags; None means not given.

    Raises:
        SettingsError: an unknown setting, or a value that can't be used.
    """
    known = {f"{PREFIX}{name}".upper() for name in Settings.model_fields}
    for name in os.environ if environment is None else environment:
        if name.upper().startswith(PREFIX) and name.upper() not in known:
            raise SettingsError(
                f"{name} is not a setting.", f"Unset it, or use one of: {', '.join(sorted(known))}."
            )
    try:
        return Settings(**{key: value for key, value in flags.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"]) or "the settings"
        raise SettingsError(
            f"The setting '{name[:60]}' can't be used: {first['msg']}.",
            f"Known settings: {', '.join(sorted(Settings.model_fields))}.",
        ) from error
    except yaml.YAMLError as error:
        raise SettingsError(f"{YAML_FILE} is not valid YAML.", "Mend or remove it.") from error
