"""The rules that a report must pass, each by name.

A report fails when a sentence states what no finding says, when a finding has no evidence, when a
level, side, grade or number in the text differs from the findings, or when the impression goes
beyond the findings. The sentences are read again from their words (:mod:`etl.wording`), so the
rules also hold for a report that a language model reworded.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from etl.claim import Claim
from etl.wording import read
from radixgpt.errors import CheckFailedError, LevelError
from radixgpt.finding import GRADED, KINDS, OF_RADIOGRAPHS, Finding
from radixgpt.level import order
from radixgpt.report import (
    DRAFT_MARK,
    SECTIONS,
    SIGNED_MARK,
    Check,
    Report,
    Section,
    Sentence,
)

_BINARY = frozenset(kind for kind in GRADED if kind not in ("pfirrmann", "modic"))
STATING: tuple[Section, ...] = ("findings", "impression")
"""The sections whose sentences state findings."""

_NORMAL = re.compile(
    r"\b(normal\w*|unremarkable|intact|preserved|within limits|no abnormalit\w+)\b", re.IGNORECASE
)
_PRIOR = re.compile(
    r"\b(unchanged|stable|interval|progress(?:ed|ion|ive)|worsen\w*|improv\w+|new(?:ly)?"
    r"|previous(?:ly)?|prior|no change|increased|decreased|since the last)\b",
    re.IGNORECASE,
)


def normal_value(finding: Finding) -> bool:
    """Whether a finding states the absence of disease (Pfirrmann I and II, Modic 0, absent)."""
    if finding.kind == "pfirrmann":
        return finding.value in (1, 2)
    return finding.value in ("absent", 0)


def meyerding(ratio: float) -> int:
    """Meyerding grade 1-5 of a slip as a share of the vertebral depth (Meyerding 1932)."""
    share = abs(ratio)
    return next(
        (grade for grade, top in ((1, 0.25), (2, 0.5), (3, 0.75), (4, 1.0)) if share <= top), 5
    )


def check_sentence(
    text: str,
    findings: Sequence[Finding],
    *,
    level: str | None = None,
    complete: bool = False,
) -> list[str]:
    """Problems of a text that is meant to state nothing but these findings.

    Args:
        text: one or more sentences, by a template, a language model or anyone else.
        findings: what the text may state.
        level: the level that is meant where the text names none; when None, the one level that
            all findings share.
        complete: the text must also state every one of the findings.

    Returns:
        What is wrong, a clause each; empty when nothing is.
    """
    reading = read(text)
    problems = [*reading.problems]
    problems.extend(f"says '{m.group()}', which no finding states" for m in _NORMAL.finditer(text))
    problems.extend(
        f"says '{m.group()}', but there is no prior study" for m in _PRIOR.finditer(text)
    )
    shared = {f.level for f in findings}
    if level is None and len(shared) == 1:
        level = shared.pop()
    stated: set[str] = set()
    said: list[tuple[str, str | None, str | None]] = []
    for claim in reading.claims:
        levels: tuple[str | None, ...] = claim.levels or ((level,) if level else ())
        if not levels and any(f.kind == claim.kind and f.level is None for f in findings):
            levels = (None,)
        if not levels:
            problems.append(f"'{claim.words}' names no level")
        for place in levels:
            problems.extend(_unsupported(claim, place, findings, stated))
            if claim.kind in _BINARY:
                said.append((claim.kind, place, claim.side))
    if ". " not in text.strip():  # in one sentence, a level that comes twice stands for another
        problems.extend(
            f"states {kind} at {place or 'the whole study'} twice"
            for (kind, place, _), times in Counter(said).items()
            if times > 1
        )
    if complete:
        problems.extend(
            f"does not state {f.id} ({f.kind} at {f.level})" for f in findings if f.id not in stated
        )
    return list(dict.fromkeys(problems))


def _unsupported(
    claim: Claim, place: str | None, findings: Sequence[Finding], stated: set[str]
) -> Iterator[str]:
    """What is wrong with a claim about a level or the whole; notes what supports it."""
    here = [f for f in findings if f.kind == claim.kind and f.level == place]
    matching = [f for f in here if f.side == claim.side]
    level = place or "the whole study"
    if not here:
        yield f"'{claim.words}' at {level} has no finding"
        return
    if not matching:
        sides = ", ".join(sorted(str(f.side or "no side") for f in here))
        yield f"'{claim.words}' at {level} is said of {claim.side or 'no side'}, found: {sides}"
        return
    for finding in matching:
        if finding.status != claim.status:
            yield f"'{claim.words}' at {level}: the finding's status is {finding.status}"
        elif not _agrees(claim, finding, findings):
            yield f"'{claim.words}' at {level} differs from the finding, {finding.value}"
        else:
            stated.add(finding.id)


def _agrees(claim: Claim, finding: Finding, findings: Sequence[Finding]) -> bool:
    if claim.status != "value":
        return True
    value = finding.value
    if claim.superlative:
        grades = {
            f.level: f.value
            for f in findings
            if f.kind == claim.kind and f.status == "value" and isinstance(f.value, int)
        }
        worst = {level for level, grade in grades.items() if grade == max(grades.values())}
        return set(claim.levels) == worst != set(grades)
    if claim.meyerding is not None:
        return isinstance(value, float | int) and meyerding(value) == claim.meyerding
    if claim.number is not None:
        if not isinstance(value, float | int):
            return False
        if claim.direction is not None and (value > 0) != (claim.direction == "anterior"):
            return False
        size = abs(value) * (100 if claim.percent else 1)
        decimals = len(claim.number.partition(".")[2])
        return f"{size:.{decimals}f}" == claim.number
    return value in claim.allowed


# --- rules ------------------------------------------------------------------------------------


def sections_in_order(report: Report) -> Iterator[str]:
    """All nine sections are there, each with a sentence, in their order."""
    order_of = list(SECTIONS)
    seen = list(dict.fromkeys(s.section for s in report.sentences))
    for name in order_of:
        if name not in seen:
            yield f"the section '{SECTIONS[name]}' is missing"
    places = [order_of.index(s.section) for s in report.sentences]
    if places != sorted(places):
        yield "the sections are not in their order"


def draft_mark(report: Report) -> Iterator[str]:
    """A draft carries the draft mark; a final report the signature of just this report."""
    signature = report.signature
    if report.status == "draft":
        if report.mark != DRAFT_MARK:
            yield "the draft mark is missing or changed"
        if signature is not None:
            yield "a draft carries a signature"
    elif signature is None:
        yield "a report is a draft until a person signs it"
    else:
        if report.mark != SIGNED_MARK:
            yield "the mark of a signed report is missing or changed"
        if signature.content_sha256 != report.content_sha256():
            yield "the report was changed after it was signed"


def known_kind_and_value(report: Report) -> Iterator[str]:
    """Every finding has a known kind and level, and a value that its scale has, or a reason."""
    seen: set[str] = set()
    for f in report.findings:
        if f.id in seen:
            yield f"the id {f.id} is given twice"
        seen.add(f.id)
        if f.level is not None:
            try:
                order(f.level)
            except LevelError:
                yield f"{f.id}: unknown level '{f.level[:20]}'"
        kind = KINDS.get(f.kind)
        if kind is None:
            yield f"{f.id}: unknown kind '{f.kind[:40]}'"
        elif f.status != "value":
            if f.value is not None:
                yield f"{f.id}: a finding without a verdict has a value"
            if not f.reason:
                yield f"{f.id}: no reason is given for the missing value"
        elif kind.values:
            if isinstance(f.value, bool) or f.value not in kind.values:
                yield f"{f.id}: '{f.value}' is not a value of {f.kind}"
        elif isinstance(f.value, bool | str) or f.value is None:
            yield f"{f.id}: {f.kind} needs a number"
        elif f.unit != kind.unit:
            yield f"{f.id}: {f.kind} is given in '{f.unit}', not in '{kind.unit}'"


def finding_has_evidence(report: Report) -> Iterator[str]:
    """Every finding with a value points at an image, unless a reader set it."""
    series = {s.key: s.slices for s in report.study.series}
    for f in report.findings:
        if f.status == "value" and not f.evidence and not f.set_by_reader:
            yield f"{f.id} ({f.kind} at {f.level}) has no evidence"
        for e in f.evidence:
            if e.series not in series:
                yield f"{f.id} points at the series '{e.series[:20]}', which the study has not"
            elif e.slice_index >= series[e.series]:
                yield f"{f.id} points at slice {e.slice_index} of {e.series}, which has fewer"


def sentence_has_finding(report: Report) -> Iterator[str]:
    """Every sentence of findings and impression names findings, and the report has them."""
    known = {f.id for f in report.findings}
    for sentence in report.sentences:
        if sentence.section in STATING and not sentence.findings:
            yield f"no finding is named by: {sentence.text}"
        for name in sentence.findings:
            if name not in known:
                yield f"there is no finding {name}, named by: {sentence.text}"


def text_agrees(report: Report) -> Iterator[str]:
    """Levels, sides, grades, negations and numbers of each sentence are those of its findings."""
    for sentence in report.sentences:
        if sentence.section not in STATING:
            continue
        findings = _named(report, sentence)
        for problem in check_sentence(sentence.text, findings, level=sentence.level, complete=True):
            yield f"{problem}: {sentence.text}"
        if sentence.level is not None and any(f.level != sentence.level for f in findings):
            yield f"states another level than {sentence.level}: {sentence.text}"


def impression_within_findings(report: Report) -> Iterator[str]:
    """The impression states only what the findings section states."""
    stated = {name for s in report.section("findings") for name in s.findings}
    for sentence in report.section("impression"):
        if beyond := [name for name in sentence.findings if name not in stated]:
            yield f"{', '.join(beyond)} only in the impression: {sentence.text}"


def nothing_left_out(report: Report) -> Iterator[str]:
    """Every graded finding is in the findings section, but for levels a reader left out."""
    stated = {name for s in report.section("findings") for name in s.findings}
    for f in report.findings:
        judged = f.kind in (GRADED if f.level else OF_RADIOGRAPHS)
        if judged and f.id not in stated and f.level not in report.omitted_levels:
            yield f"{f.id} ({f.kind} at {f.level}) is nowhere in the findings"


def no_claims_elsewhere(report: Report) -> Iterator[str]:
    """Sections other than findings and impression state no finding; the patient's history may."""
    for sentence in report.sentences:
        if sentence.section in STATING:
            continue
        if sentence.findings:
            yield f"names findings outside of findings and impression: {sentence.text}"
        if sentence.section == "clinical_information":
            continue
        for claim in read(sentence.text).claims:
            if claim.status == "value" and (
                claim.levels or claim.number or len(claim.allowed) == 1
            ):
                yield f"'{claim.words}' is a finding outside of the findings: {sentence.text}"


def comparison_is_none(report: Report) -> Iterator[str]:
    """No prior study is compared, no recommendation made, no communication invented."""
    for name, text in _FIXED.items():
        if [s.text for s in report.section(name)] != [text]:
            yield f"the section '{SECTIONS[name]}' must read: {text}"


_FIXED: dict[Section, str] = {
    "comparison": "None available.",
    "recommendations": "None generated.",
    "critical_communication": "To be completed by the reporting radiologist: ____________________",
}


def limitations_are_stated(report: Report) -> Iterator[str]:
    """What was not looked at is said: slices, structures, numbering, lengths, refusal."""
    text = " ".join(s.text for s in report.section("limitations")).lower()
    needed: list[tuple[bool, str]] = [
        (report.study.gradable, "single mid-sagittal slice"),
        (report.study.gradable, "were not assessed"),
        (report.study.gradable, "transitional anatomy cannot be excluded"),
        (report.study.gradable and report.study.numbering_uncertain, "numbering is uncertain"),
        (report.study.synthetic, "synthetic"),
        (not report.study.gradable, "not graded"),
        (bool(report.study.radiographs), "were not assessed"),
        (
            any(f.kind == "scoliosis" and f.status != "not_assessable" for f in report.findings),
            "the side of a curve is not stated",
        ),
        (bool(report.omitted_levels), "left out"),
        (any(f.set_by_reader for f in report.findings), "set by the reader"),
    ]
    graded = [s for s in report.study.series if s.shown_slice is not None]
    needed.append((report.study.gradable and not any(s.millimetres for s in graded), "millimetres"))
    for applies, words in needed:
        if applies and words not in text:
            yield f"the limitations do not say '{words}'"


def level_in_heading(report: Report) -> Iterator[str]:
    """The sentences of the findings go from head to tail, each level's together."""
    places = [order(s.level) for s in report.section("findings") if s.level is not None]
    if places != sorted(places):
        yield "the levels are not in their order from head to tail"


RULES: dict[str, Callable[[Report], Iterator[str]]] = {
    "nine-sections": sections_in_order,
    "draft-mark": draft_mark,
    "known-kind-and-value": known_kind_and_value,
    "finding-has-evidence": finding_has_evidence,
    "sentence-has-finding": sentence_has_finding,
    "text-agrees-with-findings": text_agrees,
    "levels-in-order": level_in_heading,
    "impression-within-findings": impression_within_findings,
    "nothing-left-out": nothing_left_out,
    "no-claims-elsewhere": no_claims_elsewhere,
    "fixed-sections": comparison_is_none,
    "limitations-stated": limitations_are_stated,
}
"""Every rule by name; each yields what breaks it."""


def check(report: Report) -> tuple[Check, ...]:
    """The outcome of every rule, in the order of :data:`RULES`."""
    outcomes = []
    for name, rule in RULES.items():
        broken = list(rule(report))
        outcomes.append(Check(rule=name, passed=not broken, detail="; ".join(broken)))
    return tuple(outcomes)


def require(report: Report) -> Report:
    """The report with its checks noted.

    Raises:
        CheckFailedError: a rule is broken; the message names the rule and the sentences.
    """
    checks = check(report)
    failed = [c for c in checks if not c.passed]
    if failed:
        raise CheckFailedError(
            "The report does not agree with its findings: "
            + " | ".join(f"{c.rule}: {c.detail}" for c in failed)
            + ".",
            "Word the named sentences from their findings, or compose the report anew.",
        )
    return report.model_copy(update={"checks": checks})


def _named(report: Report, sentence: Sentence) -> list[Finding]:
    by_id = {f.id: f for f in report.findings}
    return [by_id[name] for name in sentence.findings if name in by_id]
