"""The objects of an input: one file, a folder with all below it, or a zip.

Nothing is unpacked to disk, no link is followed out of the folder, and nothing but regular files
is opened, so neither a hostile name, a loop of links nor a pipe does harm. Names serve to order
the objects and for nothing else: an object is known by its place (``object 7``).
"""

from __future__ import annotations

import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO

from radixgpt.errors import InputError, UnreadableError, UnsafeInputError
from radixgpt.reading.limits import Limits
from radixgpt.reading.reasons import rejected
from radixgpt.reading.sniff import sniff

_CLUTTER = frozenset({".ds_store", "thumbs.db", "desktop.ini"})
_HEAD = 65_536
_PLAIN_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})


@dataclass(frozen=True)
class Item:
    """One object of the input.

    Attributes:
        name: its neutral name, ``object 7``.
        load: gives its bytes; raises ``RejectedObjectError`` where they must not be read.
        where: its path within the input, with forward slashes. It may hold a person's name, so it
            is hashed or opened, never told.
    """

    name: str
    load: Callable[[], bytes]
    where: str = ""


def items(path: Path, limits: Limits) -> Iterator[Item]:
    """All objects below a path, in the order of their names.

    Raises:
        InputError: there is nothing at the path, or nothing in it.
        UnreadableError: a zip that is damaged.
        UnsafeInputError: a special file, or more objects or bytes than are ever read.
    """
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        raise InputError(
            "There is nothing that can be opened at the given path.",
            "Check the path and its permissions.",
        ) from None
    if stat.S_ISDIR(mode):
        yield from _folder(path, limits)
    elif not stat.S_ISREG(mode):
        raise UnsafeInputError(
            "The given path is neither a file nor a folder.", "Give a file or a folder."
        )
    elif _is_zip(path):
        yield from _zip(path, limits)
    else:
        yield Item("object 1", lambda: _load_file(path, limits), path.name)


def _is_zip(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) in (b"PK\x03\x04", b"PK\x05\x06")
    except OSError:
        raise InputError("The file can't be opened.", "Check its permissions.") from None


def _load_file(path: Path, limits: Limits) -> bytes:
    try:
        size = path.stat().st_size
        if size > limits.object_bytes:
            raise rejected("too-large")
        with path.open("rb") as file:
            return _head_first(file, size, rewind=True)
    except OSError:
        raise rejected("not-readable") from None


def _head_first(file: IO[bytes], most: int, *, rewind: bool = False) -> bytes:
    """Read an object, but no more than its head if that tells that it can't be used."""
    head = file.read(_HEAD)
    kind, reason = sniff(head)
    if kind is None:
        raise rejected(reason)
    if len(head) < _HEAD:
        return head
    if not rewind:
        return head + file.read(most - len(head))
    file.seek(0)  # a second look at the head is less than a copy of the whole
    return file.read(most)


def _refuse(reason: str) -> Callable[[], bytes]:
    def load() -> bytes:
        raise rejected(reason)

    return load


def _numbered(number: int, load: Callable[[], bytes], where: str, limits: Limits) -> Item:
    if number > limits.objects:
        raise UnsafeInputError(
            f"The input holds more than {limits.objects} objects.", "Give one study at a time."
        )
    return Item(f"object {number}", load, where)


def _folder(root: Path, limits: Limits) -> Iterator[Item]:
    number = 0
    home = root.resolve()
    for entry in _walk(root):
        if entry.name.lower() in _CLUTTER:
            continue
        number += 1
        where = entry.relative_to(root).as_posix()
        yield _numbered(number, _file_loader(entry, home, limits), where, limits)
    if number == 0:
        raise InputError("The folder is empty.", "Give a folder that holds images.")


def _walk(root: Path) -> Iterator[Path]:
    """Everything below a folder but folders, depth first; links to folders are not entered."""
    waiting = [root]
    while waiting:
        entry = waiting.pop()
        if entry is root or (entry.is_dir() and not entry.is_symlink()):
            try:
                below = sorted(entry.iterdir(), key=lambda p: p.name, reverse=True)
            except OSError:
                yield entry
                continue
            waiting.extend(below)
        else:
            yield entry


def _file_loader(entry: Path, home: Path, limits: Limits) -> Callable[[], bytes]:
    try:
        if entry.is_symlink() and not entry.resolve(strict=True).is_relative_to(home):
            return _refuse("link")
        mode = entry.stat().st_mode
    except (OSError, RuntimeError):  # RuntimeError: a loop of links, before Python 3.13
        return _refuse("link" if entry.is_symlink() else "not-readable")
    if stat.S_ISDIR(mode):
        return _refuse("link" if entry.is_symlink() else "not-readable")
    if not stat.S_ISREG(mode):
        return _refuse("special-file")
    return lambda: _load_file(entry, limits)


def _zip(path: Path, limits: Limits) -> Iterator[Item]:
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise UnreadableError("The zip is damaged.", "Pack it again.") from None
    with archive:
        members = [m for m in archive.infolist() if not m.is_dir() and not is_clutter(m.filename)]
        if sum(m.file_size for m in members) > limits.archive_bytes:
            raise UnsafeInputError(
                "The zip unpacks to more than is ever read.",
                "Give one study at a time, from a source you trust.",
            )
        if not members:
            raise InputError("The zip is empty.", "Give a zip that holds images.")
        for number, member in enumerate(sorted(members, key=lambda m: m.filename), start=1):
            loader = _member_loader(archive, member, limits)
            yield _numbered(number, loader, member.filename, limits)


def is_clutter(name: str) -> bool:
    """Whether a member of an archive is what a desktop leaves behind."""
    parts = PurePosixPath(name).parts
    return bool(parts) and (parts[0] == "__MACOSX" or parts[-1].lower() in _CLUTTER)


def _member_loader(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, limits: Limits
) -> Callable[[], bytes]:
    reason = refusal(member, limits)
    return _refuse(reason) if reason else lambda: _load_member(archive, member)


def refusal(member: zipfile.ZipInfo, limits: Limits) -> str | None:
    """The reason code why a member of a zip must not be unpacked; None where it may be."""
    kind = stat.S_IFMT(member.external_attr >> 16)
    if points_out(member.filename):
        return "unsafe-path"
    if kind == stat.S_IFLNK:
        return "link"
    if kind not in (0, stat.S_IFREG):
        return "special-file"
    if member.flag_bits & 0x1:
        return "encrypted"
    if member.compress_type not in _PLAIN_METHODS:
        return "unsupported-compression"
    if (
        member.file_size > limits.ratio_from
        and member.file_size > limits.archive_ratio * member.compress_size
    ):
        return "bomb"
    return "too-large" if member.file_size > limits.object_bytes else None


def points_out(name: str) -> bool:
    """Whether a relative name leads out of the folder that it is joined to, on any system."""
    windows = PureWindowsPath(name)
    return name.startswith("/") or bool(windows.drive or windows.root) or ".." in windows.parts


def _load_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    try:
        # Asked for the declared size, which has been checked, zipfile unpacks no more than that.
        with archive.open(member) as file:
            return _head_first(file, member.file_size)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError):
        raise rejected("damaged") from None
