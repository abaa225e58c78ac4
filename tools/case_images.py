"""From an image of a case to the one slice that the tools look at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

import numpy as np
import numpy.typing as npt

from radixgpt.case import Image
from radixgpt.errors import CaseError
from radixgpt.reading import read
from radixgpt.study import Plane, Series
from tools import midline


@dataclass(frozen=True, eq=False)
class Slice:
    """One slice.

    Attributes:
        pixels: float32 (rows, columns).
        spacing: (row, column) millimetres of its pixels; None means square pixels.
    """

    pixels: npt.NDArray[np.float32]
    spacing: tuple[float, float] | None


def check_inside(image: Image, case: str) -> None:
    """Refuse a path that leads out of the workspace.

    Raises:
        CaseError: it does.
    """
    path = PurePosixPath(image.path)
    windows = PureWindowsPath(image.path)
    if not image.path or path.is_absolute() or windows.drive or ".." in windows.parts:
        raise CaseError(
            f"Case {case}: the path of an image leads out of the workspace.",
            "Write paths relative to the workspace, with forward slashes.",
        )


def load(image: Image, root: Path) -> Slice:
    """The slice of a picture, or the middle one of a volume: mid-sagittal where it is sagittal.

    Args:
        image: of a case.
        root: the workspace that its path starts from.

    Raises:
        InputError: it can't be read.
    """
    study = read(root / image.path)
    series = max(study.series, key=lambda s: s.slices)
    spacing = series.geometry.spacing if series.geometry else image.spacing
    return Slice(series.pixels[_middle(series, image, spacing)], spacing)


def _middle(series: Series, image: Image, spacing: tuple[float, float] | None) -> int:
    if series.slices > 1 and Plane.SAGITTAL in (series.plane, image.plane):
        return midline.find(series.pixels, spacing).index
    return series.slices // 2
