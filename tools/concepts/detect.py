"""From what the tools saw in a study to concepts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from radixgpt.eligibility import REASONS, Eligibility
from radixgpt.observation import Evidence, Observation
from radixgpt.report import ModelFacts
from radixgpt.study import Modality, Series, Study
from radixgpt.weights import load_card
from tools.concepts.combine import Rules, chance_at, combined, joined, rules
from tools.concepts.vocabulary import NO_TOOL, Entry, Group, vocabulary

DEFAULT_THRESHOLD = 0.5
"""Of a concept whose threshold was not tuned."""
_FACT_UNMEASURED = 0.5
"""Chance of a fact from the pixels for which no rate was measured: triage needs at least that."""
_LEVELS = ("vertebra", "disc")


class Detected(BaseModel):
    """One concept that a tool looks for, in one study.

    Attributes:
        key: its CUI, or our name where it has none.
        status: ``scored``, or ``not_assessed`` where the tool could not look; then there is no
            score, and the concept is neither said nor denied.
        score: calibrated chance that the images show it.
        threshold: score from which it is said.
        calibrated: whether the score was calibrated for this concept.
        level: the level that drove the score, of a finding.
        evidence: the regions that drove it; without an outline, the whole slice.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    cui: str | None
    meaning: str
    group: Group
    status: Literal["scored", "not_assessed"] = "scored"
    score: float | None = Field(default=None, ge=0, le=1)
    threshold: float | None = Field(default=None, ge=0, le=1)
    present: bool | None = None
    calibrated: bool = True
    level: str | None = None
    tool: str = ""
    reason: str = ""
    evidence: tuple[Evidence, ...] = ()


def model_facts() -> ModelFacts:
    """Name, version and hash of the rules and the vocabulary.

    Raises:
        WeightsError: there are none.
    """
    return load_card("concepts").facts()


def run(
    study: Study,
    eligibility: Eligibility,
    observations: Iterable[Observation],
    *,
    fitted: Rules | None = None,
    entries: Sequence[Entry] | None = None,
) -> tuple[Detected, ...]:
    """Score every concept that a tool looks for.

    Args:
        study: after triage.
        eligibility: what triage decided.
        observations: what any tools saw in it; findings of kinds that the table of concepts holds
            count, whichever tool they are of.
        fitted: the shipped rules if None.
        entries: the shipped vocabulary if None.

    Returns:
        Concepts that are said first, by falling score; then those that are denied; then those that
        were not assessed.

    Raises:
        WeightsError: ``weights/concepts`` is missing or damaged.
    """
    ways = rules() if fitted is None else fitted
    seen = tuple(observations)
    found = [
        _found(entry, study, eligibility, seen, ways)
        for entry in (vocabulary() if entries is None else entries)
        if entry.detector or _looked_for(entry, seen)
    ]
    return tuple(sorted(found, key=_rank))


def said(found: Iterable[Detected]) -> tuple[str, ...]:
    """The CUIs of the concepts that are said, each once, for a submission."""
    return tuple(dict.fromkeys(one.cui for one in found if one.present and one.cui))


def _rank(one: Detected) -> tuple[int, float, str]:
    order = 2 if one.status != "scored" else 0 if one.present else 1
    return order, -(one.score or 0.0), one.key


def _looked_for(entry: Entry, seen: Sequence[Observation]) -> bool:
    """Whether some tool looked for a finding that the vocabulary gives to none."""
    return entry.group == "finding" and entry.why_not == NO_TOOL and bool(_parts(entry, seen))


def _found(
    entry: Entry,
    study: Study,
    eligibility: Eligibility,
    seen: Sequence[Observation],
    ways: Rules,
) -> Detected:
    if entry.group == "finding":
        return _finding(entry, eligibility, seen, ways)
    if entry.group in _OF:
        return _fact(entry, study, ways)
    return _anatomy(entry, eligibility, seen, ways)


def _detected(entry: Entry, **fields: object) -> Detected:
    score, threshold = fields.get("score"), fields.get("threshold")
    if isinstance(score, float) and isinstance(threshold, float):
        fields |= {"score": round(score, 4), "present": score >= threshold}
    return Detected.model_validate(
        {
            "key": entry.key,
            "cui": entry.cui,
            "meaning": entry.meaning,
            "group": entry.group,
            "tool": entry.detector,
            **fields,
        }
    )


def _open(entry: Entry, reason: str) -> Detected:
    return _detected(entry, status="not_assessed", reason=reason)


def _refused(eligibility: Eligibility) -> str:
    return REASONS[eligibility.reason] if eligibility.reason else "No disc was graded."


# --- findings -------------------------------------------------------------------------------------


def _parts(entry: Entry, seen: Sequence[Observation]) -> list[tuple[float, Observation]]:
    """The chances of a finding by observation."""
    chances = ((chance_at(entry.names, one), one) for one in seen)
    return [(chance, one) for chance, one in chances if chance is not None]


def _finding(
    entry: Entry, eligibility: Eligibility, seen: Sequence[Observation], ways: Rules
) -> Detected:
    parts = _parts(entry, seen)
    if not parts:
        kinds = {name.partition(":")[0] for name in entry.names}
        reasons = [o.reason for o in seen if o.kind in kinds and o.reason]
        return _open(entry, reasons[0] if reasons else _refused(eligibility))
    rule = ways.findings.get(entry.key)
    chances = [chance for chance, _ in parts]
    score = joined("any", chances) if rule is None else combined(rule, chances)
    _, driver = max(parts, key=lambda part: part[0])
    return _detected(
        entry,
        score=score,
        threshold=DEFAULT_THRESHOLD if rule is None else rule.threshold,
        calibrated=rule is not None,
        level=driver.level,
        tool=driver.tool,
        evidence=driver.evidence,
    )


# --- anatomy --------------------------------------------------------------------------------------


def _anatomy(
    entry: Entry, eligibility: Eligibility, seen: Sequence[Observation], ways: Rules
) -> Detected:
    """A level, or a part of the spine; not assessed where no column was looked for."""
    if not any(one.kind == "disc" for one in seen):
        return _open(entry, _refused(eligibility))
    wanted = entry.names[0]
    here = [
        one
        for one in seen
        if one.status == "value"
        and (
            (one.kind, one.level) == (entry.group, wanted)
            if entry.group in _LEVELS
            else one.kind in _PARTS.get(wanted, ())
        )
    ]
    rate = ways.anatomy.get(entry.key)
    share = None if rate is None else rate.found if here else rate.missed
    if share is None and not here:
        return _open(entry, "It was not found, and what that means was not measured.")
    score = _FACT_UNMEASURED if share is None else share
    return _detected(
        entry,
        score=score,
        threshold=DEFAULT_THRESHOLD,
        calibrated=share is not None,
        level=here[0].level if here and entry.group in _LEVELS else None,
        evidence=here[0].evidence if here else (),
    )


_PARTS: Mapping[str, tuple[str, ...]] = {
    "spine": ("disc", "vertebra"),
    "vertebra": ("vertebra",),
    "disc": ("disc",),
    "canal": ("canal",),
}
"""The observations that show a part of the spine."""


# --- facts ----------------------------------------------------------------------------------------

_FILMS = (Modality.DX, Modality.CR)
_OF: Mapping[str, Callable[[Series], str]] = {
    "modality": lambda series: "DX" if series.modality is Modality.CR else str(series.modality),
    # A film is projected through the body: it lies in no plane, whatever its view.
    "plane": lambda series: "none" if series.modality in _FILMS else str(series.plane),
    "sequence": lambda series: str(series.sequence).removesuffix("_space"),
}


def _fact(entry: Entry, study: Study, ways: Rules) -> Detected:
    """A modality, plane or weighting, by the header or with the rate at which pixels tell it."""
    read = _OF[entry.group]
    known = [s for s in study.series if read(s) != "unknown"]
    having = [s for s in known if read(s) in entry.names]
    if not having and len(known) < len(study.series):
        return _open(entry, f"The {entry.group} of some images is not known.")
    if not known:
        return _open(entry, "There is no image.")
    rates = [_sure(series, entry.group, ways) for series in having or known]
    measured = [rate for rate in rates if rate is not None]
    if not having and not measured:  # what else it may be was never counted: no score denies it
        return _open(entry, f"How surely pixels tell this {entry.group} was not measured.")
    chances = [_FACT_UNMEASURED if rate is None else rate for rate in rates]
    score = joined("any", chances) if having else 1 - joined("any", measured)
    return _detected(
        entry,
        score=score,
        threshold=DEFAULT_THRESHOLD,
        calibrated=None not in rates,
        evidence=tuple(_slice(series) for series in having),
        tool="header"
        if all(_from(s, entry.group) != "pixels" for s in having or known)
        else entry.detector,
    )


def _from(series: Series, fact: str) -> str:
    if fact == "plane" and series.modality in _FILMS:  # it follows from the modality
        fact = "modality"
    return series.facts_from.get(fact, "header")


def _sure(series: Series, fact: str, ways: Rules) -> float | None:
    """How often the fact is right; None where it is read from pixels and was not counted."""
    if _from(series, fact) != "pixels":
        return 1.0
    return ways.facts.get(f"{fact}:{_OF[fact](series)}")


def _slice(series: Series) -> Evidence:
    middle = series.slices // 2
    instance = series.instances[middle] if middle < len(series.instances) else ""
    return Evidence(series=series.key, instance=instance, slice_index=middle)
