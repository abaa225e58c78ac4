"""From the images of a case to what the tools look at: one slice, or all of them as a study."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path, PurePosixPath, PureWindowsPath

import numpy as np
import numpy.typing as npt

from radixgpt.case import Case, Image
from radixgpt.errors import CaseError, InputError
from radixgpt.reading import read
from radixgpt.study import BodyRegion, Modality, Plane, Sequence, Series, Study, View
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


def study_of(case: Case, root: Path) -> tuple[Study, tuple[str, ...]]:
    """The images of a case as one study, with the facts that the case knows, before triage.

    Args:
        case: as mapped.
        root: the workspace that its images' paths start from.

    Returns:
        The study, and what could not be read, a sentence each.

    Raises:
        CaseError: a path leads out of the workspace.
    """
    series: list[Series] = []
    unread: list[str] = []
    for image in case.images:
        check_inside(image, case.id)
        try:
            own = read(root / image.path).series
        except InputError as error:
            unread.append(f"{case.id}: {error.problem}")
            continue
        for one in own:
            named = replace(one, key=f"s{len(series) + 1}")
            series.append(named.with_facts("user", **dict(_facts(image))))
    return Study(case.id, tuple(series)), tuple(unread)


def _facts(image: Image) -> Iterator[tuple[str, StrEnum]]:
    """What is known of an image; what is not is left for triage to find."""
    kinds: tuple[tuple[str, type[StrEnum]], ...] = (
        ("modality", Modality),
        ("plane", Plane),
        ("sequence", Sequence),
        ("region", BodyRegion),
    )
    for name, kind in kinds:
        value = getattr(image, name)
        if value != "unknown" and value in {*kind}:
            yield name, kind(value)
    if image.view is not None:
        yield "view", View(image.view)


def _middle(series: Series, image: Image, spacing: tuple[float, float] | None) -> int:
    if series.slices > 1 and Plane.SAGITTAL in (series.plane, image.plane):
        return midline.find(series.pixels, spacing).index
    return series.slices // 2
