from __future__ import annotations

import pytest

from eval.dialogues.known import OPEN, Known, statements, tells, unsupported
from radixgpt.case import StatedFinding
from radixgpt.finding import Finding

KNOWN = Known(
    {
        "L4-L5 pfirrmann": 4,
        "L4-L5 disc_bulging": "present",
        "L4-L5 disc_herniation": "absent",
        "L4-L5 modic": 0,
        "L5-S1 pfirrmann": 2,
        "L5-S1 modic": 2,
        "L5-S1 endplate_lower": "present",
        "L5-S1 endplate_upper": "absent",
    }
)


def test_a_finding_without_a_value_is_open() -> None:
    seen = Known.of_findings(
        [
            Finding(id="f1", level="L4-L5", kind="pfirrmann", value=3),
            Finding(id="f2", level="L4-L5", kind="modic", status="indeterminate", reason="x"),
            Finding(id="f3", level="L4-L5", kind="canal_mm", value=12.0, unit="mm"),
        ]
    )
    assert seen.values == {"L4-L5 pfirrmann": 3}
    assert seen.at("L4-L5", "modic") == OPEN


def test_the_truth_of_a_grader_is_read_with_its_denials() -> None:
    truth = Known.of_truth(
        [
            StatedFinding(level="L4-L5", kind="disc_bulging", assertion="absent"),
            StatedFinding(level="L5-S1", kind="modic", value=2),
            StatedFinding(level="L5-S1", kind="disc_narrowing"),
        ]
    )
    assert truth.values == {
        "L4-L5 disc_bulging": "absent",
        "L5-S1 modic": 2,
        "L5-S1 disc_narrowing": "present",
    }


@pytest.mark.parametrize(
    "text",
    [
        "L4-L5: Moderate disc degeneration (Pfirrmann IV) with disc bulging.",
        "At L4-L5 there is probable disc bulging.",
        "No disc herniation at L4-L5.",
        "L5-S1: Minimal disc degeneration (Pfirrmann II). Type 2 Modic changes.",
        "Endplate changes below the L5-S1 disc.",
        "Shall I set L4-L5 to Pfirrmann II? (yes or no)",
        "Not assessed: fractures. No tool here looks at canal stenosis.",
        "**Other patients.** One had severe canal stenosis at L4-L5.",
        "- disc herniation at L4-L5: present; probabilities: present 90%",
        "Good morning.",
    ],
)
def test_what_holds_and_what_claims_nothing_is_supported(text: str) -> None:
    assert unsupported(text, KNOWN) == ()


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("L4-L5: Pfirrmann III.", "Pfirrmann 3"),
        ("L4-L5 shows a disc herniation.", "present disc herniation"),
        ("No disc bulging at L4-L5.", "absent disc bulging"),
        ("L5-S1: Modic type 1.", "type 1"),
        ("No Modic changes at L5-S1.", "absent"),
        ("Severe canal stenosis at L4-L5.", "canal stenosis"),
        ("No fracture.", "fracture"),
        ("No disc bulging.", "absent disc bulging"),  # of any level, and L4-L5 has one
        ("L3-L4: disc bulging.", "L3-L4"),  # nothing is known of it
    ],
)
def test_what_does_not_hold_is_told(text: str, what: str) -> None:
    (said,) = unsupported(text, KNOWN)
    assert what in said


@pytest.mark.parametrize(
    ("text", "place", "told"),
    [
        ("L4-L5: Pfirrmann IV.", "L4-L5 pfirrmann", True),
        ("L4-L5: Pfirrmann III.", "L4-L5 pfirrmann", False),
        ("L4-L5: disc degeneration.", "L4-L5 pfirrmann", False),  # without its grade
        ("L5-S1: no disc degeneration.", "L5-S1 pfirrmann", True),
        ("L5-S1: Pfirrmann IV.", "L4-L5 pfirrmann", False),
        ("No disc herniation at L4-L5.", "L4-L5 disc_herniation", True),
        ("Disc herniation at L4-L5.", "L4-L5 disc_herniation", False),
        ("Disc narrowing at L4-L5 is indeterminate.", "L4-L5 disc_narrowing", True),
        ("Disc narrowing at L4-L5.", "L4-L5 disc_narrowing", False),
        ("I am fine.", "L4-L5 disc_bulging", False),
    ],
)
def test_a_place_is_told_only_as_it_is_known(text: str, place: str, told: bool) -> None:
    assert tells(text, place, KNOWN) is told


def test_a_word_of_degree_beside_a_grade_is_that_grade() -> None:
    (said,) = statements("L4-L5: Moderate disc degeneration (Pfirrmann IV).")
    assert said.grade == "Pfirrmann 4"


def test_the_readers_own_values_hold() -> None:
    own = KNOWN.with_set({"L4-L5 pfirrmann": 3})
    assert unsupported("L4-L5: Pfirrmann III.", own) == ()
    assert unsupported("L4-L5: Pfirrmann IV.", own)
