"""Pairing the findings of two reports, and the counts and figures made of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.findings.compare import COLUMNS, ERRORS, FIGURES, OWN, best, compare, marks
from eval.findings.matching import match
from eval.findings.statement import Stated, Statement, stated
from eval.findings.weights import weight
from radixgpt.language.reader import read
from radixgpt.level import LUMBAR_DISCS

statement = st.builds(
    Statement,
    kind=st.sampled_from(["disc_bulging", "modic", "cord_compression"]),
    level=st.sampled_from(["", "L2-L3", "L4-L5", "L5-S1", "L4", "S3"]),
    side=st.sampled_from(["", "left", "right"]),
    grade=st.sampled_from(["", "mild", "severe", "type 2"]),
    status=st.sampled_from(["present", "uncertain"]),
)
place = st.tuples(
    st.sampled_from(["disc_bulging", "modic"]), st.sampled_from(["", "L4-L5"]), st.just("")
)
report = st.builds(
    lambda found, denied: Stated(
        frozenset({one.place: one for one in found}.values()),
        denied - {one.place for one in found},
    ),
    st.lists(statement, max_size=6),
    st.frozensets(place, max_size=3),
)


def said(text: str) -> Stated:
    return stated(read(text).findings)


def count(candidate: Stated, reference: Stated) -> dict[str, float]:
    return dict(zip(COLUMNS, compare(candidate, reference).counts, strict=True))


def figure(name: str, counts: np.ndarray) -> float:
    return float(FIGURES[name](counts[None])[0])


@pytest.mark.parametrize(
    ("candidate", "reference", "errors"),
    [
        ("L4-5: disc bulge.", "L4-5: disc bulge.", {}),
        ("L3-4: disc bulge.", "L4-5: disc bulge.", {"wrong_level": 1}),
        ("Left disc bulge at L4-5.", "Right disc bulge at L4-5.", {"wrong_side": 1}),
        ("Modic type 1 at L4-5.", "Modic type 2 at L4-5.", {"wrong_grade": 1}),
        ("Possible disc bulge at L4-5.", "Disc bulge at L4-5.", {"wrong_grade": 1}),
        ("Disc bulge at L4-5.", "Normal.", {"invented": 1}),
        ("Disc bulge at L4-5.", "No disc bulge at L4-5.", {"invented": 1, "contradicted": 1}),
        ("No disc bulge.", "Disc bulge at L4-5.", {"missed": 1, "negated": 1}),
        ("Normal.", "Disc bulge at L4-5.", {"missed": 1}),
        (
            "Left foraminal stenosis at L4-5.",
            "Bilateral foraminal stenosis at L4-5.",
            {"missed": 1},
        ),
    ],
)
def test_errors_by_hand(candidate: str, reference: str, errors: dict[str, int]) -> None:
    found = count(said(candidate), said(reference))
    counted = {name: found[name] for name in (*ERRORS, "negated", "contradicted") if found[name]}
    assert counted == errors


def test_figures_by_hand() -> None:
    candidate = said("L4-5: Pfirrmann V. L5-S1: disc bulge and Pfirrmann III. L3-4: Modic type 1.")
    reference = said("L4-5: Pfirrmann V. L5-S1: disc bulge and Pfirrmann IV.")
    counts = compare(candidate, reference).counts
    # Right: Pfirrmann V (weight 4) and the bulge (1), of 4 said (4+1+1+2) and 3 there (4+1+2).
    assert figure("finding_precision", counts) == pytest.approx(2 / 4)
    assert figure("finding_recall", counts) == pytest.approx(2 / 3)
    assert figure("finding_f1", counts) == pytest.approx(4 / 7)
    assert figure("finding_f1_weighted", counts) == pytest.approx(2 * 5 / (8 + 7))
    assert figure("finding_f1_ungraded", counts) == pytest.approx(6 / 7)


def test_the_nearest_level_is_named() -> None:
    found = match(
        said("Disc bulges at L1-2 and L4-5."), said("Disc bulges at L5-S1, L2-3 and T8-9.")
    )
    pairs = {
        (one.candidate.level, one.reference.level)
        for one in found
        if one.candidate and one.reference
    }
    assert pairs == {("L1-L2", "L2-L3"), ("L4-L5", "L5-S1")}
    assert [one.status for one in found].count("missed") == 1


def test_marks_say_where_the_reference_differs() -> None:
    comparison = compare(
        said("L4-5: left disc herniation, Modic type 1. L2-3: bulge."),
        said("L4-5: right disc herniation, Modic type 2. L3-4: bulge."),
    )
    told = {(mark.kind, mark.status): mark for mark in marks(comparison)}
    assert told["disc herniation", "wrong_side"].note == "right in the reference"
    modic = told["Modic change", "wrong_grade"]
    assert (modic.grade, modic.note) == ("type 1", "type 2 in the reference")
    assert told["disc bulging", "wrong_level"].note == "L3-L4 in the reference"
    assert told["disc bulging", "wrong_level"].level == "L2-L3"


def test_of_several_references_the_nearest_counts() -> None:
    far, near = said("Scoliosis."), said("Disc bulge at L4-5.")
    own = said("Disc bulge at L4-5.")
    found = best([(own, far), (own, near)])
    assert figure("finding_f1", found.counts) == 1


def test_nothing_to_find_and_nothing_said_is_no_error_but_no_figure() -> None:
    counts = compare(Stated(), Stated()).counts[None]
    assert OWN["finding_f1"](counts)[0] == 1
    assert np.isnan(FIGURES["finding_f1"](counts)[0])


@given(report, report)
def test_swapping_the_reports_swaps_missed_and_invented_alone(
    first: Stated, second: Stated
) -> None:
    there, back = count(first, second), count(second, first)
    trade = {
        **{"missed": "invented", "negated": "contradicted", "said": "there"},
        "said_weight": "there_weight",
    }
    trade |= {new: old for old, new in trade.items()}
    assert back == {name: there[trade.get(name, name)] for name in COLUMNS}
    for name in ("finding_f1", "finding_f1_weighted", "finding_f1_ungraded"):
        values = [
            figure(name, compare(*pair).counts) for pair in ((first, second), (second, first))
        ]
        assert values[0] == pytest.approx(values[1], nan_ok=True)


@given(report, report)
def test_every_finding_is_in_one_match_and_figures_are_bounded(
    candidate: Stated, reference: Stated
) -> None:
    found = match(candidate, reference)
    assert sorted(map(str, candidate.found)) == sorted(
        str(one.candidate) for one in found if one.candidate
    )
    assert sorted(map(str, reference.found)) == sorted(
        str(one.reference) for one in found if one.reference
    )
    counts = compare(candidate, reference).counts
    strict, lax = figure("finding_f1", counts), figure("finding_f1_ungraded", counts)
    for name in FIGURES:
        value = figure(name, counts)
        assert np.isnan(value) or value >= 0
        assert name.startswith("findings_") or np.isnan(value) or value <= 1
    assert np.isnan(strict) or strict <= lax


@given(st.lists(statement, max_size=8).flatmap(lambda found: st.permutations(found)))
def test_permutation_changes_nothing(found: list[Statement]) -> None:
    by_place = {one.place: one for one in sorted(found, key=str)}
    first, second = (
        Stated(frozenset(by_place.values())),
        Stated(frozenset(reversed(by_place.values()))),
    )
    assert match(first, Stated()) == match(second, Stated())
    assert compare(first, second).counts[COLUMNS.index("right")] == len(by_place)


@given(report)
def test_a_report_is_perfect_against_itself(one: Stated) -> None:
    counts = compare(one, one).counts
    assert not any(dict(zip(COLUMNS, counts, strict=True))[name] for name in ERRORS)
    assert OWN["finding_f1_weighted"](counts[None])[0] == 1


@given(statement)
def test_weights_are_of_three_steps(one: Statement) -> None:
    assert weight(one) in (1, 2, 4)
    if one.kind == "cord_compression":
        assert weight(one) == 4


def test_a_graded_report_shifted_by_one_level_is_wrong_in_level_alone() -> None:
    text = " ".join(f"{level}: disc bulge." for level in LUMBAR_DISCS[1:])
    moved = " ".join(f"{level}: disc bulge." for level in LUMBAR_DISCS[:-1])
    found = count(said(text), said(moved))
    assert (found["right"], found["wrong_level"], found["missed"]) == (3, 1, 0)
