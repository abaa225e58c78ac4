"""Findings as coded statements, the same for every format that carries codes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from etl.changes import absent
from etl.phrases import Phrases
from radixgpt.codes import (
    CHANGES,
    QUALIFIERS,
    STATUSES,
    UNITS,
    Code,
    kind_code,
    site_code,
    value_code,
)
from radixgpt.finding import KINDS, Finding
from radixgpt.report import Report


@dataclass(frozen=True)
class Statement:
    """One finding in codes.

    Attributes:
        finding: what is stated.
        name: what was looked at.
        site: where.
        side: on which side, None where it has none.
        value: a grade, presence or absence; or that there is no value. None for a number.
        number: of a measurement, in ``unit``; None where it is graded, or has no value.
        unit: of a number.
        percent: calibrated probability of the value; None for a measurement and no value.
        remark: why there is no value, or that a reader set it; may be empty.
        tools: name and version of each tool that saw it.
        change: since the prior study; None where there is none, or it was not compared.
    """

    finding: Finding
    name: Code
    site: Code
    side: Code | None
    value: Code | None
    number: float | None
    unit: Code | None
    percent: float | None
    remark: str
    tools: tuple[tuple[str, str], ...]
    change: Code | None = None


def stated(report: Report) -> tuple[Finding, ...]:
    """The findings that an export states: a level that the reader left out is left out here too."""
    return tuple(f for f in report.findings if f.level not in report.omitted_levels)


def statements(report: Report) -> Iterator[Statement]:
    """Every stated finding in codes, in the report's order."""
    changed = changes_of(report)
    for f in stated(report):
        yield statement(f, report.study.region, Phrases.of(report), changed.get(f.id))


def changes_of(report: Report) -> dict[str, Code]:
    """What became of each finding since the prior study, by the finding's id.

    What was not compared has no code, nor has what is absent in both: as in the text, "unchanged"
    would read as if it were there.
    """
    changes = report.prior.changes if report.prior is not None else ()
    nothing = {f.id for f in report.findings if absent(f)}
    return {
        c.finding: CHANGES[c.verdict]
        for c in changes
        if c.verdict in CHANGES and not (c.verdict == "unchanged" and c.finding in nothing)
    }


def statement(f: Finding, region: str, phrases: Phrases, change: Code | None = None) -> Statement:
    """One finding in codes.

    Args:
        f: the finding; its kind and value are of the findings schema.
        region: of the study, for a finding without a level.
        phrases: of the report, for the remark.
        change: since the prior study.
    """
    kind = KINDS[f.kind]
    measured = not kind.values
    number: float | None = None
    if measured and f.status == "value":
        assert isinstance(f.value, int | float), "a report is checked before it is exported"
        number = float(f.value)
    value: Code | None = None
    if not measured and f.status == "value":
        assert isinstance(f.value, str | int), "a report is checked before it is exported"
        value = value_code(f.kind, f.value)
    elif f.status != "value":
        value = STATUSES[f.status]
    return Statement(
        finding=f,
        name=kind_code(f.kind),
        site=site_code(f.level, region),
        side=None if f.side is None else QUALIFIERS[f.side],
        value=value,
        number=number,
        unit=UNITS[kind.unit] if number is not None and kind.unit else None,
        percent=round(100 * f.confidence, 1)
        if f.confidence is not None and f.status == "value"
        else None,
        remark=phrases.word("reader", "sentence")
        if f.set_by_reader
        else phrases.told(f.reason or ""),
        tools=tuple(
            dict.fromkeys(
                (name, version)
                for e in f.evidence
                for name, _, version in [e.tool.rpartition(" ")]
                if e.tool and not f.set_by_reader
            )
        ),
        change=change,
    )


def by_level(report: Report) -> list[tuple[str | None, list[Statement]]]:
    """The statements of each level together, from head to tail."""
    found: dict[str | None, list[Statement]] = {}
    for one in statements(report):
        found.setdefault(one.finding.level, []).append(one)
    return list(found.items())
