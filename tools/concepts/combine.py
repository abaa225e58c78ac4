"""From what was seen at each level to one calibrated chance for the image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from math import exp, log, prod
from typing import Literal

from pydantic import BaseModel, ConfigDict

from radixgpt.finding import ABSENT, PRESENT
from radixgpt.observation import Observation
from radixgpt.weights import load_card

_LEAST = 1e-4


class Rule(BaseModel):
    """How one finding's chances at the levels make one chance, and when it is said.

    Attributes:
        combine: ``any``: 1 - product of (1 - p) over the levels; ``max``: the largest of them.
        slope, offset: of the logit of that.
        threshold: chance from which the concept is said to be there.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    combine: Literal["any", "max"]
    slope: float
    offset: float
    threshold: float


class Rate(BaseModel):
    """How often a part of the anatomy is in the images when a tool found it, and when it did not.

    Attributes:
        found, missed: shares, smoothed by one on either side (Laplace); None where it never was.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    found: float | None
    missed: float | None


class Rules(BaseModel):
    """All that is fitted.

    Attributes:
        findings: by the concept's key.
        anatomy: by the concept's key.
        facts: how often a fact that triage read from pixels is right, by ``modality:MR`` and such.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    findings: dict[str, Rule]
    anatomy: dict[str, Rate]
    facts: dict[str, float]


@cache
def rules() -> Rules:
    """The shipped rules.

    Raises:
        WeightsError: ``weights/concepts`` is missing or damaged.
    """
    return Rules.model_validate_json(load_card("concepts").file("rules.json").read_bytes())


def chance_at(names: Sequence[str], observation: Observation) -> float | None:
    """The chance of a concept by one observation; None if it is of another kind.

    Args:
        names: ``kind``, which is present whatever its type, or ``kind:value``, that value alone;
            several values of a kind add up.
        observation: of one tool at one place.
    """
    named: Mapping[str, float] = observation.probabilities
    own = [name.partition(":")[2] for name in names if name.partition(":")[0] == observation.kind]
    if not own or not named:
        return None
    if "" not in own:
        return min(1.0, sum(named.get(value, 0.0) for value in own))
    if observation.kind == "modic":
        return 1 - named.get("0", 1.0)
    return named.get(PRESENT, 1 - named.get(ABSENT, 1.0))


def combined(rule: Rule, chances: Sequence[float]) -> float:
    """One chance for the image from those at its levels."""
    together = joined(rule.combine, chances)
    return _sigmoid(rule.slope * logit(together) + rule.offset)


def joined(how: Literal["any", "max"], chances: Sequence[float]) -> float:
    """The chance of a finding anywhere, before calibration."""
    return max(chances) if how == "max" else 1 - prod(1 - chance for chance in chances)


def logit(chance: float) -> float:
    """Log odds, with chances kept off 0 and 1."""
    kept = min(max(chance, _LEAST), 1 - _LEAST)
    return log(kept / (1 - kept))


def _sigmoid(x: float) -> float:
    return 1 / (1 + exp(-max(-40.0, min(40.0, x))))
