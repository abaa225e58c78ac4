"""Fit and measure the rule that tells slices that end above the sacrum (``tools/triage_cut``).

Every slice of the training patients as it is and with less of the sacrum, against itself cut off
between L4-L5 and L5-S1. ``fit`` writes the rule into the manifest of ``weights/triage``,
``evaluate`` prints the figures on the development patients::

    python -m finetune.triage_cut fit
    python -m finetune.triage_cut evaluate
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from data.mapping.spider import UPSIDE_DOWN
from finetune import spider
from finetune.reliance import Outlines, Slice, outlines_of, slices_of
from radixgpt.weights import WEIGHTS, amend_manifest
from tools import levels
from tools.columns import columns_of
from tools.triage_cut import CutOff, expanded, measure

CUTS = (1.0, 0.85, 0.7, 0.55, 0.4)
"""Where a slice is cut off, from the lower rim of L4-L5 (0) to the upper rim of L5-S1 (1)."""
_LEFT = (0.9, 1.3)
"""Vertebral depths below L5-S1 that a slice keeps and still counts as whole."""
_REFUSED = 0.01
"""Share of the whole slices of the training patients above the line."""
_C = 0.5


@dataclass(frozen=True, eq=False)
class Table:
    """Measures of n slices: (n, 9), where each was cut off (0: whole), and of whom."""

    rows: npt.NDArray[np.float64]
    cut: npt.NDArray[np.float64]
    patients: npt.NDArray[np.int64]


def shown(pixels: Slice, discs: Outlines) -> list[tuple[float, Slice]]:
    """A slice as it is, with less of the sacrum, and cut off; with where it was cut."""
    low = sorted(discs, key=lambda outline: -float(outline[:, 1].mean()))
    if len(low) < 5:
        return []
    top, above = float(low[0][:, 1].min()), float(low[1][:, 1].max())
    depth = float(np.ptp(low[0][:, 0]))
    made = [(0.0, pixels)]
    for left in _LEFT:
        rows = round(float(low[0][:, 1].max()) + left * depth)
        if rows < len(pixels):
            made.append((0.0, pixels[:rows]))
    made += [(at, pixels[: max(16, round(above + at * (top - above)))]) for at in CUTS]
    return made


def table(shared: Path, patients: Iterable[int]) -> Table:
    """The measures of all slices of some patients."""
    rows, cut, whose = [], [], []
    for patient in patients:
        slices = slices_of(shared, patient)
        found = outlines_of(slices)
        for name, pixels in slices.items():
            if f"{patient}_{name}" in UPSIDE_DOWN or not (made := shown(pixels, found[name])):
                continue
            columns = columns_of(levels.model(), [one for _, one in made], [None] * len(made))
            for (at, one), (framed, column) in zip(made, columns, strict=True):
                if (measured := measure(one, framed, column)) is not None:
                    rows.append(measured)
                    cut.append(at)
                    whose.append(patient)
    return Table(np.stack(rows), np.array(cut), np.array(whose))


def fit(known: Table) -> CutOff:
    """The rule; its line lies where cross-validation refuses 1 % of the whole slices."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold

    mean, scale = known.rows.mean(0), known.rows.std(0)
    given = expanded((known.rows - mean) / scale)
    off = known.cut > 0
    held = np.zeros(len(off))
    for learn, test in GroupKFold(5).split(given, off, known.patients):
        model = LogisticRegression(C=_C, max_iter=3000).fit(given[learn], off[learn])
        held[test] = model.decision_function(given[test])
    line = float(np.quantile(held[~off], 1 - _REFUSED))
    model = LogisticRegression(C=_C, max_iter=3000).fit(given, off)
    return CutOff(
        np.round(mean, 4),
        np.round(scale, 4),
        np.round(model.coef_[0], 4),
        round(float(model.intercept_[0]), 4),
        round(line, 3),
    )


def as_json(rule: CutOff) -> dict[str, object]:
    """As the manifest keeps it."""
    arrays = {name: [float(v) for v in getattr(rule, name)] for name in ("mean", "scale", "weight")}
    return {**arrays, "bias": rule.bias, "line": rule.line}


def write(rule: CutOff, folder: Path = WEIGHTS / "triage") -> None:
    """Put the rule into the manifest, which otherwise stays as it is."""
    amend_manifest(folder, cut_off=as_json(rule))


def figures(known: Table, rule: CutOff) -> dict[str, dict[str, int]]:
    """By where slices were cut off: how many, and how many of them the rule refuses."""
    refused = np.array([rule.score(row) >= rule.line for row in known.rows])
    return {
        "whole" if at == 0 else f"cut at {at:g}": {
            "slices": int((known.cut == at).sum()),
            "refused": int(refused[known.cut == at].sum()),
        }
        for at in sorted(set(known.cut.tolist()))
    }


def main() -> None:
    """Fit or evaluate."""
    from tools.triage_weights import eyes

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stage", choices=("fit", "evaluate"))
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    train, development = spider.split(options.shared)
    if options.stage == "fit":
        write(fit(table(options.shared, train)))
    else:
        print(json.dumps(figures(table(options.shared, development), eyes().cut_off), indent=1))


if __name__ == "__main__":
    main()
