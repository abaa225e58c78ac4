"""What a report leaves open is left open wherever observations are stated one by one."""

from __future__ import annotations

from etl.settle import settled
from radixgpt.eligibility import Eligibility
from radixgpt.observation import Observation

BOTH = Eligibility(True, t1="s1", t2="s2")


def seen(number: int, kind: str, value: str | float, **more: object) -> Observation:
    return Observation.model_validate(
        {"id": f"o{number}", "tool": "t", "tool_version": "1", "kind": kind, "level": "L4-L5",
         "value": value, **more}
    )  # fmt: skip


def test_a_large_slip_leaves_its_denial_open() -> None:
    graded = seen(1, "spondylolisthesis", "absent", confidence=0.9)
    slip = seen(2, "slip_ratio", 0.3, unit="1")
    other = seen(3, "disc_bulging", "present", confidence=0.9)
    found = {o.id: o for o in settled((graded, slip, other), BOTH)}
    assert found["o1"].status == "indeterminate"
    assert found["o1"].value is None
    assert found["o1"].reason
    assert found["o3"] == other
    small = seen(2, "slip_ratio", 0.01, unit="1")
    assert settled((graded, small), BOTH) == (graded, small)


def test_without_its_sequence_a_grade_is_not_assessable() -> None:
    grade = seen(1, "pfirrmann", 4, confidence=0.9)
    (found,) = settled((grade,), Eligibility(True, t1="s1"))
    assert (found.status, found.value) == ("not_assessable", None)
    assert settled((grade,), BOTH) == (grade,)


def test_structures_stay_as_they_are() -> None:
    disc = seen(1, "disc", "here")
    assert settled((disc,), BOTH) == (disc,)
