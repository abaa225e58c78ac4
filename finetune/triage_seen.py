"""What the shipped triage says of single images, and shares with their intervals."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from finetune.triage_data import Example
from radixgpt.eligibility import Eligibility
from radixgpt.study import Series, Study
from tools import triage


@dataclass(frozen=True)
class Outcome:
    """What the tool said of one held-out example."""

    example: Example
    what: str
    study: Study
    decision: Eligibility

    @property
    def weighting_right(self) -> bool:
        """Whether the weighting was told right; T2 SPACE is a T2."""
        told = self.study.series[0].sequence.value
        return {"t2_space": "t2"}.get(told, told) == self.example.sequence


def alone(pixels: npt.NDArray[np.float32]) -> tuple[Study, Eligibility]:
    """Run the tool on one slice without a header."""
    series = Series("s1", np.ascontiguousarray(pixels, np.float32)[None])
    return triage.run(Study("figures", (series,)))


def share(hits: Iterable[bool]) -> str:
    """A share with its exact 95% interval (Clopper and Pearson)."""
    flags = list(hits)
    test = stats.binomtest(sum(flags), len(flags)).proportion_ci(0.95, "exact")
    return f"{sum(flags)}/{len(flags)} = {np.mean(flags):.1%} ({test.low:.1%} to {test.high:.1%})"
