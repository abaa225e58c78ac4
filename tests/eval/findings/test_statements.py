"""Findings of graders, texts and reports become the same statements."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.findings.statement import Judged, Stated, Statement, judged_by, limited, stated
from radixgpt.case import StatedFinding
from radixgpt.language.reader import read
from radixgpt.terminology.table import kinds

finding = st.builds(
    StatedFinding,
    level=st.sampled_from([None, "L4-L5", "L5-S1", "L4"]),
    kind=st.sampled_from(
        [
            "pfirrmann",
            "disc_degeneration",
            "modic",
            "endplate_upper",
            "disc_herniation",
            "scoliosis",
        ]
    ),
    value=st.sampled_from([None, 0, 1, 2, 3, 5, "2", "extrusion", "absent", "old"]),
    side=st.sampled_from([None, "left", "right", "bilateral"]),
    severity=st.sampled_from([None, "mild", "severe"]),
    assertion=st.sampled_from(["present", "absent", "uncertain", "historical"]),
)


def one(kind: str, **fields: object) -> StatedFinding:
    return StatedFinding.model_validate({"level": "L4-L5", "kind": kind, **fields})


@pytest.mark.parametrize(
    ("given_", "found", "denied"),
    [
        (
            one("pfirrmann", value=4),
            {Statement("disc_degeneration", "L4-L5", "", "Pfirrmann 4")},
            0,
        ),
        (one("pfirrmann", value=2), set(), 1),
        (one("pfirrmann"), set(), 0),
        (one("pfirrmann", value=1, assertion="absent"), set(), 1),
        (one("modic", value=0, assertion="absent"), set(), 1),
        (one("modic", value="2"), {Statement("modic", "L4-L5", "", "type 2")}, 0),
        (one("endplate_upper"), {Statement("endplate_change", "L4-L5", "upper")}, 0),
        (
            one("foraminal_stenosis", side="bilateral", severity="mild"),
            {
                Statement("foraminal_stenosis", "L4-L5", "left", "mild"),
                Statement("foraminal_stenosis", "L4-L5", "right", "mild"),
            },
            0,
        ),
        (one("disc_herniation", value="absent"), set(), 1),
        (one("disc_height_index", value=0.4), set(), 0),
        (one("scoliosis", section="clinical_information"), set(), 0),
        (one("fracture", value="old"), {Statement("fracture", "L4-L5")}, 0),
    ],
)
def test_each_thing_has_one_form(given_: StatedFinding, found: set[Statement], denied: int) -> None:
    said = stated([given_])
    assert said.found == found
    assert len(said.denied) == denied


def test_what_only_repeats_with_less_is_left_out() -> None:
    said = stated(
        [
            one("disc_bulging", level=None),
            one("disc_bulging"),
            one("disc_bulging", side="left"),
            one("disc_degeneration", severity="moderate"),
            one("pfirrmann", value=4),
            one("scoliosis", level=None, assertion="uncertain"),
            one("scoliosis", level=None),
            one("modic", assertion="absent"),
            one("modic", value=1),
        ]
    )
    assert said.found == {
        Statement("disc_bulging", "L4-L5", "left"),
        Statement("disc_degeneration", "L4-L5", "", "Pfirrmann 4"),
        Statement("scoliosis"),
        Statement("modic", "L4-L5", "", "type 1"),
    }
    assert not said.denied


def test_a_denial_without_level_or_side_holds_for_all() -> None:
    said = Stated(denied=frozenset({("disc_herniation", "", ""), ("modic", "L4-L5", "")}))
    assert said.denies(("disc_herniation", "L4-L5", "left"))
    assert said.denies(("modic", "L4-L5", ""))
    assert not said.denies(("modic", "L5-S1", ""))


def test_only_what_the_grader_looked_at_is_judged() -> None:
    said = stated(
        read(
            "L4-L5: moderate left disc herniation. Facet arthropathy. T8-T9: disc herniation. "
            "L3-L4: no disc bulge. Pfirrmann IV at L4-L5."
        ).findings
    )
    judged = Judged(
        frozenset({"disc_herniation", "disc_bulging", "disc_degeneration"}),
        graded=frozenset({"disc_degeneration"}),
    )
    truth = stated(
        [
            one("disc_herniation", assertion="absent"),
            one("disc_herniation", level="L3-L4", assertion="absent"),
            one("disc_bulging", level="L3-L4"),
            one("pfirrmann", value=2),
        ]
    )
    kept = limited(said, judged, truth)
    assert kept.found == {
        Statement("disc_herniation", "L4-L5"),
        Statement("disc_degeneration", "L4-L5", "", "Pfirrmann 4"),
    }
    assert kept.denied == {("disc_bulging", "L3-L4", "")}


def test_what_is_judged_of_the_study_is_judged_without_levels() -> None:
    said = stated(read("Grade 1 spondylolisthesis of L4 on L5. No scoliosis.").findings)
    truth = stated(
        [one("spondylolisthesis", level=None), one("scoliosis", level=None, assertion="absent")]
    )
    judged = Judged(frozenset({"spondylolisthesis", "scoliosis"}))
    kept = limited(said, judged, truth)
    assert kept.found == {Statement("spondylolisthesis")}
    assert kept.denied == {("scoliosis", "", "")}


def test_gradings_say_what_they_looked_at() -> None:
    found = judged_by(
        [
            one("pfirrmann", value=1),
            one("modic", value=0, assertion="absent"),
            one("endplate_upper", assertion="absent"),
            one("disc_bulging"),
        ]
    )
    assert found == Judged(
        frozenset({"disc_degeneration", "modic", "endplate_change", "disc_bulging"}),
        frozenset({"disc_degeneration", "modic"}),
        frozenset({"endplate_change"}),
    )


@given(st.lists(finding, max_size=8), st.randoms(use_true_random=False))
def test_order_and_repetition_do_not_matter(
    findings: list[StatedFinding], shuffle: random.Random
) -> None:
    turned = [*findings, *findings]
    shuffle.shuffle(turned)
    assert stated(findings) == stated(turned)


@given(st.lists(finding, max_size=8))
def test_one_statement_a_place_and_never_denied_there(findings: list[StatedFinding]) -> None:
    said = stated(findings)
    places = [statement.place for statement in said.found]
    assert len(places) == len(set(places))
    assert not said.denied & set(places)
    everything = Judged(*[frozenset(kinds())] * 3)
    assert limited(said, everything, said) == said
