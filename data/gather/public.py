"""The public sets, fetched from where they are published."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from data.gather import unpack
from data.gather.download import PATIENCE, Patience, download
from data.gather.registry import Public, Published
from data.gather.shelf import Shelf, sha256_of
from data.gather.source import Gathered, LeftOut, Say, Terms
from radixgpt.errors import GatherError


@dataclass(frozen=True)
class PublicSource:
    """One published set.

    Attributes:
        entry: what the registry tells of it.
        mirror: base address of a mirror, if not the published addresses themselves.
        patience: how long to try.
    """

    entry: Public
    mirror: str | None = None
    patience: Patience = PATIENCE

    @property
    def key(self) -> str:
        """The key of the set."""
        return self.entry.key

    @property
    def title(self) -> str:
        """One line for people."""
        return self.entry.title

    @property
    def terms(self) -> Terms:
        """Its terms, to be accepted."""
        return self.entry.terms

    def fetch(self, shelf: Shelf, say: Say) -> Iterator[Gathered | LeftOut]:
        """Download every file, unpack the archives, and check what is there already.

        Raises:
            GatherError: the publisher can't be reached, or a file is not what it should be.
            UnsafeInputError: an archive is hostile.
        """
        for published in self.entry.files:
            if published.unpack is None:
                yield self._plain(published, shelf, say)
            else:
                yield from self._archive(published, published.unpack, shelf, say)

    def _plain(self, published: Published, shelf: Shelf, say: Say) -> Gathered:
        remote = published.remote
        if shelf.intact(remote.name):
            return shelf.told(remote.name)
        path = self._download(published, shelf, say)
        digest, size = self._compared(remote.name, path, shelf), path.stat().st_size
        place = shelf.place(remote.name)
        place.parent.mkdir(parents=True, exist_ok=True)
        path.replace(place)
        return Gathered(remote.name, remote.address, digest, size)

    def _archive(
        self, published: Published, kind: unpack.Kind, shelf: Shelf, say: Say
    ) -> Iterator[Gathered]:
        remote = published.remote
        checked = self._all_there(remote.name, shelf, say)
        if checked is not None:
            yield from checked
            return
        path = self._download(published, shelf, say)
        digest, size = self._compared(remote.name, path, shelf), path.stat().st_size
        with _dropped_if_damaged(path):
            unpacked = unpack.unpacked_size(path, kind)
        shelf.require_space(unpacked)
        count = done = 0
        with _dropped_if_damaged(path):
            for member in unpack.members(path, kind):
                if shelf.intact(member.name):
                    yield shelf.told(member.name)
                else:
                    yield shelf.put(member.name, member.chunks, remote.address, archive=remote.name)
                count += 1
                done += member.size
                say(f"Unpacking {remote.name} (MB)", done // 1_000_000, unpacked // 1_000_000)
        yield Gathered(remote.name, remote.address, digest, size, unpacked=count)
        path.unlink()

    def _all_there(self, archive: str, shelf: Shelf, say: Say) -> list[Gathered] | None:
        """Every file of an archive that was unpacked before, if all are as they were."""
        record = shelf.known.get(archive)
        if record is None or record.unpacked is None:
            return None
        names = [name for name, known in shelf.known.items() if known.archive == archive]
        if len(names) < record.unpacked:
            return None
        for number, name in enumerate(names, start=1):
            if not shelf.intact(name):
                return None
            say(f"Checking {self.key}", number, len(names))
        return [*(shelf.told(name) for name in names), shelf.told(archive)]

    def _download(self, published: Published, shelf: Shelf, say: Say) -> Path:
        return download(
            published.remote,
            shelf.downloads,
            say,
            mirror=self.mirror,
            patience=self.patience,
            room=shelf.require_space,
        )

    def _compared(self, name: str, path: Path, shelf: Shelf) -> str:
        """The hash of a download, which must be that of the first one.

        Raises:
            GatherError: it is another.
        """
        digest = sha256_of(path)
        record = shelf.known.get(name)
        if record is not None and record.sha256 != digest:
            path.unlink()
            raise GatherError(
                f"{name} is not the file that was gathered on {record.gathered_at}.",
                f"The publisher has changed it ({self.entry.page}): gather it into a "
                "new workspace.",
            )
        return digest


@contextmanager
def _dropped_if_damaged(archive: Path) -> Iterator[None]:
    """Remove an archive that can't be unpacked, so that the next call fetches it anew."""
    try:
        yield
    except GatherError:
        archive.unlink(missing_ok=True)
        raise
