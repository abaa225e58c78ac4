"""Rules that hold no report back: what a person should look at before signing, or should know."""

from __future__ import annotations

from collections.abc import Iterator

from etl.check.rule import STATING
from radixgpt.finding import GRADED, KINDS, OF_RADIOGRAPHS, PRESENT, Finding
from radixgpt.report import Report

SPLIT = 0.55
"""Confidence below which a stated value is hardly more likely than not."""
_SEVERE = {"disc_herniation": PRESENT, "spondylolisthesis": PRESENT, "pfirrmann": 5}


def _judged(report: Report) -> list[Finding]:
    return [f for f in report.findings if f.kind in (*GRADED, *OF_RADIOGRAPHS)]


def _named(finding: Finding) -> str:
    """A finding in the words of a reader, to whom its id says nothing."""
    return f"{KINDS[finding.kind].title} at {finding.level or 'the whole study'}"


def numbering_is_certain(report: Report) -> Iterator[str]:
    """The levels are numbered beyond doubt, or a reader has settled it."""
    if report.study.numbering_uncertain and not report.study.level_shift:
        yield "another disc could be L5-S1 as well: check every level against other images"


def severe_is_concluded(report: Report) -> Iterator[str]:
    """Herniation, slip and Pfirrmann V are in the impression."""
    concluded = {name for s in report.section("impression") for name in s.findings}
    for f in report.findings:
        severe = f.status == "value" and _SEVERE.get(f.kind) == f.value
        if severe and f.id not in concluded and f.level not in report.omitted_levels:
            yield f"the impression leaves out {_named(f)}"


def surely_stated(report: Report) -> Iterator[str]:
    """No value is stated that is hardly more likely than another."""
    for f in _judged(report):
        if f.status == "value" and f.confidence is not None and f.confidence < SPLIT:
            yield f"{_named(f)} is stated with a probability of {f.confidence:.2f}"


def mostly_decided(report: Report) -> Iterator[str]:
    """At least half of what is graded has a value."""
    judged = _judged(report)
    still_open = sum(f.status != "value" for f in judged)
    if 2 * still_open > len(judged):
        yield f"{still_open} of {len(judged)} graded items have no value"


def nothing_set_by_hand(report: Report) -> Iterator[str]:
    """Every value is the model's own."""
    changed = [_named(f) for f in report.findings if f.set_by_reader]
    if changed:
        yield f"set by the reader: {', '.join(changed)}"


def nothing_omitted(report: Report) -> Iterator[str]:
    """No level is left out of the text."""
    if report.omitted_levels:
        yield f"left out of the text: {', '.join(report.omitted_levels)}"


def communication_recorded(report: Report) -> Iterator[str]:
    """A signed report says what was communicated of critical findings."""
    if report.signature is not None and not report.signature.critical_communication:
        yield "signed without a word on critical communication"


def everything_read(report: Report) -> Iterator[str]:
    """Every object of the input was used."""
    if report.study.quarantine:
        yield f"objects that were left aside: {len(report.study.quarantine)}"


def sentences_differ(report: Report) -> Iterator[str]:
    """No sentence stands twice in a section at one level."""
    for section in STATING:
        said = [(s.level, s.text) for s in report.section(section)]
        for one in dict.fromkeys(s for s in said if said.count(s) > 1):
            yield f"stands twice under {section}: {one[1]}"
