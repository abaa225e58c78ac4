"""From what the tools saw to the facts and findings of a report."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from radixgpt.eligibility import Eligibility
from radixgpt.finding import Finding
from radixgpt.observation import Evidence, Observation
from radixgpt.report import SeriesFacts, Structure, StudyFacts
from radixgpt.study import Series, Study

STRUCTURES: frozenset[str] = frozenset(
    {"disc", "vertebra", "canal", "numbering", "agreement", "view"}
)
"""Kinds of observations that say where something is; they are evidence, not findings."""

NO_BASIS = "not established"
"""Numbering basis of a study in which no tool numbered the levels."""


@dataclass(frozen=True)
class Extract:
    """What the extraction hands to the transformation.

    Attributes:
        facts: the study as the report sees it.
        findings: one for every graded or measured observation, not merged, without ids.
        input_sha256: hash of the pixels that were read.
        located: discs that a tool found in the images.
        structures: vertebrae and canal, where they lie.
    """

    facts: StudyFacts
    findings: tuple[Finding, ...]
    input_sha256: str
    located: frozenset[str] = field(default_factory=frozenset)
    structures: tuple[Structure, ...] = ()


def extract(
    study: Study,
    eligibility: Eligibility,
    observations: Sequence[Observation],
    *,
    level_shift: int = 0,
) -> Extract:
    """Collect facts, technique and findings.

    An observation of an unknown kind becomes a finding too, which the checks then refuse: nothing
    that a tool says is dropped in silence.
    """
    discs = _outlines(observations)
    findings = tuple(finding(o, discs) for o in observations if o.kind not in STRUCTURES)
    return Extract(
        facts=_facts(study, eligibility, observations, level_shift),
        findings=findings,
        input_sha256=pixels_sha256(study),
        located=frozenset(
            o.level for o in observations if o.kind == "disc" and o.status == "value" and o.level
        ),
        structures=tuple(_structures(observations)),
    )


def _structures(observations: Sequence[Observation]) -> Iterator[Structure]:
    """Vertebrae and canal with an outline; with which tool drew it."""
    for o in observations:
        drawn = tuple(_signed(e, o, {}) for e in o.evidence if len(e.polygon) > 2)
        if drawn and o.kind == "canal":
            yield Structure(kind="canal", level=None, evidence=drawn)
        elif drawn and o.kind == "vertebra" and o.level is not None:
            yield Structure(kind="vertebra", level=o.level, evidence=drawn)


def pixels_sha256(study: Study) -> str:
    """SHA-256 over the shapes and pixels of all series, in their order."""
    digest = hashlib.sha256()
    for series in study.series:
        digest.update(repr(series.pixels.shape).encode())
        digest.update(series.pixels.astype("<f4").tobytes())
    return digest.hexdigest()


def _basis(observations: Sequence[Observation]) -> str:
    for o in observations:
        if o.kind == "numbering" and isinstance(o.value, str) and o.value:
            return o.value
    return NO_BASIS


def _outlines(observations: Sequence[Observation]) -> dict[tuple[str | None, str, int], Evidence]:
    """Where each disc lies, by level, series and slice."""
    return {
        (o.level, e.series, e.slice_index): e
        for o in observations
        if o.kind == "disc"
        for e in o.evidence
    }


def finding(o: Observation, discs: dict[tuple[str | None, str, int], Evidence]) -> Finding:
    """One observation as a finding with its id.

    Args:
        o: of any kind that is no structure.
        discs: the outline of each disc by level, series and slice.
    """
    return Finding(
        id=o.id,
        level=o.level,
        kind=o.kind,
        value=o.value if o.status == "value" else None,
        unit=o.unit,
        side=o.side,
        status=o.status,
        reason=o.reason,
        confidence=o.confidence,
        plausible=o.plausible,
        evidence=tuple(_signed(e, o, discs) for e in o.evidence),
    )


def _signed(
    e: Evidence, o: Observation, discs: dict[tuple[str | None, str, int], Evidence]
) -> Evidence:
    """Evidence with its observation and tool noted, and the disc's outline where it has none."""
    update: dict[str, object] = {}
    if not e.observation:
        update["observation"] = o.id
    if not e.tool:
        update["tool"] = f"{o.tool} {o.tool_version}"
    disc = discs.get((o.level, e.series, e.slice_index))
    if disc is not None and not e.polygon:
        update["polygon"] = disc.polygon
        update["axis"] = e.axis or disc.axis
    return e.model_copy(update=update)


def _facts(
    study: Study,
    eligibility: Eligibility,
    observations: Sequence[Observation],
    level_shift: int,
) -> StudyFacts:
    graded = [study.one(key) for key in eligibility.graded_series]
    described = graded or list(study.series)
    modality = _commonest([s.modality.value for s in described])
    region = _commonest([s.region.value for s in described])
    if eligibility.outline is not None:
        modality, region = eligibility.outline
    return StudyFacts(
        key=study.key,
        modality=modality,
        region=region,
        gradable=eligibility.gradable,
        outlined=eligibility.outline is not None,
        reason=None if eligibility.gradable else eligibility.reason,
        radiographs=eligibility.radiographs,
        numbering_basis=_basis(observations),
        numbering_uncertain=any(
            o.kind == "numbering" and o.status == "indeterminate" for o in observations
        ),
        level_shift=level_shift,
        synthetic=study.synthetic,
        series=tuple(_series_facts(s, eligibility) for s in study.series),
        field_strengths=_field_strengths(study),
        contrast=_contrast(study),
        quarantine=tuple(
            {"name": q.name, "reason": q.reason, "detail": q.detail} for q in study.quarantine
        ),
        warnings=(
            *(o.reason for o in observations if o.kind == "agreement" and o.reason),
            *study.warnings,
            *(f"{s.key}: {w}" for s in study.series for w in s.warnings),
        ),
    )


def _commonest(values: list[str]) -> str:
    known = [v for v in values if v != "unknown"]
    return Counter(known).most_common(1)[0][0] if known else "unknown"


def _series_facts(series: Series, eligibility: Eligibility) -> SeriesFacts:
    shown = eligibility.mid_slices.get(series.key)
    return SeriesFacts(
        key=series.key,
        modality=series.modality.value,
        plane=series.plane.value,
        sequence=series.sequence.value,
        region=series.region.value,
        slices=series.slices,
        shown_slice=shown if series.key in eligibility.graded_series else None,
        slice_thickness_mm=_thickness(series),
        millimetres=series.has_millimetres(),
        view=series.view.value,
        facts_from=dict(series.facts_from),
    )


def _thickness(series: Series) -> float | None:
    """Thickness of the slices in millimetres, where the header records one."""
    value = series.technique.get("slice_thickness_mm")
    return float(value) if isinstance(value, int | float) and value > 0 else None


def in_header(facts_from: Mapping[str, str]) -> bool:
    """Whether plane and weighting of a series are recorded in its header."""
    return facts_from.get("plane") == facts_from.get("sequence") == "header"


def _contrast(study: Study) -> bool | None:
    """Whether a contrast agent is recorded as given; None when nothing is recorded."""
    recorded = {series.contrast_agent for series in study.series}
    return True if True in recorded else False if recorded == {False} else None


def _field_strengths(study: Study) -> tuple[float, ...]:
    """Tesla, each once."""
    found = (series.technique.get("field_strength_t") for series in study.series)
    return tuple(sorted({float(t) for t in found if isinstance(t, int | float) and t > 0}))
