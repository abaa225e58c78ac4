"""Findings that no case can have together, and findings that there are not."""

from __future__ import annotations

import pytest

from radixgpt.case import StatedFinding
from radixgpt.language.reader import sentences_in
from retrieval.conflicts import conflicts, wrong_with


def stated(text: str) -> list[StatedFinding]:
    return [one for told in sentences_in(text) for one in told.findings]


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("Modic 2 at L4-L5 and Modic 1 at L4-L5.", ("L4-L5: Modic type 2", "L4-L5: Modic type 1")),
        (
            "Herniation at L4-L5. No herniation at L4-L5.",
            ("L4-L5: disc herniation", "L4-L5: no disc herniation"),
        ),
        ("No herniation. Herniation at L4-L5.", ("no disc herniation", "L4-L5: disc herniation")),
        (
            "Pfirrmann 3 at L4-L5. Pfirrmann 5 at L4-L5.",
            (
                "L4-L5: disc degeneration, Pfirrmann III",
                "L4-L5: disc degeneration, Pfirrmann V",
            ),
        ),
    ],
)
def test_what_contradicts_is_named(text: str, pair: tuple[str, str]) -> None:
    assert pair in conflicts(stated(text))


@pytest.mark.parametrize(
    "text",
    [
        "Modic 2 at L4-L5 and Modic 1 at L5-S1.",
        "Herniation at L4-L5. No herniation at L5-S1.",
        "Moderate disc degeneration at L4-L5. Pfirrmann IV at L4-L5.",
        "Disc herniation at L4-L5. Disc extrusion at L4-L5.",
        "Left foraminal stenosis at L4-L5. No right foraminal stenosis at L4-L5.",
        "Pfirrmann 2 at L4-L5. No disc degeneration at L4-L5.",
    ],
)
def test_what_may_be_together_is_no_conflict(text: str) -> None:
    found = stated(text)
    assert found
    assert conflicts(found) == ()


@pytest.mark.parametrize(
    ("finding", "told"),
    [
        ({"level": "L9-L10", "kind": "modic"}, "no level 'L9-L10'"),
        ({"level": "L4-L5", "kind": "wings"}, "no finding 'wings'"),
        ({"level": "L4-L5", "kind": "modic", "value": 5}, "no Modic 5; its grades are 0 to 3"),
        ({"level": "L4-L5", "kind": "pfirrmann", "value": "VII"}, "its grades are 1 to 5"),
        ({"level": "L4-L5", "kind": "pfirrmann", "value": 3.5}, "its grades are 1 to 5"),
        ({"level": "L4-L5", "kind": "pfirrmann", "value": 4}, ""),
        ({"level": "L4-L5", "kind": "pfirrmann", "value": "IV"}, ""),
        ({"level": "L4", "kind": "fracture", "value": "old"}, ""),
        ({"level": None, "kind": "spondylolisthesis"}, ""),
        ({"level": "L4-L5", "kind": "canal_mm", "value": 11.5}, ""),
    ],
)
def test_what_there_is_not_is_said(finding: dict[str, object], told: str) -> None:
    said = wrong_with(StatedFinding.model_validate(finding))
    assert told in said
    assert bool(said) == bool(told)
