"""Train and measure what ``tools/radiographs`` runs.

``train`` looks at the KAUH films with the frozen backbone of triage and fits small things on the
training groups: the view, the midline of AP films, and how the bend of the midline tells scoliosis
from normal; then the discs and corners of lateral films (``slips`` does that alone). No model of
the three labels is ever trained but as a baseline whose failure is measured. ``evaluate`` runs the
shipped tool on the held-out groups, and on lateral films heads that never saw their group, writes
the figures into ``weights/radiographs/card.md``, and pictures of failures into
``runs/radiographs``::

    python -m finetune.radiographs train    --shared ../shared/data
    python -m finetune.radiographs evaluate --shared ../shared/data
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence as Items
from dataclasses import asdict
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors.numpy import save_file
from safetensors.torch import save_file as save_slips

from finetune.radiographs_data import (
    SEED,
    Film,
    columns_at,
    films,
    midlines,
    target,
    varied,
)
from finetune.radiographs_slip import crossed, stored
from finetune.radiographs_slip_figures import judged, shipped_rule
from finetune.triage_data import Example, vary
from radixgpt.weights import WEIGHTS, load_card, write_manifest
from tools.backbone import FEATURES
from tools.radiographs import curve_net
from tools.radiographs.curve import Curve, trace
from tools.radiographs.curve_net import CurveHead
from tools.radiographs.view import ViewHead, pooled
from tools.radiographs.weights import FILE, SLIPS, Calibration
from tools.triage_looks import Kind, framed
from tools.triage_weights import eyes

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

VERSION = "2"
COPIES = 5
"""Varied copies of each marked film."""
STEPS = 600
BATCH = 4
FOLDS = 5
RIGHT = 0.98
"""Share of the decided training films that must be right where the tool does not abstain."""
LEAST = {"view": 0.7, "scoliosis": 0.8}
"""Abstention thresholds are not set below these."""
OTHERS = ("view", "scoliosis", "clearness")
"""Thresholds that are not of slips."""
CLEARNESS = 0.6
"""Mean chance along a midline below which it is not measured; the least of a training film is
0.73."""


def looked(some: Items[Film], cache: Path) -> Floats:
    """Features (n, 2, 1280) of films as they are and mirrored, kept in a file."""
    shape = (len(some), 2, FEATURES)
    if cache.is_file() and (stored := np.load(cache)).shape == shape:
        return np.asarray(stored, float)
    network = eyes().network
    found = np.stack([pooled(network, framed(f.pixels)) for f in some])
    cache.parent.mkdir(parents=True, exist_ok=True)
    np.save(cache, found)
    return np.asarray(found, float)


# --- view ---------------------------------------------------------------------------------------


def fit_view(x: Floats, lateral: Flags, lumbar: Flags) -> tuple[Floats, float]:
    """Weight and bias on the features themselves of a penalised logistic rule.

    Args:
        x: (n, 2, 1280), films as they are and mirrored.
        lateral: which are lateral.
        lumbar: which show the lumbar spine alone: those decide, as AP films of the whole spine
            differ from lateral ones in everything.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    rows = x.reshape(-1, x.shape[2])
    scaler = StandardScaler().fit(rows)
    rule = LogisticRegression(C=0.03, class_weight="balanced", max_iter=4000)
    weights = np.repeat(np.where(lumbar, 1.0, 0.3), 2)
    rule.fit(scaler.transform(rows), np.repeat(lateral, 2), sample_weight=weights)
    weight = rule.coef_[0] / scaler.scale_
    return weight, float(rule.intercept_[0] - weight @ scaler.mean_)


def crossed_view(x: Floats, lateral: Flags, lumbar: Flags, groups: npt.NDArray[np.int64]) -> Floats:
    """Chance of lateral for each film from rules without its group."""
    from sklearn.model_selection import StratifiedGroupKFold

    chance = np.zeros(len(x))
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=SEED)
    for use, out in folds.split(x[:, 0], lateral, groups):
        weight, bias = fit_view(x[use], lateral[use], lumbar[use])
        head = ViewHead(weight.astype(np.float32), np.array([bias], np.float32))
        chance[out] = head.lateral(x[out])
    return chance


# --- midline ------------------------------------------------------------------------------------


def training_maps(some: Items[Film], copies: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Maps and targets of the marked films and their varied copies, in half precision."""
    rng = np.random.default_rng(SEED)
    network = eyes().network
    out = []
    for film in some:
        line = columns_at(midlines()[film.key], *film.pixels.shape)
        for copy in range(copies + 1):
            pixels, x = varied(film.pixels, line, rng) if copy else (film.pixels, line)
            maps = curve_net.maps_of(network, curve_net.strip(pixels)[0])
            wanted = torch.from_numpy(target(pixels, x, maps.shape[-1]))
            out.append((maps.half(), wanted))
    return out


def fit_curve(
    data: Items[tuple[torch.Tensor, torch.Tensor]], steps: int = STEPS
) -> tuple[CurveHead, torch.Tensor, torch.Tensor]:
    """The head, and the mean and spread that scale its maps."""
    torch.manual_seed(SEED)
    rng = np.random.default_rng(SEED)
    mean = torch.stack([m.float().mean((0, 2, 3)) for m, _ in data]).mean(0)
    spread = torch.stack([m.float().std((0, 2, 3)) for m, _ in data]).mean(0) + 1e-3
    head = CurveHead()
    optimiser = torch.optim.AdamW(head.parameters(), 2e-3, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, steps)
    for step in range(steps):
        loss = torch.zeros(())
        for i in rng.integers(0, len(data), BATCH):
            maps, wanted = data[int(i)]
            scaled = (maps.float() - mean[:, None, None]) / spread[:, None, None]
            scaled = scaled * (torch.rand(1, scaled.shape[1], 1, 1) > 0.1) / 0.9
            loss = loss - (wanted[None] * head(scaled)).sum(2).mean() / BATCH
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
        if step % 100 == 0:
            print(f"midline: step {step} of {steps}, loss {loss.item():.3f}", flush=True)
    return head.eval(), mean, spread


@torch.inference_mode()
def curve_of(
    pixels: npt.NDArray[np.float32], head: CurveHead, mean: torch.Tensor, spread: torch.Tensor
) -> Curve | None:
    """The midline of one film by heads that need not be the shipped ones."""
    film, columns = curve_net.strip(pixels)
    maps = curve_net.maps_of(eyes().network, film)
    chances = head((maps - mean[:, None, None]) / spread[:, None, None])[0].exp().double().numpy()
    return trace(chances, pixels.shape, columns)


# --- scoliosis ----------------------------------------------------------------------------------


def fit_angle(degrees: Floats, curved: Flags) -> Calibration:
    """A logistic rule on ln(1 + degrees), nearly without penalty, the classes weighed alike."""
    from sklearn.linear_model import LogisticRegression

    rule = LogisticRegression(C=10.0, class_weight="balanced")
    rule.fit(np.log1p(degrees)[:, None], curved)
    return Calibration(slope=float(rule.coef_[0, 0]), offset=float(rule.intercept_[0]))


def threshold(chance: Floats, truth: Flags, least: float) -> float:
    """The least certainty from which ``RIGHT`` of the decided films are right."""
    sure = np.maximum(chance, 1 - chance)
    right = (chance >= 0.5) == truth
    for line in np.arange(least, 0.991, 0.01):
        decided = right[sure >= line]
        if len(decided) and decided.mean() >= RIGHT:
            return round(float(line), 2)
    return 0.99


def train(shared: Path, out: Path, *, copies: int = COPIES, steps: int = STEPS) -> None:
    """Fit everything on the training groups and write ``weights/radiographs``."""
    every = films(shared)
    x = looked(every, out / "features.npy")
    use = np.array([not f.held_out and f.view in ("ap", "lateral") for f in every])
    lateral = np.array([f.view == "lateral" for f in every])
    groups = np.array([f.group for f in every])
    lumbar = np.array([f.label == "spondylolisthesis" for f in every])
    chance = crossed_view(x[use], lateral[use], lumbar[use], groups[use])
    view_line = threshold(chance, lateral[use], LEAST["view"])
    print(f"view: {use.sum()} films, right {((chance >= 0.5) == lateral[use]).mean():.3f}")
    shaken, again = shaken_features([f for f, used in zip(every, use, strict=True) if used])
    weight, bias = fit_view(
        np.concatenate([x[use], shaken]),
        np.r_[lateral[use], again],
        np.r_[lumbar[use], np.ones(len(again), bool)],
    )

    marked = [f for f in every if f.key in midlines() and not f.held_out]
    head, mean, spread = fit_curve(training_maps(marked, copies), steps)
    judged = [
        f
        for f in every
        if not f.held_out and f.view == "ap" and f.label != "spondylolisthesis" and f not in marked
    ]
    curves = [curve_of(f.pixels, head, mean, spread) for f in judged]
    known = [i for i, c in enumerate(curves) if c is not None and c.clearness >= CLEARNESS]
    degrees = np.array([curves[i].angle for i in known])  # type: ignore[union-attr]
    curved = np.array([judged[i].curved for i in known])
    rule = fit_angle(degrees, curved)
    line = threshold(rule.chance(degrees), curved, LEAST["scoliosis"])
    print(f"scoliosis: {len(known)} of {len(judged)} films, {rule}, threshold {line}")
    write(weight, bias, head, mean, spread)
    lines = {"view": view_line, "scoliosis": line, "clearness": CLEARNESS}
    train_slips(shared, out, lines, rule)


def train_slips(shared: Path, out: Path, lines: dict[str, float], rule: Calibration) -> None:
    """Fit the heads of lateral films and their rule, and write the manifest of all weights.

    Args:
        shared: where the data lie.
        out: where what is half done is kept.
        lines: thresholds of the other heads.
        rule: of scoliosis.
    """
    every = films(shared)
    heads = crossed(every, out)
    slip_rule, slip_lines = shipped_rule(judged(every, heads))
    print(f"slips: {slip_rule}, {slip_lines}")
    folder = WEIGHTS / "radiographs"
    save_slips(stored(heads["all"]), folder / SLIPS)
    write_manifest(
        folder,
        files=(FILE, SLIPS),
        name="radixgpt-radiographs",
        version=VERSION,
        licence="Apache-2.0",
        summary="View of a spine radiograph, scoliosis by the bend of its midline on AP films, and "
        "spondylolisthesis by the step of vertebral corners on lateral ones.",
        labels={
            "view": ["ap", "lateral"],
            "scoliosis": ["absent", "present"],
            "spondylolisthesis": ["present"],
        },
        thresholds={**lines, **asdict(slip_lines)},
        calibration=rule.model_dump(),
        slip_rule=slip_rule.model_dump(),
        backbone=load_card("triage").manifest.files["backbone.safetensors"],
    )


def shaken_features(some: Items[Film]) -> tuple[Floats, Flags]:
    """Features (n, 2, 1280) of varied copies of the lumbar films, and which are lateral."""
    rng = np.random.default_rng(SEED)
    network = eyes().network
    near = [f for f in some if f.view == "lateral" or f.label == "spondylolisthesis"] * 2
    frames = [framed(_shaken(film, rng)) for film in near]
    found = np.stack([pooled(network, frame) for frame in frames])
    return np.asarray(found, float), np.array([f.view == "lateral" for f in near])


def _shaken(film: Film, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """A varied copy."""
    kind: Kind = "radiograph_lateral" if film.view == "lateral" else "radiograph_ap"
    return vary(Example(film.pixels, kind, "kauh", "train"), rng).pixels


def write(
    weight: Floats,
    bias: float,
    head: CurveHead,
    mean: torch.Tensor,
    spread: torch.Tensor,
) -> None:
    """Write the heads of the view and of AP films."""
    folder = WEIGHTS / "radiographs"
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {
        "view_weight": weight,
        "view_bias": np.array([bias]),
        "mean": mean.numpy(),
        "spread": spread.numpy(),
        **{f"curve.{k}": v.numpy() for k, v in head.state_dict().items()},
    }
    save_file({k: np.ascontiguousarray(v, np.float32) for k, v in tensors.items()}, folder / FILE)


def main() -> None:
    """Run one command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=("train", "slips", "evaluate"))
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("runs/radiographs"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.command == "train":
        train(options.shared, options.out)
    elif options.command == "slips":
        known = load_card("radiographs")
        told = known.manifest.thresholds
        lines = told if isinstance(told, dict) else {}
        kept = {k: v for k in OTHERS if isinstance(v := lines.get(k), float)}
        rule = Calibration.model_validate(known.value("calibration"))
        train_slips(options.shared, options.out, kept, rule)
    else:
        from finetune.radiographs_figures import report

        report(options.shared, options.out)


if __name__ == "__main__":
    main()
