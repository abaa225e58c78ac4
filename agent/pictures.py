"""Evidence images for the person at the door."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from agent.events import Image
from agent.pipeline import Reading
from radixgpt.errors import InputError, LevelError
from radixgpt.finding import Finding
from radixgpt.observation import Evidence, Observation
from radixgpt.study import Series, Study, View

NAMES = {"t1": "T1", "t2": "T2", "t2_space": "T2 SPACE", "stir": "STIR", "pd": "PD"}
"""How a caption names a sequence."""
VIEWS = {View.AP: "AP", View.LATERAL: "lateral", View.OTHER: "other view of a"}
"""How a caption names a view."""
MOST = 2
"""Images of one answer; more would bury it."""


def caption(series: Series, index: int, levels: Sequence[str]) -> str:
    """``L4-L5, sagittal T2, slice 8 of 15``."""
    if series.view is not View.UNKNOWN:
        return f"{VIEWS[series.view]} radiograph"
    what = [*levels[:5]] if levels else []
    plane = "" if series.plane.value == "unknown" else f"{series.plane.value} "
    what.append(f"{plane}{NAMES.get(series.sequence.value, 'image')}".strip())
    what.append(f"slice {index + 1} of {series.slices}")
    return ", ".join(what)


def draw(study: Study, marks: Sequence[tuple[str, Evidence]], *, level: str | None) -> Image:
    """One slice with its discs marked; ``level`` stands out.

    Raises:
        InputError: no marks, or marks of several slices.
    """
    from etl.load.figure import Mark, key_image

    if not marks:
        raise InputError("There is nothing to mark.", "Name a level that was found.")
    place = marks[0][1]
    series = study.one(place.series)
    shown = {name for name, _ in marks}
    png = key_image(
        study,
        [Mark(evidence, name, highlighted=name == level) for name, evidence in marks],
    )
    named = [level] if level else sorted(shown) if len(shown) == 1 else []
    return Image(
        png, caption(series, place.slice_index, named), place.series, place.slice_index, level
    )


def of_findings(study: Study, findings: Iterable[Finding]) -> tuple[Image, ...]:
    """The slices that show the most of these findings, each level marked once."""
    by_slice: dict[tuple[str, int], dict[str, Evidence]] = {}
    for finding in findings:
        for evidence in finding.evidence:
            if finding.level is not None and (evidence.polygon or evidence.axis):
                here = by_slice.setdefault((evidence.series, evidence.slice_index), {})
                here.setdefault(finding.level, evidence)
    if not by_slice:
        return ()
    most = max(len(levels) for levels in by_slice.values())
    chosen = [levels for levels in by_slice.values() if len(levels) == most][:MOST]
    return tuple(
        draw(study, list(levels.items()), level=next(iter(levels)) if len(levels) == 1 else None)
        for levels in chosen
    )


def of_marks(study: Study, marks: Iterable[tuple[str, Sequence[Evidence]]]) -> tuple[Image, ...]:
    """The first slice on which most of these levels lie, each marked once; none without a mark."""
    by_slice: dict[tuple[str, int], dict[str, Evidence]] = {}
    for level, places in marks:
        for place in places:
            if place.polygon or place.axis:
                here = by_slice.setdefault((place.series, place.slice_index), {})
                here.setdefault(level, place)
    if not by_slice:
        return ()
    levels = max(by_slice.values(), key=len)
    alone = next(iter(levels)) if len(levels) == 1 else None
    return (draw(study, list(levels.items()), level=alone),)


def of_level(
    study: Study, discs: Iterable[Observation], *, level: str | None, sequence: str | None
) -> Image | None:
    """A graded slice with its discs named, ``level`` standing out; None if nothing was found.

    Args:
        study: with the facts from the pixels.
        discs: the observations of kind ``disc``.
        level: the level that must be on the slice, None for any slice with discs.
        sequence: ``t1`` or ``t2`` (which T2 SPACE is too), None for the first that fits.
    """
    by_slice: dict[tuple[str, int], list[tuple[str, Evidence]]] = {}
    for disc in discs:
        for evidence in disc.evidence:
            if disc.level and (evidence.polygon or evidence.axis):
                key = (evidence.series, evidence.slice_index)
                by_slice.setdefault(key, []).append((disc.level, evidence))
    for (series, _), marks in by_slice.items():
        weighting = study.one(series).sequence.value
        if sequence is not None and not weighting.startswith(sequence):
            continue
        if level is None or level in {name for name, _ in marks}:
            return draw(study, marks, level=level)
    return None


def of_heat(reading: Reading, graded: Observation, title: str) -> tuple[Image, ...]:
    """Where the classifier looked for one grade, a picture a series; none if it could not look."""
    from etl.load.figure import Mark, key_image
    from tools import heat

    if graded.status == "not_assessable" or not reading.eligibility.gradable:
        return ()
    found = [o for o in reading.observations if o.tool == "levels"]
    try:
        maps = heat.run(reading.study, reading.eligibility, found, graded)
    except LevelError:  # the disc can't be cut out again; its outline is shown instead
        return ()
    shown = []
    for one in maps[:MOST]:
        marks = [
            Mark(e, graded.level or "", highlighted=True)
            for e in graded.evidence
            if (e.series, e.slice_index) == (one.series, one.slice_index)
        ]
        if not marks:
            continue
        series = reading.study.one(one.series)
        what = caption(series, one.slice_index, [graded.level or ""])
        shown.append(
            Image(
                key_image(reading.study, marks, heat=one.values),
                f"{what}: where the network looked for {title}",
                one.series,
                one.slice_index,
                graded.level,
            )
        )
    return tuple(shown)


def plain(study: Study, series: str, index: int) -> Image:
    """A slice without marks."""
    from etl.load.figure import key_image

    shown = study.one(series)
    png = key_image(study, Evidence(series=series, slice_index=index))
    return Image(png, caption(shown, index, []), series, index)


def of_films(
    study: Study, series: Iterable[str], observations: Iterable[Observation]
) -> tuple[Image, ...]:
    """The radiographs with what was outlined and a heat map of where the tool looked."""
    from etl.load.figure import key_image
    from tools import radiographs

    outlines = {(e.series, e.slice_index): e for o in observations for e in o.evidence if e.polygon}
    images = []
    for key in series:
        one = study.one(key)
        for index in range(one.slices):
            place = outlines.get((key, index)) or Evidence(series=key, slice_index=index)
            png = key_image(study, place, heat=radiographs.heat(one, index))
            images.append(Image(png, caption(one, index, []), key, index))
    return tuple(images[:MOST])
