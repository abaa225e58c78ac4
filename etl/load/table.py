"""The findings as tables: grades by level, and measurements by level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from etl.phrases import ROMAN, Phrases, chance, chance_in_percent
from radixgpt.finding import ABSENT, GRADED, KINDS, MEASURED, OF_RADIOGRAPHS, PRESENT, Finding
from radixgpt.level import LUMBAR_DISCS, order
from radixgpt.report import Report


@dataclass(frozen=True)
class Cell:
    """One cell: what is shown, how sure, and what stands out.

    Attributes:
        text: the value in words, or an em dash where nothing was looked at.
        chance: calibrated probability of the value in the decimals of the language; empty for
            measurements and no value.
        percent: the same in per cent.
        tone: ``positive``, ``normal``, ``open`` or ``none``.
        note: reason for no value, or that a reader set it.
    """

    text: str
    chance: str = ""
    percent: str = ""
    tone: str = "none"
    note: str = ""


@dataclass(frozen=True)
class Table:
    """Levels down, kinds across; ``corner`` heads the levels."""

    corner: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]


def grades(report: Report) -> Table:
    """The graded kinds of every level that has one; no table where none has a value."""
    if not any(f.status == "value" for f in report.findings if f.kind in GRADED):
        return Table("", (), ())
    return _table(report, GRADED)


def measurements(report: Report) -> Table:
    """The measured kinds of every level that has one; kinds never measured have no column.

    A disc above the lumbar spine has a row only where something of it was measured.
    """
    there = [k for k in MEASURED if any(f.kind == k for f in report.findings)]
    table = _table(report, there)
    seen = {f.level for f in report.findings if f.kind in there and f.status != "not_assessable"}
    rows = [row for row in table.rows if row[0] in seen or row[0] in LUMBAR_DISCS]
    return replace(table, rows=tuple(rows))


def value_words(f: Finding, phrases: Phrases) -> str:
    """The value of a finding for a table: ``IV``, ``present``, ``type 2``, ``0.24``."""
    if f.status != "value":
        return phrases.word("value", f.status)
    if f.kind == "pfirrmann" and isinstance(f.value, int):
        text = ROMAN[f.value]
    elif f.kind == "modic":
        kind = phrases.word("value", "type")
        text = f"{kind} {f.value}" if f.value else phrases.word("value", "none")
    elif isinstance(f.value, float | int):
        digits = 2 if KINDS[f.kind].type == "ratio" else 1
        text = f"{round(f.value, digits) + 0.0:.{digits}f}"  # + 0.0: nobody writes "-0.00"
        text = phrases.decimal(text).replace("-", "−")
    elif f.value in (PRESENT, ABSENT):
        text = phrases.word("value", str(f.value))
    else:
        text = str(f.value)
    return text if f.side is None else f"{phrases.word('side', f.side)}: {text}"


def _table(report: Report, kinds: Sequence[str]) -> Table:
    shown = [f for f in report.findings if f.kind in kinds and f.level is not None]
    levels = sorted({f.level for f in shown if f.level is not None}, key=order)
    phrases = Phrases.of(report)
    rows = tuple(
        (
            lv,
            tuple(
                _cell(phrases, [f for f in shown if f.level == lv and f.kind == k]) for k in kinds
            ),
        )
        for lv in levels
    )
    headings = tuple(phrases.word("column", k) for k in kinds)
    return Table(phrases.word("column", "level"), headings, rows)


def _cell(phrases: Phrases, found: Sequence[Finding]) -> Cell:
    if not found:
        return Cell("—")
    tones = [tone(f) for f in found]
    strongest = next(t for t in ("positive", "open", "normal", "none") if t in tones)
    notes = [phrases.told(f.reason or "") for f in found]
    notes.extend(phrases.word("reader", "set") for f in found if f.set_by_reader)
    sure = found[0].confidence if found[0].status == "value" else None
    return Cell(
        text=", ".join(_shown(f, phrases) for f in found),
        chance="" if sure is None else phrases.decimal(chance(sure)),
        percent="" if sure is None else chance_in_percent(sure),
        tone=strongest,
        note=" ".join(dict.fromkeys(n for n in notes if n)),
    )


def _shown(f: Finding, phrases: Phrases) -> str:
    """The value of a finding; a number has no probability by whose lack a reader's is known."""
    text = value_words(f, phrases)
    own = f.set_by_reader and f.kind in MEASURED
    return f"{text} ({phrases.word('reader', 'set')})" if own else text


def tone(f: Finding) -> str:
    """How a finding stands out: ``positive``, ``normal``, ``open`` or ``none``."""
    if f.status != "value":
        return "open"
    if f.kind not in (*GRADED, *OF_RADIOGRAPHS):
        return "none"
    healthy = f.value in (1, 2) if f.kind == "pfirrmann" else f.value in (0, ABSENT)
    return "normal" if healthy else "positive"
