"""The pictures of a report: every slice that findings point at, and the surroundings of a level."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from etl.load.figure import Mark, key_image
from etl.load.table import tone
from etl.phrases import Phrases
from radixgpt.level import order
from radixgpt.observation import Evidence
from radixgpt.report import Report, SeriesFacts
from radixgpt.study import Study

OVERVIEW_HEIGHT = 640
CROP_HEIGHT = 200


@dataclass(frozen=True)
class Picture:
    """A picture with its caption.

    Attributes:
        png: RGB, encoded as PNG.
        caption: in words.
        series, slice_index: the slice that it shows.
    """

    png: bytes
    caption: str
    series: str
    slice_index: int


def outlines(report: Report) -> dict[tuple[str, int], dict[str, Evidence]]:
    """One outline for each level in each slice that findings point at, graded T2 slices first.

    A finding of the whole study counts for the level ``""``.
    """
    found: dict[tuple[str, int], dict[str, Evidence]] = {}
    for f in report.findings:
        for e in f.evidence:
            if e.polygon or e.axis:
                found.setdefault((e.series, e.slice_index), {}).setdefault(f.level or "", e)
    series = {s.key: s for s in report.study.series}

    def t2_first(place: tuple[str, int]) -> tuple[bool, bool, str, int]:
        shown = series[place[0]]
        return (shown.shown_slice is None, not shown.sequence.startswith("t2"), *place)

    return {place: found[place] for place in sorted(found, key=t2_first)}


def overviews(report: Report, study: Study) -> Iterator[Picture]:
    """Every slice with evidence, its discs outlined; those with a positive finding stand out.

    Raises:
        InputError: the report's evidence does not lie in the study.
    """
    changed = {f.level or "" for f in report.findings if tone(f) == "positive"}
    for (key, index), levels in outlines(report).items():
        marks = [
            Mark(levels[level], level, highlighted=level in changed)
            for level in sorted(levels, key=lambda name: order(name) if name else -1)
        ]
        png = key_image(study, marks, height=OVERVIEW_HEIGHT)
        yield Picture(png, caption(report, key, index), key, index)


def crops(report: Report, study: Study, level: str) -> Iterator[Picture]:
    """The surroundings of a level in every slice that shows it."""
    for (key, index), levels in outlines(report).items():
        if level in levels:
            mark = Mark(levels[level], highlighted=True)
            png = key_image(study, mark, crop=True, height=CROP_HEIGHT)
            yield Picture(png, f"{level}, {slice_name(report, levels[level])}", key, index)


def caption(report: Report, key: str, index: int) -> str:
    """What a slice is: weighting, plane and number."""
    series = facts_of(report, key)
    phrases = Phrases.of(report)
    if series is None:
        return key
    if key in report.study.radiographs:
        return phrases.say("caption_radiograph", view=phrases.word("view", series.view))
    middle = series.shown_slice == index
    return phrases.say(
        "caption_slice",
        weighting=phrases.word("sequence", series.sequence),
        plane=phrases.say("mid_sagittal") if middle else phrases.word("plane", series.plane),
        number=index + 1 if series.slices > 1 else None,
        slices=series.slices,
    )


def slice_name(report: Report, e: Evidence) -> str:
    """A slice in few words: ``T2-weighted slice 5``."""
    series = facts_of(report, e.series)
    phrases = Phrases.of(report)
    if series is not None and e.series in report.study.radiographs:
        return phrases.say("radiograph_name", view=phrases.word("view", series.view))
    return phrases.say(
        "slice_name",
        weighting=phrases.word("sequence", series.sequence) if series else e.series,
        number=e.slice_index + 1 if series is not None and series.slices > 1 else None,
    )


def facts_of(report: Report, key: str) -> SeriesFacts | None:
    """The facts about a series, None if the report has none such."""
    return next((s for s in report.study.series if s.key == key), None)
