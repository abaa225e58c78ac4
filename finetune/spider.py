"""The SPIDER images and gradings as training material.

van der Graaf et al., Sci Data 2024, CC BY 4.0. Disc 1 of the gradings is L5-S1, disc 2 L4-L5, and
so on upwards. The points in ``finetune/points`` were set by eye for this project.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from data.splits.spider import BINARY, labels_of
from data.splits.spider import split as fixed_split
from radixgpt.errors import InputError
from radixgpt.level import disc_at

POINTS = Path(__file__).parent / "points" / "spider_discs.csv"
UPSIDE_DOWN = frozenset({57})
"""Patients whose slices are stored with the sacrum on top; left out of training."""


@dataclass(frozen=True)
class Grading:
    """One row of the gradings: a disc as the data's radiologist graded it."""

    patient: int
    disc: str
    pfirrmann: int
    modic: int
    binary: dict[str, int]


def folder(shared: Path) -> Path:
    """The staged SPIDER folder.

    Raises:
        InputError: it is not there.
    """
    spider = shared / "spider"
    if not (spider / "gradings.csv").is_file():
        raise InputError(
            "The SPIDER slices are not staged.", "Set RADIXGPT_SHARED_DATA to the data's folder."
        )
    return spider


@cache
def gradings(shared: Path) -> tuple[Grading, ...]:
    """All gradings of discs that have a name (a disc 0, below L5-S1, is left out)."""
    rows = []
    with (folder(shared) / "gradings.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            if int(row["disc"]) < 1:
                continue
            rows.append(
                Grading(
                    int(row["patient"]),
                    disc_at(int(row["disc"]) - 1),
                    int(row["pfirrmann"]),
                    int(row["modic"]),
                    {name: int(row[name]) for name in BINARY},
                )
            )
    return tuple(rows)


@cache
def split(shared: Path) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Training and development patients: 142 and 37, stratified on every grade."""
    return fixed_split(
        (row.patient, labels_of(pfirrmann=row.pfirrmann, modic=row.modic, binary=row.binary))
        for row in gradings(shared)
    )


@cache
def points() -> dict[str, dict[str, tuple[float, float]]]:
    """Disc centres set by eye: image name to level to (x, y) in that image's pixels."""
    found: dict[str, dict[str, tuple[float, float]]] = defaultdict(dict)
    with POINTS.open(newline="") as file:
        for row in csv.DictReader(file):
            found[row["image"]][row["level"]] = (float(row["x"]), float(row["y"]))
    return dict(found)


@cache
def unsure() -> frozenset[int]:
    """Patients whose numbering admits two readings."""
    with POINTS.open(newline="") as file:
        return frozenset(
            int(row["image"].split("_")[0]) for row in csv.DictReader(file) if row["sure"] == "0"
        )


def image(shared: Path, name: str) -> npt.NDArray[np.uint8] | None:
    """One mid-sagittal slice such as ``12_t2``, or None if the patient lacks it."""
    from PIL import Image

    path = folder(shared) / "images" / f"{name}.png"
    if not path.is_file():
        return None
    with Image.open(path) as picture:
        return np.asarray(picture.convert("L"))


def beside(
    shared: Path, patient: int, middle: npt.NDArray[np.uint8], alike: float = 0.8
) -> Iterable[npt.NDArray[np.uint8]]:
    """The patient's T2 SPACE slices that lie near the middle one, in its size, but not itself.

    Args:
        shared: the staged data.
        patient: its number.
        middle: its middle T2 SPACE slice.
        alike: least correlation with it; slices further out show another anatomy.
    """
    from PIL import Image

    size = middle.shape[::-1]
    for path in sorted((shared / "spider_masks" / "images").glob(f"{patient}_*.png")):
        with Image.open(path) as picture:
            pixels = np.asarray(picture.convert("L").resize((size[0], size[1])))
        if alike <= np.corrcoef(pixels.ravel(), middle.ravel())[0, 1] < 0.999:
            yield pixels


def masked_slices(
    shared: Path, patients: Iterable[int]
) -> Iterable[tuple[int, npt.NDArray[np.uint8], npt.NDArray[np.uint8]]]:
    """T2 SPACE slices with their masks: (patient, image, mask) for the patients asked for."""
    from PIL import Image

    wanted = set(patients)
    for path in sorted((shared / "spider_masks" / "masks").glob("*.png")):
        patient = int(path.name.split("_")[0])
        if patient in wanted:
            with (
                Image.open(path) as mask,
                Image.open(path.parents[1] / "images" / path.name) as picture,
            ):
                yield patient, np.asarray(picture.convert("L")), np.asarray(mask)
