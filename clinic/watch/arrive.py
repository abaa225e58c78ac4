"""From what lies in ``incoming`` to studies: each file is taken once it is whole."""

from __future__ import annotations

import stat
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from clinic.watch.spool import Added, Spool
from radixgpt.errors import InputError, RejectedObjectError
from radixgpt.reading.archive import items
from radixgpt.reading.dataset import parse
from radixgpt.reading.limits import LIMITS
from radixgpt.reading.reasons import REASONS, rejected
from radixgpt.reading.sniff import sniff

_UNFINISHED = (".part", ".tmp", ".filepart", ".crdownload", ".partial")
_RECEIVED = "received-"
_MAY_GROW = frozenset({"empty", "damaged", "impossible-length", "truncated-pixels", "unreadable"})
"""Reasons that a file which is still being written has, too."""


@dataclass(frozen=True)
class Arrival:
    """What came of one file.

    Attributes:
        study: its study; empty for one that was set aside.
        added: what each of its objects was.
        aside: name in the quarantine; empty for one that was taken.
        reason, problem: why it was set aside.
    """

    study: str = ""
    added: tuple[tuple[str, Added], ...] = ()
    aside: str = ""
    reason: str = ""
    problem: str = ""


class Arrivals:
    """Watches ``incoming``.

    Args:
        spool: of the watched folder.
        settle: seconds that a file has to stay as it is before it is looked at.
        patience: seconds after which a file that looks cut off counts as damaged.
    """

    def __init__(self, spool: Spool, settle: float, patience: float) -> None:
        self._spool = spool
        self._settle = settle
        self._patience = patience
        self._seen: dict[Path, tuple[tuple[int, int, int], float]] = {}
        self._stuck: set[Path] = set()

    def waiting(self) -> bool:
        """Whether files lie there that are to be taken yet."""
        return any(path not in self._stuck for path in self._files())

    def take(self) -> Iterator[Arrival]:
        """Take every file that is whole, and tell each."""
        there = list(self._files())
        self._seen = {path: seen for path, seen in self._seen.items() if path in set(there)}
        for path in there:
            age = self._age(path)
            if age is None or (age < self._settle and not path.name.startswith(_RECEIVED)):
                continue
            arrival = self._take(path, age)
            if arrival is not None:
                yield arrival

    def _files(self) -> Iterator[Path]:
        home = self._spool.folder("incoming")
        waiting = [home]
        while waiting:
            for entry in sorted(waiting.pop().iterdir()):
                if entry.name.startswith(".") or entry.name.lower().endswith(_UNFINISHED):
                    continue
                if entry.is_dir() and not entry.is_symlink():
                    waiting.append(entry)
                else:
                    yield entry

    def _age(self, path: Path) -> float | None:
        """Seconds since the file was first seen as it is now; None where it is gone."""
        try:
            found = path.lstat()
        except OSError:
            return None
        shape = (found.st_size, found.st_mtime_ns, found.st_ctime_ns)
        before = self._seen.get(path)
        if before is None or before[0] != shape:
            self._seen[path] = (shape, time.monotonic())
            return 0.0
        return time.monotonic() - before[1]

    def _take(self, path: Path, age: float) -> Arrival | None:
        """Take a file; None where it may still grow."""
        mode = path.lstat().st_mode
        if not stat.S_ISREG(mode):
            return self._aside(path, "link" if stat.S_ISLNK(mode) else "special-file")
        added: list[tuple[str, Added]] = []
        refused: Counter[str] = Counter()
        try:
            for item in items(path, LIMITS):
                try:
                    data = item.load()
                    added.append(self._spool.add(_study_of(data), data))
                except RejectedObjectError as error:
                    refused[error.reason] += 1
        except InputError as error:
            refused[error.code] += 1
        if refused:
            reason = refused.most_common(1)[0][0]
            if age < self._patience and _MAY_GROW.intersection(refused):
                return None
            if reason == "not-readable":  # another user's: told once, and tried again
                told, self._stuck = path in self._stuck, {*self._stuck, path}
                return None if told else Arrival(reason=reason)
            return self._aside(path, reason, tuple(added))
        path.unlink()
        return Arrival(added[0][0] if added else "", tuple(added))

    def _aside(self, path: Path, reason: str, added: tuple[tuple[str, Added], ...] = ()) -> Arrival:
        problem = REASONS[reason][0] if reason in REASONS else "It can't be read."
        name = self._spool.set_file_aside(path, reason, problem)
        return Arrival(added[0][0] if added else "", added, name, reason, problem)


def _study_of(data: bytes) -> str:
    """Study Instance UID of a whole DICOM object.

    Raises:
        RejectedObjectError: it is none, or does not say which study it belongs to.
    """
    kind, reason = sniff(data)
    if kind is None:
        raise rejected(reason)
    if kind != "dicom":
        raise rejected("no-preamble" if kind == "bare-dicom" else "not-dicom")
    parsed = parse(data, LIMITS)
    if parsed.cut:
        raise rejected("truncated-pixels")
    study = parsed.header.text("StudyInstanceUID")
    if not study:
        raise rejected("no-identity")
    return study
