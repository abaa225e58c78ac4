"""The figures: distance, coverage, copies, agreement with what was asked, and utility.

Features are those of our own disc grader (its EfficientNet-Lite0 as trained on the SPIDER training
patients, 1280 a crop), not of an ImageNet network: FID and KID of others can't be compared with
them. For utility the frozen ImageNet features of triage are used, which no grader trained.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
import torch

from data.synth.conditions import SEQUENCES, SequenceName
from eval import grades as marks
from eval.synthesis import copies, fid, kid, precision_recall
from finetune.synthesis.sources import Discs, joined
from radixgpt.level import LUMBAR_DISCS
from radixgpt.statistics import intervals
from tools import classifier
from tools.crops import COLUMNS, ROWS

Floats = npt.NDArray[np.float32]
COMPONENTS = 48
"""Principal components of real features in which FID is taken: fewer than the images."""
LEARNED = ("disc_narrowing", "disc_bulging")
"""Kinds of which the utility is told beside the Pfirrmann grade."""


def cropped(pixels: Floats) -> Floats:
    """The classifier's crop out of made crops: (n, ROWS, COLUMNS)."""
    top, left = (pixels.shape[1] - ROWS) // 2, (pixels.shape[2] - COLUMNS) // 2
    return pixels[:, top : top + ROWS, left : left + COLUMNS]


@torch.inference_mode()
def grader_features(pixels: Floats, batch: int = 32) -> Floats:
    """What the first member of the disc grader sees as a whole in crops: (n, 1280)."""
    net = classifier.models()[0]
    parts = [
        net.encoder(torch.from_numpy(np.ascontiguousarray(some))[:, None])
        for some in np.array_split(cropped(pixels), max(1, len(pixels) // batch))
    ]
    found: Floats = torch.cat(parts).numpy()
    return found


@torch.inference_mode()
def imagenet_features(pixels: Floats, batch: int = 32) -> Floats:
    """Features (n, 1280) of the frozen ImageNet network."""
    from tools.triage_weights import eyes

    net = eyes().network
    parts = [
        net(torch.from_numpy(np.ascontiguousarray(some))[:, None])
        for some in np.array_split(cropped(pixels), max(1, len(pixels) // batch))
    ]
    found: Floats = torch.cat(parts).numpy()
    return found


@dataclass(frozen=True)
class Likeness:
    """How near a set is to real images of patients who were not learned from."""

    images: int
    fid: float
    kid: float
    precision: float
    recall: float
    copy_line: float
    copied: float


def likeness(made: Discs, held: Discs, learned: Discs) -> Likeness:
    """Hold a set against held-out real crops, sequence by sequence, and look for copies.

    Args:
        made: of one source.
        held: real crops of other patients than those learned from.
        learned: real crops that generators learned from.
    """
    figures = []
    for sequence in SEQUENCES:
        own, real, train = (one.of(sequence) for one in (made, held, learned))
        if len(own.pixels) < 8:
            continue
        basis = _basis(grader_features(train.pixels))
        a, b = (basis(grader_features(one.pixels)) for one in (real, own))
        small = [one[:, ::4, ::4].reshape(len(one), -1) for one in (own.pixels, train.pixels)]
        found = copies(small[0], small[1], train.patients)
        precision, recall = precision_recall(a, b)
        figures.append((fid(a, b), kid(a, b), precision, recall, found.line, found.share))
    mean = [float(v) for v in np.mean(figures, axis=0)]
    return Likeness(len(made.pixels), *mean)


def _basis(features: Floats) -> _Basis:
    centre = features.mean(0)
    _, spread, axes = np.linalg.svd(features - centre, full_matrices=False)
    kept = min(COMPONENTS, len(axes))
    return _Basis(centre, axes[:kept], float(spread[0] / np.sqrt(len(features))))


@dataclass(frozen=True, eq=False)
class _Basis:
    centre: Floats
    axes: Floats
    scale: float

    def __call__(self, features: Floats) -> Floats:
        projected = (features - self.centre) @ self.axes.T / np.float32(max(self.scale, 1e-9))
        return np.asarray(projected, np.float32)


def agreement(made: Discs) -> dict[str, float]:
    """Whether the grader sees what was asked for, in T2 crops: kappa, and AUROC by kind."""
    own = made.of("t2")
    cut = cropped(own.pixels)
    n = len(cut)
    crops = torch.full((n, 2, ROWS, COLUMNS), -1.0)
    crops[:, 0] = torch.from_numpy(np.ascontiguousarray(cut))
    there = torch.zeros(n, 2, dtype=torch.bool)
    there[:, 0] = True
    level = torch.tensor([len(LUMBAR_DISCS) - 1 - LUMBAR_DISCS.index(one) for one in own.levels])
    measures = torch.full((n, 2, 8), torch.nan)
    with torch.inference_mode():
        parts = [net(crops, there, measures, level, torch.arange(n)) for net in classifier.models()]
    grade = 1 + torch.stack([p.pfirrmann.sigmoid().sum(1) for p in parts]).mean(0).numpy()
    stated = np.clip(np.round(grade), 1, 5).astype(int)
    truth = np.array([g.pfirrmann for g in own.grades])
    found = {"pfirrmann kappa": marks.quadratic_kappa(truth - 1, stated - 1, 5)}
    from tools.grade_net import BINARY as ORDER

    logits = torch.stack([p.binary for p in parts]).mean(0).numpy()
    for j, kind in enumerate(ORDER):
        present = [kind in g.present for g in own.grades]
        if 4 <= sum(present) <= n - 4:
            found[f"{kind} AUROC"] = marks.auroc(present, logits[:, j])
    return {name: round(float(value), 3) for name, value in found.items()}


def utility(
    sets: Mapping[str, Discs | None], learned: Discs, held: Discs, sequence: SequenceName = "t2"
) -> dict[str, dict[str, tuple[float, float, float]]]:
    """Learn from real and made-up crops, judge on the held-out real ones.

    A linear model on frozen ImageNet features, the same for all; what is made up only counts what
    it brings. Intervals by bootstrap over patients.

    Args:
        sets: made-up crops by source, as many as are wanted.
        learned: real training crops.
        held: real crops of other patients.
        sequence: that is learned and judged.

    Returns:
        By what was learned from: figure to value, low and high.
    """
    real, test = learned.of(sequence), held.of(sequence)
    recipes: dict[str, Discs] = {"real": real}
    for name, made in sets.items():
        if made is not None and len(own := made.of(sequence).pixels):
            recipes[f"real and {name}"] = joined([real, made.of(sequence)])
            recipes[f"{name} alone ({len(own)} crops)"] = made.of(sequence)
    shown = imagenet_features(test.pixels)
    return {name: _learn(own, test, shown) for name, own in recipes.items()}


def _learn(own: Discs, test: Discs, shown: Floats) -> dict[str, tuple[float, float, float]]:
    from sklearn.linear_model import LogisticRegression, RidgeCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    features = imagenet_features(own.pixels)
    truth = np.array([g.pfirrmann for g in test.grades])
    ridge = make_pipeline(StandardScaler(), RidgeCV(np.logspace(1, 5, 9)))
    ridge.fit(features, [g.pfirrmann for g in own.grades])
    stated = np.clip(np.round(ridge.predict(shown)), 1, 5).astype(int)
    scores: dict[str, tuple[npt.NDArray[np.bool_], Floats]] = {}
    for kind in LEARNED:
        present = np.array([kind in g.present for g in own.grades])
        if 0 < present.sum() < len(present):
            model = make_pipeline(StandardScaler(), LogisticRegression(C=0.003, max_iter=1000))
            model.fit(features, present)
            there = np.array([kind in g.present for g in test.grades])
            scores[kind] = there, model.decision_function(shown)

    def figures(rows: npt.NDArray[np.intp]) -> list[float]:
        found = [marks.quadratic_kappa(truth[rows] - 1, stated[rows] - 1, 5)]
        for kind in LEARNED:
            if kind in scores and 0 < scores[kind][0][rows].sum() < len(rows):
                found.append(marks.auroc(scores[kind][0][rows].tolist(), scores[kind][1][rows]))
            else:
                found.append(float("nan"))
        return found

    values = figures(np.arange(len(truth)))
    ends = intervals(test.patients, figures, draws=400)
    names = ("Pfirrmann kappa", *(f"{kind} AUROC" for kind in LEARNED))
    return {
        name: (round(value, 3), round(float(low), 3), round(float(high), 3))
        for name, value, (low, high) in zip(names, values, ends, strict=True)
    }


def as_dict(one: Likeness) -> dict[str, float]:
    """For machines."""
    return {name: round(float(value), 4) for name, value in asdict(one).items()}
