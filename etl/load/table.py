"""The findings as tables: grades by level, and measurements by level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from etl.phrases import ROMAN
from radixgpt.finding import GRADED, KINDS, MEASURED, OF_RADIOGRAPHS, Finding
from radixgpt.level import order
from radixgpt.report import Report

HEADINGS: dict[str, str] = {
    "pfirrmann": "Pfirrmann",
    "disc_narrowing": "Narrowing",
    "disc_bulging": "Bulging",
    "disc_herniation": "Herniation",
    "modic": "Modic",
    "endplate_upper": "Endplate above",
    "endplate_lower": "Endplate below",
    "spondylolisthesis": "Spondylolisthesis",
    "disc_height_index": "Disc height index",
    "disc_height_mm": "Disc height (mm)",
    "canal_ratio": "Canal to vertebral depth",
    "canal_mm": "Canal depth (mm)",
    "slip_ratio": "Slip to vertebral depth",
    "slip_mm": "Slip (mm)",
    "scoliosis": "Scoliosis",
    "curve_angle": "Curve (degrees)",
}
"""Column heading of each kind."""


@dataclass(frozen=True)
class Cell:
    """One cell: what is shown, how sure, and what stands out.

    Attributes:
        text: the value in words, or an em dash where nothing was looked at.
        probability: calibrated probability of the value, None for measurements and no value.
        tone: ``positive``, ``normal``, ``open`` or ``none``.
        note: reason for no value, or that a reader set it.
    """

    text: str
    probability: float | None = None
    tone: str = "none"
    note: str = ""


@dataclass(frozen=True)
class Table:
    """Levels down, kinds across."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]


def grades(report: Report) -> Table:
    """The graded kinds of every level that has one."""
    return _table(report, GRADED)


def measurements(report: Report) -> Table:
    """The measured kinds of every level that has one; kinds never measured have no column."""
    there = [k for k in MEASURED if any(f.kind == k for f in report.findings)]
    return _table(report, there)


def value_words(f: Finding) -> str:
    """The value of a finding for a table: ``IV``, ``present``, ``type 2``, ``0.24``."""
    if f.status != "value":
        return "indeterminate" if f.status == "indeterminate" else "not assessed"
    if f.kind == "pfirrmann" and isinstance(f.value, int):
        text = ROMAN[f.value]
    elif f.kind == "modic":
        text = f"type {f.value}" if f.value else "none"
    elif isinstance(f.value, float | int):
        text = f"{f.value:.2f}" if KINDS[f.kind].type == "ratio" else f"{f.value:.1f}"
        text = text.replace("-", "−")
    else:
        text = str(f.value)
    return text if f.side is None else f"{f.side}: {text}"


def _table(report: Report, kinds: Sequence[str]) -> Table:
    shown = [f for f in report.findings if f.kind in kinds and f.level is not None]
    levels = sorted({f.level for f in shown if f.level is not None}, key=order)
    rows = tuple(
        (lv, tuple(_cell([f for f in shown if f.level == lv and f.kind == k]) for k in kinds))
        for lv in levels
    )
    return Table(tuple(HEADINGS[k] for k in kinds), rows)


def _cell(found: Sequence[Finding]) -> Cell:
    if not found:
        return Cell("—")
    tones = [tone(f) for f in found]
    strongest = next(t for t in ("positive", "open", "normal", "none") if t in tones)
    notes = [f.reason or "" for f in found]
    notes.extend("set by the reader" for f in found if f.set_by_reader)
    return Cell(
        text=", ".join(value_words(f) for f in found),
        probability=found[0].confidence if found[0].status == "value" else None,
        tone=strongest,
        note=" ".join(dict.fromkeys(n for n in notes if n)),
    )


def tone(f: Finding) -> str:
    """How a finding stands out: ``positive``, ``normal``, ``open`` or ``none``."""
    if f.status != "value":
        return "open"
    if f.kind not in (*GRADED, *OF_RADIOGRAPHS):
        return "none"
    healthy = f.value in (1, 2) if f.kind == "pfirrmann" else f.value in (0, "absent")
    return "normal" if healthy else "positive"
