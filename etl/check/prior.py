"""The rules of a comparison with a prior study."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from etl.change_words import NO_CLEAR_CHANGE, Claimed, ReadingError, read_changes
from etl.changes import CONCLUDED, Changes, absent
from etl.check.rule import STATING
from etl.phrases import Phrases
from etl.prior import LENGTHS, changes
from radixgpt.finding import KINDS, Finding
from radixgpt.prior import CLEAR, Change, Prior
from radixgpt.report import SECTIONS, Report, Sentence

_QUIET = ("unchanged", "not_clear")


def comparison_says_what(report: Report) -> Iterator[str]:
    """The comparison names the prior study as it is known, or says that there is none."""
    phrases = Phrases.of(report)
    wanted = list(Changes(report.prior, report.findings, phrases).comparison())
    if [s.text for s in report.section("comparison")] != wanted:
        yield f"the section '{SECTIONS['comparison']}' must read: {' '.join(wanted)}"


def changes_have_a_prior(report: Report) -> Iterator[str]:
    """A change is stated only of two studies, and from findings of both."""
    prior = report.prior
    known = {c.id for c in prior.changes} if prior else set()
    for sentence in report.sentences:
        for name in sentence.changes:
            if name not in known:
                yield f"there is no change {name}, named by: {sentence.text}"
        if sentence.changes and sentence.section not in STATING:
            yield f"states changes outside of findings and impression: {sentence.text}"
    if prior is None:
        return
    for f in prior.findings:
        if f.status == "value" and not f.evidence and not f.set_by_reader:
            yield f"{f.id} of the prior has no evidence"
        if f.kind not in KINDS:
            yield f"{f.id} of the prior has the unknown kind '{f.kind[:40]}'"


def changes_follow(report: Report) -> Iterator[str]:
    """Every change follows from its two findings, and none is called within measurement error."""
    prior = report.prior
    if prior is None:
        return
    anew = changes(report.findings, prior.findings, prior.numbering, measurable=prior.measurable)
    wanted = {c.finding: c for c in anew}
    for change in prior.changes:
        right = wanted.pop(change.finding, None)
        if right is None or right.prior != change.prior:
            yield f"{change.id} joins findings of two places, or findings that there are not"
        elif right.verdict != change.verdict:
            right_one = right.verdict
            yield f"{change.id} is called '{change.verdict}'; its findings make it '{right_one}'"
    for change in wanted.values():
        yield f"the change of {change.finding} is missing"


def changes_agree(report: Report) -> Iterator[str]:
    """Sentences on changes say what their changes are: verdict, kind, level, side and values."""
    for sentence in report.sentences:
        if sentence.changes and report.prior is not None:
            for problem in check_changes(sentence, report.findings, report.prior, report.language):
                yield f"{problem}: {sentence.text}"


def check_changes(
    sentence: Sentence, findings: Sequence[Finding], prior: Prior, language: str = "en"
) -> list[str]:
    """Problems of a sentence that is meant to state nothing but its changes."""
    by_id = {f.id: f for f in findings}
    named = [c for c in prior.changes if c.id in sentence.changes]
    problems = []
    if {c.finding for c in named} != set(sentence.findings):
        problems.append("its findings are not those of its changes")
    try:
        claims = read_changes(sentence.text, language)
    except ReadingError as error:
        return [*problems, str(error)]
    pairs = [
        (c, now, before)
        for c in named
        if (now := by_id.get(c.finding)) is not None
        and (before := prior.finding(c.prior)) is not None
    ]
    if any(claim.verdict == NO_CLEAR_CHANGE for claim in claims):
        levels = {claim.level for claim in claims}
        if any(c.verdict not in _QUIET for c, _, _ in pairs):
            problems.append("says 'no clear change' of what has changed or was not compared")
        if levels != {now.level for _, now, _ in pairs}:
            problems.append("names other levels than its changes")
        return problems
    left = list(claims)
    for change, now, before in pairs:
        right = [
            one
            for one in left
            if _matches(one, change, now, before, sentence.level) and _values(one, now, before)
        ]
        same_values = [
            one
            for one in right
            if one.unit not in ("mm", "%") or _measured(one, now, before, findings, prior)
        ]
        if not same_values:
            problems.append(f"does not state {change.id} ({now.kind} at {now.level})")
        else:
            left.remove(same_values[0])
    problems.extend(
        f"says '{one.verdict}' of {one.kind} at {one.level}, which is no change of it"
        for one in left
    )
    return problems


def _matches(
    one: Claimed, change: Change, now: Finding, before: Finding, level: str | None
) -> bool:
    if change.verdict == "unchanged" and absent(now):
        return False  # nothing that is not there is called unchanged
    place = one.level or level
    return (one.verdict, one.kind, place, one.side) == (
        change.verdict,
        now.kind,
        now.level,
        now.side,
    )


def _values(one: Claimed, now: Finding, before: Finding) -> bool:
    """Whether grades are given where they have to be, and are those of the findings."""
    moved = one.verdict in ("increased", "decreased")
    if one.verdict == "other" and now.kind == "slip_ratio":
        ways = ("anterior" if float(f.value or 0) > 0 else "posterior" for f in (before, now))
        marks = False, now.set_by_reader
        return (one.old, one.new, one.unit, one.set_by_reader) == (*ways, "direction", marks)
    if one.verdict == "other" or (moved and now.kind == "pfirrmann"):
        wanted = (str(before.value), str(now.value), "grade")
    elif one.kind == "modic" and one.verdict == "new":
        return (one.old, one.new) == (None, str(now.value))
    elif one.kind == "modic" and one.verdict == "resolved":
        return (one.old, one.new) == (str(before.value), None)
    elif moved:
        return one.unit in ("mm", "%")
    else:
        return one.old is one.new is None
    return (one.old, one.new, one.unit) == wanted


def _measured(
    one: Claimed, now: Finding, before: Finding, findings: Sequence[Finding], prior: Prior
) -> bool:
    """Whether numbers are those of the ratios or of the lengths beside them, as they are told.

    A measured number is rounded; a length that a reader set is as it was set, and marked.
    """
    pair: list[Finding | None] = [before, now]
    factor = 100.0
    if one.unit == "mm":
        factor, kind = 1.0, LENGTHS.get(now.kind)
        pair = [
            next((f for f in among if (f.level, f.kind) == (now.level, kind)), None)
            for among in (prior.findings, findings)
        ]
    numbers: list[str] = []
    marks: list[bool] = []
    for f in pair:
        if f is None or isinstance(f.value, str) or f.value is None:
            return False
        exact = f.set_by_reader and one.unit == "mm"
        size = f"{abs(f.value) * factor:.{1 if exact else 0}f}"
        numbers.append(size.removesuffix(".0"))
        marks.append(f.set_by_reader)
    old, new = (abs(float(f.value)) for f in pair if f is not None and f.value is not None)
    if (new > old) != (one.verdict == "increased"):
        return False  # no number may belie the word before it
    return ([one.old, one.new], list(one.set_by_reader)) == (numbers, marks)


def changes_are_told(report: Report) -> Iterator[str]:
    """Every clear change is in the findings, and of grades and slips in the impression, too."""
    if report.prior is None:
        return
    places = {f.id: f.level for f in report.findings}
    kinds = {f.id: f.kind for f in report.findings}
    out = {name for s in report.left_out for name in s.changes}
    for section in STATING:
        told = {name for s in report.section(section) for name in s.changes}
        for change in report.prior.changes:
            if places.get(change.finding) in report.omitted_levels or change.id in told | out:
                continue
            wanted = section == "findings" or kinds.get(change.finding) in CONCLUDED
            if change.verdict in CLEAR and wanted:
                yield f"{change.id} is not in the {section}"


def patient_is_known(report: Report) -> Iterator[str]:
    """The headers show that both studies are of the same patient."""
    if report.prior is not None and report.prior.same_patient == "stated":
        yield "that both studies are of one patient was stated, not read from the headers"


def everything_compared(report: Report) -> Iterator[str]:
    """Everything that is graded could be compared with the prior study."""
    if report.prior is not None:
        open_ = sum(c.verdict == "not_compared" for c in report.prior.changes)
        if open_:
            yield f"{open_} of {len(report.prior.changes)} findings were not compared"
