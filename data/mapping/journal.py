"""What came of each unit of a source, written down at once: a crash loses one unit at most.

A journal is JSON lines: the fingerprint of what is mapped, a line a unit, and an end. A journal
with another fingerprint is begun anew; one without an end goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from data.mapping.source import Mapped

_BEGIN, _END = '{"begin":', '{"end":'


def fingerprint(folder: Path, *more: str | Path) -> str:
    """What a mapping depends on: names, sizes and times of a folder's files, and more.

    Args:
        folder: of the source.
        more: texts, and files or folders of code or settings whose bytes count.
    """
    total = hashlib.sha256()
    for path in files_below(folder):
        about = path.stat()
        name = path.relative_to(folder).as_posix()
        total.update(f"{name}\0{about.st_size}\0{about.st_mtime_ns}\n".encode())
    for one in more:
        if isinstance(one, str):
            total.update(one.encode())
        else:
            inside = files_below(one) if one.is_dir() else [one]
            for path in inside:
                if path.suffix in (".py", ".yaml", ".csv"):
                    total.update(path.read_bytes())
    return total.hexdigest()[:32]


def files_below(folder: Path) -> list[Path]:
    """All regular files below a folder, in the order of their names; hidden ones are passed by."""
    found = []
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [Path(root) / name for name in names if not name.startswith(".")]
    return sorted(path for path in found if path.is_file())


class Journal:
    """The journal of one source.

    Args:
        path: of its file.
        mark: the fingerprint of what is mapped now.
    """

    def __init__(self, path: Path, mark: str) -> None:
        self.path = path
        self._mark = mark

    def state(self) -> tuple[set[str], bool]:
        """The units that are done, or whether all are.

        A journal of something else counts as empty; a last line that was cut off is dropped.
        """
        done: set[str] = set()
        try:
            with self.path.open("r+b") as file:
                if file.readline() != self._begin():
                    return set(), False
                end = file.tell()
                if self._ended(file):
                    return set(), True
                file.seek(end)
                for line in file:
                    if not line.endswith(b"\n"):
                        file.truncate(end)
                        break
                    end += len(line)
                    done.add(json.loads(line)["unit"])
        except FileNotFoundError:
            return set(), False
        return done, False

    @staticmethod
    def _ended(file: IO[bytes]) -> bool:
        last = f"{_END}true}}\n".encode()
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - len(last)))
        return file.read() == last

    def _begin(self) -> bytes:
        return f'{_BEGIN}"{self._mark}"}}\n'.encode()

    def open(self, *, anew: bool) -> IO[bytes]:
        """The file, to add units to."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if not anew:
            return self.path.open("ab")
        file = self.path.open("wb")
        file.write(self._begin())
        return file

    @staticmethod
    def add(file: IO[bytes], mapped: Mapped) -> None:
        """Write down a unit; it outlives a crash of this process."""
        file.write(mapped.model_dump_json(exclude_defaults=True).encode() + b"\n")
        file.flush()

    @staticmethod
    def end(file: IO[bytes]) -> None:
        """Write down that all units are done."""
        file.write(f"{_END}true}}\n".encode())
        file.flush()
        os.fsync(file.fileno())

    def units(self) -> Iterator[Mapped]:
        """What came of every unit."""
        with self.path.open("rb") as file:
            for line in file:
                if not line.startswith((_BEGIN.encode(), _END.encode())):
                    yield Mapped.model_validate_json(line)
