"""The aligned columns that the diffusion model learns from, with their conditions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from scipy import ndimage
from torch import Tensor
from torch.nn import functional

from data.synth.conditions import BINARY, DiscGrades, SequenceName, Wanted
from data.synth.diffusion.networks import CONDITION, PLACES, SHAPE
from data.synth.diffusion.sample import conditions
from finetune import spider, spider_columns
from radixgpt.level import LUMBAR_DISCS, disc_at
from tools.column_net import ColumnNet
from tools.framing import standardise

Floats = npt.NDArray[np.float32]
MARGIN = 16
"""Pixels around SHAPE that are kept, so that columns can be moved and turned."""
_COLUMN = slice(MARGIN + 30, MARGIN + 90)
"""Columns of an aligned image from the front of the bodies to the spinous processes."""
_FEWEST = 4
"""Discs whose place must be known."""


@dataclass(frozen=True, eq=False)
class Columns:
    """n columns.

    Attributes:
        pixels: (n, rows, columns) half precision in [-1, 1], with the margin around SHAPE.
        conditions: (n, CONDITION).
        patients: (n,); phantoms are numbered from -1 down.
    """

    pixels: npt.NDArray[np.float16]
    conditions: Floats
    patients: npt.NDArray[np.int64]

    @property
    def real(self) -> npt.NDArray[np.intp]:
        """Rows that show patients."""
        return np.flatnonzero(self.patients >= 0)

    @property
    def phantoms(self) -> npt.NDArray[np.intp]:
        """Rows that show phantoms."""
        return np.flatnonzero(self.patients < 0)


def aligned(pixels: npt.ArrayLike, centres: Mapping[str, tuple[float, float]]) -> Floats | None:
    """A slice moved and scaled so that its discs lie at PLACES, or None if too few are known.

    Args:
        pixels: (rows, columns) of a slice, any range.
        centres: (x, y) in its pixels by disc.

    Returns:
        (SHAPE + 2 * MARGIN) in [-1, 1]; -1 beyond the slice.
    """
    there = [k for k, level in enumerate(LUMBAR_DISCS) if level in centres]
    if len(there) < _FEWEST:
        return None
    wanted = np.asarray([PLACES[k] for k in there])
    found = np.asarray([centres[LUMBAR_DISCS[k]] for k in there], float)
    # The similarity without a turn that brings both together, in the least squares.
    around, moved = wanted - wanted.mean(0), found - found.mean(0)
    scale = float((around * moved).sum() / np.square(around).sum())
    if scale <= 0:
        return None
    first = found.mean(0) - scale * (wanted.mean(0) + MARGIN)
    values = standardise(pixels)
    smooth = ndimage.gaussian_filter(values, 0.4 * scale) if scale > 1 else values
    shape = tuple(n + 2 * MARGIN for n in SHAPE)
    cut = ndimage.affine_transform(
        smooth, (scale, scale), first[::-1], output_shape=shape, order=1, cval=-1
    )
    return evened(np.asarray(cut, np.float32))


def evened(cut: Floats) -> Floats:
    """Greys scaled by what lies around the column: fat near the coil can outshine all else."""
    low, high = np.percentile(cut[MARGIN:-MARGIN, _COLUMN], (1, 99))
    if not high > low:
        return np.full(cut.shape, -1, np.float32)
    return np.asarray(np.clip((cut - low) / (high - low), 0, 1) * 2 - 1, np.float32)


def gradings(shared: Path) -> dict[int, dict[str, DiscGrades]]:
    """The gradings of the patients of whom all five lumbar discs are graded."""
    found: dict[int, dict[str, DiscGrades]] = {}
    for row in spider.gradings(shared):
        if row.disc in LUMBAR_DISCS:
            present = frozenset(k for k in BINARY if row.binary[k.removeprefix("disc_")])
            found.setdefault(row.patient, {})[row.disc] = DiscGrades(
                row.pfirrmann, row.modic, present
            )
    return {patient: discs for patient, discs in found.items() if len(discs) == len(LUMBAR_DISCS)}


_Column = tuple[Floats, Wanted, int]


def of_patients(
    shared: Path, model: ColumnNet, patients: Iterable[int], say: Callable[[int, int], None]
) -> Iterator[_Column]:
    """The middle slices of patients in every sequence, and the T2 SPACE slices beside."""
    wanted, graded = set(patients), gradings(shared)
    named = [
        (name, points)
        for name, points in spider.points().items()
        if (patient := int(name.split("_")[0])) in wanted
        and patient in graded
        and patient not in spider.UPSIDE_DOWN
    ]
    for done, (name, points) in enumerate(named, start=1):
        patient = int(name.split("_")[0])
        for seen in spider_columns.of_patient(shared, model, name, points):
            placed = seen.framed.to_slice(np.asarray(list(seen.centres.values())))
            centres = {
                disc_at(index): (float(x), float(y))
                for index, (x, y) in zip(seen.centres, placed, strict=True)
            }
            sequence: SequenceName = "t1" if seen.sequence == "t1" else "t2"
            slices = [seen.pixels]
            if seen.sequence == "t2_SPACE":
                slices += list(spider.beside(shared, patient, seen.pixels))
            for pixels in slices:
                if (cut := aligned(pixels, centres)) is not None:
                    yield cut, Wanted(sequence, graded[patient]), patient
        say(done, len(named))


def of_phantoms(count: int, seed: int, say: Callable[[int, int], None]) -> Iterator[_Column]:
    """Drawn phantoms in both sequences, with their exact grades."""
    from data.synth.phantom import render, sample
    from radixgpt.finding import PRESENT

    rng = np.random.default_rng(seed)
    for number in range(1, count + 1):
        made = render(sample(rng), size=256)
        discs = {}
        for level in LUMBAR_DISCS:
            truth = made.truth[level]
            present = frozenset(kind for kind in BINARY if truth[kind] == PRESENT)
            discs[level] = DiscGrades(int(truth["pfirrmann"]), int(truth["modic"]), present)
        names: tuple[SequenceName, ...] = ("t1", "t2")
        for name in names:
            if (cut := aligned(made.images[name], made.disc_centres)) is not None:
                yield cut, Wanted(name, discs), -number
        say(number, count)


def together(found: Iterable[_Column]) -> Columns:
    """Columns as arrays."""
    pixels, told, patients = [], [], []
    for cut, wanted, patient in found:
        pixels.append(cut.astype(np.float16))
        told.append(conditions(wanted, phantom=patient < 0).numpy())
        patients.append(patient)
    return Columns(np.stack(pixels), np.stack(told), np.asarray(patients, np.int64))


def kept(path: Path, make: Callable[[], Columns]) -> Columns:
    """Columns that are cut once and kept in a file of this training run."""
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        columns = make()
        with path.with_suffix(".new").open("wb") as file:
            np.savez(file, **vars(columns))
        path.with_suffix(".new").replace(path)
    with np.load(path) as held:
        return Columns(held["pixels"], held["conditions"], held["patients"])


def middle(pixels: npt.NDArray[np.float16]) -> Tensor:
    """Columns (n, rows, columns) without their margin, as images (n, 1, *SHAPE)."""
    inside = pixels[:, MARGIN:-MARGIN, MARGIN:-MARGIN]
    return torch.from_numpy(inside.astype(np.float32))[:, None]


def batch(
    columns: Columns, rows: npt.NDArray[np.intp], rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Images and conditions of some columns, each moved, turned, scaled and with other greys."""
    n = len(rows)
    pixels = torch.from_numpy(columns.pixels[rows].astype(np.float32))[:, None]
    whole = tuple(m + 2 * MARGIN for m in SHAPE)

    def drawn(spread: float) -> Tensor:
        return torch.from_numpy(rng.uniform(-spread, spread, n).astype(np.float32))

    angle, zoom = drawn(0.06), drawn(0.05).exp()
    inside = SHAPE[1] / whole[1], SHAPE[0] / whole[0]
    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0] = angle.cos() * zoom * inside[0]
    theta[:, 0, 1] = -angle.sin() * zoom * inside[1]
    theta[:, 1, 0] = angle.sin() * zoom * inside[0]
    theta[:, 1, 1] = angle.cos() * zoom * inside[1]
    theta[:, :, 2] = torch.stack([drawn(0.04), drawn(0.04)], 1)
    grid = functional.affine_grid(theta, [n, 1, *SHAPE], align_corners=False)
    x = functional.grid_sample(pixels + 1, grid, align_corners=False) / 2
    power, gain = drawn(0.12).exp(), drawn(0.06).exp()
    x = x.clamp(0, 1) ** power[:, None, None, None] * gain[:, None, None, None]
    told = torch.from_numpy(columns.conditions[rows])
    assert told.shape == (n, CONDITION)
    return (x * 2 - 1).clamp(-1, 1), told
