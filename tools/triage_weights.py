"""The shipped weights of triage: a frozen backbone, linear heads and thresholds."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, ValidationError
from safetensors.numpy import load_file

from radixgpt.errors import WeightsError
from radixgpt.weights import Card, load_card
from tools.backbone import EfficientNetLite0
from tools.triage_column import Rules
from tools.triage_cut import CutOff
from tools.triage_greys import MEASURES, Negative
from tools.triage_looks import Heads

BACKBONE = "backbone.safetensors"
HEADS = "heads.safetensors"


class Thresholds(BaseModel):
    """Where triage draws its lines.

    Attributes:
        sagittal: least chance of the kind ``sagittal_spine``.
        sagittal_stated: the same where the header says MR and sagittal.
        distance: greatest distance to the remembered lumbar slices.
        column: least chance of a lumbar column with its junction.
        stir: chance from which a slice is taken for STIR.
        room: least part of the slice below the lowest disc, in vertebral depths.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sagittal: float
    sagittal_stated: float
    distance: float
    column: float
    stir: float
    room: float


@dataclass(frozen=True, eq=False)
class Eyes:
    """Everything that triage looks with, apart from the column network."""

    network: EfficientNetLite0
    heads: Heads
    rules: Rules
    negative: Negative
    cut_off: CutOff
    thresholds: Thresholds


class _CutOff(BaseModel):
    """The rule on slices that end too high, as the manifest keeps it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mean: list[float]
    scale: list[float]
    weight: list[float]
    bias: float
    line: float


class _Rule(BaseModel):
    """The rule on inverted greys, as the manifest keeps it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    weight: dict[str, float]
    bias: float


@cache
def card() -> Card:
    """The card of ``weights/triage``.

    Raises:
        WeightsError: there is none.
    """
    return load_card("triage")


@cache
def eyes() -> Eyes:
    """The shipped weights, read once.

    Raises:
        WeightsError: they are missing, damaged or of another shape.
    """
    shipped = card()
    network = EfficientNetLite0()
    stored = load_file(shipped.file(BACKBONE))
    kept = {k: v for k, v in network.state_dict().items() if k.endswith("num_batches_tracked")}
    small = {k: v.astype(np.float32) for k, v in load_file(shipped.file(HEADS)).items()}
    try:
        network.load_state_dict(
            kept | {k: torch.from_numpy(v.astype(np.float32)) for k, v in stored.items()}
        )
        heads = Heads(**{field.name: small[field.name] for field in fields(Heads)})
        rules = Rules(**{field.name: small[field.name] for field in fields(Rules)})
        thresholds = Thresholds.model_validate(shipped.manifest.thresholds)
        rule = _Rule.model_validate(shipped.value("negative"))
        ends = _CutOff.model_validate(shipped.value("cut_off"))
        mean, scale, weights = (np.asarray(v) for v in (ends.mean, ends.scale, ends.weight))
        cut_off = CutOff(mean, scale, weights, ends.bias, ends.line)
        weight = np.asarray([rule.weight[name] for name in MEASURES], np.float32)
    except (RuntimeError, KeyError, ValidationError) as error:
        raise WeightsError(
            "weights/triage does not fit this version.",
            "Restore the folder from the repository (git checkout -- weights).",
        ) from error
    fast = network.to(memory_format=torch.channels_last)
    return Eyes(fast.eval(), heads, rules, Negative(weight, rule.bias), cut_off, thresholds)
