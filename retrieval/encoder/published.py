"""Any published open_clip checkpoint as an encoder, BiomedCLIP among them."""

from __future__ import annotations

import hashlib
import json
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from torch.nn import functional

from radixgpt.errors import SettingsError, WeightsError
from retrieval.encoder import Floats, Views
from retrieval.encoder.pictures import checked, squared
from retrieval.encoder.quiet import quietly

_HUB = "hf-hub:"
_CONFIG = "open_clip_config.json"
_WEIGHTS = ("*.safetensors", "*.bin", "*.pth", "*.pt")
_BATCH = 16
_FAILURES = (
    RuntimeError,
    OSError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    ImportError,
    AssertionError,
    SafetensorError,
    pickle.UnpicklingError,
)
"""What open_clip, timm, transformers and the hub raise where something is missing or unfit."""


class Published:
    """A published checkpoint.

    Such models know colour photographs or single figures: each sequence of a place is shown on its
    own, grey, padded to a square, in the checkpoint's own preprocessing, and a place's vector is
    the mean of its sequences'.
    """

    def __init__(self, model: Any, preprocess: Any, tokenizer: Any, name: str) -> None:
        self.model = model
        self.preprocess = preprocess
        self.tokenizer = tokenizer
        self.name = name
        self.sha256 = _hash(model)
        with torch.inference_mode():
            probe = model.encode_text(tokenizer(["disc"]))
        self.dimension = int(probe.shape[1])

    @classmethod
    def load(cls, named: str) -> Published:
        """The checkpoint of a name as :func:`retrieval.encoder.load` takes it after its prefix.

        Raises:
            SettingsError: open_clip has no such model or weights, or the folder or file is absent.
            WeightsError: the weights can't be had from here, or don't fit.
        """
        import open_clip

        model_name, weights, shown = _resolved(named)
        try:
            with quietly():
                model, _, preprocess = open_clip.create_model_and_transforms(
                    model_name, pretrained=weights, require_pretrained=True
                )
                tokenizer = open_clip.get_tokenizer(model_name)
        except _FAILURES as error:
            raise WeightsError(*_said(named, error)) from error
        return cls(model.eval(), preprocess, tokenizer, f"open_clip:{shown}")

    def images(self, pictures: Sequence[Views]) -> Floats:
        """Vectors (n, dimension) of pictures.

        Raises:
            InputError: a picture that no vector can be made of.
        """
        places = [checked(views) for views in pictures]
        shown = [(i, picture) for i, place in enumerate(places) for picture in place.values()]
        summed = np.zeros((len(places), self.dimension), np.float32)
        for k in range(0, len(shown), _BATCH):
            part = shown[k : k + _BATCH]
            batch = torch.stack([self.preprocess(_image(picture)) for _, picture in part])
            with torch.inference_mode():
                vectors = functional.normalize(self.model.encode_image(batch).float(), dim=-1)
            for (i, _), vector in zip(part, vectors.numpy(), strict=True):
                summed[i] += vector
        lengths = np.linalg.norm(summed, axis=1, keepdims=True)
        out: Floats = summed / np.maximum(lengths, 1e-12)
        return out

    def texts(self, texts: Sequence[str]) -> Floats:
        """Vectors (n, dimension) of texts; what is longer than the model reads is cut off."""
        out: Floats = np.zeros((len(texts), self.dimension), np.float32)
        for k in range(0, len(texts), _BATCH):
            tokens = self.tokenizer(list(texts[k : k + _BATCH]))
            with torch.inference_mode():
                vectors = self.model.encode_text(tokens).float()
            out[k : k + _BATCH] = functional.normalize(vectors, dim=-1).numpy()
        return out

    def unknown(self, text: str) -> list[str]:
        """None: which words a published model has met, nobody tells."""
        del text
        return []


def _resolved(named: str) -> tuple[str, str | None, str]:
    """Model and weights as open_clip takes them, and the name without a machine's path.

    Raises:
        SettingsError: there is nothing of that name.
    """
    import open_clip

    if named.startswith(_HUB):
        if named.removeprefix(_HUB).count("/") != 1:
            raise SettingsError(
                f"'{named[:200]}' does not name a repository.", "Write hf-hub:OWNER/REPOSITORY."
            )
        return named, None, named
    folder = Path(named).expanduser()
    if folder.is_dir():
        lacks = _lacking(folder)
        if lacks:
            raise SettingsError(
                f"The folder '{folder.name}' has no {lacks}.",
                f"An open_clip checkpoint is a folder with {_CONFIG} and its weights.",
            )
        return f"local-dir:{folder}", None, folder.name
    model, at, file = named.partition("@")
    if not at:
        if named.startswith(("/", ".", "~")) or named.count("/") > 1 or "\\" in named:
            raise SettingsError(f"There is no folder '{folder.name[:200]}'.", "Check its path.")
        model, _, file = named.partition("/")
    if model not in open_clip.list_models():
        near = _near(model, open_clip.list_models())
        raise SettingsError(
            f"open_clip has no model '{model[:200]}', and there is no folder "
            f"'{named.rpartition('/')[2][:200]}'.",
            f"Near it are: {', '.join(near)}."
            if near
            else "Write MODEL/WEIGHTS, a folder, MODEL@FILE or hf-hub:OWNER/REPOSITORY.",
        )
    if at:
        path = Path(file).expanduser()
        if not path.is_file():
            raise SettingsError(f"There is no file '{path.name[:200]}'.", "Give its whole path.")
        return model, str(path), f"{model}@{path.name}"
    tags = open_clip.list_pretrained_tags_by_model(model)
    if file not in tags:
        raise SettingsError(
            f"open_clip has no weights '{file[:200]}' for {model}."
            if file
            else f"The weights of {model} aren't named.",
            f"There are: {', '.join(tags)}." if tags else f"None are published: use {model}@FILE.",
        )
    return model, file, f"{model}/{file}"


def _lacking(folder: Path) -> str:
    if not (folder / _CONFIG).is_file():
        return _CONFIG
    if not any(path for pattern in _WEIGHTS for path in folder.glob(pattern)):
        return "weights (open_clip_model.safetensors)"
    return ""


def _near(name: str, names: Sequence[str]) -> list[str]:
    from difflib import get_close_matches

    return get_close_matches(name, names, n=3, cutoff=0.5)


def _said(named: str, error: BaseException) -> tuple[str, str]:
    """What was wrong and what mends it, without the machine's paths that such errors quote."""
    local = not named.startswith(_HUB) and ("@" in named or Path(named).expanduser().is_dir())
    if local:
        return (
            f"The checkpoint '{Path(named.split('@')[-1]).name[:200]}' can't be loaded"
            f" ({_kind(error)}): its weights, configuration or tokenizer are damaged, missing or of"
            " another model.",
            "Fetch the folder again, whole; a text tower of the hub needs its files in it too.",
        )
    return (
        f"The weights of '{named[:200]}' are neither in this machine's cache nor to be had from the"
        f" hub ({_kind(error)}).",
        "Call it once with a network and without HF_HUB_OFFLINE, or fetch the repository elsewhere"
        " and set RADIXGPT_ENCODER=open_clip:FOLDER.",
    )


def _kind(error: BaseException) -> str:
    cause = error.__cause__ or error.__context__ or error
    return type(cause).__name__


def _image(picture: Floats) -> Any:
    """A grey picture in [-1, 1] as the coloured one that a checkpoint's preprocessing takes."""
    from PIL import Image

    grey = np.clip((squared(picture) + 1) * 127.5, 0, 255).round().astype(np.uint8)
    return Image.fromarray(grey).convert("RGB")


def _hash(model: Any) -> str:
    """Over all weights and the preprocessing, in the order of their names."""
    whole = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        whole.update(f"{name} {tuple(tensor.shape)}".encode())
        whole.update(tensor.detach().cpu().contiguous().float().numpy().tobytes())
    seen = getattr(model.visual, "preprocess_cfg", None)
    whole.update(json.dumps(seen, sort_keys=True, default=str).encode())
    return whole.hexdigest()
