"""The report as Markdown text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from etl.load.standing import as_read, provenance, standing
from etl.load.table import Cell, Table, grades, measurements
from etl.phrases import Phrases
from radixgpt.report import Report, Section, Sentence

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|!~&])")


def to_markdown(report: Report) -> str:
    """The report as Markdown: nine headings, the findings as tables, what made it."""
    report = as_read(report)
    parts = [f"# {report.mark}", ""]
    if report.signature is not None:
        parts.extend([escape(standing(report)), ""])
    phrases = Phrases.of(report)
    word = partial(phrases.word, "document")
    for name, title in phrases.headings().items():
        parts.extend([f"## {escape(title)}", "", *_section(name, report.section(name)), ""])
    for title, table in (
        (word("grades"), grades(report)),
        (word("measurements"), measurements(report)),
    ):
        if table.rows:
            parts.extend([f"## {title}", "", *_table(table), ""])
    parts.extend([f"## {word('provenance')}", ""])
    parts.extend(f"- {escape(line)}" for line in provenance(report))
    parts.extend([f"- {word('probabilities')}", "", f"*{report.mark}*", ""])
    return "\n".join(parts)


def escape(text: str) -> str:
    """Text in which nothing is read as Markdown or HTML."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _section(name: Section, sentences: tuple[Sentence, ...]) -> Iterator[str]:
    if name == "impression":
        for number, sentence in enumerate(sentences, start=1):
            yield f"{number}. {escape(sentence.text)}"
    elif name == "limitations":
        for sentence in sentences:
            yield f"- {escape(sentence.text)}"
    elif name == "findings":
        yield from _findings(sentences)
    else:
        yield " ".join(escape(s.text) for s in sentences)


def _findings(sentences: tuple[Sentence, ...]) -> Iterator[str]:
    """A paragraph for each level, its name in bold; what concerns several levels in between."""
    paragraphs: list[tuple[str | None, list[str]]] = []
    for sentence in sentences:
        if not paragraphs or paragraphs[-1][0] != sentence.level:
            paragraphs.append((sentence.level, []))
        paragraphs[-1][1].append(escape(sentence.text))
    for place, (level, texts) in enumerate(paragraphs):
        if place:
            yield ""
        text = " ".join(texts)
        if level is not None and text.startswith(f"{level}:"):
            text = f"**{level}:**{text.removeprefix(f'{level}:')}"
        yield text


def _table(table: Table) -> Iterator[str]:
    yield f"| {table.corner} | {' | '.join(table.headings)} |"
    yield f"| --- |{' --- |' * len(table.headings)}"
    for level, cells in table.rows:
        yield f"| {level} | {' | '.join(_cell(c) for c in cells)} |"


def _cell(cell: Cell) -> str:
    shown = escape(cell.text)
    return f"{shown} ({escape(cell.chance)})" if cell.chance else shown
