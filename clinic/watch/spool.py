"""The spool: where a study is, is its state, and one rename moves it to the next.

``incoming/`` holds what arrives, ``working/STUDY/images/`` what belongs together, ``done/STUDY/``
and ``quarantine/STUDY/`` what came of it. A study's folder moves with all that is in it, so at any
moment it is in exactly one place, and a process that is killed leaves nothing half done: a new one
looks where the folders are. Names are keyed hashes.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from radixgpt.errors import SettingsError
from radixgpt.key_file import load_or_make
from radixgpt.reading.identity import Keyring

State = Literal["incoming", "working", "done", "quarantine"]
STATES: tuple[State, ...] = ("incoming", "working", "done", "quarantine")
IMAGES, DRAFT, OBJECTS = "images", "draft", "objects"
_PART = ".part-"
_MOST_CRASHES = 3

Added = Literal["new", "more", "same", "late"]
"""What an object was: of a new study, one more, there already, or late for a finished study."""


class Spool:
    """One watched folder; made by :func:`opened`."""

    def __init__(self, root: Path, keys: Keyring) -> None:
        self.root = root
        self._keys = keys

    def folder(self, state: State) -> Path:
        """The folder of a state."""
        return self.root / state

    def studies(self, state: State) -> list[str]:
        """Names of the studies in a state."""
        return sorted(p.name for p in self.folder(state).glob("study-*") if p.is_dir())

    def images(self, name: str) -> frozenset[str]:
        """Names of the objects of a study that is being worked on."""
        return _files(self.folder("working") / name / IMAGES)

    def add(self, study: str, data: bytes) -> tuple[str, Added]:
        """Keep an object of a study.

        It is on disk when this returns. An object that is there already, even of a study that is
        done, changes nothing; a new one for such a study begins it anew as a further revision,
        with all the objects that there are.

        Args:
            study: Study Instance UID.
            data: the object.

        Returns:
            The name of the study, and what the object was.
        """
        key = f"study-{self._keys.digest('study', study).hex()[:16]}"
        file = f"{hashlib.sha256(data).hexdigest()[:32]}.dcm"
        working = self._latest("working", key)
        ends: tuple[State, ...] = ("done", "quarantine")
        finished = max(((s, self._latest(s, key)) for s in ends), key=lambda found: found[1])
        added: Added
        if working:
            name, added = _revision(key, working), "more"
        elif not finished[1]:
            name, added = _revision(key, 1), "new"
        else:
            before = self.folder(finished[0]) / _revision(key, finished[1])
            if (before / IMAGES / file).exists():
                return before.name, "same"
            name, added = _revision(key, finished[1] + 1), "late"
            self._begin_anew(before, name)
        target = self.folder("working") / name / IMAGES / file
        if target.exists():
            return name, "same"
        target.parent.mkdir(parents=True, exist_ok=True)
        keep(target, data)
        return name, added

    def _latest(self, state: State, key: str) -> int:
        """Number of the last revision of a study in a state, 0 without one."""
        found = [0]
        for path in self.folder(state).glob(f"{key}*"):
            number = path.name.removeprefix(key).removeprefix(".") or "1"
            if number.isdecimal():
                found.append(int(number))
        return max(found)

    def _begin_anew(self, before: Path, name: str) -> None:
        """Begin a further revision with the objects of the one before, in one step."""
        part = self.folder("working") / f"{_PART}{secrets.token_hex(8)}"
        (part / IMAGES).mkdir(parents=True)
        for file in _files(before / IMAGES):
            try:
                (part / IMAGES / file).hardlink_to(before / IMAGES / file)
            except OSError:  # a file system without hard links
                shutil.copy2(before / IMAGES / file, part / IMAGES / file)
        part.rename(self.folder("working") / name)

    def quiet_for(self, name: str) -> float:
        """Seconds since the last object of a study arrived; it is kept on disk."""
        folder = self.folder("working") / name / IMAGES
        age = time.time() - folder.stat().st_mtime
        if age < 0:  # the clock was set back: count from now on
            os.utime(folder)
            return 0.0
        return age

    def crashed(self, name: str) -> bool:
        """Note that a study took its process with it; whether it has done so too often."""
        file = self.folder("working") / name / "crashes"
        count = int(file.read_text()) + 1 if file.exists() else 1
        keep(file, str(count).encode())
        return count >= _MOST_CRASHES

    def part(self, name: str) -> Path:
        """A new folder for the draft of a study; what was left of earlier ones is removed."""
        folder = self.folder("working") / name
        for left in (*folder.glob(f"{_PART}*"), folder / DRAFT):
            shutil.rmtree(left, ignore_errors=True)
        part = folder / f"{_PART}{secrets.token_hex(8)}"
        part.mkdir()
        return part

    def finish(
        self, name: str, part: Path, drafted_from: frozenset[str], facts: Mapping[str, Any]
    ) -> bool:
        """Move a drafted study to ``done``; False if objects arrived meanwhile: it begins anew.

        Args:
            name: of the study.
            part: folder of its draft.
            drafted_from: its objects as they were when the drafting began.
            facts: for ``state.json``.
        """
        folder = self.folder("working") / name
        if self.images(name) != drafted_from:
            shutil.rmtree(part)
            return False
        part.rename(folder / DRAFT)
        self._settle(name, "done", {"state": "done", **facts})
        return True

    def set_aside(self, name: str, reason: str, problem: str, mend: str) -> None:
        """Move a study that can't be drafted to ``quarantine``, with the reason."""
        for left in (self.folder("working") / name).glob(f"{_PART}*"):
            shutil.rmtree(left, ignore_errors=True)
        told = {"state": "quarantine", "reason": reason, "problem": problem, "mend": mend}
        self._settle(name, "quarantine", told)

    def _settle(self, name: str, state: State, told: Mapping[str, Any]) -> None:
        folder = self.folder("working") / name
        (folder / "crashes").unlink(missing_ok=True)
        written = {"study": name, "at": now(), "images": len(self.images(name)), **told}
        keep(folder / "state.json", json.dumps(written, indent=2).encode())
        folder.rename(self.folder(state) / name)
        _sync(self.folder(state))

    def set_file_aside(self, path: Path, reason: str, problem: str) -> str:
        """Move one arrived file to ``quarantine/objects``, with the reason; returns its new name.

        A link is moved as it is, and not followed.
        """
        folder = self.folder("quarantine") / OBJECTS
        folder.mkdir(mode=0o700, exist_ok=True)
        name = f"object-{secrets.token_hex(8)}"
        told = {"object": name, "at": now(), "reason": reason, "problem": problem}
        keep(folder / f"{name}.json", json.dumps(told, indent=2).encode())
        path.rename(folder / name)
        return name

    def receive(self, data: bytes) -> None:
        """Keep an object that a sender brings; it is on disk when this returns."""
        keep(self.folder("incoming") / f"received-{secrets.token_hex(12)}", data)


def _revision(key: str, number: int) -> str:
    return key if number == 1 else f"{key}.{number}"


def _files(folder: Path) -> frozenset[str]:
    if not folder.is_dir():
        return frozenset()
    return frozenset(p.name for p in folder.iterdir() if not p.name.startswith("."))


def now() -> str:
    """The time, UTC, as it is written."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def keep(target: Path, data: bytes) -> None:
    """Write a file that appears whole or not at all, and outlives a loss of power."""
    part = target.with_name(f"{_PART}{secrets.token_hex(8)}")
    try:
        with part.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    _sync(target.parent)


def _sync(folder: Path) -> None:
    """Write a folder's entries to the disk, where the system can."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def opened(root: Path) -> Iterator[Spool]:
    """The spool in a folder, which is made if it is not there; for one process at a time.

    Raises:
        SettingsError: it can't be written to, another process watches it, or its key is damaged.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        (root / "incoming").mkdir(exist_ok=True)
        for state in STATES[1:]:
            (root / state).mkdir(mode=0o700, exist_ok=True)
        keys = Keyring(load_or_make(root / ".key"))
        lock = (root / ".lock").open("ab")
    except OSError as error:
        raise SettingsError(
            f"The folder can't be used: {error.strerror or type(error).__name__}.",
            "Name a folder that you may write to.",
        ) from error
    except ValueError:
        raise SettingsError(
            "The key of the folder is damaged.",
            "Restore FOLDER/.key; without it, studies that are done would be drafted again.",
        ) from None
    with lock:
        try:
            import fcntl

            fcntl.flock(lock.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except ImportError:  # Windows has no such lock
            pass
        except OSError:
            raise SettingsError(
                "Another process watches this folder.", "Stop it, or name another folder."
            ) from None
        for folder in (root / "incoming", root / "working", *(root / "working").glob("*/images")):
            _tidy(folder)
        yield Spool(root, keys)


def _tidy(folder: Path) -> None:
    """Remove what a killed process has left half written."""
    for left in folder.glob(f"{_PART}*"):
        if left.is_dir():
            shutil.rmtree(left)
        else:
            left.unlink(missing_ok=True)
