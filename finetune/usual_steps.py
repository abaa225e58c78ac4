"""Fit the steps that are usual at each level where nothing slipped, and write them to the levels.

``tools/slips.py`` measures a slip against them. They belong to the column network, which finds the
canal and the walls, so they are fitted after it, on the training patients::

    python -m finetune.usual_steps
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from finetune import classifier_data, spider
from finetune.classifier_data import DiscViews
from radixgpt.weights import WEIGHTS, load_card, write_manifest
from tools import levels, slips
from tools.grade_net import BINARY

SLIP = BINARY.index("spondylolisthesis")
_LEVELS = 6
"""Levels with an own usual step."""


def steps_of(disc: DiscViews, only: str | None = None) -> slips.Steps:
    """The steps in T2, or in T1 where T2 shows none, as ``tools.classifier`` takes them."""
    found = [disc.steps[name] for name in ((only,) if only else ("t2", "t1")) if name in disc.steps]
    return next((s for s in found if s.canal is not None), found[0])


def fit(discs: Sequence[DiscViews], steps: Sequence[slips.Steps]) -> slips.Usual:
    """Median steps of the discs without a graded slip, in shares of the vertebral depth.

    Args:
        discs: of patients that may be learned from, (n,).
        steps: of each disc, as they were measured, (n,).

    Returns:
        A step of the canal and one of the walls for each of ``_LEVELS`` levels from L5-S1 upwards;
        0 where no disc was measured.
    """
    index = np.minimum([d.index for d in discs], _LEVELS - 1)
    slipped = np.array([d.binary[SLIP] == 1 for d in discs])

    def medians(name: str) -> tuple[float, ...]:
        value = np.array([getattr(s, name) for s in steps], float)
        known = ~slipped & np.isfinite(value)
        at = [value[known & (index == level)] for level in range(_LEVELS)]
        return tuple(round(float(np.median(some)), 4) if len(some) else 0.0 for some in at)

    return slips.Usual(canal=medians("canal"), walls=medians("walls"))


def write(usual: slips.Usual, weights: Path = WEIGHTS) -> None:
    """Write them into the manifest of the levels; the network stays as it is."""
    manifest = load_card("levels", root=weights).manifest
    rest = {**(manifest.model_extra or {}), "usual_steps": usual.model_dump(mode="json")}
    write_manifest(
        weights / "levels",
        files=tuple(manifest.files),
        name=manifest.name,
        version=manifest.version,
        licence=manifest.licence,
        summary=manifest.summary,
        labels=manifest.labels,
        thresholds=manifest.thresholds,
        **rest,
    )


def main() -> None:
    """Fit and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    parser.add_argument("--discs", type=Path, default=Path("runs/classifier/discs.pickle"))
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    patients, _ = spider.split(options.shared)
    discs = classifier_data.load(options.shared, levels.model(), options.discs)
    own = [d for d in discs if d.patient in patients and d.views.get("t1") and d.views.get("t2")]
    usual = fit(own, [steps_of(d) for d in own])
    write(usual)
    print(usual.model_dump_json())


if __name__ == "__main__":
    main()
