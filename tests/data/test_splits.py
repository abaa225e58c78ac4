"""Splits by patient keep patients apart and labels in proportion."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.splits import by_patient

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
