from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval import radgraph
from radixgpt.errors import CaseError

REFERENCE = {
    "entities": {
        "1": {
            "tokens": "Bulge",
            "label": "OBS-DP",
            "relations": [["located_at", "2"], ["located_at", "3"]],
        },
        "2": {"tokens": "L4-L5", "label": "ANAT-DP", "relations": []},
        "3": {"tokens": "disc", "label": "ANAT-DP"},
    }
}
CANDIDATE = {
    "entities": {
        "a": {
            "tokens": "bulge",
            "label": "Observation::definitely present",
            "relations": [["located_at", "b"]],
        },
        "b": {"tokens": "L3-L4", "label": "Anatomy::definitely present"},
        "c": {"tokens": "disc", "label": "Anatomy::definitely present"},
    }
}


def test_variants_by_hand() -> None:
    found = radgraph.score(radgraph.parse(CANDIDATE), radgraph.parse(REFERENCE))
    # simple: {bulge, l3-l4, disc} and {bulge, l4-l5, disc}; partial marks bulge as related.
    assert found["simple"] == pytest.approx(2 / 3)
    assert found["partial"] == pytest.approx(2 / 3)
    # complete: disc alone is shared, of 3 candidate and 4 reference members.
    assert found["complete"] == pytest.approx(2 * (1 / 3) * (1 / 4) / (1 / 3 + 1 / 4))
    # RadCliQ compares as written: disc alone, and no relation.
    assert found["radcliq"] == pytest.approx((1 / 3) / 2)


def test_legacy_case_compares_as_written() -> None:
    found = radgraph.score(radgraph.parse(CANDIDATE), radgraph.parse(REFERENCE), legacy_case=True)
    assert found["simple"] == pytest.approx(1 / 3)


def test_an_empty_side_scores_nothing() -> None:
    empty = radgraph.parse({"entities": {}})
    full = radgraph.parse(REFERENCE)
    for pair in ((empty, full), (full, empty), (empty, empty)):
        assert set(radgraph.score(*pair).values()) == {0.0}


@pytest.mark.parametrize(
    ("annotation", "said"),
    [
        ([], "no entities"),
        ({"entities": {"1": {"tokens": "x"}}}, "no tokens or no label"),
        ({"entities": {"1": 5}}, "no object"),
        (
            {"entities": {"1": {"tokens": "x", "label": "y", "relations": [["modify", "9"]]}}},
            "not there",
        ),
        (
            {"entities": {"1": {"tokens": "x", "label": "y", "relations": [["eats", "1"]]}}},
            "unknown relation eats",
        ),
        ({"entities": {"1": {"tokens": "x", "label": "y", "relations": ["m"]}}}, "a pair"),
        ({"entities": {"1": {"tokens": "x", "label": "y", "relations": ["ab"]}}}, "a pair"),
        ({"entities": {"1": {"tokens": "x", "label": "y", "relations": 5}}}, "no list"),
    ],
)
def test_malformed_annotations_are_told(annotation: object, said: str) -> None:
    with pytest.raises(CaseError, match=said):
        radgraph.parse(annotation)


_json = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


@given(
    st.dictionaries(
        st.sampled_from("12"),
        _json
        | st.fixed_dictionaries(
            {"tokens": _json, "label": _json},
            optional={"relations": _json | st.just([["modify", 1]])},
        ),
    )
)
def test_any_json_is_read_or_refused(entities: dict[str, object]) -> None:
    try:
        found = radgraph.parse({"entities": entities})
    except CaseError:
        return
    assert found.keys() == entities.keys()


_relation = st.tuples(st.sampled_from(radgraph.RELATIONS), st.sampled_from("012"))
_entity = st.builds(
    radgraph.Entity,
    st.sampled_from(["disc", "Disc", "bulge", "canal"]),
    st.sampled_from(["o", "a"]),
    st.lists(
        st.tuples(st.sampled_from(radgraph.RELATIONS), st.sampled_from("012")), max_size=2
    ).map(tuple),
)
_annotation = st.tuples(_entity, _entity, _entity).map(lambda e: dict(zip("012", e, strict=True)))


@given(_annotation, _annotation)
def test_scores_are_symmetric_bounded_and_one_on_itself(
    first: dict[str, radgraph.Entity], second: dict[str, radgraph.Entity]
) -> None:
    there, back = radgraph.score(first, second), radgraph.score(second, first)
    assert there.keys() == set(radgraph.VARIANTS)
    for name, value in there.items():
        assert value == pytest.approx(back[name])
        assert 0 <= value <= 1
    itself = radgraph.score(first, first)
    assert [itself[n] for n in ("simple", "partial", "complete")] == pytest.approx([1, 1, 1])
