"""Unpack a published archive, a member at a time: nothing leaves the folder, nothing explodes."""

from __future__ import annotations

import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Literal

from data.gather.shelf import CHUNK, is_safe
from radixgpt.errors import GatherError, UnsafeInputError
from radixgpt.reading.archive import is_clutter, refusal
from radixgpt.reading.limits import LIMITS, MIB, Limits
from radixgpt.reading.reasons import REASONS

Kind = Literal["zip", "tgz"]

PUBLISHED = replace(
    LIMITS, objects=1_000_000, object_bytes=8_192 * MIB, archive_bytes=131_072 * MIB
)
"""The caps for published archives, which hold whole cohorts."""

_DAMAGE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    EOFError,
    NotImplementedError,
    ValueError,
    RuntimeError,
)


@dataclass(frozen=True)
class Member:
    """A file of an archive.

    Attributes:
        name: its path in the archive, with forward slashes.
        size: its bytes once unpacked.
        chunks: its bytes; to be read before the next member is asked for.
    """

    name: str
    size: int
    chunks: Iterator[bytes]


def members(path: Path, kind: Kind, limits: Limits = PUBLISHED) -> Iterator[Member]:
    """The files of an archive; what a desktop left in it is passed over.

    Raises:
        GatherError: it is damaged.
        UnsafeInputError: a member points out of the archive, is a link or a device, comes twice,
            or unpacks to more than it may.
    """
    seen: set[str] = set()
    total = 0
    try:
        for member in _zip(path, limits) if kind == "zip" else _tar(path, limits):
            folded = member.name.casefold()
            total += member.size
            if folded in seen:
                raise UnsafeInputError(
                    "The archive holds two files of one name.", "Don't use it: it is not sound."
                )
            if len(seen) >= limits.objects or total > limits.archive_bytes:
                raise _unsafe("bomb")
            seen.add(folded)
            yield member
    except _DAMAGE as error:
        raise damaged() from error
    if not seen:
        raise GatherError("The archive is empty.", "Gather it again.")


def unpacked_size(path: Path, kind: Kind) -> int:
    """Bytes that the files of an archive take; for a tar an estimate from its own size.

    Raises:
        GatherError: it is damaged.
    """
    if kind == "tgz":
        return 2 * path.stat().st_size
    try:
        with zipfile.ZipFile(path) as archive:
            return sum(member.file_size for member in archive.infolist())
    except _DAMAGE as error:
        raise damaged() from error


def damaged() -> GatherError:
    """The error of an archive that can't be unpacked."""
    return GatherError("The archive is damaged.", "Gather it again: it is fetched anew.")


def _zip(path: Path, limits: Limits) -> Iterator[Member]:
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if member.is_dir() or is_clutter(member.filename):
                continue
            reason = refusal(member, limits)
            if reason is None and not is_safe(member.filename):
                reason = "unsafe-path"
            if reason:
                raise _unsafe(reason)
            with archive.open(member) as file:
                yield Member(member.filename, member.file_size, _read(file))


def _tar(path: Path, limits: Limits) -> Iterator[Member]:
    most = max(limits.ratio_from, limits.archive_ratio * path.stat().st_size)
    total = 0
    with tarfile.open(path, "r:gz") as archive:
        for member in archive:
            name = member.name.removeprefix("./")
            if member.isdir() or is_clutter(name):
                continue
            total += member.size
            if not is_safe(name):
                raise _unsafe("unsafe-path")
            if member.issym() or member.islnk():
                raise _unsafe("link")
            if not member.isreg():
                raise _unsafe("special-file")
            if member.size > limits.object_bytes:
                raise _unsafe("too-large")
            if total > most:
                raise _unsafe("bomb")
            file = archive.extractfile(member)
            if file is None:
                raise damaged()
            with file:
                yield Member(name, member.size, _read(file))


def _read(file: IO[bytes]) -> Iterator[bytes]:
    try:
        while chunk := file.read(CHUNK):
            yield chunk
    except _DAMAGE as error:
        raise damaged() from error


def _unsafe(reason: str) -> UnsafeInputError:
    problem, _ = REASONS[reason]
    return UnsafeInputError(
        f"A file in the archive can't be unpacked: {problem[0].lower()}{problem[1:]}",
        "Don't use it: it is not what was published.",
    )
