"""What the column network learns from: masked slices, slices with points, and the phantom."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from scipy import ndimage
from torch import Tensor
from torch.nn import functional

from finetune import spider, spider_columns
from radixgpt.level import disc_index
from tools.column_net import DISC, SIZE, VERTEBRA, ColumnNet
from tools.framing import frame

STORED = 288
"""Side of the stored frames: larger than the network's, so that zooming in loses nothing."""
UNKNOWN = 255
"""Mask value of pixels without a label."""
_SMALLEST_DISC = 14  # pixels of a stored frame; smaller islands are specks of a mask's edge


@dataclass
class Sample:
    """One framed slice.

    Attributes:
        pixels: float16 (STORED, STORED) in [-1, 1].
        mask: uint8 classes, UNKNOWN where there is no label.
        centres: (n, 2) disc centres as (x, y) in the stored frame; row 0 is L5-S1.
        kind: ``masked``, ``points``, ``pseudo`` or ``phantom``.
    """

    pixels: npt.NDArray[np.float16]
    mask: npt.NDArray[np.uint8]
    centres: npt.NDArray[np.float32]
    kind: str
    patient: int = 0


def _framed_mask(mask: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Frame a mask like its image, class by class, so that thin discs survive."""
    shares = [_letterbox((mask == value).astype(np.float32)) for value in range(1, 4)]
    background = 1 - np.sum(shares, axis=0)
    best: npt.NDArray[np.uint8] = np.argmax([background, *shares], axis=0).astype(np.uint8)
    return best


def _letterbox(share: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    from tools.framing import resize

    rows, columns = share.shape
    unit = STORED / max(rows, columns)
    new_rows, new_columns = round(rows * unit), round(columns * unit)
    top, left = (STORED - new_rows) // 2, (STORED - new_columns) // 2
    out = np.zeros((STORED, STORED), np.float32)
    out[top : top + new_rows, left : left + new_columns] = resize(share, new_rows, new_columns)
    return out


def mask_centres(mask: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Centres of the discs of a mask, lowest first; the masks end at L5-S1."""
    islands, count = ndimage.label(mask == DISC)
    sizes = np.bincount(islands.ravel(), minlength=count + 1)
    keep = [i for i in range(1, count + 1) if sizes[i] >= _SMALLEST_DISC]
    centres = [ndimage.center_of_mass(islands == i) for i in keep]
    centres.sort(key=lambda rc: -rc[0])
    return np.array([(c, r) for r, c in centres], np.float32).reshape(-1, 2)


def masked(shared: Path, patients: tuple[int, ...]) -> Iterator[Sample]:
    """T2 SPACE slices with the data's own masks."""
    for patient, pixels, mask in spider.masked_slices(shared, patients):
        if patient in spider.UPSIDE_DOWN:
            continue
        small = _framed_mask(mask)
        if (small == VERTEBRA).any():
            framed = frame(pixels, STORED).pixels.astype(np.float16)
            yield Sample(framed, small, mask_centres(small), "masked", patient)


def pointed(shared: Path, patients: tuple[int, ...]) -> Iterator[Sample]:
    """Mid-sagittal slices with disc centres set by eye and no mask."""
    wanted = set(patients) - spider.UPSIDE_DOWN - spider.unsure()
    for name, levels in spider.points().items():
        patient = int(name.split("_")[0])
        pixels = spider.image(shared, name)
        if patient in wanted and pixels is not None:
            yield point_sample(pixels, levels, patient)


def point_sample(
    pixels: npt.NDArray[np.uint8], levels: dict[str, tuple[float, float]], patient: int
) -> Sample:
    """A sample from a slice and its disc centres in slice pixels."""
    framed = frame(pixels, STORED)
    ordered = [levels[level] for level in sorted(levels, key=disc_index)]
    return Sample(
        framed.pixels.astype(np.float16),
        np.full((STORED, STORED), UNKNOWN, np.uint8),
        framed.to_frame(ordered).astype(np.float32),
        "points",
        patient,
    )


def pseudo(shared: Path, patients: tuple[int, ...], model: ColumnNet) -> Iterator[Sample]:
    """T1 and T2 slices labelled by an earlier model, where it agrees with the centres set by eye.

    Discs without a centre become background; unsure pixels, and the surroundings of a centre
    without a disc, stay unknown.
    """
    wanted = set(patients) - spider.UPSIDE_DOWN - spider.unsure()
    for name, levels in spider.points().items():
        patient = int(name.split("_")[0])
        if patient not in wanted:
            continue
        for seen in spider_columns.of_patient(shared, model, name, levels):
            if 0 not in seen.centres or len(seen.indices) < 4:
                continue
            framed = frame(seen.pixels, STORED)
            zoom = STORED / SIZE
            centres = {i: c * zoom + (zoom - 1) / 2 for i, c in seen.centres.items()}
            stack = torch.from_numpy(frame(seen.pixels, SIZE).pixels)[None, None]
            chances = functional.interpolate(
                model.predict(stack)[0], size=(STORED, STORED), mode="bilinear"
            )[0].numpy()
            mask = chances.argmax(0).astype(np.uint8)
            mask[chances.max(0) < 0.65] = UNKNOWN
            islands, count = ndimage.label(chances[DISC] > 0.4)
            kept = set()
            ys, xs = np.mgrid[0:STORED, 0:STORED]
            for x, y in centres.values():
                near = islands[
                    max(0, round(y) - 4) : round(y) + 5, max(0, round(x) - 7) : round(x) + 8
                ]
                here = set(np.unique(near[near > 0]).tolist())
                kept |= here
                if not here:
                    mask[np.hypot(xs - x, ys - y) < 0.12 * STORED] = UNKNOWN
            for island in set(range(1, count + 1)) - kept:
                mask[islands == island] = 0
            ordered = [centres[i] for i in sorted(centres) if i >= 0]
            yield Sample(
                framed.pixels.astype(np.float16),
                mask,
                np.asarray(ordered, np.float32),
                "pseudo",
                patient,
            )


def phantoms(count: int, seed: int) -> Iterator[Sample]:
    """Phantom slices with exact masks."""
    from data.synth.phantom import render, sample

    rng = np.random.default_rng(seed)
    for _ in range(count):
        rendered = render(sample(rng), size=STORED)
        mask = np.asarray(rendered.labels, np.uint8)
        levels = rendered.disc_centres
        ordered = [levels[k] for k in sorted(levels, key=disc_index) if disc_index(k) >= 0]
        for pixels in rendered.images.values():
            yield Sample(
                frame(pixels, STORED).pixels.astype(np.float16),
                mask,
                np.asarray(ordered, np.float32),
                "phantom",
            )


def batch(
    samples: list[Sample], generator: torch.Generator, *, augment: bool = True
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Stack samples, move and distort them.

    Returns:
        Images (n, 1, SIZE, SIZE); masks (n, SIZE, SIZE) int64 with UNKNOWN; heatmap targets
        (n, 2, SIZE/4, SIZE/4); heatmap weights of the same shape.
    """

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return torch.rand(shape, generator=generator) * (high - low) + low

    n = len(samples)
    pixels = torch.from_numpy(np.stack([s.pixels for s in samples]).astype(np.float32))[:, None]
    masks = torch.from_numpy(np.stack([s.mask for s in samples]))[:, None]
    theta = torch.eye(2, 3).repeat(n, 1, 1)
    if augment:
        pixels = _recolour(pixels, masks, samples, generator)
        angle, zoom = uniform(-0.3, 0.3, n), uniform(-0.35, 0.3, n).exp()
        wide, tilt = uniform(-0.2, 0.2, n).exp(), uniform(-0.08, 0.08, n)
        theta[:, 0, 0] = angle.cos() * zoom * wide
        theta[:, 0, 1] = -angle.sin() * zoom + tilt
        theta[:, 1, 0] = angle.sin() * zoom
        theta[:, 1, 1] = angle.cos() * zoom / wide
        theta[:, :, 2] = uniform(-0.18, 0.18, n, 2)
    grid = functional.affine_grid(theta, [n, 1, SIZE, SIZE], align_corners=False)
    pixels = functional.grid_sample(pixels + 1, grid, align_corners=False) - 1
    moved = functional.grid_sample(
        masks.float() + 1, grid, mode="nearest", align_corners=False
    ).long()[:, 0]
    # Outside the stored frame there is background where the sample has a mask, else nothing known.
    known = torch.tensor([s.kind != "points" for s in samples])[:, None, None]
    moved = torch.where(moved == 0, torch.where(known, 1, UNKNOWN + 1), moved) - 1
    if augment:
        pixels = _distort(pixels, generator)
    heat, weight = _heatmaps(samples, theta)
    return pixels, moved, heat, weight


def _heatmaps(samples: list[Sample], theta: Tensor) -> tuple[Tensor, Tensor]:
    """Gaussians at the disc centres after the affine map, sigma 1.5 heatmap pixels."""
    side = SIZE // 4
    ys, xs = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    heat = torch.zeros(len(samples), 2, side, side)
    for i, sample in enumerate(samples):
        unit = torch.from_numpy((sample.centres + 0.5) / STORED * 2 - 1)
        placed = torch.linalg.solve(theta[i, :, :2], (unit - theta[i, :, 2]).T).T
        for j, (x, y) in enumerate(((placed + 1) / 2 * side - 0.5).tolist()):
            bump = torch.exp(-((xs - x) ** 2 + (ys - y) ** 2) / (2 * 1.5**2))
            heat[i, 0] = torch.maximum(heat[i, 0], bump)
            if j == 0:
                heat[i, 1] = bump
    return heat, 1 + 20 * heat


def _recolour(
    pixels: Tensor, masks: Tensor, samples: list[Sample], generator: torch.Generator
) -> Tensor:
    """In half of the labelled samples move each class's mean to a random grey.

    Texture is kept, so the network learns shapes that hold in every contrast.
    """
    out = pixels.clone()
    for i, sample in enumerate(samples):
        if sample.kind == "points" or torch.rand((), generator=generator) < 0.45:
            continue
        draw = torch.rand(10, generator=generator)
        out[i] = (pixels[i] + 1) * (0.4 + 0.8 * draw[0]) * 1.0 - 1
        if draw[1] < 0.25:
            out[i] = -out[i]
        for value in range(1, 4):
            where = masks[i] == value
            if where.any():
                texture = pixels[i][where]
                mean = draw[value + 1] * 1.8 - 0.9
                out[i][where] = mean + (texture - texture.mean()) * (0.3 + 0.9 * draw[value + 5])
    return out


def _distort(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """Gamma, contrast, bias field, inversion, blur and noise."""
    n = len(pixels)
    rand = torch.rand(6, n, 1, 1, 1, generator=generator)
    x = ((pixels + 1) / 2).clamp(0, 1)
    x = x ** torch.exp((rand[0] - 0.5) * 1.2)
    field = functional.interpolate(
        torch.randn(n, 1, 4, 4, generator=generator), size=x.shape[-2:], mode="bicubic"
    )
    x = x * torch.exp(field * 0.35 * rand[1])
    x = torch.where(rand[2] < 0.12, 1 - x, x)
    x = x * (0.7 + 0.6 * rand[3])
    blurred = functional.avg_pool2d(x, 3, 1, 1)
    x = torch.where(rand[4] < 0.25, blurred, x)
    x = x + torch.randn(x.shape, generator=generator) * 0.06 * rand[5]
    return x.clamp(0, 1) * 2 - 1
