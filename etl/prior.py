"""What became of each finding since a prior study; a change is called only beyond the error.

Two grades differ when the values that the calibrated chances can't exclude have none in common, and
neither report calls its value probable. Two measured numbers differ when they lie further apart
than repeated looks at a patient in whom nothing has changed (``etl/repeatability.yaml``, made by
``python -m finetune.repeat``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

from etl.board import is_present, is_probable
from radixgpt.errors import InputError
from radixgpt.finding import ABSENT, GRADED, KINDS, PRESENT, Finding
from radixgpt.observation import Side
from radixgpt.patient import Subject, days_between, likeness
from radixgpt.prior import Change, Numbering, Prior, Verdict
from radixgpt.report import Report, StudyFacts

COMPARED: tuple[str, ...] = (*GRADED, "disc_height_index", "canal_ratio", "slip_ratio")
"""The kinds that are compared; lengths follow from the ratios, which are the patient's own."""
LENGTHS = {
    "disc_height_index": "disc_height_mm",
    "canal_ratio": "canal_mm",
    "slip_ratio": "slip_mm",
}
"""The length that tells a ratio in millimetres."""
OTHER_PATIENT = (
    "The prior study is not of the same patient, by the numbers and names in the headers.",
    "Check both studies. If it is the same patient, say so: --same-patient.",
)
EXCLUDED = (
    "The prior study can't be of the same patient: birth date or sex differ.",
    "Give a prior study of this patient.",
)
UNKNOWN_PATIENT = (
    "Whether the prior study is of the same patient can't be told from the images.",
    "If you know that it is, say so: --same-patient.",
)
LATER = (
    "The prior study was made after this one.",
    "Exchange the two, or give an earlier study.",
)
ITSELF = ("The prior study has the very images of this one.", "Give an earlier study.")
NO_LEVELS = (
    "Studies without graded levels are not compared.",
    "Give two MR studies of the lumbar spine.",
)


@dataclass(frozen=True)
class Earlier:
    """A prior study to be compared with.

    Attributes:
        report: on it.
        subject: whom it is of, as keyed hashes; None where only a report is at hand.
        read: whether its images were read, and not only an earlier report.
        stated: whether a person says that it is of the same patient.
    """

    report: Report
    subject: Subject | None = None
    read: bool = True
    stated: bool = False


@cache
def limits() -> Mapping[str, float]:
    """Difference of each measured kind from which a change is called."""
    import yaml

    path = Path(__file__).with_name("repeatability.yaml")
    data = cast(dict[str, Any], yaml.safe_load(path.read_text(encoding="utf-8")))
    return {kind: float(one["limit"]) for kind, one in data["measured"].items()}


def compared(report: Report, earlier: Earlier, now: Subject | None) -> Prior:
    """The prior study with what has changed since.

    Args:
        report: on this study.
        earlier: the prior study.
        now: whom this study is of, as keyed hashes.

    Raises:
        InputError: they are of two patients, or it isn't known and nobody states it; the prior is
            the later one; there are no levels to compare; both are one.
    """
    before = earlier.report
    if before.provenance.input_sha256 == report.provenance.input_sha256 != "":
        raise InputError(*ITSELF)
    require_earlier(earlier.subject, now, stated=earlier.stated)
    if not report.study.gradable or not before.study.gradable:
        raise InputError(*NO_LEVELS)
    kept = [f for f in before.findings if f.kind in (*COMPARED, *LENGTHS.values())]
    numbered = tuple(f.model_copy(update={"id": f"p{i}"}) for i, f in enumerate(kept, start=1))
    numbering = numbering_of(report.study, before.study)
    measurable = all(_spaced(facts) for facts in (report.study, before.study))
    return Prior(
        source="study" if earlier.read else "report",
        same_patient="header" if likeness(earlier.subject, now) == "same" else "stated",
        interval_days=days_between(earlier.subject, now),
        modality=before.study.modality,
        region=before.study.region,
        numbering=numbering,
        measurable=measurable,
        report_sha256=_untimed(before).content_sha256(),
        findings=numbered,
        changes=changes(report.findings, numbered, numbering, measurable=measurable),
    )


def require_earlier(before: Subject | None, now: Subject | None, *, stated: bool) -> None:
    """Refuse a prior study of another patient, or of a later day.

    Args:
        before: whom the prior is of, as keyed hashes.
        now: whom this study is of.
        stated: whether a person says that both are one patient.

    Raises:
        InputError: they are of two patients, or it isn't known and nobody states it; the prior is
            the later one.
    """
    same = likeness(before, now)
    if same == "excluded":
        raise InputError(*EXCLUDED)
    if same != "same" and not stated:
        raise InputError(*(OTHER_PATIENT if same == "different" else UNKNOWN_PATIENT))
    days = days_between(before, now)
    if days is not None and days < 0:
        raise InputError(*LATER)


def _untimed(report: Report) -> Report:
    """The report as it is whenever it is made again: how long it took is left out."""
    made = report.provenance.model_copy(update={"seconds": None})
    return report.model_copy(update={"provenance": made})


def _spaced(facts: StudyFacts) -> bool:
    """Whether pixels are known to be as wide as high in what was graded, or how far not."""
    return all(s.millimetres for s in facts.series if s.shown_slice is not None)


def again(prior: Prior | None, findings: Sequence[Finding]) -> Prior | None:
    """The comparison anew, after the findings of this study were changed."""
    if prior is None:
        return None
    anew = changes(findings, prior.findings, prior.numbering, measurable=prior.measurable)
    return prior.model_copy(update={"changes": anew})


def numbering_of(facts: StudyFacts, before: StudyFacts) -> Numbering:
    """Whether a level means the same disc in both; a numbering that a reader moved is certain."""
    if any(f.numbering_uncertain and not f.level_shift for f in (facts, before)):
        return "uncertain"
    bases = {
        f.numbering_basis.partition(";")[0] for f in (facts, before)
    }  # without a reader's shift
    return "agrees" if len(bases) == 1 else "other-basis"


def changes(
    findings: Iterable[Finding],
    before: Iterable[Finding],
    numbering: Numbering,
    *,
    measurable: bool,
) -> tuple[Change, ...]:
    """What became of every finding that both studies have, in the order of this report.

    Args:
        findings: of this study.
        before: of the prior.
        numbering: whether a level means the same disc in both.
        measurable: whether measures are compared; pictures may have lost how they were stretched.
    """
    then: dict[tuple[str | None, str, Side | None], Finding] = {
        (f.level, f.kind, f.side): f for f in before if f.level is not None
    }
    graded = {level for level, kind, _ in then if kind in GRADED}
    found: list[Change] = []
    for f in findings:
        old = then.get((f.level, f.kind, f.side))
        if f.kind not in COMPARED or f.level not in graded or old is None:
            continue
        limit = limits().get(f.kind)
        verdict: Verdict = "not_compared"
        if numbering == "agrees" and (limit is None or measurable):
            verdict = judged(f, old)
        found.append(
            Change(
                id=f"c{len(found) + 1}", finding=f.id, prior=old.id, verdict=verdict, limit=limit
            )
        )
    return tuple(found)


def judged(now: Finding, before: Finding) -> Verdict:
    """The verdict on one finding of one place in two studies."""
    if now.status != "value" or before.status != "value":
        return "not_compared"
    new, old = now.value, before.value
    if new is None or old is None:
        return "not_compared"
    if not KINDS[now.kind].values:
        if now.kind == "slip_ratio" and _turned(float(new), float(old)):
            return "other"
        difference = _size(now) - _size(before)
        if abs(difference) <= limits()[now.kind]:
            return "unchanged"
        return "increased" if difference > 0 else "decreased"
    if new == old:
        return "unchanged"
    if plausible(now) & plausible(before) or any(map(_doubted, (now, before))):
        return "not_clear"
    if (old, new) == (ABSENT, PRESENT) or (now.kind == "modic" and old == 0):
        return "new"
    if (old, new) == (PRESENT, ABSENT) or (now.kind == "modic" and new == 0):
        return "resolved"
    if now.kind == "pfirrmann" and isinstance(new, int) and isinstance(old, int):
        return "increased" if new > old else "decreased"
    return "other"


def _doubted(f: Finding) -> bool:
    """Whether a report calls it probable; what only may be there is neither new nor gone."""
    return is_present(f) and is_probable(f)


def _turned(new: float, old: float) -> bool:
    """Whether a slip goes the other way, and both are larger than the error of measuring."""
    return new * old < 0 and min(abs(new), abs(old)) > limits()["slip_ratio"]


def _size(f: Finding) -> float:
    assert isinstance(f.value, int | float), "measured kinds have numbers"
    return abs(f.value) if f.kind == "slip_ratio" else float(f.value)


def plausible(f: Finding) -> frozenset[str | int]:
    """The values that a finding does not exclude.

    A reader's own value excludes all others. Where nothing is known of the chances, as in a report
    of an earlier version, nothing is excluded.
    """
    if f.value is not None and f.set_by_reader:
        return frozenset({cast("str | int", f.value)})
    values: tuple[str | int, ...] = f.plausible or KINDS[f.kind].values
    return frozenset({*values, cast("str | int", f.value)})
