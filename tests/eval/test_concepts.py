from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval import concepts
from radixgpt.errors import CaseError


def rows(*cells: tuple[str, str]) -> concepts.Rows:
    return [(number, *cell) for number, cell in enumerate(cells, start=1)]


def test_f1_by_hand() -> None:
    found = concepts.score(
        rows(("a", "c1; C2"), ("b", ""), ("c", "C9")), rows(("a", "C1;C3"), ("b", ""), ("c", "C1"))
    )
    assert found.by_image == pytest.approx({"a": 0.5, "b": 1.0, "c": 0.0})
    assert found.f1 == pytest.approx(0.5)


def test_the_secondary_score_leaves_out_images_without_a_listed_concept() -> None:
    found = concepts.score(
        rows(("a", "C1;C2"), ("b", "C1")), rows(("a", "C1;C3"), ("b", "C3")), only=["c1 ", "C2"]
    )
    assert found.by_image == pytest.approx({"a": 2 / 3})


def test_all_problems_are_told_at_once_with_their_rows() -> None:
    with pytest.raises(CaseError) as told:
        concepts.score(
            rows(("a", "C1;c1"), ("a", "C1"), ("x", "C1"), ("b", ";".join(map(str, range(101))))),
            rows(("a", "C1"), ("b", "C1"), ("c", "C1")),
        )
    for part in (
        "row 1, image a: C1 is there twice",
        "row 2, image a: the image is there already",
        "image x is not in the references",
        "row 4, image b: 101 concepts",
        "image c is missing",
    ):
        assert part in told.value.problem


def test_no_reference_is_told() -> None:
    with pytest.raises(CaseError, match="no image"):
        concepts.score([], [])


_sets = st.frozensets(st.sampled_from(["C1", "C2", "C3", "C4"]), min_size=1)


@given(_sets, _sets)
def test_binary_f1_is_bounded_symmetric_and_one_on_itself(
    first: frozenset[str], second: frozenset[str]
) -> None:
    value = concepts.binary_f1(first, second)
    assert value == concepts.binary_f1(second, first)
    assert 0 <= value <= 1
    assert concepts.binary_f1(first, first) == 1


def test_an_image_without_an_id_is_an_error() -> None:
    with pytest.raises(CaseError, match="references, row 2: the image has no id"):
        concepts.score([(2, "", "C1")], [(2, "", "C1")])
