"""What the three-class model would do that the set invites, measured beside the tool.

The labels hang together with the view, the source and the cut of the films, so a model of the three
labels is right for the wrong reasons. It is fitted here only to show that, and never shipped.
"""

from __future__ import annotations

from collections.abc import Sequence as Items

import numpy as np
import numpy.typing as npt

from finetune.radiographs_data import Film
from finetune.radiographs_seen import Seen, look, share

Floats = npt.NDArray[np.float64]

NARROW = 0.25
"""Columns over rows of a typical film without scoliosis in the set."""


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


def narrowed(film: Film) -> npt.NDArray[np.float32]:
    """A film cut to a strip about its brightest columns, as narrow as those of normal spines."""
    rows, columns = film.pixels.shape
    keep = max(24, round(NARROW * rows))
    if keep >= columns:
        return film.pixels
    middle = film.pixels[rows // 4 : 3 * rows // 4].mean(0)
    sums = np.convolve(middle, np.ones(keep), "valid")
    left = int(sums.argmax())
    return film.pixels[:, left : left + keep]


def shortcut_table(every: Items[Film], x: Floats, seen: dict[str, Seen]) -> list[str]:
    """What the three-class model would do, and that the tool does otherwise."""
    from tools.triage_looks import features, framed
    from tools.triage_weights import eyes

    use = np.array([not f.held_out for f in every])
    labels = [f.label for f in every]
    rule = Shortcut(x[use], [lb for lb, u in zip(labels, use, strict=True) if u])
    held = [f for f in every if f.held_out]
    said = dict(zip([f.key for f in held], rule.says(x[~use]), strict=True))
    groups = [f.group for f in held]
    by_view = {"ap": "scoliosis", "lateral": "spondylolisthesis", "unknown": "scoliosis"}
    blind = [f for f in held if f.view == "ap" and f.label == "spondylolisthesis"]
    bare = [f.group for f in blind]
    cut = [f for f in held if f.view == "ap" and f.curved and narrowed(f) is not f.pixels]
    cut_pixels = [narrowed(f) for f in cut]
    narrow = rule.says(
        np.concatenate(
            [np.asarray(features(eyes().network, framed(p)[None]), float) for p in cut_pixels]
        )
    )
    own = [look(f, p) for f, p in zip(cut, cut_pixels, strict=True)]
    cut_groups = [f.group for f in cut]
    return [
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
        "| It still says scoliosis when scoliotic films are cut to a narrow strip | "
        f"{share([label == 'scoliosis' for label in narrow], cut_groups)} |",
        "| The tool, on the same strips: present | "
        f"{share([s.scoliosis == 'present' for s in own], cut_groups)} |",
        "| The tool, on the same strips: wrongly absent | "
        f"{share([s.scoliosis == 'absent' for s in own], cut_groups)} |",
    ]


def _asserts_slip(seen: Seen) -> bool:
    return seen.said["spondylolisthesis"].status == "value"
