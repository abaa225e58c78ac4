"""The report pane: the grades at a glance, and the draft, sentence by sentence, as HTML.

Every sentence that rests on an image acts as a button (a real one would not wrap like text):
pointing at it says how sure the models were, pressing it shows the slice. All text is escaped;
nothing of it is markup.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import datetime
from html import escape
from typing import Final

from agent.session import Session
from etl.sign import readable
from radixgpt.finding import KINDS, PRESENT, Finding
from radixgpt.level import LUMBAR_DISCS
from radixgpt.observation import Evidence
from radixgpt.report import SECTIONS, Report, Sentence
from ui.desk import Desk
from ui.revision import revision
from ui.statement import Statement, certainty, statements

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


_FILES: Final = (
    ("docx", "docx", "DOCX", "a Word document"),
    ("pdf", "pdf", "PDF", "a PDF"),
    ("html", "html", "HTML", "a page"),
    ("md", "md", "MD", "Markdown"),
    ("json", "json", "JSON", "JSON"),
)
_FINAL: Final = (
    ("fhir", "fhir.json", "FHIR", "a FHIR bundle"),
    ("hl7", "hl7", "HL7", "an HL7 message"),
)
"""Formats: name, suffix, short and long title; the last only once a person has signed."""

_EDITABLE: Final = ("findings", "impression", "clinical_information")

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
    table = _grades(statements(session), session)
    report = session.report
    if report is None:
        note = (
            "Press “Draft the report”, or ask for it in the chat."
            if session.reading is not None
            else "The study is being read."
        )
        return f"{table}{_empty('No draft yet.', note)}"
    return f"{revision(desk)}{table}{_document(session, session.signed or report)}"


def downloads(desk: Desk) -> str:
    """The menu of files and the button to sign with; empty as long as there is no draft."""
    if desk.session.report is None:
        return ""
    signed = desk.session.signed is not None
    what, stem = ("final report", "report") if signed else ("draft", "draft-report")
    links = [
        _file(desk, f"report.{form}", f"radixgpt-{stem}.{suffix}", short, f"the {what} as {title}")
        for form, suffix, short, title in (*_FILES, *(_FINAL if signed else ()))
    ]
    if signed:
        links.append(
            _file(desk, "draft.json", "radixgpt-draft-report.json", "Draft", "the draft as JSON")
        )
    links.append(
        _file(desk, "audit.jsonl", "radixgpt-audit.jsonl", "Record", "the record of the session")
    )
    act = (
        '<button type="button" class="rx-button" data-do="reopen" title="The signed report is put '
        'away; the draft can be changed and signed anew">Back to the draft</button>'
        if signed
        else '<button type="button" class="rx-button rx-sign-open" popovertarget="rx-sign">Sign'
        "</button>"
    )
    return (
        '<div class="rx-acts"><details class="rx-menu"><summary class="rx-button">Download'
        f'</summary><nav aria-label="Download the {what}">{"".join(links)}</nav></details>'
        f"{act}</div>"
    )


def _file(desk: Desk, path: str, name: str, short: str, title: str) -> str:
    return (
        f'<a class="rx-link" href="study/{desk.token}/{path}" download="{name}" '
        f'aria-label="Download {title}">{short}</a>'
    )


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


def _grades(said: tuple[Statement, ...], session: Session | None = None) -> str:
    by_place = {(s.level, s.kind): s for s in said if s.kind in _COLUMNS and s.level}
    if not by_place:
        return ""
    head = "".join(
        f'<th scope="col"><abbr title="{escape(long)}">{escape(short)}</abbr></th>'
        for short, long in _COLUMNS.values()
    )
    rows = []
    for level in LUMBAR_DISCS:
        cells = "".join(
            _cell(by_place.get((level, kind)), level, kind, _settable(session)) for kind in _COLUMNS
        )
        rows.append(f'<tr><th scope="row">{level}</th>{cells}</tr>')
    return (
        '<table class="rx-grades"><caption>Grades at a glance</caption>'
        f"<thead><tr><td></td>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )


def _named(kind: str) -> str:
    """What a kind is called, with its scale where it is a grade."""
    known = KINDS[kind]
    return f"{known.title} ({known.scale})" if known.type == "grade" else known.title


def _settable(session: Session | None) -> bool:
    """Whether the reader may set grades: there is a draft, and it is not signed."""
    return session is not None and session.report is not None and session.signed is None


def _cell(said: Statement | None, level: str, kind: str, settable: bool) -> str:
    if said is None:
        return '<td class="rx-na"><span data-tip="not assessed">n/a</span></td>'
    tip = escape(certainty(said))
    shown, tone = _mark(said)
    reader = " rx-reader" if isinstance(said, Finding) and said.set_by_reader else ""
    target = _target(said.evidence, level)
    if settable:
        values = json.dumps(KINDS[kind].values)
        now = "null" if said.status != "value" else json.dumps(said.value)
        target += (
            f' data-kind="{kind}" data-place="{level}" data-values="{escape(values)}"'
            f' data-now="{escape(now)}" data-title="{escape(_named(kind))}" aria-haspopup="dialog"'
        )
    elif said.status == "not_assessable":
        return f'<td class="rx-na"><span data-tip="{tip}">n/a</span></td>'
    return (
        f'<td class="{tone}{reader}"><button type="button" class="rx-go" data-tip="{tip}"'
        f' aria-label="{tip}"{target}>{shown}</button></td>'
    )


def _mark(said: Statement) -> tuple[str, str]:
    """What a cell shows, and its tone."""
    if said.status == "not_assessable":
        return "n/a", "rx-na"
    if said.status == "indeterminate":
        return "?", "rx-unsure"
    if said.kind in ("pfirrmann", "modic"):
        grade = int(said.value or 0)
        marked = 4 if said.kind == "pfirrmann" else 1
        return str(grade), "rx-bad" if grade >= marked else "rx-some" if grade == 3 else ""
    return ("yes", "rx-bad") if said.value == PRESENT else ("no", "")


def _document(session: Session, report: Report) -> str:
    by_id = {finding.id: finding for finding in report.findings}
    final = report.signature is not None
    places = {id(s): place for place, s in enumerate(report.sentences)}
    parts = [_standing(report)]

    def one(sentence: Sentence) -> str:
        open_to = not final and sentence.section in _EDITABLE
        return _sentence(sentence, by_id, places[id(sentence)] if open_to else None)

    shift = session.level_shift
    if shift:
        way = "up" if shift > 0 else "down"
        levels = "level" if abs(shift) == 1 else "levels"
        parts.append(f'<p class="rx-shift">Numbering moved {way} by {abs(shift)} {levels}.</p>')
    for section, heading in SECTIONS.items():
        sentences = report.section(section)
        body = "".join(one(s) for s in sentences)
        if section == "impression":
            items = "".join(f"<li>{one(s)}</li>" for s in sentences)
            body = f'<ol class="rx-impression">{items}</ol>'
        elif section == "findings":
            body = _by_level(sentences, one)
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
    if not final and report.notices:
        seen = "".join(f"<li>{escape(notice.detail)}</li>" for notice in report.notices)
        parts.append(f'<ul class="rx-notices" aria-label="To look at before signing">{seen}</ul>')
    return (
        f'<article class="rx-report" data-passed="{passed}" data-checks="{len(report.obligatory)}" '
        f'aria-label="{"Final" if final else "Draft"} report">{"".join(parts)}</article>'
    )


def _standing(report: Report) -> str:
    """Whether it is a draft, or who signed it when."""
    signature = report.signature
    if signature is None:
        return f'<p class="rx-mark">{escape(report.mark)}</p>'
    at = datetime.fromisoformat(signature.signed_at)
    who = ", ".join(
        part for part in (readable(signature.name), signature.role, signature.organization) if part
    )
    return (
        f'<p class="rx-mark rx-signed">{escape(report.mark)}<br>'
        f"<span>Signed by {escape(who)}, {at:%Y-%m-%d %H:%M}. The text is locked.</span></p>"
    )


def _by_level(sentences: tuple[Sentence, ...], one: Callable[[Sentence], str]) -> str:
    """Sentences of one level in one paragraph, as the report orders them."""
    parts: list[str] = []
    level: str | None = ""
    for sentence in sentences:
        if sentence.level != level:
            if parts:
                parts.append("</p>")
            level = sentence.level
            parts.append("<p>")
        parts.append(one(sentence))
    return "".join([*parts, "</p>"]) if parts else ""


def _sentence(sentence: Sentence, by_id: dict[str, Finding], place: int | None) -> str:
    """A sentence that leads to its slice; with a pen where it can be edited."""
    text = escape(sentence.text)
    stated = [by_id[key] for key in sentence.findings if key in by_id]
    own = " rx-own" if sentence.by_reader else ""
    pen = ""
    if place is not None:
        fixed = "" if stated else " data-fixed"
        pen = (
            f'<button type="button" class="rx-pen" data-edit="{place}"{fixed} '
            f'title="Edit this sentence (E)" aria-label="Edit: {text}">✎</button>'
        )
    if not stated:
        return f'<span class="rx-said"><span class="rx-text{own}">{text}</span>{pen}</span> '
    told = [certainty(finding) for finding in stated]
    if sentence.by_reader:
        told.insert(0, "Worded by the reader")
    tip = escape("\n".join(told))
    evidence = [e for finding in stated for e in finding.evidence]
    target = _target(evidence, sentence.level or stated[0].level)
    acts = f' role="button" aria-description="{tip}"{target}' if target else ""
    return (
        f'<span class="rx-said"><span tabindex="0" class="{"rx-go " if target else ""}rx-sentence'
        f' rx-text{own}" data-tip="{tip}"{acts}>{text}</span>{pen}</span> '
    )
