"""What the image tower's trunk sees in every picture, computed once: it stays as it began.

Only the projection and the text tower learn (locked-image tuning: Zhai et al. 2022), for 142
patients are few to learn to see from, and the eyes of this project can see already. So each picture
goes through the trunk once, plain, and some times more, distorted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from finetune import classifier_data
from finetune.classifier_data import MARGIN, DiscViews, distort
from finetune.clip import pairs
from finetune.clip.pairs import CROP, SIDE, Slice
from finetune.levels import imagenet
from retrieval.encoder.pictures import fitted

STARTS = ("imagenet", "classifier")
COPIES = 6
"""Views of each picture; the first is not distorted."""
_BATCH = 32 * CROP[0] * CROP[1]
"""Pixels that go through the trunk at once."""


@dataclass
class Bank:
    """Pictures as the trunk sees them.

    Attributes:
        features: (n, copies, 2, width) half precision, of T2 and T1.
        there: (n, 2) bool, which of both exist.
        facts: of each picture.
        patients: likewise.
    """

    features: Tensor
    there: Tensor
    facts: list[dict[str, int]]
    patients: list[int]

    def of(self, patients: Sequence[int]) -> Bank:
        """The part of some patients."""
        wanted = set(patients)
        rows = [i for i, patient in enumerate(self.patients) if patient in wanted]
        return Bank(
            self.features[rows],
            self.there[rows],
            [self.facts[i] for i in rows],
            [self.patients[i] for i in rows],
        )


def start(model: Any, which: str) -> None:
    """Give the image tower its trunk: ImageNet's, or the encoder of the first disc grader.

    The latter looks at one grey channel: each of the three colours gets a third of it.

    Args:
        model: as open_clip built it, on tf_efficientnet_lite0.
        which: of STARTS.
    """
    published = imagenet() if which == "imagenet" else _grader()
    own = model.visual.trunk.state_dict()
    theirs = [k for k in published if not k.startswith("_fc") and "num_batches" not in k]
    names = [k for k in own if "num_batches" not in k]
    for name, other in zip(names, theirs, strict=True):
        tensor = published[other]
        grey = own[name].ndim == 4 and own[name].shape[1] == 3 * tensor.shape[1]
        own[name] = tensor.expand(-1, 3, -1, -1) / 3 if grey else tensor
    model.visual.trunk.load_state_dict(own)


def state(which: str) -> str:
    """A short hash of a trunk: what it saw is worth nothing for another one."""
    whole = hashlib.sha256()
    for tensor in (imagenet() if which == "imagenet" else _grader()).values():
        whole.update(tensor.numpy().tobytes())
    return whole.hexdigest()[:12]


def _grader() -> Mapping[str, Tensor]:
    from safetensors.torch import load_file

    from radixgpt.weights import load_card
    from tools.backbone import EfficientNetLite0
    from tools.stored import unpack

    state = unpack(load_file(load_card("classifier").file("grades0.safetensors")))
    encoder = EfficientNetLite0()
    own = {k: v for k, v in state.items() if k.startswith("encoder.")}
    encoder.load_state_dict({k.removeprefix("encoder."): v for k, v in own.items()})
    return encoder.state_dict()  # in the order of the architecture, not of the file


@contextmanager
def fused(trunk: nn.Module) -> Iterator[None]:
    """Each batch normalisation folded into its convolution for a while, which changes no value."""
    kept: list[tuple[nn.Module, str, nn.Module]] = []
    for owner in list(trunk.modules()):
        before = ""
        for name, layer in list(owner.named_children()):
            if isinstance(layer, nn.BatchNorm2d) and before:
                convolution = getattr(owner, before)
                kept += [(owner, before, convolution), (owner, name, layer)]
                setattr(owner, before, fuse_conv_bn_eval(convolution.eval(), layer.eval()))
                setattr(owner, name, getattr(layer, "act", nn.Identity()))
            before = name if isinstance(layer, nn.Conv2d) else ""
    try:
        yield
    finally:
        for owner, name, layer in kept:
            setattr(owner, name, layer)


def of_discs(model: Any, discs: Sequence[DiscViews], seed: int, copies: int = COPIES) -> Bank:
    """The crops of discs."""
    rng = np.random.default_rng(seed)
    made: list[Tensor] = []
    there = torch.zeros(0)
    for copy in range(copies):
        # A patient with two T2 series is seen in both.
        turned = [_turned(d, copy) for d in discs]
        batch = classifier_data.collate(turned, None, copy=rng if copy else None)
        there = batch.there
        made.append(_through(model, batch.crops, there))
    facts = [pairs.facts_of(d) for d in discs]
    return Bank(torch.stack(made, 1), there, facts, [d.patient for d in discs])


def _turned(disc: DiscViews, by: int) -> DiscViews:
    views = {
        name: [*crops[by % len(crops) :], *crops[: by % len(crops)]] if crops else []
        for name, crops in disc.views.items()
    }
    return replace(disc, views=views)


def of_slices(model: Any, whole: Sequence[Slice], seed: int, copies: int = COPIES) -> Bank:
    """Whole slices."""
    rng = np.random.default_rng(seed)
    wide = round(SIDE * MARGIN)
    edge = (wide - SIDE) // 2
    pixels = torch.full((len(whole), 2, wide, wide), -1.0)
    there = torch.zeros(len(whole), 2, dtype=torch.bool)
    for i, one in enumerate(whole):
        for name, picture in one.pictures.items():
            j = ("t2", "t1").index(name)
            small = fitted(torch.from_numpy(picture)[None], CROP, SIDE)[0]
            pixels[i, j, edge : edge + SIDE, edge : edge + SIDE] = small
            there[i, j] = True
    inside = pixels[:, :, edge : edge + SIDE, edge : edge + SIDE]
    made = [
        _through(model, distort(pixels, rng, SIDE, SIDE) if copy else inside, there)
        for copy in range(copies)
    ]
    facts = [dict(one.facts) for one in whole]
    return Bank(torch.stack(made, 1), there, facts, [one.patient for one in whole])


def _through(model: Any, pictures: Tensor, there: Tensor) -> Tensor:
    """Features (n, 2, width) of pictures (n, 2, rows, columns); 0 where there is none."""
    trunk = model.visual.trunk
    out = torch.zeros(*there.shape, trunk.num_features, dtype=torch.half)
    shown = pictures[there]
    parts: list[Tensor] = []
    with fused(trunk), torch.inference_mode():
        many = max(1, _BATCH // shown[0].numel()) if len(shown) else 1
        for k in range(0, len(shown), many):
            batch = shown[k : k + many, None].expand(-1, 3, -1, -1)
            seen = trunk(batch.contiguous(memory_format=torch.channels_last))
            parts.append(seen.half())
    if parts:
        out[there] = torch.cat(parts)
    return out


def kept(path: Path, make: Any) -> Bank:
    """A bank that is made once and kept in a file of this training run."""
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        made: Bank = make()
        torch.save(vars(made), path)
    return Bank(**torch.load(path, weights_only=True))


def projected(model: Any, features: Tensor, there: Tensor) -> Tensor:
    """Vectors (n, dimension) of places, the mean of their sequences', as the encoder makes them.

    Args:
        model: whose projection is used.
        features: (n, 2, width).
        there: (n, 2) bool.
    """
    vectors = model.visual.head(features) * there[..., None]
    mean: Tensor = vectors.sum(1) / there.sum(1, keepdim=True)
    return mean
