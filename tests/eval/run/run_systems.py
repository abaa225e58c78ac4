"""Cases and systems for tests; worker processes import them by name."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image as Picture

from eval.run.system import Answer, Answerer, Asked
from radixgpt.case import Case, Image, StatedFinding
from radixgpt.errors import UnreadableError

LEVELS = ("L3-L4", "L4-L5", "L5-S1")


def case(number: int, *, patient: int | None = None, split: str = "development") -> Case:
    """A graded case; the disc that bulges depends on its number."""
    findings = [
        StatedFinding(
            level=level,
            kind="disc_bulging",
            assertion="present" if place == number % 3 else "absent",
        )
        for place, level in enumerate(LEVELS)
    ]
    return Case.model_validate(
        {
            "id": f"made/{number}",
            "source": "made",
            "licence": "none",
            "patient": f"made/{number if patient is None else patient}",
            "images": [
                Image(path=f"images/{number}.png", sha256="0", modality="MR", region="lumbar")
            ],
            "findings": findings,
            "split": split,
        }
    )


def pixels_of(asked: Asked) -> list[np.ndarray]:
    return [np.asarray(Picture.open(path)) for path in sorted(asked.folder.iterdir())]


@dataclass(frozen=True)
class Describes:
    """Says what it sees: names and pixels of its folder, its seed, and what it has seen before."""

    def __call__(self) -> Answerer:
        seen: list[float] = []

        def answer(asked: Asked) -> Answer:
            names = sorted(path.name for path in asked.folder.iterdir())
            seen.append(float(pixels_of(asked)[0][1:].mean()))
            return Answer(f"{names} {asked.exam} {asked.seed} {seen}")

        return answer


@dataclass(frozen=True)
class Fails:
    """Fails for dark pictures, in one way or another, and counts its calls in a file."""

    calls: Path

    def __call__(self) -> Answerer:
        def answer(asked: Asked) -> Answer:
            grey = int(pixels_of(asked)[0][1, 0])
            with self.calls.open("a") as file:
                file.write(f"{grey}\n")
            if grey == 10:
                raise UnreadableError("The picture is too dark.", "Take another.")
            if grey == 20:
                raise KeyError(f"a secret path {asked.folder}")
            return Answer("L4-L5: disc bulge.")

        return answer


@dataclass(frozen=True)
class Dies:
    """Kills its own process at the third case, as a power cut does, while a file is there."""

    alive: Path

    def __call__(self) -> Answerer:
        def answer(asked: Asked) -> Answer:
            grey = int(pixels_of(asked)[0][1, 0])
            if grey == 20 and self.alive.exists():
                os._exit(9)
            return Answer(f"grey {grey}")

        return answer
