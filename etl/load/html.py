"""The report as one HTML page: its pictures are inside, it runs no script, it asks for nothing."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from etl.load.figure import Mark, key_image
from etl.load.table import HEADINGS, grades, measurements, tone, value_words
from etl.phrases import TEMPLATES, Phrases
from radixgpt.finding import Finding
from radixgpt.level import order
from radixgpt.observation import Evidence
from radixgpt.report import SECTIONS, Report, Sentence, SeriesFacts
from radixgpt.study import Study

if TYPE_CHECKING:
    from jinja2 import Template

_MOST_NOTES = 8
_OVERVIEW_HEIGHT = 640
_CROP_HEIGHT = 200


@dataclass(frozen=True)
class Note:
    """What a sentence rests on, one finding a line."""

    text: str
    probability: float | None
    source: str
    tone: str


@dataclass(frozen=True)
class Line:
    """A sentence on the page.

    Attributes:
        label: the level it begins with, printed bold.
        text: the rest of it.
        anchor: id of the picture with its evidence.
        notes: the findings behind it.
        more: number of findings that have no line of their own.
    """

    label: str
    text: str
    anchor: str
    notes: tuple[Note, ...]
    more: int


@dataclass(frozen=True)
class Picture:
    """A picture with its caption; ``data`` is a data URI."""

    data: str
    caption: str


@dataclass(frozen=True)
class Block:
    """Sentences that stand together: one level, or what concerns several."""

    level: str | None
    anchor: str
    lines: tuple[Line, ...]
    pictures: tuple[Picture, ...]


def to_html(report: Report, study: Study) -> str:
    """The report as a self-contained page with its key images.

    Args:
        report: the report; its text is escaped throughout.
        study: the study it was written from, for the pictures.

    Raises:
        InputError: the report's evidence does not lie in the study.
    """
    return _template().render(
        report=report,
        title=report.section("exam")[0].text.rstrip("."),
        sections=[(name, SECTIONS[name]) for name in SECTIONS],
        lines={name: _lines(report, report.section(name)) for name in SECTIONS},
        blocks=_blocks(report, study),
        overviews=list(_overviews(report, study)),
        grades=grades(report),
        measurements=measurements(report),
        passed=sum(c.passed for c in report.checks),
    )


@cache
def _template() -> Template:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.j2")


# --- sentences --------------------------------------------------------------------------------


def _lines(report: Report, sentences: Sequence[Sentence]) -> tuple[Line, ...]:
    return tuple(_line(report, s) for s in sentences)


def _line(report: Report, sentence: Sentence) -> Line:
    label, text = "", sentence.text
    if sentence.level is not None and text.startswith(f"{sentence.level}: "):
        label, text = sentence.level, text.removeprefix(f"{sentence.level}: ")
    found = [f for name in sentence.findings if (f := report.finding(name)) is not None]
    levels = {f.level for f in found if f.level is not None}
    anchor = ""
    if found:
        anchor = _anchor(report, levels)
    notes = tuple(_note(report, f) for f in found[:_MOST_NOTES])
    return Line(label, text, anchor, notes, max(0, len(found) - _MOST_NOTES))


def _anchor(report: Report, levels: set[str]) -> str:
    """Id of the element that shows the evidence at these levels."""
    if len(levels) == 1 and levels <= {s.level for s in report.section("findings")}:
        return f"level-{min(levels)}"
    return "overview" if _outlines(report) else "findings"


def _note(report: Report, f: Finding) -> Note:
    source = "set by the reader" if f.set_by_reader else ""
    if f.evidence and not f.set_by_reader:
        shown = [_slice_name(report, e) for e in f.evidence]
        tools = dict.fromkeys(e.tool for e in f.evidence if e.tool)
        source = ", ".join(dict.fromkeys([*shown, *tools]))
    elif f.reason and not f.set_by_reader:
        source = f.reason
    text = f"{f.level or ''} {HEADINGS.get(f.kind, f.kind)}: {value_words(f)}".strip()
    return Note(text, f.confidence if f.status == "value" else None, source, tone(f))


def _series(report: Report, key: str) -> SeriesFacts | None:
    return next((s for s in report.study.series if s.key == key), None)


def _slice_name(report: Report, e: Evidence) -> str:
    series = _series(report, e.series)
    if series is not None and e.series in report.study.radiographs:
        return f"{Phrases().word('view', series.view)} radiograph"
    weighting = Phrases().word("sequence", series.sequence) if series else e.series
    many = series is not None and series.slices > 1
    return f"{weighting} slice {e.slice_index + 1}" if many else weighting


# --- pictures ---------------------------------------------------------------------------------


def _outlines(report: Report) -> dict[tuple[str, int], dict[str, Evidence]]:
    """One outline for each level in each slice that findings point at."""
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


def _data_uri(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"


def _overviews(report: Report, study: Study) -> Iterator[Picture]:
    """Every slice with evidence, its discs outlined; those with a positive finding stand out."""
    changed = {f.level or "" for f in report.findings if tone(f) == "positive"}
    for (key, index), levels in _outlines(report).items():
        marks = [
            Mark(levels[level], level, highlighted=level in changed)
            for level in sorted(levels, key=lambda name: order(name) if name else -1)
        ]
        png = key_image(study, marks, height=_OVERVIEW_HEIGHT)
        yield Picture(_data_uri(png), _caption(report, key, index))


def _caption(report: Report, key: str, index: int) -> str:
    series = _series(report, key)
    words = Phrases()
    if series is None:
        return key
    if key in report.study.radiographs:
        return f"Radiograph, {words.word('view', series.view)} view"
    weighting = words.word("sequence", series.sequence)
    plane = "mid-sagittal" if series.shown_slice == index else series.plane
    of = f" {index + 1} of {series.slices}" if series.slices > 1 else ""
    return f"{weighting}, {plane} slice{of}"


def _crops(report: Report, study: Study, level: str) -> Iterator[Picture]:
    for levels in _outlines(report).values():
        if level in levels:
            png = key_image(
                study, Mark(levels[level], highlighted=True), crop=True, height=_CROP_HEIGHT
            )
            yield Picture(_data_uri(png), f"{level}, {_slice_name(report, levels[level])}")


def _blocks(report: Report, study: Study) -> list[Block]:
    """The findings section: a block for each level, others where they stand."""
    blocks: list[Block] = []
    for sentence in report.section("findings"):
        line = _line(report, sentence)
        if blocks and blocks[-1].level == sentence.level:
            last = blocks.pop()
            blocks.append(Block(last.level, last.anchor, (*last.lines, line), last.pictures))
            continue
        pictures: tuple[Picture, ...] = ()
        if sentence.level is not None:
            pictures = tuple(_crops(report, study, sentence.level))
        anchor = f"level-{sentence.level}" if sentence.level else ""
        blocks.append(Block(sentence.level, anchor, (line,), pictures))
    return blocks
