"""The report pane: the grades at a glance, and the draft, sentence by sentence, as HTML.

Every sentence that rests on an image acts as a button (a real one would not wrap like text):
pointing at it says how sure the models were, pressing it shows the slice. All text is escaped;
nothing of it is markup.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Final

from agent.session import Session
from radixgpt.finding import KINDS, PRESENT, Finding
from radixgpt.level import LUMBAR_DISCS
from radixgpt.observation import Evidence
from radixgpt.report import DRAFT_MARK, SECTIONS, Report, Sentence
from ui.desk import Desk
from ui.viewer import Statement, statements

_COLUMNS: Final = {
    "pfirrmann": ("Pf", "Pfirrmann grade of disc degeneration"),
    "disc_narrowing": ("Narrow", "Disc space narrowing"),
    "disc_bulging": ("Bulge", "Disc bulging"),
    "disc_herniation": ("Hern", "Disc herniation"),
    "modic": ("Modic", "Modic endplate change"),
    "endplate_upper": ("EP up", "Endplate change above the disc"),
    "endplate_lower": ("EP low", "Endplate change below the disc"),
    "spondylolisthesis": ("Slip", "Spondylolisthesis"),
}


_SHORT: Final = ("exam", "clinical_information", "comparison", "technique")
"""Sections of a line or two, set beside their heading."""


def nothing() -> str:
    """The pane as long as no study is open."""
    return _empty("The draft appears here.", "Open a study first.")


def pane(desk: Desk) -> str:
    """The whole pane as HTML."""
    session = desk.session
    if not session.has_study:
        return nothing()
    table = _grades(statements(session))
    report = session.report
    if report is None:
        note = (
            "Press “Draft the report”, or ask for it in the chat."
            if session.reading is not None
            else "The study is being read."
        )
        return f"{table}{_empty('No draft yet.', note)}"
    return f"{table}{_document(session, report)}"


def downloads(desk: Desk) -> str:
    """Links to the draft as files; empty as long as there is none."""
    if desk.session.report is None:
        return ""
    links = "".join(
        f'<a class="rx-link" href="study/{desk.token}/report.{form}" '
        f'download="radixgpt-draft-report.{form}" aria-label="Download the draft as {title}">'
        f"{short}</a>"
        for form, short, title in (
            ("docx", "DOCX", "a Word document"),
            ("pdf", "PDF", "a PDF"),
            ("html", "HTML", "a page"),
            ("md", "MD", "Markdown"),
            ("json", "JSON", "JSON"),
        )
    )
    links += (
        f'<a class="rx-link" href="study/{desk.token}/audit.jsonl" '
        'download="radixgpt-audit.jsonl" aria-label="Download the record of the session">AUDIT</a>'
    )
    return f'<nav class="rx-downloads" aria-label="Download the draft">{links}</nav>'


def certainty(finding: Statement) -> str:
    """One line: what is stated, and with which probability or why not."""
    kind = KINDS.get(finding.kind)
    title = kind.title if kind else finding.kind.replace("_", " ")
    place = f"{finding.level} " if finding.level else ""
    if finding.status == "not_assessable":
        return f"{place}{title}: not assessed{_because(finding.reason)}"
    if finding.status == "indeterminate":
        return f"{place}{title}: indeterminate{_because(finding.reason)}"
    value = finding.value
    if isinstance(value, float):
        unit = "" if finding.unit in (None, "1") else f" {finding.unit}"
        digits = 0 if kind and kind.type == "angle" else 2
        return f"{place}{title}: {value:.{digits}f}{unit}, measured"
    if isinstance(finding, Finding) and finding.set_by_reader:
        return f"{place}{title}: {value}, set by the reader"
    sure = "" if finding.confidence is None else f", probability {finding.confidence:.2f}"
    return f"{place}{title}: {value}{sure}"


def _because(reason: str | None) -> str:
    return f" ({reason})" if reason else ""


def _empty(title: str, note: str) -> str:
    return f'<div class="rx-blank"><b>{escape(title)}</b><span>{escape(note)}</span></div>'


def _target(evidence: Iterable[Evidence], level: str | None) -> str:
    """Attributes that tell the viewer where to go; empty without evidence."""
    first = next(iter(evidence), None)
    if first is None:
        return ""
    return (
        f' data-series="{escape(first.series)}" data-slice="{first.slice_index}"'
        f' data-level="{escape(level or "")}"'
    )


def _grades(said: tuple[Statement, ...]) -> str:
    by_place = {(s.level, s.kind): s for s in said if s.kind in _COLUMNS and s.level}
    if not by_place:
        return ""
    head = "".join(
        f'<th scope="col"><abbr title="{escape(long)}">{escape(short)}</abbr></th>'
        for short, long in _COLUMNS.values()
    )
    rows = []
    for level in LUMBAR_DISCS:
        cells = "".join(_cell(by_place.get((level, kind)), level) for kind in _COLUMNS)
        rows.append(f'<tr><th scope="row">{level}</th>{cells}</tr>')
    return (
        '<table class="rx-grades"><caption>Grades at a glance</caption>'
        f"<thead><tr><td></td>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )


def _cell(said: Statement | None, level: str) -> str:
    if said is None:
        return '<td class="rx-na"><span data-tip="not assessed">n/a</span></td>'
    tip = escape(certainty(said))
    if said.status == "not_assessable":
        return f'<td class="rx-na"><span data-tip="{tip}">n/a</span></td>'
    if said.status == "indeterminate":
        shown, tone = "?", "rx-unsure"
    elif said.kind in ("pfirrmann", "modic"):
        grade = int(said.value or 0)
        shown = str(grade)
        marked = 4 if said.kind == "pfirrmann" else 1
        tone = "rx-bad" if grade >= marked else "rx-some" if grade == 3 else ""
    else:
        present = said.value == PRESENT
        shown, tone = ("yes", "rx-bad") if present else ("no", "")
    reader = " rx-reader" if isinstance(said, Finding) and said.set_by_reader else ""
    target = _target(said.evidence, level)
    return (
        f'<td class="{tone}{reader}"><button type="button" class="rx-go" data-tip="{tip}"'
        f' aria-label="{tip}"{target}>{shown}</button></td>'
    )


def _document(session: Session, report: Report) -> str:
    by_id = {finding.id: finding for finding in report.findings}
    parts = [f'<p class="rx-mark">{escape(DRAFT_MARK)}</p>']
    shift = session.level_shift
    if shift:
        way = "up" if shift > 0 else "down"
        levels = "level" if abs(shift) == 1 else "levels"
        parts.append(f'<p class="rx-shift">Numbering moved {way} by {abs(shift)} {levels}.</p>')
    for section, heading in SECTIONS.items():
        sentences = report.section(section)
        body = "".join(_sentence(s, by_id) for s in sentences)
        if section == "impression":
            body = f'<ol class="rx-impression">{_items(sentences, by_id)}</ol>'
        elif section == "findings":
            body = _by_level(sentences, by_id)
        elif not sentences:
            body = '<span class="rx-open">left to the reader</span>'
        beside = ' class="rx-beside"' if section in _SHORT else ""
        parts.append(
            f'<section{beside} data-section="{section}"><h3>{escape(heading)}</h3>'
            f"<div>{body}</div></section>"
        )
    passed = sum(check.passed for check in report.obligatory)
    parts.append(
        f'<p class="rx-checks">{passed} of {len(report.obligatory)} checks passed · '
        f"style: {escape(session.style.replace('_', ' '))}</p>"
    )
    return f'<article class="rx-report" aria-label="Draft report">{"".join(parts)}</article>'


def _items(sentences: tuple[Sentence, ...], by_id: dict[str, Finding]) -> str:
    return "".join(f"<li>{_sentence(s, by_id)}</li>" for s in sentences)


def _by_level(sentences: tuple[Sentence, ...], by_id: dict[str, Finding]) -> str:
    """Sentences of one level in one paragraph, as the report orders them."""
    parts: list[str] = []
    level: str | None = ""
    for sentence in sentences:
        if sentence.level != level:
            if parts:
                parts.append("</p>")
            level = sentence.level
            parts.append("<p>")
        parts.append(_sentence(sentence, by_id))
    return "".join([*parts, "</p>"]) if parts else ""


def _sentence(sentence: Sentence, by_id: dict[str, Finding]) -> str:
    text = escape(sentence.text)
    stated = [by_id[key] for key in sentence.findings if key in by_id]
    if not stated:
        return f"<span>{text}</span> "
    tip = escape("\n".join(certainty(finding) for finding in stated))
    evidence = [e for finding in stated for e in finding.evidence]
    target = _target(evidence, sentence.level or stated[0].level)
    if not target:
        return f'<span class="rx-sentence" data-tip="{tip}" tabindex="0">{text}</span> '
    return (
        f'<span role="button" tabindex="0" class="rx-go rx-sentence" data-tip="{tip}"'
        f' aria-description="{tip}"{target}>{text}</span> '
    )
