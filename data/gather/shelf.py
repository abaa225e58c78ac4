"""The folder that one source is gathered into: files appear there whole, hashed, or not at all."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from data.gather.provenance import Record
from data.gather.source import Gathered
from radixgpt.errors import GatherError, UnsafeInputError
from radixgpt.reading.archive import points_out

CHUNK = 1 << 20
_LONGEST_NAME = 240  # most file systems take 255 bytes; a suffix has to fit
_SPARE = 256 << 20


class Shelf:
    """Where a source's files go.

    Args:
        folder: the source's folder; made when the first file comes.
        known: what the provenance tells of it, by name within the folder.
    """

    def __init__(self, folder: Path, known: Mapping[str, Record]) -> None:
        self.folder = folder
        self.known = known
        self.downloads = folder.parent / ".downloads" / folder.name
        """Where archives and parts of files wait that are not whole yet."""

    def place(self, name: str) -> Path:
        """The path of a name in the folder.

        Raises:
            UnsafeInputError: the name would lie outside the folder, or can't be a file's.
        """
        if not is_safe(name):
            raise UnsafeInputError(
                "A file's name points out of the folder that it belongs in.",
                "Don't use this source: it is damaged or hostile.",
            )
        return self.folder.joinpath(*PurePosixPath(name).parts)

    def intact(self, name: str) -> bool:
        """Whether a known file lies there, with the bytes that the provenance tells."""
        record = self.known.get(name)
        path = self.place(name)
        if record is None or not path.is_file() or path.stat().st_size != record.bytes:
            return False
        return sha256_of(path) == record.sha256

    def told(self, name: str) -> Gathered:
        """A known file, as it was gathered."""
        record = self.known[name]
        return Gathered(
            name, record.address, record.sha256, record.bytes, record.archive, record.unpacked
        )

    def put(
        self, name: str, chunks: Iterable[bytes], address: str, *, archive: str | None = None
    ) -> Gathered:
        """Write a file; it appears whole or not at all."""
        path = self.place(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.part")
        digest = hashlib.sha256()
        size = 0
        try:
            with part.open("wb") as file:
                for chunk in chunks:
                    file.write(chunk)
                    digest.update(chunk)
                    size += len(chunk)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        return Gathered(name, address, digest.hexdigest(), size, archive)

    def keep(self, name: str, data: bytes, address: str) -> Gathered:
        """Write a small file, unless it is there with the same bytes."""
        wanted = hashlib.sha256(data).hexdigest()
        path = self.place(name)
        if path.is_file() and path.stat().st_size == len(data) and sha256_of(path) == wanted:
            return Gathered(name, address, wanted, len(data))
        self.require_space(len(data))
        return self.put(name, [data], address)

    def copy(self, name: str, original: Path, address: str, *, link: bool) -> Gathered:
        """Copy a file of this machine, or hard-link it where the file system can.

        A file that is there with the same bytes is left as it is.
        """
        path = self.place(name)
        wanted = sha256_of(original)
        size = original.stat().st_size
        there = path.is_file() and (path.samefile(original) or sha256_of(path) == wanted)
        if there:
            return Gathered(name, address, wanted, size)
        if link and self._linked(path, original):
            return Gathered(name, address, wanted, size)
        return self.put(name, chunks_of(original), address)

    def _linked(self, path: Path, original: Path) -> bool:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.part")
        part.unlink(missing_ok=True)
        try:
            part.hardlink_to(original.resolve())
        except OSError:  # another disk, or a file system without hard links: copy
            return False
        part.replace(path)
        return True

    def require_space(self, size: int) -> None:
        """Stop before a disk is filled.

        Raises:
            GatherError: fewer bytes are free than will be written.
        """
        there = self.folder
        while not there.exists():
            there = there.parent
        free = shutil.disk_usage(there).free
        if free < size + _SPARE:
            raise GatherError(
                f"This takes {size / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free on the disk.",
                "Free some space, or name a workspace on another disk with -w.",
            )


def is_safe(name: str) -> bool:
    """Whether a relative name stays in its folder and can be a file's on any common system."""
    parts = PurePosixPath(name).parts
    return (
        bool(name.strip("/."))
        and not points_out(name)
        and name.isprintable()
        and all(len(os.fsencode(part)) <= _LONGEST_NAME for part in parts)
    )


def chunks_of(path: Path) -> Iterator[bytes]:
    """The bytes of a file, a piece at a time."""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def sha256_of(path: Path) -> str:
    """Hash of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
