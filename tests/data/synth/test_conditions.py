"""What is asked of a generator: read from findings, and told apart in its vector."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.synth.conditions import (
    BINARY,
    COLUMN_CONDITION,
    DISC_CONDITION,
    DiscGrades,
    Wanted,
    from_findings,
)
from radixgpt.case import StatedFinding
from radixgpt.errors import InputError
from radixgpt.language.reader import read
from radixgpt.level import LUMBAR_DISCS

GRADES = st.builds(
    DiscGrades, st.integers(1, 5), st.integers(0, 3), st.frozensets(st.sampled_from(BINARY))
)
WANTED = st.builds(
    Wanted,
    st.sampled_from(["t1", "t2"]),
    st.dictionaries(st.sampled_from(LUMBAR_DISCS), GRADES),
)


@given(one=WANTED, other=WANTED)
def test_a_vector_tells_one_condition_from_another(one: Wanted, other: Wanted) -> None:
    assert one.column_vector().shape == (COLUMN_CONDITION,)
    alike = one.sequence == other.sequence and all(
        one.disc(level) == other.disc(level) for level in LUMBAR_DISCS
    )
    assert np.array_equal(one.column_vector(), other.column_vector()) == alike


@given(grades=GRADES, level=st.sampled_from(LUMBAR_DISCS))
def test_findings_make_the_grades_that_they_state(grades: DiscGrades, level: str) -> None:
    stated = [
        StatedFinding(level=level, kind="pfirrmann", value=grades.pfirrmann),
        StatedFinding(level=level, kind="modic", value=grades.modic),
        *(StatedFinding(level=level, kind=kind) for kind in grades.present),
    ]
    assert from_findings(stated) == {level: grades}
    assert Wanted("t2", {level: grades}).disc_vector(level).shape == (DISC_CONDITION,)


def test_a_sentence_is_read_as_a_person_would_write_it() -> None:
    text = "L4-L5: Pfirrmann grade 5, disc bulging, no herniation. L5-S1: Modic type 2."
    found = from_findings(read(text).findings)
    assert found["L4-L5"] == DiscGrades(5, 0, frozenset({"disc_bulging"}))
    assert found["L5-S1"].modic == 2


@pytest.mark.parametrize(
    ("finding", "word"),
    [
        (StatedFinding(level=None, kind="disc_bulging"), "no level"),
        (StatedFinding(level="C3-C4", kind="disc_bulging"), "C3-C4"),
        (StatedFinding(level="L4-L5", kind="fracture"), "fracture"),
        (StatedFinding(level="L4-L5", kind="pfirrmann", value=7), "grade"),
        (StatedFinding(level="L4-L5", kind="modic"), "grade"),
    ],
)
def test_what_cannot_be_drawn_is_told(finding: StatedFinding, word: str) -> None:
    with pytest.raises(InputError, match=word):
        from_findings([finding])
