"""How well borders tell whether T1 and T2 show the same spine (``tools.same_spine``).

    python -m finetune.same_spine

prints, for training and development patients, the share of true pairs and of pairs of two patients
that lie below the line, and how well the correlation parts them.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

from data.mapping.spider import UPSIDE_DOWN
from eval import grades as marks
from finetune import spider
from finetune.reliance import slices_of
from tools import levels
from tools.columns import columns_of, reconcile
from tools.same_spine import UNLIKE, alike


def correlations(shared: Path, patients: tuple[int, ...]) -> tuple[list[float], list[float]]:
    """Of each patient's T1 with the own T2, and with two other patients'."""
    framed = {}
    for patient in patients:
        slices = slices_of(shared, patient)
        turned = {f"{patient}_t1", f"{patient}_t2"} & UPSIDE_DOWN
        if len(slices) == 2 and not turned:
            found = columns_of(levels.model(), list(slices.values()), [None, None])
            reconcile([column for _, column in found])
            framed[patient] = dict(zip(slices, found, strict=True))
    order = list(framed)

    def pair(one: int, other: int) -> float:
        (a, first), (b, second) = framed[one]["t1"], framed[other]["t2"]
        value = alike(a.pixels, first, b.pixels, second)
        return float("nan") if value is None else value

    own = [pair(p, p) for p in order]
    crossed = [
        pair(p, order[(i + far) % len(order)]) for i, p in enumerate(order) for far in (3, 11)
    ]
    return own, crossed


def main() -> None:
    """Print the shares."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    for name, patients in zip(
        ("training", "development"), spider.split(options.shared), strict=True
    ):
        own, crossed = (np.array(v) for v in correlations(options.shared, patients))
        here, there = own[np.isfinite(own)], crossed[np.isfinite(crossed)]
        area = marks.auroc([True] * len(here) + [False] * len(there), [*here, *there])
        print(
            f"{name}: {len(own)} patients; below {UNLIKE}: {np.mean(own < UNLIKE):.1%} of true "
            f"pairs, {np.mean(crossed < UNLIKE):.1%} of crossed ones; AUROC {area:.3f}; "
            f"lowest 1, 2, 5 % of true pairs {np.percentile(here, (1, 2, 5)).round(3)}"
        )


if __name__ == "__main__":
    main()
