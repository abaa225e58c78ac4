"""The report as one HTML page: its pictures are inside, it runs no script, it asks for nothing."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from etl.load.pictures import Picture, crops, outlines, overviews, slice_name
from etl.load.standing import as_read, provenance, standing, title
from etl.load.table import grades, measurements, tone, value_words
from etl.phrases import Phrases, chance_in_percent
from etl.styles import STYLES
from radixgpt.finding import Finding
from radixgpt.report import Report, Sentence
from radixgpt.study import Study

if TYPE_CHECKING:
    from jinja2 import Template

_MOST_NOTES = 8


@dataclass(frozen=True)
class Note:
    """What a sentence rests on, one finding a line."""

    text: str
    percent: str
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
class Shown:
    """A picture with its caption; ``data`` is a data URI."""

    data: str
    caption: str


@dataclass(frozen=True)
class Block:
    """Sentences that stand together: one level, or what concerns several."""

    level: str | None
    anchor: str
    lines: tuple[Line, ...]
    pictures: tuple[Shown, ...]


def to_html(report: Report, study: Study) -> str:
    """The report as a self-contained page with its key images.

    Args:
        report: the report; its text is escaped throughout.
        study: the study it was written from, for the pictures.

    Raises:
        InputError: the report's evidence does not lie in the study.
    """
    report = as_read(report)
    levels = dict.fromkeys(s.level for s in report.section("findings") if s.level)
    return page(
        report,
        list(overviews(report, study)),
        {level: tuple(crops(report, study, level)) for level in levels},
    )


def page(
    report: Report, shown: Sequence[Picture], by_level: Mapping[str, Sequence[Picture]]
) -> str:
    """The page from pictures that were drawn already.

    Args:
        report: as it is read (see :func:`etl.load.standing.as_read`).
        shown: every slice with evidence.
        by_level: the surroundings of each level that a sentence is about.
    """
    phrases = Phrases.of(report)
    headings = phrases.headings()
    return _template().render(
        report=report,
        words={name: phrases.word("document", name) for name in phrases.words("document")},
        say=phrases.say,
        title=title(report),
        standing=standing(report),
        sections=list(headings.items()),
        lines={name: _lines(report, report.section(name)) for name in headings},
        blocks=_blocks(report, by_level),
        overviews=[_shown(p) for p in shown],
        grades=grades(report),
        measurements=measurements(report),
        made=list(provenance(report, timed=True)),
        tag=phrases.tag,
    )


@cache
def _template() -> Template:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(STYLES),
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
    return "overview" if outlines(report) else "findings"


def _note(report: Report, f: Finding) -> Note:
    phrases = Phrases.of(report)
    source = phrases.word("reader", "set") if f.set_by_reader else ""
    if f.evidence and not f.set_by_reader:
        shown = [slice_name(report, e) for e in f.evidence]
        tools = dict.fromkeys(e.tool for e in f.evidence if e.tool)
        source = ", ".join(dict.fromkeys([*shown, *tools]))
    elif f.reason and not f.set_by_reader:
        source = phrases.told(f.reason)
    name = phrases.word("column", f.kind)
    text = f"{f.level or ''} {name}: {value_words(f, phrases)}".strip()
    sure = f.confidence if f.status == "value" else None
    return Note(text, "" if sure is None else chance_in_percent(sure), source, tone(f))


# --- pictures ---------------------------------------------------------------------------------


def _shown(picture: Picture) -> Shown:
    encoded = base64.b64encode(picture.png).decode("ascii")
    return Shown(f"data:image/png;base64,{encoded}", picture.caption)


def _blocks(report: Report, by_level: Mapping[str, Sequence[Picture]]) -> list[Block]:
    """The findings section: a block for each level, others where they stand."""
    blocks: list[Block] = []
    for sentence in report.section("findings"):
        line = _line(report, sentence)
        if blocks and blocks[-1].level == sentence.level:
            last = blocks.pop()
            blocks.append(Block(last.level, last.anchor, (*last.lines, line), last.pictures))
            continue
        pictures: tuple[Shown, ...] = ()
        if sentence.level is not None:
            pictures = tuple(_shown(p) for p in by_level.get(sentence.level, ()))
        anchor = f"level-{sentence.level}" if sentence.level else ""
        blocks.append(Block(sentence.level, anchor, (line,), pictures))
    return blocks
