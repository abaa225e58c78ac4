"""Findings, RadGraph F1 and concepts of a corpus, given by tables or read from texts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from eval.batch import content
from eval.batch.block import Block
from eval.batch.family import Family, Shared
from eval.batch.given import Given
from eval.batch.pairs import Pair

CANDIDATE = "L4-L5: disc herniation. Facet arthropathy."
REFERENCE = "L4-L5: disc herniation. L3-L4: canal stenosis."


def scored(family: Family, *pairs: Pair, shared: Shared | None = None) -> dict[str, float]:
    rows = family.rows(Block(list(pairs)), shared or Shared())
    sums = rows.sum(axis=0, keepdims=True)
    return {name: float(figure(sums)[0]) for name, figure in family.figures.items()}


def pair(**more: object) -> Pair:
    return replace(Pair("1", CANDIDATE, (REFERENCE,), "1"), **more)  # type: ignore[arg-type]


def test_findings_are_read_or_given() -> None:
    read = scored(content.FINDINGS, pair())
    assert read["finding_f1"] == pytest.approx(2 / 4)
    listed = Given(
        findings='[{"level": "L3-L4", "kind": "canal_stenosis"}, '
        '{"level": "L4-L5", "kind": "disc_herniation"}]'
    )
    told = scored(content.FINDINGS, pair(given=listed))
    assert told["finding_f1"] == 1


def test_what_the_reference_did_not_look_at_is_not_held_against_the_candidate() -> None:
    looked = (Given(judged="disc_herniation;canal_stenosis"),)
    found = scored(content.FINDINGS, pair(references_given=looked))
    assert found["findings_invented"] == 0
    assert found["finding_f1"] == pytest.approx(2 / 3)
    assert [mark.status for mark in content.FINDINGS.marks(pair(references_given=looked))] == [  # type: ignore[misc]
        "missed",
        "right",
    ]


def test_the_best_reference_counts() -> None:
    both = pair(references=(REFERENCE, CANDIDATE))
    assert scored(content.FINDINGS, both)["finding_f1"] == 1
    assert scored(content.RADGRAPH, both)["radgraph_complete"] == 1
    assert scored(content.CONCEPTS, both)["concept_f1"] == 1


def test_radgraph_takes_annotations_where_they_are_given() -> None:
    entities = '{"entities": {"1": {"tokens": "x", "label": "OBS-DP"}}}'
    given = pair(given=Given(annotation=entities), references_given=(Given(annotation=entities),))
    assert scored(content.RADGRAPH, given)["radgraph_simple"] == 1
    # herniation, disc, L4-L5 of five candidate entities and six reference entities
    assert scored(content.RADGRAPH, pair())["radgraph_simple"] == pytest.approx(2 * 3 / (5 + 6))


def test_concepts_are_derived_from_what_is_present() -> None:
    # Herniation C0021818 on both sides; C4280734 of the facets here, C0158288 of the canal there.
    assert scored(content.CONCEPTS, pair())["concept_f1"] == pytest.approx(2 / 4)
    denied = Pair("1", "No disc herniation.", ("Unremarkable.",), "1")
    assert scored(content.CONCEPTS, denied)["concept_f1"] == 1
    told = pair(given=Given(cuis="c0021818;C0158288"))
    assert scored(content.CONCEPTS, told)["concept_f1"] == 1


def test_the_secondary_score_leaves_out_what_has_no_listed_concept() -> None:
    shared = Shared(only=frozenset({"C0158288"}))
    found = scored(
        content.CONCEPTS_LISTED, pair(), Pair("2", CANDIDATE, (CANDIDATE,), "2"), shared=shared
    )
    assert found["concept_f1_listed"] == 0
    shared = Shared(only=frozenset({"C0021818"}))
    assert scored(content.CONCEPTS_LISTED, pair(), shared=shared)["concept_f1_listed"] == 1


def test_signatures_say_where_everything_comes_from() -> None:
    shared = Shared(
        sources={"reference findings": "given", "candidate CUIs": "given for 1 of 2 rows"},
        extractor="radgraph-xl",
        only=frozenset({"C1"}),
    )
    assert "reference:given|candidate:rules of radixgpt" in content.FINDINGS.signed(shared)
    assert content.RADGRAPH.signed(shared).startswith("RadGraph-F1 (radgraph-xl)|")
    assert content.RADGRAPH.signed(Shared()).startswith("RadGraph-F1 (rules-spine v1)|")
    listed = content.CONCEPTS_LISTED.signed(shared)
    assert "reference:findings (given) as CUIs" in listed
    assert "candidate:given for 1 of 2 rows" in listed
    assert listed.endswith("1 listed CUIs")
