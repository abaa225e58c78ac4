"""What the three-class model would do that the set invites, measured beside the tool.

The labels hang together with the view, the source and the cut of the films, so a model of the three
labels is right for the wrong reasons. It is fitted here only to show that, and never shipped.
"""

from __future__ import annotations

from collections.abc import Sequence as Items

import numpy as np
import numpy.typing as npt

from finetune.radiographs_data import Film, moved
from finetune.radiographs_seen import Seen, look, share
from tools.radiographs import traced
from tools.radiographs.curve import Curve
from tools.triage_looks import features, framed
from tools.triage_weights import eyes

Floats = npt.NDArray[np.floating]
Pixels = npt.NDArray[np.float32]

DEGREES = 45.0
"""How far a straight spine is bent."""


class Shortcut:
    """The three labels from the pooled features, as one would train it: never shipped."""

    def __init__(self, x: Floats, labels: Items[str]) -> None:
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        self._rule = make_pipeline(
            StandardScaler(), LogisticRegression(C=0.01, class_weight="balanced", max_iter=3000)
        )
        self._rule.fit(x, list(labels))

    def says(self, x: Floats) -> list[str]:
        """The label of each row."""
        return [str(label) for label in self._rule.predict(x)]


def straightened(film: Film, line: Curve) -> Pixels:
    """A film whose rows are moved so that its midline runs straight; its shape stays."""
    here = np.interp(np.arange(len(film.pixels)), line.y, line.x)
    return _reshaped(film.pixels, np.median(here) - here)


def bent(film: Film) -> Pixels:
    """A film bent into one wave whose tangents differ by ``DEGREES``; its shape stays."""
    high = len(film.pixels)
    turn = 2 * np.pi / high
    height = np.tan(np.radians(DEGREES / 2)) / turn
    return _reshaped(film.pixels, height * np.sin(turn * (np.arange(high) + 0.5)))


def _reshaped(pixels: Pixels, by: Floats) -> Pixels:
    """Each row moved sideways, then cut to the columns that the film had."""
    grown, _ = moved(pixels, np.zeros(len(pixels)), np.asarray(by, np.float64))
    left = (grown.shape[1] - pixels.shape[1]) // 2
    return grown[:, left : left + pixels.shape[1]]


def shortcut_table(every: Items[Film], x: Floats, seen: dict[str, Seen]) -> list[str]:
    """What the three-class model would do, and that the tool does otherwise.

    Args:
        every: all films.
        x: (n, 1280), their features.
        seen: what the tool said of the held-out ones.
    """
    use = np.array([not f.held_out for f in every])
    labels = [f.label for f in every]
    rule = Shortcut(x[use], [lb for lb, u in zip(labels, use, strict=True) if u])
    held = [f for f in every if f.held_out]
    said = dict(zip([f.key for f in held], rule.says(x[~use]), strict=True))
    groups = [f.group for f in held]
    by_view = {"ap": "scoliosis", "lateral": "spondylolisthesis", "unknown": "scoliosis"}
    blind = [f for f in held if f.view == "ap" and f.label == "spondylolisthesis"]
    bare = [f.group for f in blind]
    rows = [
        "| The shortcut, measured and not shipped | |",
        "|---|---|",
        "| Three labels from the view alone (AP: scoliosis, lateral: spondylolisthesis), right | "
        f"{share([by_view[f.view] == f.label for f in held], groups)} |",
        "| Three labels from the frozen features, right | "
        f"{share([said[f.key] == f.label for f in held], groups)} |",
        "| It says spondylolisthesis of AP films of that folder, where no slip can be seen | "
        f"{share([said[f.key] == 'spondylolisthesis' for f in blind], bare)} |",
        "| The tool says spondylolisthesis of the same films | "
        f"{share([_asserts_slip(seen[f.key]) for f in blind], bare)} |",
    ]
    curved = [f for f in held if f.curved and said[f.key] == "scoliosis"]
    lines = [traced(seen[f.key].series, 0)[0] for f in curved]
    straight = [
        (f, straightened(f, line))
        for f, line in zip(curved, lines, strict=True)
        if line is not None and seen[f.key].scoliosis == "present"
    ]
    wavy = [(f, bent(f)) for f in held if f.label == "normal" and said[f.key] == "normal"]
    for name, pairs, kept, right in (
        ("scoliotic films made straight", straight, "scoliosis", "absent"),
        (f"normal films bent by {DEGREES:.0f} degrees", wavy, "normal", "present"),
    ):
        of = [f.group for f, _ in pairs]
        answers = rule.says(np.stack([_features(p) for _, p in pairs]))
        own = [look(f, p).scoliosis for f, p in pairs]
        rows += [
            f"| Of {name}, it still says {kept} | {share([a == kept for a in answers], of)} |",
            f"| The tool says {right} of the same | {share([a == right for a in own], of)} |",
            f"| The tool leaves it open | {share([a == 'indeterminate' for a in own], of)} |",
        ]
    return rows


def _features(pixels: Pixels) -> Floats:
    return np.asarray(features(eyes().network, framed(pixels)[None])[0], float)


def _asserts_slip(seen: Seen) -> bool:
    return seen.said["spondylolisthesis"].status == "value"
