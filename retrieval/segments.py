"""Segments of an index: some entries and their vectors, in two files that are never changed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from radixgpt.errors import CorpusError
from radixgpt.level import DISCS
from retrieval import manifest as manifests
from retrieval.corpus import SPACES, Floats, Item
from retrieval.entries import MEND, Entries
from retrieval.index import Ids
from retrieval.manifest import EncoderFacts, Segment

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Arrays:
    """Vectors of one space.

    Attributes:
        vectors: (n, d) in half precision.
        ids: (n,) numbers that no other vector of the index ever had.
        rows: (n,) the entry that each is of.
        levels: (n,) its disc as a place in ``DISCS``; -1 in other spaces.
    """

    vectors: npt.NDArray[np.float16]
    ids: Ids
    rows: Ints
    levels: Ints

    def chosen(self, keep: npt.NDArray[np.bool_] | Ints, rows: Ints) -> Arrays:
        """Some of them, with other rows."""
        return Arrays(self.vectors[keep], self.ids[keep], rows, self.levels[keep])


@dataclass(frozen=True, eq=False)
class Part:
    """What a segment holds; ``segment`` names its files once it has any."""

    entries: Entries
    arrays: dict[str, Arrays] = field(default_factory=dict)
    segment: Segment | None = None


def made(items: Sequence[Item], encoder: EncoderFacts | None, number: int) -> Part:
    """A part from cases with their vectors.

    Args:
        items: each id once.
        encoder: that made the vectors; without one they are left out.
        number: that the first vector gets.

    Raises:
        CorpusError: a vector does not fit.
    """
    entries = Entries.of(item.entry for item in items)
    if encoder is None:
        return Part(entries)
    gathered: dict[str, list[tuple[int, int, Floats]]] = {name: [] for name in SPACES}
    for row, item in enumerate(items):
        for space, level, vector in item.vectors():
            if vector.shape != (encoder.dimension,):
                raise CorpusError(
                    f"A vector of {item.entry.id} has the shape {vector.shape}; the index has "
                    f"dimension {encoder.dimension}.",
                    "Use the encoder that made the index, or build it again.",
                )
            gathered[space].append((row, DISCS.index(level) if level else -1, vector))
    arrays: dict[str, Arrays] = {}
    for name, found in gathered.items():
        vectors = np.array([vector for _, _, vector in found], np.float16)
        arrays[name] = Arrays(
            vectors.reshape(-1, encoder.dimension),
            np.arange(number, number + len(found), dtype=np.int64),
            np.array([row for row, _, _ in found], np.int64),
            np.array([level for _, level, _ in found], np.int64),
        )
        number += len(found)
    return Part(entries, arrays)


def without(parts: Sequence[Part], gone: set[str]) -> list[Part]:
    """The parts without some cases; parts that hold none of them are the very same."""
    left: list[Part] = []
    for part in parts:
        kept = np.array([name not in gone for name in part.entries.column("id")], bool)
        if kept.all():
            left.append(part)
            continue
        moved = np.cumsum(kept) - 1
        arrays = {
            name: one.chosen(kept[one.rows], moved[one.rows[kept[one.rows]]])
            for name, one in part.arrays.items()
        }
        if kept.any():
            left.append(Part(part.entries.chosen(kept), arrays))
    return left


def merged(parts: Sequence[Part], encoder: EncoderFacts | None) -> Part:
    """Several parts as one, without files of its own."""
    entries = Entries.joined([part.entries for part in parts])
    return Part(entries, joined(parts, encoder.dimension) if encoder is not None else {})


def joined(parts: Sequence[Part], dimension: int) -> dict[str, Arrays]:
    """The vectors of all parts, their rows counted through, in the order of their numbers."""
    starts = np.cumsum([0, *(len(part.entries) for part in parts)])
    none = np.zeros(0, np.int64)
    found: dict[str, Arrays] = {}
    for name in SPACES:
        there = [(p.arrays[name], s) for p, s in zip(parts, starts, strict=False) if p.arrays]
        whole = Arrays(
            np.concatenate([np.zeros((0, dimension), np.float16), *(a.vectors for a, _ in there)]),
            np.concatenate([none, *(a.ids for a, _ in there)]),
            np.concatenate([none, *(a.rows + start for a, start in there)]),
            np.concatenate([none, *(a.levels for a, _ in there)]),
        )
        order = np.argsort(whole.ids, kind="stable")
        found[name] = whole.chosen(order, whole.rows[order])
    return found


def read(folder: Path, segment: Segment, encoder: EncoderFacts | None) -> Part:
    """A segment from its files.

    Raises:
        CorpusError: they are missing, damaged or don't fit each other.
    """
    entries = Entries.read(folder / segment.entries)
    if len(entries) != segment.cases:
        raise CorpusError(f"{segment.entries} of the index lacks cases.", MEND)
    if encoder is None or segment.vectors is None:
        return Part(entries, segment=segment)
    arrays = _arrays(folder, segment.vectors)
    for one in arrays.values():
        whole = one.vectors.shape == (len(one.ids), encoder.dimension)
        if not whole or (len(one.rows) and one.rows.max() >= len(entries)):
            raise CorpusError(f"{segment.vectors} of the index does not fit its cases.", MEND)
    return Part(entries, arrays, segment)


def _arrays(folder: Path, name: str) -> dict[str, Arrays]:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        stored = load_file(folder / name)
        return {
            space: Arrays(
                stored[space],
                stored[f"{space}.ids"],
                stored[f"{space}.rows"].astype(np.int64),
                stored[f"{space}.levels"].astype(np.int64),
            )
            for space in SPACES
        }
    except (OSError, SafetensorError, KeyError) as error:
        raise CorpusError(f"{name} of the index can't be read.", MEND) from error


def written(folder: Path, part: Part, files: dict[str, str]) -> Part:
    """The part with its files, which are named after their content.

    Args:
        folder: of the index.
        part: with or without files.
        files: hashes by name; those of new files are added.
    """
    if part.segment is not None:
        return part
    lines = b"".join(part.entries.line(row) + b"\n" for row in range(len(part.entries)))
    entries = put(folder, "cases", "jsonl", lines, files)
    vectors = None
    if part.arrays:
        from safetensors.numpy import save

        stored: dict[str, npt.NDArray[np.generic]] = {}
        for name, one in part.arrays.items():
            stored[name] = np.ascontiguousarray(one.vectors)
            stored[f"{name}.ids"] = np.ascontiguousarray(one.ids)
            stored[f"{name}.rows"] = np.ascontiguousarray(one.rows, np.int32)
            stored[f"{name}.levels"] = np.ascontiguousarray(one.levels, np.int8)
        vectors = put(folder, "vectors", "safetensors", save(stored), files)
    cases = len(part.entries)
    return replace(part, segment=Segment(entries=entries, vectors=vectors, cases=cases))


def put(folder: Path, stem: str, suffix: str, data: bytes, files: dict[str, str]) -> str:
    """Write a file under a name made of its content, and note its hash."""
    digest = hashlib.sha256(data).hexdigest()
    name = f"{stem}-{digest[:16]}.{suffix}"
    manifests.replace(folder / name, data)
    files[name] = digest
    return name
