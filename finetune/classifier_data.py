"""The discs of the SPIDER patients as the classifier sees them, with their gradings."""

from __future__ import annotations

import hashlib
import pickle
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from finetune import spider, spider_columns
from radixgpt.level import disc_at, disc_index
from tools import crops as cropping
from tools import slips
from tools.column_net import ColumnNet
from tools.grade_net import BINARY, SEQUENCES

MARGIN = 1.25
"""Stored crops are wider than the network's, so that they can be moved and turned."""
_NAMES = {
    "disc_narrowing": "narrowing",
    "disc_bulging": "bulging",
    "disc_herniation": "herniation",
    "endplate_upper": "endplate_upper",
    "endplate_lower": "endplate_lower",
    "spondylolisthesis": "spondylolisthesis",
}
_UPSIDE_DOWN = [
    BINARY.index({"endplate_upper": "endplate_lower", "endplate_lower": "endplate_upper"}.get(k, k))
    for k in BINARY
]


@dataclass
class DiscViews:
    """One graded disc.

    Attributes:
        index: discs above L5-S1.
        views: sequence (``t2``, ``t1``) to its crops; T2 SPACE is a second ``t2`` view, and
            ``near`` are the crops of the SPACE slices beside it.
        steps: sequence to the steps measured in its first view.
        pfirrmann, modic, binary: the grades; binary in the order of ``grade_net.BINARY``.
    """

    patient: int
    index: int
    pfirrmann: int
    modic: int
    binary: tuple[int, ...]
    views: dict[str, list[cropping.Crop]] = field(default_factory=lambda: defaultdict(list))
    steps: dict[str, slips.Steps] = field(default_factory=dict)


def build(
    shared: Path, model: ColumnNet, points: dict[str, dict[str, tuple[float, float]]]
) -> list[DiscViews]:
    """Cut every graded disc out of all series of the patients whose disc centres are given."""
    graded = {
        (g.patient, disc_index(g.disc)): DiscViews(
            g.patient,
            disc_index(g.disc),
            g.pfirrmann,
            g.modic,
            tuple(g.binary[_NAMES[name]] for name in BINARY),
        )
        for g in spider.gradings(shared)
    }
    for name, levels in points.items():
        patient = int(name.split("_")[0])
        if patient in spider.UPSIDE_DOWN:
            continue
        for seen in spider_columns.of_patient(shared, model, name, levels):
            sequence = "t1" if seen.sequence == "t1" else "t2"
            discs = seen.column.discs
            cut = cropping.crops(seen.pixels, seen.framed, seen.column, discs, MARGIN)
            for place, index in seen.indices.items():
                crop, target = cut[place], graded.get((patient, index))
                disc = discs[place]
                if crop is not None and target is not None and disc is not None:
                    target.views[sequence].append(crop)
                    target.steps.setdefault(sequence, slips.measure(seen.column, disc))
            if seen.sequence != "t2_SPACE":
                continue
            for pixels in spider.beside(shared, patient, seen.pixels):
                cut = cropping.crops(pixels, seen.framed, seen.column, discs, MARGIN)
                for place, index in seen.indices.items():
                    crop, target = cut[place], graded.get((patient, index))
                    if crop is not None and target is not None:
                        target.views["near"].append(crop)
    return [d for d in graded.values() if d.views]


def load(shared: Path, model: ColumnNet, cache: Path) -> list[DiscViews]:
    """Build the discs once and keep them in a file of this training run.

    They are built anew if another column network found those in the file.
    """

    def make() -> list[DiscViews]:
        discs = build(shared, model, spider.points())
        for disc in discs:
            disc.views = dict(disc.views)
        return discs

    return _kept(cache, weights_of(model), make)


def weights_of(model: torch.nn.Module) -> str:
    """A name for a network's weights: SHA-256 of them."""
    digest = hashlib.sha256()
    for name, values in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(values.detach().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _kept(cache: Path, of: str, make: Callable[[], list[DiscViews]]) -> list[DiscViews]:
    """What a file keeps, or what is made and kept from now on if the file is of something else."""
    if cache.is_file():
        stored = pickle.loads(cache.read_bytes())  # noqa: S301 -- written by this very function
        if isinstance(stored, dict) and stored.get("of") == of:
            discs: list[DiscViews] = stored["discs"]
            return discs
    discs = make()
    cache.parent.mkdir(parents=True, exist_ok=True)
    cache.write_bytes(pickle.dumps({"of": of, "discs": discs}))
    return discs


def phantoms(model: ColumnNet, count: int, seed: int = 5) -> list[DiscViews]:
    """Discs of drawn phantoms, whose slips are known; their patients are numbered from -1 down."""
    from data.synth.phantom import render, sample
    from data.synth.phantom_parameters import SLIPPED_MM
    from tools.columns import columns_of

    rng = np.random.default_rng(seed)
    made: list[DiscViews] = []
    for number in range(1, count + 1):
        drawn = sample(rng)
        rendered = render(drawn, size=288)
        images = {name: rendered.images[name] for name in ("t2", "t1")}
        found = columns_of(model, list(images.values()), [rendered.spacing] * 2)
        discs: dict[int, DiscViews] = {}
        for (name, pixels), (framed, column) in zip(images.items(), found, strict=True):
            centres = {
                disc_index(level): framed.to_frame([point])[0]
                for level, point in rendered.disc_centres.items()
            }
            cut = cropping.crops(pixels, framed, column, column.discs, MARGIN)
            for place, index in spider_columns.match(column, centres).items():
                crop, disc = cut[place], column.discs[place]
                if crop is None or disc is None or disc_at(index) not in drawn.discs:
                    continue
                state = drawn.discs[disc_at(index)]
                slipped = int(abs(state.slip_mm) >= SLIPPED_MM)
                binary = tuple(slipped * (kind == "spondylolisthesis") for kind in BINARY)
                target = discs.setdefault(
                    index, DiscViews(-number, index, state.pfirrmann, state.modic, binary, {})
                )
                target.views.setdefault(name, []).append(crop)
                target.steps[name] = slips.measure(column, disc)
        made += discs.values()
    return made


def load_phantoms(model: ColumnNet, count: int, cache: Path) -> list[DiscViews]:
    """Draw the phantoms once and keep their discs in a file of this training run."""
    return _kept(cache, f"{count} phantoms, {weights_of(model)}", lambda: phantoms(model, count))


@dataclass
class Batch:
    """What GradeNet takes, with the targets."""

    crops: Tensor
    there: Tensor
    measures: Tensor
    levels: Tensor
    patients: Tensor
    pfirrmann: Tensor
    modic: Tensor
    binary: Tensor


def collate(
    discs: list[DiscViews],
    rng: np.random.Generator | None,
    *,
    only: str | None = None,
    near: bool = False,
    flips: float = 0.0,
    copy: np.random.Generator | None = None,
) -> Batch:
    """Stack discs of some patients.

    Args:
        discs: the discs.
        rng: draws views, distortions and dropped sequences; None for evaluation.
        only: use this sequence alone, as when the other is missing from the study.
        near: draw from the slices beside the middle one too.
        flips: share of the discs that are turned upside down.
        copy: in evaluation, draws how each disc is distorted.
    """
    n = len(discs)
    rows, columns = cropping.ROWS, cropping.COLUMNS
    stored = (round(rows * MARGIN), round(columns * MARGIN))
    pixels = torch.full((n, 2, *stored), -1.0)
    there = torch.zeros(n, 2, dtype=torch.bool)
    measures = torch.full((n, 2, len(cropping.MEASURES)), torch.nan)
    binary = torch.tensor([d.binary for d in discs], dtype=torch.float32)
    patients = sorted({d.patient for d in discs})
    dropped = {
        p: rng.choice(["", "t1", "t2"], p=[0.7, 0.18, 0.12]) if rng else "" for p in patients
    }
    for i, disc in enumerate(discs):
        for j, sequence in enumerate(SEQUENCES):
            views = disc.views.get(sequence, [])
            other = disc.views.get(SEQUENCES[1 - j], [])
            if not views or (only and sequence != only):
                continue
            if dropped[disc.patient] == sequence and other:
                continue
            if rng and near and sequence == "t2":
                views = [*views, *disc.views.get("near", [])]
            view = views[rng.integers(len(views))] if rng else views[0]
            pixels[i, j] = torch.from_numpy(np.asarray(view.pixels, np.float32))
            measures[i, j] = torch.from_numpy(view.measures)
            there[i, j] = True
    if rng is None and copy is not None:
        crops = distort(pixels, copy, rows, columns)
    elif rng is None:
        top, left = (stored[0] - rows) // 2, (stored[1] - columns) // 2
        crops = pixels[:, :, top : top + rows, left : left + columns]
    else:
        over = torch.from_numpy(rng.random(n) < flips)
        pixels[over] = pixels[over].flip(2)
        measures[over, :, cropping.MEASURES.index("slip_to_depth")] *= -1
        binary[over] = binary[over][:, _UPSIDE_DOWN]
        crops = distort(pixels, rng, rows, columns)
        noise = torch.from_numpy(rng.normal(1, 0.06, measures.shape).astype(np.float32))
        measures = measures * noise
    order = {p: k for k, p in enumerate(patients)}
    return Batch(
        crops,
        there,
        measures,
        torch.tensor([d.index for d in discs]),
        torch.tensor([order[d.patient] for d in discs]),
        torch.tensor([d.pfirrmann for d in discs]),
        torch.tensor([d.modic for d in discs]),
        binary,
    )


def distort(pixels: Tensor, rng: np.random.Generator, rows: int, columns: int) -> Tensor:
    """Move, turn and stretch each crop, and change its grey values; both sequences alike."""
    n = len(pixels)

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return torch.from_numpy(rng.uniform(low, high, shape).astype(np.float32))

    angle, zoom, wide = uniform(-0.15, 0.15, n), uniform(-0.12, 0.12, n), uniform(-0.08, 0.08, n)
    zoom, wide = zoom.exp() / MARGIN, wide.exp()
    ratio = rows / columns
    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0] = angle.cos() * zoom * wide
    theta[:, 0, 1] = -angle.sin() * zoom * ratio
    theta[:, 1, 0] = angle.sin() * zoom / ratio
    theta[:, 1, 1] = angle.cos() * zoom / wide
    theta[:, :, 2] = uniform(-0.07, 0.07, n, 2)
    grid = functional.affine_grid(theta, [n, 2, rows, columns], align_corners=False)
    x = functional.grid_sample(pixels + 1, grid, align_corners=False, padding_mode="border")
    gain, power = uniform(0.85, 1.15, n, 2, 1, 1), uniform(-0.25, 0.25, n, 2, 1, 1).exp()
    x = (x.clamp(0, 2.5) / 2) ** power * 2 * gain
    field = functional.interpolate(
        torch.from_numpy(rng.normal(0, 0.12, (n, 2, 3, 3)).astype(np.float32)),
        size=(rows, columns),
        mode="bicubic",
    )
    x = x * field.exp()
    noise = torch.from_numpy(rng.normal(0, 1, x.shape).astype(np.float32))
    return (x + noise * uniform(0, 0.08, n, 1, 1, 1)).clamp(-0.2, 2.5) - 1
