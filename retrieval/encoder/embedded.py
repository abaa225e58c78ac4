"""The encoder that ships: a small open_clip model of disc crops, whole slices and their captions.

``weights/clip`` holds its configuration in open_clip's own form, so that open_clip builds it, and
its weights in 8 bits. Of the tokenizer's 49,408 words only those of the training captions have a
row; the others were never seen and count as nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from torch import Tensor, nn
from torch.nn import functional

from radixgpt import stored
from radixgpt.errors import WeightsError
from radixgpt.weights import WEIGHTS, Card, load_card
from retrieval.encoder import Floats, Views
from retrieval.encoder.pictures import checked, fitted
from retrieval.encoder.quiet import quietly

FOLDER = "clip"
CONFIG = "radixgpt-clip.json"
FILE = "clip.safetensors"
_ROWS = "text.token_embedding.weight"
_KNOWN = "known"
_LOOK = "mean of the sequences, each grey; crop or letterboxed square; [-1, 1]"
"""Preprocessing of this module; part of the hash, so that a change makes old indices unusable."""
_PIXELS, _TEXTS = 2**19, 64
"""Pixels and texts that are looked at at once."""
_MEND = "Restore the folder from the repository (git checkout -- weights) or train it again."


def build(config: Path) -> Any:
    """The untrained model of a configuration file, and its tokenizer, as open_clip makes them."""
    import open_clip

    with quietly():
        open_clip.add_model_config(config)
        model = open_clip.create_model(config.stem, pretrained=None, pretrained_image=False)
        return model.eval(), open_clip.get_tokenizer(config.stem)


def slim(state: Mapping[str, Tensor], known: Sequence[int]) -> dict[str, Tensor]:
    """A state dict of which the embeddings of unknown tokens are left out.

    Args:
        state: of the model.
        known: ids of the tokens that were met in training.
    """
    ids = torch.tensor(sorted(set(known)))
    kept = {name: tensor.contiguous() for name, tensor in state.items()}
    kept[_ROWS] = kept[_ROWS][ids].contiguous()
    return {**kept, _KNOWN: ids.to(torch.int32)}


def whole(state: Mapping[str, Tensor], vocabulary: int) -> dict[str, Tensor]:
    """What :func:`slim` left, with zeros for the tokens that were left out."""
    full = dict(state)
    ids = full.pop(_KNOWN).long()
    rows = torch.zeros(vocabulary, full[_ROWS].shape[1])
    rows[ids] = full[_ROWS]
    return {**full, _ROWS: rows}


def encode_text(model: Any, tokens: Tensor) -> Tensor:
    """What ``model.encode_text`` says of tokens (n, context), without reading the padding.

    The tower is causal and reads its answer at the end of the text, so that the padding behind it
    changes nothing but takes most of the time; a test holds both alike.
    """
    tower = model.text
    tokens = tokens[:, : int(tokens.argmax(1).max()) + 1]
    length = tokens.shape[1]
    x = tower.token_embedding(tokens) + tower.positional_embedding[:length]
    x = tower.ln_final(tower.transformer(x, attn_mask=tower.attn_mask[:length, :length]))
    ends: Tensor = x[torch.arange(len(x)), tokens.argmax(1)]
    vectors: Tensor = ends @ tower.text_projection
    return vectors


class Embedded:
    """``weights/clip`` as an encoder."""

    def __init__(self, model: nn.Module, tokenizer: Any, card: Card, known: frozenset[int]) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self.name = f"radixgpt-clip {card.manifest.version}"
        seen = card.value("input")
        whole_look = json.dumps([card.facts().sha256, _LOOK, seen])
        self.sha256 = hashlib.sha256(whole_look.encode()).hexdigest()
        self._known = known
        if not isinstance(seen, dict) or "crop" not in seen or "slice" not in seen:
            raise WeightsError(f"The manifest of weights/{card.name} has no sizes.", _MEND)
        self._crop: list[int] = list(seen["crop"])  # type: ignore[arg-type]
        self._side = int(seen["slice"])  # type: ignore[arg-type]
        self.dimension = int(model.text.text_projection.shape[1])  # type: ignore[union-attr,index]

    @classmethod
    def load(cls, root: Path = WEIGHTS) -> Embedded:
        """The encoder of ``root/clip``; loaded once.

        Raises:
            WeightsError: weights that are missing, damaged, or don't fit their configuration.
        """
        return _loaded(root)

    def images(self, pictures: Sequence[Views]) -> Floats:
        """Vectors (n, dimension) of pictures.

        Raises:
            InputError: a picture that no vector can be made of.
        """
        places = [checked(views) for views in pictures]
        owners = [i for i, place in enumerate(places) for _ in place]
        looks = [
            fitted(torch.from_numpy(picture)[None], self._crop, self._side)
            for place in places
            for picture in place.values()
        ]
        summed: Floats = np.zeros((len(places), self.dimension), np.float32)
        for shape in sorted({tuple(look.shape) for look in looks}):
            rows = [i for i, look in enumerate(looks) if tuple(look.shape) == shape]
            many = max(1, _PIXELS // (shape[1] * shape[2]))
            for k in range(0, len(rows), many):
                own = rows[k : k + many]
                batch = torch.stack([looks[i] for i in own]).expand(-1, 3, -1, -1)
                with torch.inference_mode():
                    vectors = self.model.encode_image(  # type: ignore[operator]
                        batch.contiguous(memory_format=torch.channels_last)
                    )
                for i, vector in zip(own, vectors.numpy(), strict=True):
                    summed[owners[i]] += vector
        lengths = np.linalg.norm(summed, axis=1, keepdims=True)
        out: Floats = summed / np.maximum(lengths, 1e-12)
        return out

    def texts(self, texts: Sequence[str]) -> Floats:
        """Vectors (n, dimension) of texts; what is longer than the model reads is cut off."""
        out: Floats = np.zeros((len(texts), self.dimension), np.float32)
        for k in range(0, len(texts), _TEXTS):
            tokens = self.tokenizer(list(texts[k : k + _TEXTS]))
            with torch.inference_mode():
                vectors = encode_text(self.model, tokens)
            out[k : k + _TEXTS] = functional.normalize(vectors, dim=-1).numpy()
        return out

    def unknown(self, text: str) -> list[str]:
        """The words of a text, in order, that no training caption had: they say nothing to it."""
        words: list[str] = []
        for word in text.split():
            if any(token not in self._known for token in self.tokenizer.encode(word)):
                words.append(word)
        return words


@cache
def _loaded(root: Path) -> Embedded:
    card = load_card(FOLDER, root=root)
    config, file = card.file(CONFIG), card.file(FILE)
    from safetensors.numpy import load_file

    try:
        arrays = stored.unpack(load_file(file))
        model, tokenizer = build(config)
        packed = {name: torch.from_numpy(array) for name, array in arrays.items()}
        known = frozenset(int(i) for i in packed[_KNOWN])
        model.load_state_dict(whole(packed, model.vocab_size))
    except (SafetensorError, RuntimeError, KeyError, TypeError, ValueError, IndexError) as error:
        raise WeightsError(
            f"weights/{FOLDER}/{FILE} does not fit its configuration.", _MEND
        ) from error
    return Embedded(model, tokenizer, card, known)
