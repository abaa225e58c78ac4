"""An index as it is asked: its cases, and their vectors by space."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from radixgpt.errors import CorpusError
from retrieval import manifest as manifests
from retrieval import segments
from retrieval.entries import MEND, Entries
from retrieval.index import Ids, VectorIndex
from retrieval.manifest import EncoderFacts, Manifest
from retrieval.segments import Arrays, Ints

_TRIES = 3


@dataclass(frozen=True, eq=False)
class Space:
    """The vectors of one kind.

    Attributes:
        index: of the vectors by their numbers.
        ids: (n,) numbers, ascending.
        rows: (n,) the entry that each vector is of.
        levels: (n,) its disc as a place in ``DISCS``; -1 in other spaces.
    """

    index: VectorIndex
    ids: Ids
    rows: Ints
    levels: Ints

    def places(self, ids: Ids) -> Ints:
        """Where vectors that are there stand in ``rows`` and ``levels``."""
        return np.searchsorted(self.ids, ids)


@dataclass(frozen=True, eq=False)
class Store:
    """An index that was opened.

    Attributes:
        entries: every case.
        spaces: by name; none without an encoder.
    """

    folder: Path
    manifest: Manifest
    entries: Entries
    spaces: Mapping[str, Space] = field(default_factory=dict)

    @classmethod
    def open(cls, folder: Path, *, encoder: EncoderFacts | None = None) -> Store:
        """Read an index; every file is compared with its hash.

        Args:
            folder: of the index.
            encoder: that is going to ask; None to ask without vectors.

        Raises:
            CorpusError: there is no index, it is damaged or not complete, or another encoder made
                its vectors.
        """
        for _ in range(_TRIES - 1):
            found = manifests.read(folder)
            try:
                return cls._opened(folder, found, encoder)
            except CorpusError:
                if manifests.read(folder) == found:  # not changed while it was read: it is so
                    raise
        return cls._opened(folder, manifests.read(folder), encoder)

    @classmethod
    def _opened(cls, folder: Path, found: Manifest, encoder: EncoderFacts | None) -> Store:
        if not found.complete:
            raise CorpusError(
                f"The index '{manifests.name_of(folder)}' was not built to its end.",
                "Run the same radixgpt index build again; it goes on where it was stopped.",
            )
        if encoder is not None:
            manifests.matches(found.encoder, encoder)
        manifests.check(folder, found)
        parts = [segments.read(folder, one, found.encoder) for one in found.segments]
        entries = Entries.joined([part.entries for part in parts])
        if found.encoder is None or encoder is None:
            return cls(folder, found, entries)
        joined = segments.joined(parts, encoder.dimension)
        spaces = {
            name: _space(folder, found, name, arrays, encoder.dimension)
            for name, arrays in joined.items()
        }
        return cls(folder, found, entries, spaces)

    def workspace(self) -> Path | None:
        """The workspace that key images lie in, where the index knows it."""
        return None if self.manifest.workspace is None else self.folder / self.manifest.workspace


def _space(folder: Path, found: Manifest, name: str, arrays: Arrays, dimension: int) -> Space:
    stored = found.structures.get(name)
    if stored is None:
        index = VectorIndex(dimension)
        index.add(arrays.vectors.astype(np.float32), arrays.ids)
    else:
        index = VectorIndex.restored((folder / stored).read_bytes(), dimension, found.kind)
        if len(index) != len(arrays.ids):
            raise CorpusError(f"{stored} of the index does not fit its cases.", MEND)
    return Space(index, arrays.ids, arrays.rows, arrays.levels)
