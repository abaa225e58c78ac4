"""Merging, consistency, filling up and order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl import transform as rules
from etl.extract import extract
from etl.transform import merge, transform
from radixgpt.eligibility import REASONS, Eligibility
from radixgpt.finding import GRADED, Finding
from radixgpt.level import LUMBAR_DISCS, order
from radixgpt.observation import Evidence

BOTH = Eligibility(True, t1="s2", t2="s1", mid_slices={"s1": 1, "s2": 1})
LOCATED = frozenset(LUMBAR_DISCS)


def finding(kind: str, value: Any, level: str = "L4-L5", **more: Any) -> Finding:
    series = more.pop("series", "s1")
    return Finding(
        id="x",
        level=level,
        kind=kind,
        value=value,
        evidence=(Evidence(series=series, slice_index=1),),
        **more,
    )


def test_agreeing_observations_give_the_surest_with_all_evidence() -> None:
    (one,) = merge(
        [
            finding("pfirrmann", 4, confidence=0.6),
            finding("pfirrmann", 4, confidence=0.8, series="s2"),
        ]
    )
    assert (one.value, one.confidence) == (4, 0.8)
    assert {e.series for e in one.evidence} == {"s1", "s2"}


def test_disagreeing_observations_are_indeterminate() -> None:
    (one,) = merge(
        [finding("disc_bulging", "present"), finding("disc_bulging", "absent", series="s2")]
    )
    assert (one.status, one.value, one.confidence) == ("indeterminate", None, None)
    assert one.reason == rules.DISAGREE
    assert len(one.evidence) == 2


@pytest.mark.parametrize(
    ("kind", "one", "other", "status"),
    [
        ("slip_mm", 4.0, 5.0, "value"),
        ("slip_mm", 4.0, 8.0, "indeterminate"),
        ("canal_ratio", 0.40, 0.44, "value"),
        ("canal_ratio", 0.40, 0.50, "indeterminate"),
        ("pfirrmann", 3, 4, "indeterminate"),
    ],
)
def test_numbers_agree_within_their_tolerance(
    kind: str, one: float, other: float, status: str
) -> None:
    (merged,) = merge([finding(kind, one), finding(kind, other)])
    assert merged.status == status


def test_sides_are_kept_apart() -> None:
    merged = merge(
        [
            finding("disc_herniation", "present", side="left"),
            finding("disc_herniation", "absent", side="right"),
        ]
    )
    assert [(f.side, f.value) for f in merged] == [("left", "present"), ("right", "absent")]


def test_a_value_stands_over_an_abstention() -> None:
    (one,) = merge(
        [
            finding("modic", None, status="indeterminate", reason="unsure"),
            finding("modic", 2, confidence=0.7),
        ]
    )
    assert (one.status, one.value) == ("value", 2)


@pytest.mark.parametrize(
    ("t1", "t2", "modic", "pfirrmann"),
    [
        ("s2", "s1", None, None),
        (None, "s1", rules.NO_T1, None),
        ("s2", None, rules.NO_T2, rules.NO_T2),
    ],
)
def test_modic_and_pfirrmann_need_their_sequences(
    t1: str | None, t2: str | None, modic: str | None, pfirrmann: str | None
) -> None:
    given_ = [finding("modic", 1), finding("pfirrmann", 3), finding("disc_bulging", "present")]
    found = transform(given_, replace(BOTH, t1=t1, t2=t2), located=LOCATED)
    here = {f.kind: f for f in found if f.level == "L4-L5"}
    assert here["modic"].reason == modic
    assert here["pfirrmann"].reason == pfirrmann
    assert here["modic"].status == ("value" if modic is None else "not_assessable")
    assert here["disc_bulging"].value == "present"


@pytest.mark.parametrize(
    ("value", "slip", "measured", "graded"),
    [
        ("present", 0.10, "value", "value"),
        ("present", -0.10, "value", "value"),
        ("present", 0.005, "indeterminate", "value"),
        ("absent", 0.03, "value", "value"),
        ("absent", -0.30, "indeterminate", "indeterminate"),
    ],
)
def test_a_slip_that_the_grading_excludes(
    value: str, slip: float, measured: str, graded: str
) -> None:
    found = transform(
        [
            finding("spondylolisthesis", value),
            finding("slip_ratio", slip, unit="1"),
            finding("slip_mm", 30 * slip, unit="mm"),
        ],
        BOTH,
        located=LOCATED,
    )
    grade = next(f for f in found if f.kind == "spondylolisthesis" and f.level == "L4-L5")
    assert (grade.status, grade.value) == (graded, value if graded == "value" else None)
    assert {f.status for f in found if f.kind in ("slip_ratio", "slip_mm")} == {measured}


@pytest.mark.parametrize(
    ("grade", "narrowing", "loser"),
    [(0.9, 0.6, "disc_narrowing"), (0.5, 0.9, "pfirrmann")],
)
def test_a_healthy_disc_is_not_narrowed(grade: float, narrowing: float, loser: str) -> None:
    found = transform(
        [
            finding("pfirrmann", 1, confidence=grade),
            finding("disc_narrowing", "present", confidence=narrowing),
        ],
        BOTH,
        located=LOCATED,
    )
    open_ = [f.kind for f in found if f.level == "L4-L5" and f.status == "indeterminate"]
    assert open_ == [loser]


def test_what_is_missing_is_filled_with_its_reason() -> None:
    found = transform([], BOTH, located=frozenset({"L5-S1"}))
    reasons = {(f.level, f.kind): f.reason for f in found}
    assert reasons["L1-L2", "modic"] == rules.NOT_LOCATED
    assert reasons["L5-S1", "modic"] == rules.NOT_GRADED
    assert len(found) == len(LUMBAR_DISCS) * len(GRADED)


def test_a_refused_study_has_every_level_not_assessed_and_why() -> None:
    found = transform([], Eligibility(False, "not-lumbar", ""))
    assert {f.status for f in found} == {"not_assessable"}
    assert {f.reason for f in found} == {REASONS["not-lumbar"]}
    assert {f.level for f in found} == set(LUMBAR_DISCS)


def test_no_verdict_without_a_reason() -> None:
    found = transform([finding("modic", None, status="indeterminate")], BOTH, located=LOCATED)
    assert all(f.reason for f in found if f.status != "value")


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_one_finding_a_place_from_head_to_tail(spines: Any, data: st.DataObject) -> None:
    discs = data.draw(spines.spine())
    study, eligibility = spines.study()
    seen = spines.observe(discs)
    seen = data.draw(st.permutations(seen)) if len(seen) < 40 else seen[::-1]
    extracted = extract(study, eligibility, seen)
    found = transform(extracted.findings, eligibility, located=extracted.located)
    places = [(f.level, f.kind, f.side) for f in found]
    assert len(set(places)) == len(places)
    heights = [order(f.level) for f in found if f.level]
    assert heights == sorted(heights)
    assert [f.id for f in found] == [f"f{i}" for i in range(1, len(found) + 1)]
    there = {(f.level, f.kind) for f in found}
    assert {(level, kind) for level in LUMBAR_DISCS for kind in GRADED} <= there
    again = transform(found, eligibility, located=extracted.located)
    assert again == found
