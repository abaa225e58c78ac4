"""What the shipped radiograph tool says of films, and figures of it with their intervals."""

from __future__ import annotations

import time
from collections.abc import Callable
from collections.abc import Sequence as Items
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from finetune.radiographs_data import SEED, Film
from radixgpt.eligibility import Eligibility
from radixgpt.observation import Observation
from radixgpt.study import Modality, Series, Study
from tools import radiographs

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

DRAWS = 2000


@dataclass(frozen=True, eq=False)
class Seen:
    """What the tool said of one film."""

    film: Film
    series: Series
    said: dict[str, Observation]
    seconds: float

    @property
    def view(self) -> str:
        """The stated view; ``unknown`` where it abstained."""
        value = self.said["view"].value
        return str(value) if value is not None else "unknown"

    @property
    def chance(self) -> float | None:
        """Chance of scoliosis, None where it was not judged."""
        found = self.said.get("scoliosis")
        return found.probabilities.get("present") if found is not None else None

    @property
    def scoliosis(self) -> str:
        """``present``, ``absent``, ``indeterminate`` or ``not_assessable``."""
        found = self.said["scoliosis"]
        return str(found.value) if found.status == "value" else found.status


def look(film: Film, pixels: npt.NDArray[np.float32] | None = None) -> Seen:
    """Run the shipped tool on one film without a header."""
    shown = film.pixels if pixels is None else pixels
    series = Series("s1", np.ascontiguousarray(shown, np.float32)[None], modality=Modality.DX)
    begun = time.perf_counter()
    out = radiographs.run(Study("figures", (series,)), Eligibility(False, radiographs=("s1",)))
    return Seen(film, series, {o.kind: o for o in out}, time.perf_counter() - begun)


def drawn(groups: Items[int], figure: Callable[[npt.NDArray[np.int64]], float]) -> str:
    """A figure of rows with its 95% bootstrap interval, groups drawn with replacement."""
    every = np.arange(len(groups))
    rows_of: dict[int, list[int]] = {}
    for row, group in enumerate(groups):
        rows_of.setdefault(group, []).append(row)
    keys, rng, values = list(rows_of), np.random.default_rng(SEED), []
    for _ in range(DRAWS):
        picked = rng.integers(0, len(keys), len(keys))
        values.append(figure(np.array([r for k in picked for r in rows_of[keys[k]]])))
    known = [v for v in values if np.isfinite(v)]
    low, high = np.quantile(known, (0.025, 0.975)) if known else (np.nan, np.nan)
    return f"{figure(every):.3f} ({low:.3f} to {high:.3f})"


def auroc(score: Floats, truth: Flags) -> float:
    """Area under the ROC curve by ranks; NaN with one class only."""
    from scipy.stats import rankdata

    positive = int(truth.sum())
    if positive in (0, len(truth)):
        return float("nan")
    rank = float(rankdata(score)[truth].sum()) - positive * (positive + 1) / 2
    return rank / (positive * (len(truth) - positive))


def share(flags: Items[bool], groups: Items[int]) -> str:
    """A share as ``k/n = x (low to high)``."""
    hits = np.array(flags, float)
    if not len(hits):
        return "none there"
    part = drawn(groups, lambda rows: float(hits[rows].mean()))
    return f"{int(hits.sum())}/{len(hits)} = {part}"
