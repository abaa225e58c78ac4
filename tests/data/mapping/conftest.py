"""Made-up miniature sources in the layout of the real ones."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from data.gather.naming import keyring
from data.mapping import registry
from data.mapping.source import Mapped, Refused, Source
from data.workspace import Workspace
from radixgpt.case import Case

SERIES = [
    "image",
    "patient",
    "num_vertebrae",
    "num_discs",
    "sex",
    "subset",
    "Manufacturer",
    "MagneticFieldStrength",
    "EchoTime",
    "RepetitionTime",
    "PixelSpacing",
    "SliceThickness",
]
GRADINGS = [
    "patient",
    "disc",
    "modic",
    "endplate_upper",
    "endplate_lower",
    "spondylolisthesis",
    "herniation",
    "narrowing",
    "bulging",
    "pfirrmann",
]


class Sources:
    """Writes sources into the gathered folder of a workspace, and maps them."""

    def __init__(self, root: Path) -> None:
        self.workspace = Workspace(root)

    def folder(self, key: str) -> Path:
        folder = self.workspace.gathered / key
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def picture(self, path: str, seed: int, size: tuple[int, int] = (64, 48)) -> Path:
        """A smooth texture that no other seed gives; ``path`` is within ``gathered``."""
        place = self.workspace.gathered / path
        place.parent.mkdir(parents=True, exist_ok=True)
        rough = np.random.default_rng(seed).normal(size=size)
        smooth = ndimage.gaussian_filter(rough, 2)
        scaled = (smooth - smooth.min()) / np.ptp(smooth) * 255
        Image.fromarray(scaled.astype(np.uint8)).save(place)
        return place

    def table(self, path: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Path:
        place = self.workspace.gathered / path
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([header, *rows])
        return place

    def spider(
        self,
        series: Sequence[Sequence[Any]] | None = None,
        gradings: Any = None,
        key: str = "spider",
    ) -> Path:
        """Two patients; 12 with T1 and T2 and two graded discs, 7 with T2 and one."""
        series = series or [
            self.series_row("12_t1", 12),
            self.series_row("12_t2", 12),
            self.series_row("7_t2", 7, sex="M "),
        ]
        gradings = gradings or [
            self.grading_row(12, 1, pfirrmann=4, bulging=1),
            self.grading_row(12, 2, modic=2),
            self.grading_row(7, 1, pfirrmann=2, herniation=1),
        ]
        for number, row in enumerate(series):
            self.picture(f"{key}/images/{row[0]}.png", number)
        self.table(f"{key}/series.csv", SERIES, series)
        self.table(f"{key}/gradings.csv", GRADINGS, gradings)
        return self.folder(key)

    @staticmethod
    def series_row(
        image: str, patient: Any, *, sex: str = "F", discs: Any = 7, echo: Any = 100.0
    ) -> list[Any]:
        facts = ["training", "SIEMENS", 1.5, echo, 3500.0, "[1, 1]", 4.0]
        return [image, patient, 7, discs, sex, *facts]

    @staticmethod
    def grading_row(patient: Any, disc: Any, **grades: Any) -> list[Any]:
        usual = dict.fromkeys(GRADINGS[2:], 0) | {"pfirrmann": 1}
        return [patient, disc, *(usual | grades).values()]

    @staticmethod
    def told(refused: Iterable[Refused]) -> list[tuple[str, int | None, str]]:
        """File, row and reason of refusals."""
        return [(Path(one.file).name, one.row, one.reason) for one in refused]

    @staticmethod
    def entries(path: Path) -> list[Any]:
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

    def source(self, key: str) -> Source:
        return Source(
            key,
            self.workspace.root,
            self.folder(key),
            self.workspace.studies / key,
            keyring(self.workspace.root),
        )

    def units(self, key: str) -> list[Mapped]:
        return [unit.work() for unit in registry.mapper_of(key)(self.source(key))]

    def map(self, key: str) -> tuple[list[Case], list[Refused]]:
        units = self.units(key)
        return [c for unit in units for c in unit.cases], [r for u in units for r in u.refused]


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    return Sources(tmp_path / "workspace")
