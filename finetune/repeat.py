"""How far grades and measures of one patient move when nothing has changed.

    python -m finetune.repeat

looks at each patient several times as if at several visits: turned, enlarged, shifted, noisier,
brighter, and with the 3-D T2 series (SPACE) of the same day in place of the plain one. What differs
then is the software's own error, and a change between two studies may only be called beyond it.
The figures go to ``etl/repeatability.yaml``, which :mod:`etl.prior` reads, and to
``docs/repeatability.md``. Only development patients count, whom the weights have not seen.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, TypeAdapter

from finetune import spider
from finetune.reliance import Slice, look, slices_of
from radixgpt.finding import GRADED
from radixgpt.observation import Observation

COMPARED = ("disc_height_index", "canal_ratio", "slip_ratio")
"""Measured kinds that are compared between two studies."""
SPACE = "T2 SPACE for T2"
SEEN = Path("runs/repeat/seen.json")


def _turned(degrees: float) -> Callable[[Slice, np.random.Generator], Slice]:
    def change(pixels: Slice, _rng: np.random.Generator) -> Slice:
        from scipy import ndimage

        turned = ndimage.rotate(pixels, degrees, reshape=False, order=1, mode="nearest")
        return np.asarray(turned, np.float32)

    return change


def _enlarged(by: float) -> Callable[[Slice, np.random.Generator], Slice]:
    def change(pixels: Slice, _rng: np.random.Generator) -> Slice:
        from skimage.transform import rescale

        return np.asarray(rescale(pixels, by, order=1, anti_aliasing=by < 1), np.float32)

    return change


def _shifted(pixels: Slice, _rng: np.random.Generator) -> Slice:
    down, right = (round(0.04 * side) for side in pixels.shape)
    return np.pad(pixels, ((down, 0), (right, 0)), mode="edge")[: -down or None, : -right or None]


def _noisy(pixels: Slice, rng: np.random.Generator) -> Slice:
    noise = rng.normal(0, 0.03, pixels.shape).astype(np.float32)
    return np.clip(pixels + noise, 0, 1).astype(np.float32)


AGAIN: dict[str, Callable[[Slice, np.random.Generator], Slice]] = {
    "turned by 4 degrees": _turned(4.0),
    "enlarged to 1.15": _enlarged(1.15),
    "made smaller to 0.87": _enlarged(0.87),
    "shifted by 4 %": _shifted,
    "noise added, sigma 0.03": _noisy,
    "gamma 0.8": lambda pixels, _rng: (pixels**0.8).astype(np.float32),
    "gamma 1.25": lambda pixels, _rng: (pixels**1.25).astype(np.float32),
}
"""What may differ between two visits though the patient has not changed; shares of the range."""


class Seen(BaseModel):
    """What was seen of one patient under one condition; empty where the study was refused."""

    model_config = ConfigDict(frozen=True)

    patient: int
    condition: str
    observations: tuple[Observation, ...]


def collect(shared: Path, patients: tuple[int, ...], say: Callable[[str], None]) -> list[Seen]:
    """Every patient as it is, and under each condition that there are images for."""
    found = []

    def add(patient: int, condition: str, slices: Mapping[str, Slice]) -> None:
        _, seen = look(slices)
        kept = [o for o in seen if o.kind in (*GRADED, *COMPARED)]
        bare = [o.model_copy(update={"evidence": ()}) for o in kept]
        found.append(Seen(patient=patient, condition=condition, observations=tuple(bare)))

    for patient in patients:
        slices = slices_of(shared, patient)
        if "t2" not in slices:
            continue
        add(patient, "", slices)
        for number, (name, change) in enumerate(AGAIN.items()):
            rng = np.random.default_rng((number, patient))
            add(patient, name, {s: change(x, rng) for s, x in slices.items()})
        space = spider.image(shared, f"{patient}_t2_SPACE")
        if space is not None and spider.image(shared, f"{patient}_t2") is not None:
            other = np.asarray(space, np.float32) / np.float32(255)
            add(patient, SPACE, {**slices, "t2": other})
        say(str(patient))
    return found


def main() -> None:
    """Look again, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    parser.add_argument("--keep", action="store_true", help=f"take what {SEEN} holds")
    options = parser.parse_args()
    torch.set_num_threads(1)
    many = TypeAdapter(list[Seen])
    if not options.keep:
        _, development = spider.split(options.shared)
        seen = collect(options.shared, development, print)
        SEEN.parent.mkdir(parents=True, exist_ok=True)
        SEEN.write_bytes(many.dump_json(seen))


if __name__ == "__main__":
    main()
