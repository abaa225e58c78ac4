"""Other ways to number the discs, held against the one that ships.

Counts the studies in which the five lumbar discs are found and rightly numbered, on training
patients (who taught the column network) and on development patients, by the centres set by eye::

    python -m finetune.numbering
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from scipy import ndimage

from finetune import spider
from radixgpt.level import LUMBAR_DISCS, disc_index
from tools import levels
from tools.column import Column, column
from tools.column_net import SIZE
from tools.columns import reconcile
from tools.framing import Frame, frame

Maps = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]
"""Class chances (4, SIZE, SIZE) and heatmaps (2, SIZE / 4, SIZE / 4)."""
Seen = dict[str, tuple[Frame, Maps]]
"""Sequence to its frame and maps; ``t2`` stands for T2 SPACE where there is no other."""


def _scaled(pixels: npt.NDArray[np.float32], zoom: float) -> npt.NDArray[np.float32]:
    """A square map about its middle, nearer (above 1) or farther; its size stays."""
    middle = (pixels.shape[-1] - 1) / 2
    place = (np.arange(pixels.shape[-1]) - middle) / zoom + middle
    rows, columns = np.meshgrid(place, place, indexing="ij")
    found = ndimage.map_coordinates(pixels, [rows, columns], order=1, mode="nearest")
    return np.asarray(found, np.float32)


def maps_of(pixels: npt.NDArray[np.float32], zooms: Sequence[float] = (1.0,)) -> Maps:
    """Mean maps over the zooms, each laid back onto the frame."""
    shown = [pixels if z == 1 else _scaled(pixels, z) for z in zooms]
    chances, heat = levels.model().predict(torch.from_numpy(np.stack(shown))[:, None])

    def back(stack: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        laid = [
            one if z == 1 else np.stack([_scaled(m, 1 / z) for m in one])
            for z, one in zip(zooms, stack, strict=True)
        ]
        return np.asarray(np.mean(laid, axis=0), np.float32)

    return back(chances.numpy()), back(heat.numpy())


def _brightened(pixels: npt.NDArray[np.float32]) -> Maps:
    """Mean maps over three gammas."""
    parts = [
        maps_of((((pixels + 1) / 2) ** power * 2 - 1).astype(np.float32))
        for power in (0.75, 1.0, 1.33)
    ]
    return (
        np.mean([p[0] for p in parts], axis=0),
        np.mean([p[1] for p in parts], axis=0),
    )


def _each(seen: Seen) -> dict[str, Column]:
    return {name: column(*maps) for name, (_, maps) in seen.items()}


def _surest(seen: Seen) -> dict[str, Column]:
    found = _each(seen)
    reconcile(list(found.values()))
    return found


def _decided_by(wanted: str) -> Callable[[Seen], dict[str, Column]]:
    """One sequence decides, however sure the other is."""

    def number(seen: Seen) -> dict[str, Column]:
        found = _each(seen)
        if wanted in found:
            found[wanted].anchor_chance = 2.0
        reconcile(list(found.values()))
        return found

    return number


def _together(seen: Seen) -> dict[str, Column]:
    """The sequences' heatmaps of L5-S1 averaged where their frames are alike."""
    frames = [framed for framed, _ in seen.values()]
    alike = all(np.allclose(f.scale, frames[0].scale, rtol=0.05) for f in frames)
    if len(frames) < 2 or not alike:
        return _surest(seen)
    last = np.mean([heat[1] for _, (_, heat) in seen.values()], axis=0)
    shared = {
        name: (framed, (chances, np.stack([heat[0], last])))
        for name, (framed, (chances, heat)) in seen.items()
    }
    return _surest(shared)


Plain = Callable[[npt.NDArray[np.float32]], Maps]
WAYS: dict[str, tuple[Plain, Callable[[Seen], dict[str, Column]]]] = {
    "the surer of T1 and T2 decides (ships)": (maps_of, _surest),
    "T2 decides": (maps_of, _decided_by("t2")),
    "T1 decides": (maps_of, _decided_by("t1")),
    "heatmaps of T1 and T2 averaged": (maps_of, _together),
    "mean over three zooms": (lambda x: maps_of(x, (0.92, 1.0, 1.08)), _surest),
    "mean over five zooms": (lambda x: maps_of(x, (0.85, 0.92, 1.0, 1.08, 1.15)), _surest),
    "mean over three gammas": (_brightened, _surest),
    "mean over three zooms, heatmaps averaged": (
        lambda x: maps_of(x, (0.92, 1.0, 1.08)),
        _together,
    ),
}


def right(found: dict[str, Column], seen: Seen, centres: dict[str, tuple[float, float]]) -> bool:
    """Whether every lumbar disc with a centre lies within its own length of it, in the T2."""
    name = "t2" if "t2" in found else "t1"
    framed, own = seen[name][0], found[name]
    for level in LUMBAR_DISCS:
        if level not in centres:
            continue
        place = disc_index(level)
        disc = own.discs[place] if place < len(own.discs) else None
        centre = framed.to_frame([centres[level]])[0]
        if disc is None or np.hypot(*(disc.centre - centre)) > 0.45 * disc.length:
            return False
    return True


def count(shared: Path, patients: Sequence[int], say: Callable[[], None]) -> dict[str, list[int]]:
    """Way to the patients that it numbers rightly; of those with centres set in their T2."""
    points = spider.points()
    found: dict[str, list[int]] = {name: [] for name in WAYS}
    for patient in patients:
        say()
        t2 = next((n for n in (f"{patient}_t2", f"{patient}_t2_SPACE") if n in points), None)
        if t2 is None:
            continue
        frames = {}
        for name, image in (("t2", t2), ("t1", f"{patient}_t1")):
            pixels = spider.image(shared, image)
            if pixels is not None:
                frames[name] = frame(pixels, SIZE, None)
        done: dict[Plain, Seen] = {}
        for name, (look, number) in WAYS.items():
            if look not in done:
                done[look] = {s: (f, look(f.pixels)) for s, f in frames.items()}
            if right(number(done[look]), done[look], points[t2]):
                found[name].append(patient)
    return found


def main() -> None:
    """Count and print."""
    from rich.console import Console
    from rich.progress import Progress

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(2)
    train, development = spider.split(options.shared)
    kept = [p for p in train if p not in spider.UPSIDE_DOWN and p not in spider.unsure()]
    rows: dict[str, dict[str, int]] = {}
    with Progress(console=Console(stderr=True)) as progress:
        for part, patients in (("training", kept), ("development", list(development))):
            task = progress.add_task(f"Numbering {part} patients", total=len(patients))
            found = count(options.shared, patients, lambda t=task: progress.advance(t))  # type: ignore[misc]
            with_centres = len({p for own in found.values() for p in own})
            for name, own in found.items():
                rows.setdefault(name, {})[part] = len(own)
            rows.setdefault("right in any way", {})[part] = with_centres
            rows.setdefault("patients, also those without centres in a T2", {})[part] = len(
                patients
            )
    if options.json:
        print(json.dumps(rows, indent=1))
        return
    print("| numbering | training | development |\n| --- | --- | --- |")
    for name, row in rows.items():
        print(f"| {name} | {row['training']} | {row['development']} |")


if __name__ == "__main__":
    main()
