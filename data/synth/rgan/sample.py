"""Draw disc crops from the shipped relativistic GAN."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
import torch

from data.synth.conditions import DISC_CONDITION, Wanted
from data.synth.rgan.networks import NOISE, Generator
from radixgpt.errors import InputError
from radixgpt.level import LUMBAR_DISCS
from radixgpt.report import ModelFacts
from radixgpt.weights import load_card

NAME = "rgan"
FILE = "generator.safetensors"


@cache
def generator() -> Generator:
    """The shipped generator, loaded once.

    Raises:
        WeightsError: the weights are missing or damaged.
    """
    from safetensors.torch import load_file

    net = Generator(DISC_CONDITION)
    stored = load_file(load_card(NAME).file(FILE))
    net.load_state_dict({name: tensor.float() for name, tensor in stored.items()})
    return net.eval()


def model_facts() -> ModelFacts:
    """Name, version and hash of the weights."""
    return load_card(NAME).facts()


@torch.inference_mode()
def draw(
    wanted: Wanted, level: str, count: int = 1, seed: int = 0, net: Generator | None = None
) -> npt.NDArray[np.float32]:
    """Crops of one disc, (count, *SHAPE) in [-1, 1]; anterior is at the left.

    Args:
        wanted: the sequence, and the grades of the disc.
        level: the disc.
        count: how many.
        seed: of the noise; the same seed gives the same crops.
        net: another generator than the shipped one.

    Raises:
        InputError: the level is no lumbar disc.
        WeightsError: the weights are missing or damaged.
    """
    if level not in LUMBAR_DISCS:
        raise InputError(f"'{level[:20]}' is no lumbar disc.", f"Discs: {', '.join(LUMBAR_DISCS)}.")
    noise = torch.randn(count, NOISE, generator=torch.Generator().manual_seed(seed))
    condition = torch.from_numpy(wanted.disc_vector(level)).expand(count, -1)
    made = (net or generator())(noise, condition)[:, 0].clamp(-1, 1)
    return np.asarray(made.numpy(), np.float32)
