"""Vectors by likeness: FAISS behind one small face.

Vectors have unit length, so the inner product is the cosine. ``flat`` compares with all of them;
``hnsw`` walks a graph of neighbours (Malkov 2018); ``ivf`` looks into the nearest of many lists
(Jegou 2011). A choice of allowed vectors that is small is compared exactly, whatever the kind.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from math import sqrt
from typing import Any

import numpy as np
import numpy.typing as npt

from radixgpt.errors import CorpusError
from retrieval.corpus import Floats
from retrieval.manifest import Kind

Ids = npt.NDArray[np.int64]

LINKS = 32
"""Neighbours of a vector in the graph."""
BUILD_BREADTH = 120
"""Candidates that are kept while a vector is put into the graph."""
SEARCH_BREADTH = 192
"""Candidates that are kept in a search of the graph."""
MOST_BREADTH = 1_000
"""The same, where few vectors are allowed."""
SHARE_PROBED = 1 / 64
"""Share of the lists that are looked into, 8 of them at least (docs/benchmarks.md)."""
_FEWEST_A_LIST = 39  # FAISS warns of fewer when it learns the lists' centres
_LEARNED_A_LIST = 64
_EXACT = 20_000
"""Allowed vectors up to which they are compared exactly."""
_BATCH = 100_000
BUILD_THREADS = 0
"""Threads that make a graph or lists; as many as there are cores if 0."""
Say = Callable[[int, int], None]


@cache
def _faiss() -> Any:
    """FAISS, in one thread; its own types name a part of it only.

    A single query gains nothing by a second thread, and waits for it where the core is busy.
    """
    found = import_module("faiss")
    found.omp_set_num_threads(1)
    return found


@contextmanager
def _building(kind: Kind) -> Iterator[None]:
    """A graph or lists are made in several threads."""
    faiss = _faiss()
    faiss.omp_set_num_threads(1 if kind == "flat" else BUILD_THREADS or os.cpu_count() or 1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(1)


class VectorIndex:
    """Vectors of one space by their numbers.

    Args:
        dimension: length of a vector.
        kind: how they are searched.
    """

    def __init__(self, dimension: int, kind: Kind = "flat") -> None:
        self.dimension = dimension
        self.kind: Kind = kind
        self._index: Any = None

    def __len__(self) -> int:
        return 0 if self._index is None else int(self._index.ntotal)

    @property
    def lists(self) -> int:
        """How many lists there are; 0 for another kind."""
        return int(self._index.nlist) if self.kind == "ivf" and self._index is not None else 0

    def add(self, vectors: Floats, ids: Ids, say: Say = lambda _done, _total: None) -> None:
        """Add vectors (n, d) of unit length under numbers that were not there before.

        The first vectors decide the lists of ``ivf``: add many at once.
        """
        if not len(vectors):
            return
        values = np.ascontiguousarray(vectors, np.float32)
        if values.shape != (len(ids), self.dimension):
            raise CorpusError(
                f"Vectors of shape {values.shape} don't fit an index of dimension "
                f"{self.dimension}.",
                "Use the encoder that made the index, or build it again.",
            )
        with _building(self.kind):
            if self._index is None:
                self._index = self._made(values)
            for start in range(0, len(values), _BATCH):
                part = slice(start, start + _BATCH)
                self._index.add_with_ids(values[part], np.ascontiguousarray(ids[part], np.int64))
                say(min(start + _BATCH, len(values)), len(values))

    def _made(self, vectors: Floats) -> Any:
        faiss = _faiss()
        if self.kind == "flat":
            return faiss.IndexIDMap2(faiss.IndexFlatIP(self.dimension))
        if self.kind == "hnsw":
            graph = faiss.IndexHNSWFlat(self.dimension, LINKS, faiss.METRIC_INNER_PRODUCT)
            graph.hnsw.efConstruction = BUILD_BREADTH
            return faiss.IndexIDMap2(graph)
        lists = max(1, min(round(4 * sqrt(len(vectors))), len(vectors) // _FEWEST_A_LIST))
        found = faiss.IndexIVFFlat(
            faiss.IndexFlatIP(self.dimension), self.dimension, lists, faiss.METRIC_INNER_PRODUCT
        )
        found.cp.seed = 0
        found.cp.max_points_per_centroid = _LEARNED_A_LIST
        found.cp.min_points_per_centroid = 1
        found.set_direct_map_type(faiss.DirectMap.Hashtable)
        found.train(vectors)
        return found

    def search(
        self,
        queries: Floats,
        k: int,
        *,
        allowed: Ids | None = None,
        breadth: int | None = None,
    ) -> tuple[Floats, Ids]:
        """The nearest vectors of each query.

        Args:
            queries: (n, d), of unit length.
            k: how many of each.
            allowed: numbers of the vectors that may be found; all if None.
            breadth: candidates of ``hnsw`` or lists of ``ivf``, beyond the usual.

        Returns:
            Cosines and numbers, both (n, k), the nearest first; where there are fewer, the rest is
            -inf and -1.
        """
        asked = np.ascontiguousarray(queries, np.float32)
        scores = np.full((len(asked), k), -np.inf, np.float32)
        found = np.full((len(asked), k), -1, np.int64)
        if self._index is None or not k or (allowed is not None and not len(allowed)):
            return scores, found
        if allowed is not None and len(allowed) <= _EXACT:
            return self._exact(asked, k, np.asarray(allowed, np.int64), scores, found)
        most = min(k, len(self))
        near, ids = self._index.search(asked, most, params=self._how(most, allowed, breadth))
        there = ids >= 0
        scores[:, :most][there], found[:, :most][there] = near[there], ids[there]
        return scores, found

    def _exact(
        self, asked: Floats, k: int, allowed: Ids, scores: Floats, found: Ids
    ) -> tuple[Floats, Ids]:
        cosines = asked @ self.vectors(allowed).T
        most = min(k, len(allowed))
        best = np.argsort(-cosines, axis=1, kind="stable")[:, :most]
        scores[:, :most] = np.take_along_axis(cosines, best, axis=1)
        found[:, :most] = allowed[best]
        return scores, found

    def _how(self, k: int, allowed: Ids | None, breadth: int | None) -> Any:
        faiss = _faiss()
        chosen = {}
        share = 1.0
        if allowed is not None:
            # What is passed over is looked at all the same.
            share = max(len(allowed), 1) / max(len(self), 1)
            # A batch holds a set and a filter of its numbers; FAISS keeps a copy of them.
            chosen["sel"] = faiss.IDSelectorBatch(np.ascontiguousarray(allowed, np.int64))
        if self.kind == "hnsw":
            wide = min(round((breadth or SEARCH_BREADTH) / share), MOST_BREADTH)
            return faiss.SearchParametersHNSW(efSearch=max(wide, k), **chosen)
        if self.kind == "ivf":
            probes = round((breadth or max(8, self.lists * SHARE_PROBED)) / share)
            return faiss.SearchParametersIVF(nprobe=min(probes, self.lists), **chosen)
        return faiss.SearchParameters(**chosen) if chosen else None

    def vectors(self, ids: Ids) -> Floats:
        """The vectors (n, d) of numbers that are there."""
        if not len(ids):
            return np.zeros((0, self.dimension), np.float32)
        found: Floats = self._index.reconstruct_batch(np.ascontiguousarray(ids, np.int64))
        return found

    def saved(self) -> bytes:
        """The index as bytes; only a graph or lists are worth keeping."""
        faiss = _faiss()
        data: bytes = faiss.serialize_index(self._index).tobytes()
        return data

    @classmethod
    def restored(cls, data: bytes, dimension: int, kind: Kind) -> VectorIndex:
        """What :meth:`saved` gave.

        Raises:
            CorpusError: these are no such bytes.
        """
        faiss = _faiss()
        made = cls(dimension, kind)
        try:
            made._index = faiss.deserialize_index(np.frombuffer(data, np.uint8))
        except RuntimeError as error:
            raise CorpusError("The graph of the index is damaged.", "Build it again.") from error
        if made._index.d != dimension:
            raise CorpusError("The graph of the index has another dimension.", "Build it again.")
        return made
