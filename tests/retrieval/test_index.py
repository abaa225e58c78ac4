"""FAISS behind its face: exact where it is flat, near to it where it is not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radixgpt.errors import CorpusError
from retrieval.corpus import Floats
from retrieval.index import Ids, VectorIndex
from retrieval.manifest import Kind


def clustered(count: int, dimension: int = 32, seed: int = 0) -> Floats:
    rng = np.random.default_rng(seed)
    middles = rng.normal(size=(max(1, count // 40), dimension))
    points = middles[rng.integers(len(middles), size=count)]
    points = points + 0.5 * rng.normal(size=points.shape)
    lengths = np.linalg.norm(points, axis=1, keepdims=True)
    return np.asarray(points / lengths, np.float32)


def filled(kind: Kind, vectors: Floats) -> tuple[VectorIndex, Ids]:
    index, ids = VectorIndex(vectors.shape[1], kind), np.arange(len(vectors)) * 3 + 7
    index.add(vectors, ids)
    return index, ids


@given(st.integers(1, 60), st.integers(1, 12), st.integers(0, 5))
@settings(max_examples=30)
def test_flat_is_exact(count: int, k: int, seed: int) -> None:
    vectors = clustered(count, 8, seed)
    index, ids = filled("flat", vectors)
    asked = clustered(3, 8, seed + 100)
    scores, found = index.search(asked, k)
    truth = np.sort(asked @ vectors.T, axis=1)[:, ::-1][:, :k]
    assert np.allclose(scores[:, : truth.shape[1]], truth, atol=1e-5)
    assert (found[:, min(k, count) :] == -1).all()
    assert np.isneginf(scores[:, min(k, count) :]).all()
    assert set(found[found >= 0].tolist()) <= set(ids.tolist())


@pytest.mark.parametrize("kind", ["hnsw", "ivf"])
def test_the_others_are_near_to_it(kind: Kind) -> None:
    vectors, asked = clustered(4000), clustered(50, seed=1)
    index, _ = filled(kind, vectors)
    exact, _ = filled("flat", vectors)
    wide = 200 if kind == "hnsw" else index.lists // 2
    found, truth = index.search(asked, 10, breadth=wide)[1], exact.search(asked, 10)[1]
    recall = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(found, truth, strict=True)])
    assert recall > 0.95
    narrow = index.search(asked, 10, breadth=1 if kind == "ivf" else 10)[1]
    less = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(narrow, truth, strict=True)])
    assert less <= recall


@pytest.mark.parametrize("kind", ["flat", "hnsw", "ivf"])
def test_only_what_is_allowed_is_found(kind: Kind) -> None:
    vectors = clustered(500)
    index, ids = filled(kind, vectors)
    allowed = ids[::50]
    scores, found = index.search(vectors[:4], 20, allowed=allowed)
    assert set(found[found >= 0].tolist()) == set(allowed.tolist())
    assert np.allclose(scores[:, 0], (vectors[:4] @ vectors[::50].T).max(axis=1), atol=1e-5)
    none = index.search(vectors[:1], 3, allowed=np.zeros(0, np.int64))
    assert (none[1] == -1).all()


@pytest.mark.parametrize("kind", ["hnsw", "ivf"])
def test_many_allowed_are_searched_in_the_graph(
    kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("retrieval.index._EXACT", 10)
    vectors = clustered(2000)
    index, ids = filled(kind, vectors)
    allowed = ids[::2]
    wide = 400 if kind == "hnsw" else index.lists
    _, found = index.search(vectors[:20], 5, allowed=allowed, breadth=wide)
    assert set(found.ravel().tolist()) <= set(allowed.tolist())
    truth = np.argsort(-(vectors[:20] @ vectors[::2].T), axis=1)[:, :5]
    same = [len(set(a) & set(allowed[b])) / 5 for a, b in zip(found, truth, strict=True)]
    assert np.mean(same) > 0.9


@pytest.mark.parametrize("kind", ["flat", "hnsw", "ivf"])
def test_it_is_kept_and_restored_and_added_to(kind: Kind) -> None:
    vectors = clustered(300)
    index, ids = filled(kind, vectors)
    again = VectorIndex.restored(index.saved(), 32, kind)
    more = clustered(10, seed=9)
    again.add(more, np.arange(10) + 10_000)
    assert len(again) == 310
    assert again.search(more[3:4], 1)[1][0, 0] == 10_003
    assert np.allclose(again.vectors(ids[[5, 2]]), vectors[[5, 2]])
    with pytest.raises(CorpusError, match="damaged"):
        VectorIndex.restored(index.saved()[:100], 32, kind)
    with pytest.raises(CorpusError, match="another dimension"):
        VectorIndex.restored(index.saved(), 16, kind)


def test_other_dimensions_are_refused() -> None:
    with pytest.raises(CorpusError, match="dimension 8"):
        VectorIndex(8).add(clustered(3), np.arange(3))
    assert VectorIndex(8).search(clustered(2, 8), 4)[1].tolist() == [[-1] * 4] * 2
