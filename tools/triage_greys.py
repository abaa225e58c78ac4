"""Whether the greys of a slice are inverted: air bright, bone and fat dark.

Air is dark on every MR contrast and lies at the edges of a sagittal slice. A linear rule on where
the greys of the slice and of its edges lie within their range tells a negative from a slice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

MEASURES = ("p10", "p25", "p50", "p75", "p90", "left_edge", "right_edge")
"""Percentiles of the slice and medians of its edges, 0 at the darkest and 1 at the brightest."""
_EDGE = 0.05
"""Width of an edge in shares of the columns."""


@dataclass(frozen=True, eq=False)
class Negative:
    """The rule: ``weight`` (7,) in the order of MEASURES, and ``bias``, logistic."""

    weight: Floats
    bias: float

    def chance(self, pixels: npt.ArrayLike) -> float:
        """Chance that the greys of a slice (rows, columns) are inverted."""
        score = float(measure(pixels) @ self.weight) + self.bias
        return float(1 / (1 + np.exp(-np.clip(score, -30, 30))))


def measure(pixels: npt.ArrayLike) -> Floats:
    """The measures named in MEASURES of a slice (rows, columns) of any range."""
    values = np.asarray(pixels, np.float32)
    low, high = np.percentile(values, (0.5, 99.5))
    x = np.clip((values - low) / max(float(high - low), 1e-6), 0, 1)
    wide = max(2, round(_EDGE * x.shape[1]))
    edges = (np.median(x[:, :wide]), np.median(x[:, -wide:]))
    return np.asarray([*np.percentile(x, (10, 25, 50, 75, 90)), *edges], np.float32)
