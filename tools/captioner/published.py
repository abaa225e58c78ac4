"""A published vision-language model as captioner: any image-text-to-text model of transformers.

A folder with a model, a folder with an adapter that ``finetune.vlm`` trained, or a name that is in
the hub's cache. Nothing is fetched unless ``HF_HUB_OFFLINE=0`` is set, and no code that comes with
a model is run.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from radixgpt.errors import CaptionerError, MissingPackageError, WeightsError
from radixgpt.report import ModelFacts
from tools.captioner import bitmaps, questions
from tools.captioner.backends import Wanted
from tools.captioner.checking import whole_sentences
from tools.captioner.pictures import Pictures
from tools.captioner.turns import CONTINUES, Speaker, Turn

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_TOKENS = 400
"""Tokens of a caption."""
TRAINED = "captioner.json"
"""What ``finetune.vlm`` writes beside an adapter."""
_PEFT = "adapter_config.json"


class Trained(BaseModel):
    """What an adapter is, and which model it belongs to.

    Attributes:
        base: the name of that model on the hub, or its folder as seen from the adapter's.
        base_sha256: of the configuration of that model.
        kind: its model type.
        data: how many pairs it learned from, by who wrote their texts.
        pairs_sha256: of the file of pairs.
        steps: of the optimizer.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    base: str
    base_sha256: str
    kind: str
    data: dict[str, int] = Field(default_factory=dict)
    pairs_sha256: str = ""
    steps: int = 0


@dataclass(frozen=True, eq=False)
class Loaded:
    """A model with its processor.

    Attributes:
        model: of transformers, or of PEFT around one.
        name: as it may be told: a hub's name, or the name of a folder without its path.
        sha256: of its configuration, and of the adapter's weights where there is one.
    """

    model: Any
    processor: Any
    name: str
    sha256: str


@dataclass(frozen=True, eq=False)
class Published:
    """A captioner on this machine.

    Attributes:
        loaded: the model.
        speaker: how it is spoken to.
        seconds: after which a caption that is still being written is cut.
    """

    loaded: Loaded
    speaker: Speaker
    seconds: float = 120.0

    @property
    def url(self) -> str:
        """None: the pictures stay in this process."""
        return ""

    def describe(self, pictures: Pictures, wanted: Wanted) -> str:
        """What the model says of the pictures: text of unknown worth, to be checked.

        Raises:
            CaptionerError: its processor refuses the pictures.
        """
        shown = [bitmaps.of(picture) for picture in pictures.images]
        if not shown:
            return ""
        question = questions.of(pictures, wanted.scope, wanted.style, wanted.refused)
        text, ended = self.answer(shown, question)
        return text if ended else whole_sentences(text)

    def ask(self, shown: Sequence[Image], question: str, *, most: int | None = None) -> str:
        """The likeliest answer, as :meth:`answer` gives it."""
        return self.answer(shown, question, most=most)[0]

    def answer(
        self, shown: Sequence[Image], question: str, *, most: int | None = None
    ) -> tuple[str, bool]:
        """The likeliest answer, token by token, and whether the model ended it itself.

        Args:
            shown: bitmaps, mode ``L``.
            question: in words; a model that goes on with a text gets a prefix instead.
            most: tokens of the answer; :data:`MOST_TOKENS` if None.

        Raises:
            CaptionerError: the processor refuses the pictures.
        """
        import torch

        model = self.loaded.model
        asked = self.speaker.question(Turn(tuple(shown), question_for(self.speaker, question)))
        kept = self.speaker.skip(asked)
        with torch.inference_mode():
            made = model.generate(
                **moved(asked, model),
                max_new_tokens=most or MOST_TOKENS,
                max_time=self.seconds,
                do_sample=False,
                num_beams=1,
            )
        said = made[0, kept:]
        text: str = self.speaker.processor.tokenizer.decode(said, skip_special_tokens=True)
        return text.strip(), any(int(token) in self.speaker.ends for token in said)

    def facts(self) -> tuple[ModelFacts, ...]:
        """The model, by name and hash."""
        import transformers

        name = f"transformers:{self.loaded.name}"
        version = f"transformers {transformers.__version__}"
        return (ModelFacts(name=name, version=version, sha256=self.loaded.sha256),)


def question_for(speaker: Speaker, question: str) -> str:
    """The question, or the prefix of a model that goes on with a text."""
    return questions.prompts().render("prefix") if speaker.kind in CONTINUES else question


def moved(tensors: dict[str, Any], model: Any) -> dict[str, Any]:
    """Tensors on the model's device; pictures in its precision."""
    return {
        key: value.to(model.device, model.dtype if value.is_floating_point() else value.dtype)
        for key, value in tensors.items()
    }


def load(source: str, *, seconds: float = 120.0) -> Published:
    """A captioner from a folder, an adapter's folder, or a name that is in the cache.

    Raises:
        CaptionerError: it can't be had, or is no model that takes pictures and text.
        MissingPackageError: an adapter needs peft.
        WeightsError: an adapter is damaged or belongs to another model.
    """
    import torch

    loaded = open_model(source)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = loaded.model.to(device).eval()
    return Published(loaded, Speaker.of(model, loaded.processor), seconds)


def open_model(source: str, *, dtype: Any = "auto") -> Loaded:
    """A model with its processor, on the CPU; an adapter's folder gives the adapted model.

    Args:
        source: a folder or a name.
        dtype: of its weights; by default as they were saved.

    Raises:
        CaptionerError: it can't be had, or is no model that takes pictures and text.
        MissingPackageError: an adapter needs peft.
        WeightsError: an adapter is damaged or belongs to another model.
    """
    folder = Path(source).expanduser()
    if (folder / _PEFT).is_file():
        return _adapted(folder, dtype)
    return _plain(source, dtype)


def kind_of(source: str) -> str:
    """The model type of a folder or a name, from its configuration alone.

    Raises:
        CaptionerError: it can't be had.
    """
    where, name = _place(source)
    from transformers import AutoConfig

    with _told(name, is_folder=Path(where).is_dir()):
        return str(AutoConfig.from_pretrained(where, local_files_only=offline()).model_type)


def _place(source: str) -> tuple[str, str]:
    """Where transformers finds a model, and how it is called without a path."""
    folder = Path(source).expanduser()
    if folder.is_dir():
        name = folder.resolve().name
        if not (folder / "config.json").is_file():
            raise CaptionerError(
                f"The folder '{name[:200]}' holds no model.",
                "Name a folder with config.json, weights and the processor's files.",
            )
        return str(folder), name
    if source.startswith(("/", ".", "~")) or source.count("/") > 1:
        raise CaptionerError(
            f"There is no folder '{folder.name[:200]}'.", "Check the path of the model."
        )
    return source, source


def _plain(source: str, dtype: Any) -> Loaded:
    where, name = _place(source)
    from transformers import AutoModelForImageTextToText, AutoProcessor
    from transformers.utils import logging

    if not sys.stderr.isatty():
        logging.disable_progress_bar()
    options = {"local_files_only": offline()}
    with _told(name, is_folder=Path(where).is_dir()):
        processor = AutoProcessor.from_pretrained(where, **options)
        model = AutoModelForImageTextToText.from_pretrained(where, dtype=dtype, **options)
    if not hasattr(processor, "image_processor") or not hasattr(processor, "tokenizer"):
        raise CaptionerError(
            f"'{name[:200]}' comes without the files of its processor.",
            "Put preprocessor_config.json and the tokenizer's files beside the weights.",
        )
    return Loaded(model, processor, name, config_sha256(model))


@contextmanager
def _told(name: str, *, is_folder: bool) -> Iterator[None]:
    """Turn what loading may raise into words."""
    from huggingface_hub.errors import HfHubHTTPError
    from safetensors import SafetensorError

    wrong = (OSError, ValueError, LookupError, TypeError, AttributeError, RuntimeError, ImportError)
    try:
        yield
    except (*wrong, SafetensorError, HfHubHTTPError) as error:
        raise _explained(name, error, is_folder=is_folder) from error


def _adapted(folder: Path, dtype: Any) -> Loaded:
    if find_spec("peft") is None:
        raise MissingPackageError(
            "An adapter needs the package peft.", "Install it: pip install -e '.[train]'."
        )
    from peft import PeftModel
    from safetensors import SafetensorError

    trained = read_trained(folder)
    beside = folder / trained.base
    base = _plain(str(beside) if beside.is_dir() else trained.base, dtype)
    if config_sha256(base.model) != trained.base_sha256:
        raise WeightsError(
            f"The adapter '{folder.resolve().name[:200]}' was trained on another model than "
            f"'{base.name[:200]}' is now.",
            "Bring that model back, or train the adapter anew.",
        )
    try:
        with quiet_peft():
            model = PeftModel.from_pretrained(base.model, str(folder))
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise WeightsError(
            f"The adapter '{folder.resolve().name[:200]}' can't be read ({type(error).__name__}).",
            "Copy its folder anew, whole.",
        ) from error
    digest = hashlib.sha256((folder / "adapter_model.safetensors").read_bytes()).hexdigest()
    return Loaded(model, base.processor, folder.resolve().name, digest)


@contextmanager
def quiet_peft() -> Iterator[None]:
    """Let PEFT ask transformers by names that transformers gives up, without a warning."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*gradient_checkpointing", FutureWarning)
        yield


def read_trained(folder: Path) -> Trained:
    """What the folder of an adapter says of itself.

    Raises:
        WeightsError: it says nothing, or nothing that can be read.
    """
    try:
        return Trained.model_validate_json((folder / TRAINED).read_bytes())
    except (OSError, ValidationError) as error:
        raise WeightsError(
            f"The adapter '{folder.resolve().name[:200]}' has no {TRAINED} that can be read.",
            "Train it with python -m finetune.vlm, which writes one.",
        ) from error


def config_sha256(model: Any) -> str:
    """Hash of what a model is made like, without where it lies and how it was loaded."""
    text = json.dumps(_made_like(model.config.to_dict()), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


_LOADING = frozenset({"_name_or_path", "transformers_version", "dtype", "torch_dtype", "use_cache"})


def _made_like(told: Any) -> Any:
    """A configuration without what loading decides, its parts' likewise."""
    if isinstance(told, dict):
        return {str(k): _made_like(v) for k, v in told.items() if k not in _LOADING}
    return [_made_like(one) for one in told] if isinstance(told, list | tuple) else told


def offline() -> bool:
    """Whether nothing may be fetched: unless the user sets ``HF_HUB_OFFLINE=0``."""
    return os.environ.get("HF_HUB_OFFLINE", "1").strip().lower() not in ("0", "false", "no", "off")


def _explained(name: str, error: Exception, *, is_folder: bool) -> CaptionerError:
    """Why a model can't be had, in words and without a path."""
    from huggingface_hub import errors as hub

    chain: list[BaseException] = [error]
    while (deeper := chain[-1].__cause__ or chain[-1].__context__) is not None:
        chain.append(deeper)
    kinds = [type(one).__name__ for one in chain]
    said = f"'{name[:200]}'"

    def has(*found: type[BaseException]) -> bool:
        return any(isinstance(one, found) for one in chain)

    if is_folder:
        return CaptionerError(
            f"The folder {said} can't be loaded as a model that takes pictures and text "
            f"({kinds[0]}).",
            "Check that it holds an image-text-to-text model of transformers, whole, with its "
            "processor.",
        )
    if has(hub.GatedRepoError):
        return CaptionerError(
            f"The hub gives {said} only to those who accepted its terms.",
            "Accept them on the model's page, and set HF_TOKEN to a token of that account.",
        )
    if has(hub.RepositoryNotFoundError, hub.HFValidationError):
        return CaptionerError(
            f"There is no model {said} on the hub, or it is private.",
            "Check its name, or set HF_TOKEN; a folder is named by its path.",
        )
    if has(hub.LocalEntryNotFoundError, hub.OfflineModeIsEnabled):
        if offline():
            return CaptionerError(
                f"{said} is not in this machine's cache, and nothing is fetched.",
                "Set HF_HUB_OFFLINE=0 to fetch it (and HF_TOKEN where the hub asks for one), or "
                "name the folder of a copy.",
            )
        return CaptionerError(
            f"{said} is not in this machine's cache, and the hub can't be reached.",
            "Mend the network, or name the folder of a copy.",
        )
    return CaptionerError(
        f"{said} can't be loaded as a model that takes pictures and text ({kinds[0]}).",
        "Choose an image-text-to-text model of transformers whose code is part of transformers.",
    )
