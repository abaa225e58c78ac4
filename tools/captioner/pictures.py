"""What a captioner is shown: the slices of a scope, and the upright crops around its discs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from radixgpt.eligibility import Eligibility
from radixgpt.errors import InputError
from radixgpt.level import disc_index, order
from radixgpt.observation import Observation
from radixgpt.study import Series, Study
from tools.captioner.caption import Scope
from tools.captioner.support import within
from tools.crops import Crop

Array = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Picture:
    """One grey picture, ready to be shown.

    Attributes:
        pixels: float32 (rows, columns), 0 black to 1 white.
        series: its series with the facts that triage knows; its pixels are not windowed.
        slice_index: from 0.
        level: the disc that it is a crop around; None for a whole slice.
    """

    pixels: Array
    series: Series
    slice_index: int
    level: str | None = None


@dataclass(frozen=True, eq=False)
class DiscCrops:
    """The crops of one disc, as the eyes get them.

    Attributes:
        level: by the numbering of the observations.
        place: discs above the lowest that was found, which the numbering starts from.
        crops: by sequence, ``t1`` and ``t2``; those that the scope shows.
    """

    level: str
    place: int
    crops: Mapping[str, Crop]


@dataclass(frozen=True, eq=False)
class Pictures:
    """Everything that a captioner is shown of a scope.

    Attributes:
        images: of a disc its crops, else whole slices; T2 before T1.
        discs: every disc that the scope's images show, from head to tail. In a caption of one disc
            its neighbours are here too, as a reader judges a disc beside them.
    """

    images: tuple[Picture, ...]
    discs: tuple[DiscCrops, ...]


def gather(
    study: Study, eligibility: Eligibility, observations: Iterable[Observation], scope: Scope
) -> Pictures:
    """The pictures of a scope.

    Args:
        study: after triage.
        eligibility: which series and slices the tools looked at.
        observations: what they saw; those of ``tools.levels`` say which discs there are.
        scope: what the caption is about.

    Raises:
        InputError: the scope names a series or a slice that the study has not.
        WeightsError: the weights of ``levels`` are missing or damaged.
    """
    discs = _discs(study, eligibility, observations, scope)
    if scope.of == "disc":
        named = {"t2": eligibility.t2, "t1": eligibility.t1}
        crops = tuple(
            Picture(
                ((np.clip(disc.crops[name].pixels, -1, 1) + 1) / 2).astype(np.float32),
                study.one(key),
                eligibility.mid_slices[key],
                disc.level,
            )
            for disc in discs
            if disc.level == scope.level
            for name, key in named.items()
            if key is not None and name in disc.crops
        )
        return Pictures(crops, discs)
    keys = (scope.series,) if scope.series else eligibility.graded_series or eligibility.radiographs
    images = tuple(
        _slice(study.one(key), _index(study.one(key), eligibility, scope)) for key in keys
    )
    return Pictures(images, discs)


def _index(series: Series, eligibility: Eligibility, scope: Scope) -> int:
    index = scope.slice_index
    if index is None:
        index = eligibility.mid_slices.get(series.key, series.slices // 2)
    if index >= series.slices:
        raise InputError(
            f"{series.key} has no slice {index + 1}; it has {series.slices}.", "Name one of them."
        )
    return index


def windowed(pixels: npt.ArrayLike) -> Array:
    """A slice, (rows, columns), from its 1st percentile as 0 to its 99th as 1."""
    values = np.asarray(pixels, np.float32)
    low, high = np.percentile(values, (1, 99))
    scaled: Array = np.clip((values - low) / max(float(high - low), 1e-6), 0, 1)
    return scaled.astype(np.float32)


def _slice(series: Series, index: int) -> Picture:
    return Picture(windowed(series.pixels[index]), series, index)


def _discs(
    study: Study, eligibility: Eligibility, observations: Iterable[Observation], scope: Scope
) -> tuple[DiscCrops, ...]:
    """The discs whose crops lie on images of the scope."""
    found = [o for o in observations if o.kind == "disc" and o.level is not None]
    if not eligibility.gradable or not found:
        return ()
    from tools import classifier

    shift = disc_index(found[0].level or "")
    by_place, _ = classifier.cuts(study, eligibility)
    sequence_of = {eligibility.t1: "t1", eligibility.t2: "t2"}
    discs = []
    for o in found:
        shown = {sequence_of.get(one.series) for one in within(scope, o.evidence)}
        place = disc_index(o.level or "") - shift
        crops = {name: crop for name, crop in by_place.get(place, {}).items() if name in shown}
        if crops and o.level is not None:
            discs.append(DiscCrops(o.level, place, crops))
    return tuple(sorted(discs, key=lambda disc: order(disc.level)))
