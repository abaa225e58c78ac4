"""Small pictures of what a label speaks of: the disc where it was found, else the whole image."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from data.explore.pixels import Looks, crop
from data.explore.section import Picture
from data.explore.tables import Tables
from radixgpt.errors import RadixError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Places:
    """Where pictures come from.

    Attributes:
        root: folder that the images' paths start from.
        tables: the cases.
        looks: the images as opened.
        discs: ``case``, ``image``, ``level``, ``x`` and ``y`` of discs; None where none were
            measured.
    """

    root: Path
    tables: Tables
    looks: Looks
    discs: pd.DataFrame | None

    def picture(self, case: str, level: str | None) -> Picture | None:
        """A picture of a case; None where no image of it could be opened.

        Args:
            case: its id.
            level: the disc to be shown, None for the whole image.
        """
        images = self.tables.images[self.tables.images["case"] == self.tables.row_of[case]]
        opened = [int(row) for row in images.index if row in self.looks.seen]
        for row in sorted(
            opened, key=lambda r: (not str(images["sequence"][r]).startswith("t2"), r)
        ):
            place = self._place(case, str(images["path"][row]), level)
            if place is not None:
                data = self._cut(str(images["path"][row]), *place)
                if data is not None:
                    return Picture(data, f"{case} {level}")
        if not opened:
            return None
        return Picture(self.looks.seen[opened[0]].thumbnail, case)

    def _place(self, case: str, image: str, level: str | None) -> tuple[float, float] | None:
        if self.discs is None or level is None:
            return None
        found = self.discs[
            (self.discs["case"] == case)
            & (self.discs["image"] == image)
            & (self.discs["level"] == level)
        ]
        return (float(found["x"].iloc[0]), float(found["y"].iloc[0])) if len(found) else None

    def _cut(self, image: str, x: float, y: float) -> str | None:
        try:
            return crop(self.root / image, x, y)
        except RadixError:
            return None
