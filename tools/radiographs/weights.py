"""The shipped weights of the radiograph tool; the backbone is that of triage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import torch
from pydantic import BaseModel, ConfigDict, ValidationError
from safetensors.numpy import load_file

from radixgpt.errors import WeightsError
from radixgpt.weights import Card, load_card
from tools.radiographs.curve_net import CHANNELS, CurveHead
from tools.radiographs.slip import Lines
from tools.radiographs.slip_find import SlipHeads
from tools.radiographs.slip_net import CornerHead, DiscHead
from tools.radiographs.view import ViewHead

FILE = "heads.safetensors"
SLIPS = "slips.safetensors"


class Thresholds(BaseModel):
    """Where the tool abstains.

    Attributes:
        view: least chance of a view.
        scoliosis: least chance of the stated value.
        clearness: least mean chance along the midline for it to be measured.
        slip: least chance of a stated slip.
        no_slip: greatest chance of a slip at which none counts as measured.
        doubt: greatest doubt about corners, in depths, for a disc to be measured.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    view: float
    scoliosis: float
    clearness: float
    slip: float
    no_slip: float
    doubt: float

    def lines(self) -> Lines:
        """Those of slips."""
        return Lines(self.slip, self.no_slip, self.doubt)


class Calibration(BaseModel):
    """Logit of scoliosis = ``slope`` * ln(1 + degrees) + ``offset``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    slope: float
    offset: float

    def chance(self, degrees: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Chance of scoliosis for curve angles."""
        logit = self.slope * np.log1p(np.asarray(degrees, float)) + self.offset
        chance: npt.NDArray[np.float64] = 1 / (1 + np.exp(-np.clip(logit, -40, 40)))
        return chance


class SlipRule(BaseModel):
    """Logit of a slip at a disc = ``slope`` * step of the posterior corners + ``offset``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    slope: float
    offset: float

    def of(self, share: float) -> float:
        """Chance of a slip for a step in depths of the lower endplate."""
        return float(1 / (1 + np.exp(-np.clip(self.slope * share + self.offset, -40, 40))))


@dataclass(frozen=True, eq=False)
class Heads:
    """Everything trained; ``mean`` and ``spread`` (CHANNELS,) scale the maps."""

    view: ViewHead
    curve: CurveHead
    mean: torch.Tensor
    spread: torch.Tensor
    thresholds: Thresholds
    calibration: Calibration
    slips: SlipHeads
    slip_rule: SlipRule

    @torch.inference_mode()
    def chances(self, maps: torch.Tensor) -> npt.NDArray[np.float64]:
        """Where the spine lies, (r, c + 1), from the maps (1, CHANNELS, r, c) of one film."""
        scaled = (maps - self.mean[:, None, None]) / self.spread[:, None, None]
        found: npt.NDArray[np.float64] = self.curve(scaled)[0].exp().double().numpy()
        return found


@cache
def card() -> Card:
    """The card of ``weights/radiographs``.

    Raises:
        WeightsError: there is none.
    """
    return load_card("radiographs")


@cache
def heads() -> Heads:
    """The shipped heads, read once.

    Raises:
        WeightsError: they are missing, damaged or of another shape.
    """
    shipped = card()
    stored = {k: v.astype(np.float32) for k, v in load_file(shipped.file(FILE)).items()}
    curve = CurveHead()
    try:
        slips = slip_heads(load_file(shipped.file(SLIPS)))
        inner = {k[6:]: torch.from_numpy(v) for k, v in stored.items() if k.startswith("curve.")}
        curve.load_state_dict(inner)
        mean, spread = (torch.from_numpy(stored[name]) for name in ("mean", "spread"))
        if mean.shape != (CHANNELS,) or spread.shape != (CHANNELS,):
            raise KeyError("mean, spread")
        return Heads(
            ViewHead(stored["view_weight"], stored["view_bias"]),
            curve.eval(),
            mean,
            spread,
            Thresholds.model_validate(shipped.manifest.thresholds),
            Calibration.model_validate(shipped.value("calibration")),
            slips,
            SlipRule.model_validate(shipped.value("slip_rule")),
        )
    except (RuntimeError, KeyError, ValidationError) as error:
        raise WeightsError(
            "weights/radiographs does not fit this version.",
            "Restore the folder from the repository (git checkout -- weights).",
        ) from error


def slip_heads(stored: Mapping[str, npt.NDArray[np.floating]]) -> SlipHeads:
    """The heads that find discs and corners, from the tensors of their file.

    Raises:
        KeyError, RuntimeError: they are of another shape.
    """
    tensors = {k: torch.from_numpy(np.asarray(v, np.float32)) for k, v in stored.items()}
    disc, corner = DiscHead(), CornerHead()
    disc.load_state_dict({k[5:]: v for k, v in tensors.items() if k.startswith("disc.")})
    corner.load_state_dict({k[7:]: v for k, v in tensors.items() if k.startswith("corner.")})
    mean, spread = tensors["slip_mean"], tensors["slip_spread"]
    if mean.shape != (CHANNELS,) or spread.shape != (CHANNELS,):
        raise KeyError("slip_mean, slip_spread")
    return SlipHeads(disc.eval(), corner.eval(), mean, spread)
