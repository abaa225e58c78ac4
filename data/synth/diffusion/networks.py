"""The denoiser, its noise, and what it is told of the image that is wanted.

A U-Net of diffusers over a Haar packet, which predicts v (Salimans and Ho 2022). The whole
condition is added to the embedding of the time; besides, each disc's grades are laid out around
the place where that disc lies in an aligned column, so that they need not be carried there. A
condition that is dropped in training gives the guidance of Ho and Salimans (2022).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from data.synth.conditions import COLUMN_CONDITION, DISC_LENGTH, SEQUENCES
from data.synth.diffusion.haar import CHANNELS, SIDE
from radixgpt.errors import MissingPackageError
from radixgpt.level import LUMBAR_DISCS

SHAPE = (128, 128)
"""Rows and columns of an image."""
PLACES = ((59.5, 18.9), (55.1, 40.1), (52.9, 62.0), (53.5, 84.0), (58.9, 104.9))
"""(x, y) of the disc centres from L1-L2 to L5-S1: the mean column of the points in
``finetune/points``, scaled to 86 rows from the first to the last."""
CONDITION = COLUMN_CONDITION + 1
"""What is wanted, and 1 at the end for the look of a phantom."""
WIDTHS = (48, 96, 128)
"""Channels at a quarter, an eighth and a sixteenth of the rows."""
TIMES = 1000
_PLACED = 8
_REACH = (14.0, 10.0)
"""How far a disc's grades are laid out, in columns and rows (standard deviations)."""


def _diffusers() -> Any:
    try:
        import diffusers
    except ImportError as error:
        raise MissingPackageError(
            "Diffusion models need diffusers.", "Install it: pip install -e '.[synthesis]'."
        ) from error
    return diffusers


@cache
def noise_schedule() -> Any:
    """The schedule for training and DDIM sampling; its last step is noise alone.

    Raises:
        MissingPackageError: diffusers is not installed.
    """
    return _diffusers().DDIMScheduler(
        num_train_timesteps=TIMES,
        beta_schedule="squaredcos_cap_v2",
        prediction_type="v_prediction",
        clip_sample=False,
        rescale_betas_zero_snr=True,
        timestep_spacing="trailing",
    )


def _around() -> Tensor:
    """(discs, rows, columns) of the packet: 1 at a disc's place, less around it."""
    rows, columns = (torch.arange(n // SIDE) * SIDE + (SIDE - 1) / 2 for n in SHAPE)
    places = torch.tensor(PLACES)
    across = (columns[None, :] - places[:, :1]) / _REACH[0]
    down = (rows[None, :] - places[:, 1:]) / _REACH[1]
    return torch.exp(-(across[:, None, :].square() + down[:, :, None].square()) / 2)


class Denoiser(nn.Module):
    """A noisy packet, its time and a condition to the packet's v.

    Attributes:
        middle, spread: mean and standard deviation of each channel of real packets; inside of the
            model, packets are what is left when these are taken out.

    Raises:
        MissingPackageError: diffusers is not installed.
    """

    middle: Tensor
    spread: Tensor
    around: Tensor

    def __init__(self, widths: Sequence[int] = WIDTHS, layers: int = 1) -> None:
        super().__init__()
        told = 4 * widths[0]
        self.unet = _diffusers().UNet2DModel(
            in_channels=CHANNELS + _PLACED,
            out_channels=CHANNELS,
            down_block_types=("DownBlock2D",) * (len(widths) - 1) + ("AttnDownBlock2D",),
            up_block_types=("AttnUpBlock2D",) + ("UpBlock2D",) * (len(widths) - 1),
            block_out_channels=tuple(widths),
            layers_per_block=layers,
            attention_head_dim=min(32, widths[-1]),
            norm_num_groups=8,
            resnet_time_scale_shift="scale_shift",
            class_embed_type="identity",
        )
        self.embed = nn.Sequential(nn.Linear(CONDITION, told), nn.SiLU(), nn.Linear(told, told))
        self.nothing = nn.Parameter(torch.zeros(told))
        self.place = nn.Linear(DISC_LENGTH, _PLACED)
        self.register_buffer("middle", torch.zeros(CHANNELS))
        self.register_buffer("spread", torch.ones(CHANNELS))
        self.register_buffer("around", _around(), persistent=False)

    def forward(self, noisy: Tensor, times: Tensor, condition: Tensor, told: Tensor) -> Tensor:
        """Predict v.

        Args:
            noisy: (n, CHANNELS, rows, columns) of standardised packets.
            times: (n,), 0 to TIMES - 1.
            condition: (n, CONDITION).
            told: (n,) bool, whether the condition is told.
        """
        shown = told[:, None].to(noisy.dtype)
        whole = self.embed(condition) * shown + self.nothing * (1 - shown)
        first = len(SEQUENCES)
        discs = condition[:, first:-1].reshape(len(noisy), len(LUMBAR_DISCS), DISC_LENGTH)
        placed = torch.einsum("ndc,drk->ncrk", self.place(discs) * shown[..., None], self.around)
        seen: Tensor = self.unet(torch.cat([noisy, placed], 1), times, class_labels=whole).sample
        return seen

    def standardised(self, packed: Tensor) -> Tensor:
        """A packet (n, CHANNELS, rows, columns) as the model sees it."""
        return (packed - self.middle[:, None, None]) / self.spread[:, None, None]

    def restored(self, standard: Tensor) -> Tensor:
        """The reverse of :meth:`standardised`."""
        return standard * self.spread[:, None, None] + self.middle[:, None, None]
