"""What is asked of a network, told apart in its vector."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from data.synth.conditions import (
    BINARY,
    COLUMN_CONDITION,
    DISC_CONDITION,
    DiscGrades,
    Wanted,
)
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
def test_a_disc_has_a_vector_of_its_own(grades: DiscGrades, level: str) -> None:
    assert Wanted("t2", {level: grades}).disc_vector(level).shape == (DISC_CONDITION,)
