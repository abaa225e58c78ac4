"""Cases with pictures in which what is graded can be seen, and systems that look or don't."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image as Picture

from radixgpt.case import Case, Image, StatedFinding
from radixgpt.level import LUMBAR_DISCS

BINARY = (
    *("disc_narrowing", "disc_bulging", "disc_herniation", "spondylolisthesis"),
    *("endplate_upper", "endplate_lower"),
)
HEIGHT = 12
"""Rows of a picture that show one disc; the grey is 40 times its Pfirrmann grade."""


def grade(number: int, place: int) -> int:
    return 1 + (number * 3 + place * place) % 5


def case(number: int, split: str) -> Case:
    findings: list[StatedFinding] = []
    for place, level in enumerate(LUMBAR_DISCS):
        worn = grade(number, place)
        findings.append(StatedFinding(level=level, kind="pfirrmann", value=worn))
        modic = int(worn == 5)
        findings.append(
            StatedFinding(
                level=level, kind="modic", value=modic, assertion="present" if modic else "absent"
            )
        )
        findings += [
            StatedFinding(level=level, kind=kind, assertion="present" if worn > 3 else "absent")
            for kind in BINARY
        ]
    return Case.model_validate(
        {
            "id": f"spider/{number}",
            "source": "spider",
            "licence": "none",
            "patient": f"spider/{number}",
            "images": [
                Image(path=f"{number}.png", sha256="0", modality="MR", region="lumbar"),
            ],
            "findings": findings,
            "split": split,
        }
    )


def workspace(folder: Path, items: int = 8, index: int = 12) -> list[Case]:
    """Cases, and their pictures in the folder."""
    cases = [case(number, "development") for number in range(items)]
    cases += [case(number, "train") for number in range(items, items + index)]
    for number, _ in enumerate(cases):
        rows = np.repeat([40 * grade(number, place) for place in range(5)], HEIGHT)
        pixels = np.repeat(rows[:, None], 20, axis=1).astype(np.uint8)
        Picture.fromarray(pixels, mode="L").save(folder / f"{number}.png")
    return cases


def look(images: tuple[Path, ...]) -> list[StatedFinding] | None:
    """What the picture shows; None where it shows nothing."""
    pixels = np.asarray(Picture.open(images[0])).astype(float)
    if pixels.std() < 1 or pixels[:HEIGHT].std() > 5:
        return None
    found: list[StatedFinding] = []
    for place, level in enumerate(LUMBAR_DISCS):
        worn = round(pixels[place * HEIGHT : (place + 1) * HEIGHT].mean() / 40)
        found.append(StatedFinding(level=level, kind="pfirrmann", value=worn))
        found.append(StatedFinding(level=level, kind="modic", value=int(worn == 5)))
        found += [
            StatedFinding(level=level, kind=kind, assertion="present" if worn > 3 else "absent")
            for kind in BINARY
        ]
    return found
