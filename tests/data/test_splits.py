"""Splits by patient keep patients apart and labels in proportion."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.splits import by_patient, deal
from data.splits import spider as spider_split
from finetune import spider

labels_of = st.dictionaries(
    st.integers(0, 500), st.frozensets(st.sampled_from("abcde"), max_size=5), max_size=60
)


@given(labels=labels_of, share=st.floats(0.05, 0.95), seed=st.integers(0, 5))
def test_every_patient_is_on_exactly_one_side(
    labels: dict[int, frozenset[str]], share: float, seed: int
) -> None:
    train, held = by_patient(labels, share=share, seed=seed)
    assert sorted([*train, *held]) == sorted(labels)
    assert not set(train) & set(held)
    order = list(labels)
    assert train == [p for p in order if p in set(train)]
    assert held == [p for p in order if p in set(held)]


@given(labels=labels_of, seed=st.integers(0, 5))
def test_a_seed_gives_one_split(labels: dict[int, frozenset[str]], seed: int) -> None:
    assert by_patient(labels, share=0.3, seed=seed) == by_patient(labels, share=0.3, seed=seed)


@given(n=st.integers(5, 80), share=st.floats(0.1, 0.9), seed=st.integers(0, 3))
def test_without_labels_the_share_alone_counts(n: int, share: float, seed: int) -> None:
    _, held = by_patient({p: frozenset() for p in range(n)}, share=share, seed=seed)
    assert abs(len(held) - share * n) <= 1


@given(rare=st.integers(2, 12), seed=st.integers(0, 20))
def test_a_rare_label_is_shared_out(rare: int, seed: int) -> None:
    labels = {p: frozenset("r" if p < rare else "c") for p in range(100)}
    train, held = by_patient(labels, share=0.5, seed=seed)
    counts = [sum("r" in labels[p] for p in side) for side in (train, held)]
    assert abs(counts[0] - counts[1]) <= 1


@pytest.mark.parametrize("share", [-0.1, 0.0, 1.0, 2.0])
def test_a_share_lies_between_none_and_all(share: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        by_patient({1: frozenset()}, share=share, seed=0)


@pytest.mark.data
def test_real_gradings_keep_their_shares(shared_data: Path) -> None:
    """A fifth of the real patients holds about a fifth of each finding, even the rare ones."""
    found: dict[str, set[str]] = defaultdict(set)
    with (shared_data / "spider/gradings.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            found[row["patient"]].add(f"pfirrmann-{row['pfirrmann']}")
            for kind in ("modic", "spondylolisthesis", "herniation"):
                if row[kind] not in ("0", ""):
                    found[row["patient"]].add(f"{kind}-{row[kind]}")
    labels = {patient: frozenset(kinds) for patient, kinds in found.items()}
    train, held = by_patient(labels, share=0.2, seed=0)
    assert abs(len(held) / len(labels) - 0.2) < 0.04
    everywhere = Counter(kind for kinds in labels.values() for kind in kinds)
    in_held = Counter(kind for patient in held for kind in labels[patient])
    assert len(train) > len(held)
    for kind, n in everywhere.items():
        if n >= 10:
            assert abs(in_held[kind] / n - 0.2) < 0.1, kind


@given(labels=labels_of, seed=st.integers(0, 5), share=st.floats(0.05, 0.95))
def test_two_sides_are_dealt_as_by_patient_splits(
    labels: dict[int, frozenset[str]], seed: int, share: float
) -> None:
    train, held = by_patient(labels, share=share, seed=seed)
    sides = deal(labels, shares={"train": 1 - share, "held": share}, seed=seed)
    assert sides == {p: "train" if p in set(train) else "held" for p in labels}
    assert len(train) + len(held) == len(labels)


@given(
    sizes=st.lists(st.integers(1, 4), min_size=20, max_size=60),
    seed=st.integers(0, 5),
)
def test_groups_count_by_their_patients(sizes: list[int], seed: int) -> None:
    shares = {"train": 0.6, "development": 0.2, "test": 0.2}
    labels: dict[int, frozenset[str]] = {i: frozenset() for i in range(len(sizes))}
    sides = deal(labels, shares=shares, seed=seed, sizes=dict(enumerate(sizes)))
    for side, share in shares.items():
        there = sum(sizes[i] for i, of in sides.items() if of == side)
        assert abs(there - share * sum(sizes)) <= 4


@pytest.mark.parametrize("shares", [{}, {"a": 0.5}, {"a": 1.5, "b": -0.5}, {"a": 1.0, "b": 0.0}])
def test_shares_add_up(shares: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="add up"):
        deal({1: frozenset("a")}, shares=shares, seed=0)


@pytest.mark.data
def test_the_fixed_split_is_the_one_that_the_weights_were_trained_on(shared_data: Path) -> None:
    train, development = spider.split(shared_data)
    assert (len(train), len(development)) == (142, 37)
    kept = spider_split.fixed_sides()
    assert {p for p, side in kept.items() if side == "train"} == set(train)
    assert {p for p, side in kept.items() if side == "development"} == set(development)
    assert set(kept.values()) == {"train", "development"}
