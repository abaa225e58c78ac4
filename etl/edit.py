"""Changes that a reader asks for: each takes a report and gives a new one that passed its checks.

What depends on findings is composed anew from them, so an edit can't leave a sentence behind that
the findings no longer support.
"""

from __future__ import annotations

from collections.abc import Sequence

from etl.check import require
from etl.compose import FIXED, recompose
from etl.phrases import list_and
from radixgpt.errors import CheckFailedError, LevelError
from radixgpt.finding import GRADED, KINDS, Finding
from radixgpt.level import LUMBAR_DISCS, parse_disc
from radixgpt.observation import Side
from radixgpt.report import Report


def restyle(report: Report, style: str) -> Report:
    """The report in another style (``standard``, ``concise``); what is left out stays left out.

    Raises:
        SettingsError: there is no such style.
        CheckFailedError: the new wording does not pass.
    """
    return _again(report, report.findings, style=style)


def drop_sentences(report: Report, level: str) -> Report:
    """The report without the sentences on one level; the limitations say that it is left out.

    Raises:
        LevelError: the report has no such level, or it is the last one left.
        CheckFailedError: what is left does not pass.
    """
    level = parse_disc(level)
    described = [lv for lv in described_levels(report) if lv not in report.omitted_levels]
    if level not in described:
        raise LevelError(
            f"The report says nothing of {level}.", f"Choose from {list_and(described)}."
        )
    if described == [level]:
        raise LevelError(
            f"{level} is the only level left in the report.", "Bring back another level first."
        )
    return _again(report, report.findings, omitted=(*report.omitted_levels, level))


def restore_sentences(report: Report, level: str) -> Report:
    """The report with the sentences on one level back in.

    Raises:
        LevelError: the level is not left out.
        CheckFailedError: the report does not pass.
    """
    level = parse_disc(level)
    if level not in report.omitted_levels:
        raise LevelError(f"{level} is not left out of the report.", "Name a level that is.")
    return _again(
        report, report.findings, omitted=[lv for lv in report.omitted_levels if lv != level]
    )


def set_grade(
    report: Report, level: str, kind: str, value: str | int, *, side: Side | None = None
) -> Report:
    """The report with one graded finding set by the reader.

    The finding keeps its evidence, loses the model's confidence and is marked as set by a reader.

    Raises:
        LevelError: the report has no such level.
        CheckFailedError: the kind is not graded, its scale has no such value, or the new report
            does not pass.
    """
    level = parse_disc(level)
    if kind not in GRADED:
        raise CheckFailedError(
            f"'{kind[:40]}' is not graded by a reader.", f"Use one of: {', '.join(GRADED)}."
        )
    allowed = KINDS[kind].values
    if isinstance(value, bool) or value not in allowed:
        raise CheckFailedError(
            f"'{str(value)[:20]}' is not a value of {KINDS[kind].title}.",
            f"Use one of: {', '.join(str(v) for v in allowed)}.",
        )
    if level not in described_levels(report):
        raise LevelError(f"The report has no level {level}.", "Name a level of the report.")
    here = [f for f in report.findings if (f.level, f.kind, f.side) == (level, kind, side)]
    if not here:
        raise CheckFailedError(
            f"The report has no finding of {KINDS[kind].title} at {level} on this side.",
            "Name the side as the report does.",
        )
    changed = tuple(
        f.model_copy(
            update={
                "status": "value",
                "value": value,
                "reason": None,
                "confidence": None,
                "set_by_reader": True,
            }
        )
        if f in here
        else f
        for f in report.findings
    )
    return _again(report, changed)


def described_levels(report: Report) -> list[str]:
    """Levels with graded findings, from head to tail, whether left out of the text or not."""
    there = {f.level for f in report.findings if f.kind in GRADED}
    extra = [lv for lv in dict.fromkeys(f.level for f in report.findings) if lv in there]
    return [lv for lv in extra if lv is not None] or list(LUMBAR_DISCS)


def _again(
    report: Report,
    findings: Sequence[Finding],
    *,
    style: str | None = None,
    omitted: Sequence[str] | None = None,
) -> Report:
    """The report composed anew, and checked."""
    if report.status != "draft":
        raise CheckFailedError(
            "A signed report can't be changed.", "Change the draft, and sign anew."
        )
    style = report.style if style is None else style
    omitted = report.omitted_levels if omitted is None else tuple(omitted)
    sentences = recompose(
        report.study,
        findings,
        [s for s in report.sentences if s.section in FIXED],
        style=style,
        omitted=omitted,
    )
    return require(
        report.model_copy(
            update={
                "findings": tuple(findings),
                "sentences": sentences,
                "style": style,
                "omitted_levels": tuple(omitted),
            }
        )
    )
