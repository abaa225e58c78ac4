"""Draw columns from the shipped diffusion model, or another."""

from __future__ import annotations

import copy
from functools import cache

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from data.synth.conditions import Wanted
from data.synth.diffusion.haar import CHANNELS, SIDE, unpack
from data.synth.diffusion.networks import SHAPE, Denoiser, noise_schedule
from radixgpt import stored
from radixgpt.report import ModelFacts
from radixgpt.weights import load_card

NAME = "diffusion"
FILE = "denoiser.safetensors"
STEPS = 30
GUIDANCE = 4.0
"""How much further than the condition asks, from what is drawn without one: more of it follows the
grades better and varies less."""


@cache
def denoiser() -> Denoiser:
    """The shipped denoiser, loaded once.

    Raises:
        MissingPackageError: diffusers is not installed.
        WeightsError: the weights are missing or damaged.
    """
    from safetensors.numpy import load_file

    packed = load_file(load_card(NAME).file(FILE))
    net = Denoiser()
    net.load_state_dict({k: torch.from_numpy(v) for k, v in stored.unpack(packed).items()})
    return net.eval()


def model_facts() -> ModelFacts:
    """Name, version and hash of the weights."""
    return load_card(NAME).facts()


def conditions(wanted: Wanted, *, phantom: bool = False) -> Tensor:
    """(CONDITION,): what is wanted, with the look of a patient's image or of a phantom."""
    return torch.from_numpy(np.append(wanted.column_vector(), np.float32(phantom)))


def draw(
    wanted: Wanted,
    count: int = 1,
    seed: int = 0,
    *,
    net: Denoiser | None = None,
    steps: int = STEPS,
    guidance: float = GUIDANCE,
) -> npt.NDArray[np.float32]:
    """Columns, (count, *SHAPE) in [-1, 1]; anterior is at the left.

    Args:
        wanted: the sequence, and the grades of the discs.
        count: how many.
        seed: of the noise; the same seed gives the same columns.
        net: another denoiser than the shipped one.
        steps: of DDIM.
        guidance: 1 draws what the condition asks for, 0 without it.

    Raises:
        MissingPackageError: diffusers is not installed.
        WeightsError: the weights are missing or damaged.
    """
    own = net if net is not None else denoiser()
    condition = conditions(wanted).expand(count, -1)
    return np.asarray(denoise(own, condition, seed, steps, guidance)[:, 0].numpy(), np.float32)


@torch.inference_mode()
def denoise(
    net: Denoiser, condition: Tensor, seed: int, steps: int = STEPS, guidance: float = GUIDANCE
) -> Tensor:
    """Images (n, 1, *SHAPE) in [-1, 1] for conditions (n, CONDITION), by DDIM (Song et al. 2021).

    Each row's noise follows from the seed and its place alone.
    """
    schedule = copy.deepcopy(noise_schedule())
    schedule.set_timesteps(steps)
    shape = (CHANNELS, SHAPE[0] // SIDE, SHAPE[1] // SIDE)
    source = torch.Generator().manual_seed(seed)
    packed = torch.stack([torch.randn(shape, generator=source) for _ in condition])
    n = len(condition)
    both, told = condition.repeat(2, 1), torch.arange(2 * n) < n
    for time in schedule.timesteps:
        v = net(packed.repeat(2, 1, 1, 1), time.expand(2 * n), both, told)
        asked, free = v.chunk(2)
        packed = schedule.step(free + guidance * (asked - free), time, packed).prev_sample
    return unpack(net.restored(packed)).clamp(-1, 1)
