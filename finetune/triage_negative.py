"""Fit and measure the rule that tells slices whose greys are inverted (``tools/triage_greys``).

It needs no network: every sagittal slice of the training part, varied in framing, greys, field and
noise, against its own negative. ``fit`` writes the rule into the manifest of ``weights/triage``,
``evaluate`` prints the figures on the held-out part::

    python -m finetune.triage_negative fit
    python -m finetune.triage_negative evaluate
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from finetune.triage_data import SEED, Example, lumbar, phantoms, vary, viewed
from radixgpt.weights import WEIGHTS, amend_manifest
from tools.triage_greys import MEASURES, Negative, measure

_COPIES = 2
"""Varied copies of each slice."""


def negative(pixels: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """A slice with its greys inverted within their own range."""
    return np.asarray(pixels.max() + pixels.min() - pixels, np.float32)


def examples(shared: Path) -> list[Example]:
    """Every sagittal slice of the spine, and phantoms."""
    seen = [e for e in viewed(shared) if e.kind == "sagittal_spine"]
    drawn = [*phantoms(12, SEED, "train"), *phantoms(12, SEED + 1, "held_out")]
    return [*lumbar(shared), *seen, *drawn]


def table(
    some: Iterable[Example], copies: int = _COPIES
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Measures (n, 7) of slices and their negatives, and which of the rows are negatives."""
    rng = np.random.default_rng(SEED)
    rows, inverted = [], []
    for example in some:
        for shown in (example, *(vary(example, rng) for _ in range(copies))):
            for turned in (False, True):
                rows.append(measure(negative(shown.pixels) if turned else shown.pixels))
                inverted.append(turned)
    return np.stack(rows), np.array(inverted)


def fit(some: Iterable[Example]) -> Negative:
    """The rule from the slices of the training part."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    rows, inverted = table(e for e in some if e.part == "train")
    scaler = StandardScaler().fit(rows)
    model = LogisticRegression().fit(scaler.transform(rows), inverted)
    weight = model.coef_[0] / scaler.scale_
    bias = float(model.intercept_[0] - weight @ scaler.mean_)
    return Negative(np.round(weight, 4).astype(np.float32), round(bias, 4))


def as_json(rule: Negative) -> dict[str, object]:
    """As the manifest keeps it."""
    weights = dict(zip(MEASURES, (round(float(w), 4) for w in rule.weight), strict=True))
    return {"weight": weights, "bias": rule.bias}


def write(rule: Negative, folder: Path = WEIGHTS / "triage") -> None:
    """Put the rule into the manifest, which otherwise stays as it is."""
    amend_manifest(folder, negative=as_json(rule))


def figures(some: Iterable[Example], rule: Negative) -> dict[str, dict[str, int]]:
    """By kind of slice: how many, how many called inverted, and how many of their negatives."""
    found: dict[str, dict[str, int]] = {}
    for example in some:
        if example.part == "train":
            continue
        own = found.setdefault(example.source, {"slices": 0, "called": 0, "negatives called": 0})
        own["slices"] += 1
        own["called"] += rule.chance(example.pixels) >= 0.5
        own["negatives called"] += rule.chance(negative(example.pixels)) >= 0.5
    return found


def main() -> None:
    """Fit or evaluate."""
    from tools.triage_weights import eyes

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stage", choices=("fit", "evaluate"))
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    options = parser.parse_args()
    some = examples(options.shared)
    if options.stage == "fit":
        write(fit(some))
    else:
        print(json.dumps(figures(some, eyes().negative), indent=1))


if __name__ == "__main__":
    main()
