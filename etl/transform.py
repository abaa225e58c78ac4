"""From findings as seen to findings as reported: merged, made consistent, filled up, ordered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from etl.outline import discs_of, item_findings, reason_at_a_level
from radixgpt.eligibility import REASONS, Eligibility
from radixgpt.errors import LevelError
from radixgpt.finding import ABSENT, GRADED, KINDS, PRESENT, Finding
from radixgpt.level import order
from radixgpt.observation import Evidence

NO_T1 = "No sagittal T1-weighted series was graded."
NO_T2 = "No sagittal T2-weighted series was graded."
NOT_LOCATED = "The disc was not located in the graded slices."
NOT_GRADED = "No tool graded it."
NO_VERDICT = "The tool came to no verdict."
DISAGREE = "The observations disagree."
SLIP_DISAGREES = "The measured slip and the grading of spondylolisthesis exclude each other."
HEIGHT_DISAGREES = "Pfirrmann grade I and disc space narrowing exclude each other."

# The grading knows the measured slip already, but it learned from readers who rarely called a slip.
# At discs graded as without one, one in a hundred measures 15% of the vertebral depth or more. So a
# large slip leaves both open, and one that is too small gives way to the grading.
SLIP_EXCLUDES_ABSENT = 0.15
"""A measured slip of this share of the vertebral depth contradicts "no spondylolisthesis"."""
SLIP_EXCLUDES_PRESENT = 0.02
"""A measured slip below this share contradicts "spondylolisthesis"."""

_RATIO_TOLERANCE = 0.05
_ANGLE_TOLERANCE = 5.0
_LENGTH_TOLERANCE_MM = 1.5
_KIND_ORDER = {name: place for place, name in enumerate((*GRADED, *KINDS))}
_SIDE_ORDER = {None: 0, "left": 1, "right": 2, "bilateral": 3}


def transform(
    findings: Iterable[Finding],
    eligibility: Eligibility,
    *,
    located: frozenset[str] = frozenset(),
) -> tuple[Finding, ...]:
    """Merge, make consistent, fill up, order and number findings.

    Args:
        findings: as extracted.
        eligibility: which series were graded, and why not.
        located: discs that a tool found in the images.

    Returns:
        Findings from head to tail, in the order of a report, with the ids f1, f2, ...
    """
    kept = consistent(merge(findings), eligibility)
    if eligibility.radiographs:
        kept = [*kept, *item_findings("DX", "")]
    elif eligibility.outline is not None:
        kept = [*kept, *item_findings(*eligibility.outline)]
    if not eligibility.radiographs:
        kept = [*kept, *_missing(kept, eligibility, located)]
    kept.sort(key=_place)
    return tuple(f.model_copy(update={"id": f"f{i}"}) for i, f in enumerate(kept, start=1))


def consistent(findings: Iterable[Finding], eligibility: Eligibility) -> list[Finding]:
    """Leave open what findings say against one another, or without the sequence that it needs."""
    kept = [_with_its_sequences(f, eligibility) for f in findings]
    return _height_and_grade(_slip_and_grade(kept))


def _place(f: Finding) -> tuple[int, str, int, str, int]:
    try:
        height = -1 if f.level is None else order(f.level)
    except LevelError:  # the checks name it; here it only has to stand somewhere
        height = 10_000
    return (
        height,
        f.level or "",
        _KIND_ORDER.get(f.kind, len(_KIND_ORDER)),
        f.kind,
        _SIDE_ORDER[f.side],
    )


def merge(findings: Iterable[Finding]) -> list[Finding]:
    """One finding for each level, kind and side.

    Values that agree give the most confident one with all evidence. Values that disagree give
    ``indeterminate``. A value stands over an abstention, and an abstention over "not assessable":
    neither says that the value is wrong.
    """
    ordered = sorted(findings, key=_place)
    return [_merged(list(group)) for _, group in groupby(ordered, key=_place)]


def _merged(group: Sequence[Finding]) -> Finding:
    for status in ("value", "indeterminate", "not_assessable"):
        chosen = [f for f in group if f.status == status]
        if chosen:
            break
    best = max(chosen, key=lambda f: f.confidence or 0.0)
    if best.status != "value" and not best.reason:
        best = best.model_copy(update={"reason": NO_VERDICT})
    evidence = _all_evidence(chosen)
    if best.status == "value" and not all(_same(best, f) for f in chosen):
        return _without_value(best, "indeterminate", DISAGREE, evidence)
    return best.model_copy(update={"evidence": evidence})


def _all_evidence(findings: Sequence[Finding]) -> tuple[Evidence, ...]:
    return tuple(dict.fromkeys(e for f in findings for e in f.evidence))


def _same(one: Finding, other: Finding) -> bool:
    a, b = one.value, other.value
    kind = KINDS.get(one.kind)
    if kind is None or kind.values or isinstance(a, str) or isinstance(b, str):
        return a == b
    if a is None or b is None:
        return a is b
    tolerance = {"length": _LENGTH_TOLERANCE_MM, "angle": _ANGLE_TOLERANCE}
    return abs(a - b) <= tolerance.get(kind.type, _RATIO_TOLERANCE)


def _without_value(
    f: Finding, status: str, reason: str, evidence: tuple[Evidence, ...] | None = None
) -> Finding:
    update: dict[str, object] = {
        "status": status,
        "value": None,
        "unit": None,
        "confidence": None,
        "plausible": (),
        "reason": reason,
    }
    if evidence is not None:
        update["evidence"] = evidence
    return f.model_copy(update=update)


def _with_its_sequences(f: Finding, eligibility: Eligibility) -> Finding:
    """Pfirrmann needs T2 (Pfirrmann 2001), Modic needs T1 and T2 (Modic 1988)."""
    reason = _missing_sequence(f.kind, eligibility)
    if reason is None or f.status == "not_assessable":
        return f
    return _without_value(f, "not_assessable", reason)


def _missing_sequence(kind: str, eligibility: Eligibility) -> str | None:
    if kind in ("pfirrmann", "modic") and eligibility.t2 is None:
        return NO_T2
    if kind == "modic" and eligibility.t1 is None:
        return NO_T1
    return None


def _slip_and_grade(findings: list[Finding]) -> list[Finding]:
    """What measured slip and grading of spondylolisthesis say against one another is left open."""
    graded: dict[str | None, set[object]] = {}
    slips: dict[str | None, float] = {}
    for f in findings:
        if f.kind == "spondylolisthesis" and f.status == "value":
            graded.setdefault(f.level, set()).add(f.value)
        elif f.kind == "slip_ratio" and isinstance(f.value, int | float):
            slips[f.level] = abs(f.value)
    denied = {
        level
        for level, slip in slips.items()
        if graded.get(level) == {ABSENT} and slip >= SLIP_EXCLUDES_ABSENT
    }
    unseen = {
        level
        for level, slip in slips.items()
        if PRESENT in graded.get(level, ()) and slip < SLIP_EXCLUDES_PRESENT
    }

    def doubtful(f: Finding) -> bool:
        if f.kind in ("slip_ratio", "slip_mm"):
            return f.level in denied | unseen
        return f.kind == "spondylolisthesis" and f.level in denied

    return [
        _without_value(f, "indeterminate", SLIP_DISAGREES)
        if doubtful(f) and f.status == "value"
        else f
        for f in findings
    ]


def _height_and_grade(findings: list[Finding]) -> list[Finding]:
    """Pfirrmann I means a disc of normal height: with narrowing, the less sure one gives way."""
    healthy = {f.level: f for f in findings if f.kind == "pfirrmann" and f.value == 1}
    result = list(findings)
    for i, narrowing in enumerate(findings):
        grade = healthy.get(narrowing.level)
        if narrowing.kind != "disc_narrowing" or narrowing.value != PRESENT or grade is None:
            continue
        weaker = i
        if (grade.confidence or 0.0) < (narrowing.confidence or 0.0):
            weaker = findings.index(grade)
        result[weaker] = _without_value(findings[weaker], "indeterminate", HEIGHT_DISAGREES)
    return result


def _missing(
    findings: Sequence[Finding], eligibility: Eligibility, located: frozenset[str]
) -> list[Finding]:
    """What was not graded at the levels of the region, each with its reason."""
    there = {(f.level, f.kind) for f in findings}
    filled = []
    modality, region = eligibility.outline or ("", "lumbar")
    for level in discs_of(region):
        for kind in GRADED:
            if (level, kind) in there:
                continue
            if not eligibility.gradable:
                reason = REASONS[eligibility.reason] if eligibility.reason else NOT_GRADED
                reason = reason_at_a_level(kind, modality, reason)
            elif located and level not in located:
                reason = NOT_LOCATED
            else:
                reason = _missing_sequence(kind, eligibility) or NOT_GRADED
            filled.append(
                Finding(id="", level=level, kind=kind, status="not_assessable", reason=reason)
            )
    return filled
