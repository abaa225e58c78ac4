"""How an index is made and changed on disk.

A change writes new files, then the manifest in one step, then removes what nobody names any more;
whatever stops it, the index is as before or as after. To delete a case rewrites its segment, so
that nothing of it stays on disk.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from radixgpt import __version__
from radixgpt.errors import CorpusError
from retrieval import manifest as manifests
from retrieval import segments
from retrieval.corpus import SPACES, Item
from retrieval.entries import Entries
from retrieval.index import VectorIndex
from retrieval.manifest import EncoderFacts, Kind, Manifest
from retrieval.segments import Arrays, Part

SEGMENT = 2_048
"""Cases of a segment; the last one may have fewer."""
SAVED_EVERY = 64
"""Cases after which what is being built is kept on disk."""
_OURS = re.compile(r"(?:cases|vectors|image|disc|text)-[0-9a-f]{16}\.\w+(?:\.new)?")
Say = Callable[[str, int, int], None]


def _silent(_what: str, _done: int, _total: int) -> None:
    return None


class Writer:
    """Changes an index: adds, deletes, and finishes what is being built.

    Args:
        folder: of the index; :meth:`create` makes it.

    Raises:
        CorpusError: there is none, or it is damaged.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest = manifests.read(folder)
        manifests.check(folder, self.manifest)
        self._parts = [
            segments.read(folder, one, self.manifest.encoder) for one in self.manifest.segments
        ]

    @classmethod
    def create(cls, folder: Path, begun: Manifest) -> Writer:
        """A new index, empty and not complete; or one that was begun in the same way, to go on.

        Args:
            folder: new or empty.
            begun: its name, licence, kind, encoder and workspace; see :func:`fresh`.

        Raises:
            CorpusError: there is a finished index, one that was begun otherwise, or something else.
        """
        if (folder / manifests.MANIFEST).is_file():
            writer = cls(folder)
            there = writer.manifest
            if there.complete:
                raise CorpusError(
                    "There is an index in this folder.",
                    "Add to it with radixgpt index add, or name another folder.",
                )
            options = ("name", "encoder", "kind", "workspace")
            if any(getattr(there, name) != getattr(begun, name) for name in options):
                raise CorpusError(
                    "An index was begun in this folder with other options.",
                    "Give the same options again, or name another folder.",
                )
            return writer
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if any(folder.iterdir()):
                raise CorpusError("The folder is not empty.", "Name a new folder for the index.")
            manifests.write(folder, begun)
        except OSError as error:
            raise CorpusError(
                f"No index can be written there: {error.strerror or 'unknown reason'}.",
                "Name a folder that you may write to.",
            ) from error
        return cls(folder)

    @property
    def known(self) -> dict[str, str]:
        """Every case that is there, with the hash of what it was made from."""
        return dict(zip(self._column("id"), self._column("sha256"), strict=True))

    def add(self, items: Iterable[Item], say: Say = _silent, total: int = 0) -> int:
        """Add cases; one that is there already is replaced.

        While an index is being built, every :data:`SAVED_EVERY` cases are kept; a complete one
        gets all of them in one step.

        Args:
            items: cases with their vectors; they may be made one by one.
            say: told how many were added.
            total: how many there will be.

        Returns:
            How many were added.

        Raises:
            CorpusError: a vector does not fit, or the index was changed meanwhile.
        """
        waiting: list[Item] = []
        parts: Sequence[Part] = self._parts
        done = 0
        for item in items:
            waiting.append(item)
            done += 1
            if len(waiting) >= (SEGMENT if self.manifest.complete else SAVED_EVERY):
                parts = self._taken(parts, waiting)
                waiting = []
                if not self.manifest.complete:
                    self._commit(parts)
                    parts = self._parts
            say("Adding cases", done, max(total, done))
        if waiting:
            parts = self._taken(parts, waiting)
        if parts is not self._parts:
            self._commit(parts, say=say)
        return done

    def delete(
        self, ids: Iterable[str] = (), patients: Iterable[str] = (), say: Say = _silent
    ) -> int:
        """Delete cases, by their ids or their patients; nothing of them stays on disk.

        Returns:
            How many were deleted.

        Raises:
            CorpusError: one of them is not there, or the index was changed meanwhile.
        """
        unwanted, people = set(ids), set(patients)
        names, owners = self._column("id"), self._column("patient")
        lost = (unwanted - set(names)) | (people - set(owners))
        if lost:
            raise CorpusError(
                f"'{min(lost)[:60]}' is not in the index.", "Look for it with radixgpt index info."
            )
        gone = {
            name
            for name, patient in zip(names, owners, strict=True)
            if name in unwanted or patient in people
        }
        if gone:
            self._commit(segments.without(self._parts, gone), say=say)
        return len(gone)

    def finish(self, say: Say = _silent) -> Manifest:
        """Make the graph or lists of the whole, and call the index complete."""
        self._commit(self._parts, complete=True, say=say)
        return self.manifest

    def _column(self, name: str) -> list[str]:
        return [value for part in self._parts for value in part.entries.column(name)]

    def _taken(self, before: Sequence[Part], items: Sequence[Item]) -> list[Part]:
        """The parts with some cases more, which join the last part while it is not full."""
        by_id = {item.entry.id: item for item in items}  # the last of an id counts
        parts = segments.without(before, set(by_id))
        encoder = self.manifest.encoder
        fresh = segments.made(list(by_id.values()), encoder, self._next(before))
        if parts and len(parts[-1].entries) + len(fresh.entries) <= SEGMENT:
            fresh = segments.merged([parts.pop(), fresh], encoder)
        return [*parts, fresh]

    def _next(self, parts: Sequence[Part]) -> int:
        ids = [int(a.ids.max()) + 1 for p in parts for a in p.arrays.values() if len(a.ids)]
        return max([self.manifest.next_vector, *ids])

    def _commit(
        self, parts: Sequence[Part], *, complete: bool | None = None, say: Say = _silent
    ) -> None:
        """Write what is new, then the manifest, then remove what it does not name."""
        if manifests.read(self.folder) != self.manifest:
            raise CorpusError(
                "The index was changed by another process meanwhile.", "Run the command again."
            )
        files = dict(self.manifest.files)
        kept = [segments.written(self.folder, part, files) for part in parts]
        finished = self.manifest.complete if complete is None else complete
        structures = self._structures(kept, files, say) if finished else {}
        named = {
            *(one.segment.entries for one in kept if one.segment),
            *(one.segment.vectors for one in kept if one.segment and one.segment.vectors),
            *structures.values(),
        }
        whole = Entries.joined([part.entries for part in kept])
        counts = dict.fromkeys(SPACES if self.manifest.encoder else (), 0)
        for part in kept:
            for name, arrays in part.arrays.items():
                counts[name] += len(arrays.ids)
        changed = self.manifest.model_copy(
            update={
                "files": {name: files[name] for name in sorted(named)},
                "software": __version__,
                "complete": finished,
                "segments": tuple(part.segment for part in kept if part.segment),
                "structures": structures,
                "next_vector": self._next(kept),
                "cases": len(whole),
                "patients": len(set(whole.column("patient"))),
                "vectors": counts,
                "licences": dict(Counter(whole.column("licence")).most_common()),
                "origins": dict(Counter(whole.column("origin")).most_common()),
            }
        )
        manifests.write(self.folder, changed)
        for path in self.folder.iterdir():
            if _OURS.fullmatch(path.name) and path.name not in named:
                with suppress(PermissionError):  # Windows, while it is searched; the next one goes
                    path.unlink(missing_ok=True)
        self.manifest, self._parts = changed, kept

    def _structures(self, parts: Sequence[Part], files: dict[str, str], say: Say) -> dict[str, str]:
        """The graph or lists of each space; what is only added to is not made anew."""
        encoder, kind = self.manifest.encoder, self.manifest.kind
        if encoder is None or kind == "flat":
            return {}
        before = segments.joined(self._parts, encoder.dimension)
        found: dict[str, str] = {}
        for name, arrays in segments.joined(parts, encoder.dimension).items():
            if not len(arrays.ids):
                continue
            stored = self.manifest.structures.get(name)
            old = before[name].ids
            if stored is not None and np.isin(old, arrays.ids).all():
                if len(old) == len(arrays.ids):
                    found[name] = stored
                    continue
                data = (self.folder / stored).read_bytes()
                index = VectorIndex.restored(data, encoder.dimension, kind)
                new = ~np.isin(arrays.ids, old)
                arrays = arrays.chosen(new, arrays.rows[new])
            else:
                index = VectorIndex(encoder.dimension, kind)
            _link(index, arrays, f"Linking the {name} vectors", say)
            found[name] = segments.put(self.folder, name, "faiss", index.saved(), files)
        return found


def _link(index: VectorIndex, arrays: Arrays, what: str, say: Say) -> None:
    index.add(
        arrays.vectors.astype(np.float32), arrays.ids, lambda done, total: say(what, done, total)
    )


def fresh(
    name: str,
    *,
    encoder: EncoderFacts | None,
    kind: Kind = "flat",
    workspace: str | None = None,
    version: str = "1.0",
    licence: str = "of each case its own",
    summary: str = "",
) -> Manifest:
    """The manifest of an index without any case."""
    return Manifest(
        name=name,
        version=version,
        licence=licence,
        summary=summary,
        files={},
        software=__version__,
        kind=kind,
        encoder=encoder,
        workspace=workspace,
    )
