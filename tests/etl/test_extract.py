"""From observations and headers to findings and facts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from etl.compose import recorded_series
from etl.extract import NO_BASIS, STRUCTURES, extract, pixels_sha256
from radixgpt.observation import Evidence
from radixgpt.study import Quarantined, Sequence, Study


def test_what_lies_where_is_evidence_and_not_a_finding(spines: Any) -> None:
    study, eligibility = spines.study()
    seen = spines.observe(spines.healthy())
    extracted = extract(study, eligibility, seen)
    assert not {f.kind for f in extracted.findings} & STRUCTURES
    assert len(extracted.findings) == sum(o.kind not in STRUCTURES for o in seen)
    assert extracted.facts.numbering_basis == "assumed from the lowest disc"
    assert extracted.located == {"L1-L2", "L2-L3", "L3-L4", "L4-L5", "L5-S1"}


def test_evidence_names_its_observation_and_tool(spines: Any) -> None:
    study, eligibility = spines.study()
    extracted = extract(study, eligibility, spines.observe(spines.healthy()))
    evidence = extracted.findings[0].evidence[0]
    assert evidence.observation == extracted.findings[0].id
    assert evidence.tool == "classifier 1"


def test_evidence_without_an_outline_gets_that_of_its_disc(spines: Any) -> None:
    study, eligibility = spines.study()
    seen = spines.observe(spines.healthy())
    bare = Evidence(series="s1", slice_index=1)
    elsewhere = Evidence(series="s1", slice_index=2)
    seen = [
        o.model_copy(update={"evidence": (bare, elsewhere)}) if o.kind == "pfirrmann" else o
        for o in seen
    ]
    grade = next(f for f in extract(study, eligibility, seen).findings if f.kind == "pfirrmann")
    assert grade.evidence[0].polygon == spines.outline("L1-L2", "s1").polygon
    assert grade.evidence[1].polygon == ()


def test_a_disc_that_was_not_found_is_not_located(spines: Any) -> None:
    study, eligibility = spines.study()
    seen = [
        o.model_copy(update={"status": "not_assessable", "reason": "not found", "evidence": ()})
        if o.kind == "disc" and o.level == "L1-L2"
        else o
        for o in spines.observe(spines.healthy())
    ]
    assert "L1-L2" not in extract(study, eligibility, seen).located


def test_the_hash_is_of_the_pixels(spines: Any) -> None:
    study, _ = spines.study()
    other = study.series[0].pixels.copy()
    other[0, 0, 0] += 1
    changed = Study("another key", (replace(study.series[0], pixels=other), study.series[1]))
    assert pixels_sha256(study) == pixels_sha256(replace(study, key="renamed"))
    assert pixels_sha256(study) != pixels_sha256(changed)


@pytest.mark.parametrize(
    ("agents", "given"),
    [((None, None), None), ((False, None), None), ((False, False), False), ((None, True), True)],
)
def test_contrast_only_as_recorded(
    spines: Any, agents: tuple[bool | None, ...], given: bool | None
) -> None:
    study, eligibility = spines.study()
    pairs = zip(study.series, agents, strict=True)
    series = tuple(replace(s, contrast_agent=a) for s, a in pairs)
    facts = extract(replace(study, series=series), eligibility, []).facts
    assert facts.contrast is given


def test_technique_comes_from_headers_alone(spines: Any) -> None:
    study, eligibility = spines.study(header=False)
    assert recorded_series(extract(study, eligibility, []).facts) == ()
    study, eligibility = spines.study()
    facts = extract(study, eligibility, []).facts
    assert recorded_series(facts) == (("sagittal", "t2"), ("sagittal", "t1"))
    assert facts.field_strengths == (1.5,)


def test_facts_of_a_refused_study(spines: Any) -> None:
    from radixgpt.eligibility import Eligibility

    study, _ = spines.study()
    study = replace(
        study,
        warnings=("A slice is missing.",),
        quarantine=(Quarantined("object 2", "truncated", "It is cut off."),),
        series=(study.series[0].with_facts("user", sequence=Sequence.UNKNOWN),),
    )
    facts = extract(study, Eligibility(False, "not-lumbar", "x"), []).facts
    assert facts.reason == "not-lumbar"
    assert facts.series[0].shown_slice is None
    assert facts.numbering_basis == NO_BASIS
    assert facts.warnings == ("A slice is missing.",)
    assert facts.quarantine[0]["reason"] == "truncated"
