"""From a folder of DICOM objects to a folder of de-identified ones, and a list of the others.

Each output appears whole or not at all, and none is ever overwritten. The same key makes the same
output of the same object, so a run that was stopped is called again: what is there already and
equal is counted and left alone.
"""

from __future__ import annotations

import json
import os
import secrets
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from radixgpt.deidentify.clean import clean
from radixgpt.deidentify.values import content_key
from radixgpt.errors import InputError, RejectedObjectError, SettingsError
from radixgpt.key_file import load_or_make
from radixgpt.reading.archive import Item, items
from radixgpt.reading.decoder import Decoder
from radixgpt.reading.identity import Keyring
from radixgpt.reading.limits import LIMITS, Limits
from radixgpt.reading.reasons import REASONS, rejected

QUARANTINE = "quarantine.jsonl"
_PART = ".part-"

Say = Callable[[int, int], None]
"""Tells how many objects are done, and how many there are."""


@dataclass
class Outcome:
    """What came of a run.

    Attributes:
        written: objects written.
        there: objects that were there already, from an earlier run or twice in the input.
        burned_in: of these two, objects that may show text and were allowed to.
        quarantined: reason code to number of objects.
        patients, studies: pseudonyms of all that is in the output from this input.
    """

    written: int = 0
    there: int = 0
    burned_in: int = 0
    quarantined: Counter[str] = field(default_factory=Counter)
    patients: set[str] = field(default_factory=set)
    studies: set[str] = field(default_factory=set)

    def as_json(self) -> dict[str, Any]:
        """For a machine."""
        return {
            "written": self.written,
            "there": self.there,
            "burned_in": self.burned_in,
            "quarantined": dict(sorted(self.quarantined.items())),
            "patients": len(self.patients),
            "studies": len(self.studies),
        }


def key_of(path: Path | None, source: Path, out: Path) -> bytes:
    """The key in a file, made if it is not there; a random one for this run alone without a file.

    Raises:
        SettingsError: the file lies within the input or the output, holds no key, or can't be
            read or written.
    """
    if path is None:
        return secrets.token_bytes(32)
    place = path.resolve()
    for folder, what in ((out, "output"), (source, "input")):
        if place.is_relative_to(folder.resolve()):
            raise SettingsError(
                f"The key would lie within the {what}, and be passed on with it.",
                "Name a file elsewhere with --key.",
            )
    try:
        return load_or_make(path)
    except OSError as error:
        raise SettingsError(
            f"The key can't be read or written: {error.strerror}.",
            "Name a file that you may write to with --key.",
        ) from error
    except ValueError:
        raise SettingsError(
            "The file of --key holds no key.",
            "Name the file that an earlier run made, or a new one.",
        ) from None


def deidentify(
    source: Path,
    out: Path,
    key: bytes,
    *,
    allow_burned_in: bool = False,
    limits: Limits = LIMITS,
    say: Say = lambda _done, _total: None,
) -> Outcome:
    """De-identify every DICOM image below a path.

    Args:
        source: file, folder or zip.
        out: folder; made if it is not there. Objects lie in ``PATIENT/STUDY/SERIES/OBJECT.dcm``,
            all of them pseudonyms, and what was not written is listed in ``quarantine.jsonl``.
        key: secret of the pseudonyms.
        allow_burned_in: write what may show text in its pixels, too.
        limits: as of reading.
        say: progress.

    Raises:
        InputError: there is nothing at the path.
        SettingsError: the output lies within the input or the reverse, or can't be written to.
        UnsafeInputError: the input would harm the machine.
    """
    home, there = out.resolve(), source.resolve()
    if home.is_relative_to(there) or there.is_relative_to(home):
        raise SettingsError(
            "Input and output lie within one another.", "Name an output folder elsewhere."
        )
    total = sum(1 for _ in items(source, limits))
    keys = Keyring(key)
    outcome = Outcome()
    try:
        with _locked(out), Decoder(limits) as decoder, _Listed(out / QUARANTINE) as listed:
            for part in out.glob(f"{_PART}*"):
                part.unlink()
            for done, item in enumerate(items(source, limits), start=1):
                data = b""
                try:
                    data = item.load()
                    made = clean(
                        data, keys, decoder, limits=limits, allow_burned_in=allow_burned_in
                    )
                    _keep(out, made.name, made.data, outcome)
                    outcome.burned_in += made.burned_in is not None
                    listed.clear(content_key(data, keys))
                except RejectedObjectError as error:
                    outcome.quarantined[error.reason] += 1
                    listed.add(_known(item, data, keys), item.name, error.reason)
                say(done, total)
    except OSError as error:
        raise SettingsError(
            f"Nothing can be written there: {error.strerror or type(error).__name__}.",
            "Name an output folder that you may write to; what was written so far is kept.",
        ) from error
    return outcome


def _known(item: Item, data: bytes, keys: Keyring) -> str:
    """A key of the object: of its content, or where that can't be read, of its place."""
    return content_key(data or f"place\0{item.where}".encode("utf-8", "surrogateescape"), keys)


def _keep(out: Path, name: str, data: bytes, outcome: Outcome) -> None:
    """Write one object under its name, unless it is there.

    Raises:
        RejectedObjectError: another one of that name is there.
    """
    target = out / name
    if _is(target, data):
        outcome.there += 1
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        part = out / f"{_PART}{secrets.token_hex(8)}"
        try:
            with part.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            _settle(part, target)
        finally:
            part.unlink(missing_ok=True)
        outcome.written += 1
    patient, study = name.split("/")[:2]
    outcome.patients.add(patient)
    outcome.studies.add(study)


def _is(target: Path, data: bytes) -> bool:
    """Whether an object is there already.

    Raises:
        RejectedObjectError: another one is.
    """
    if not target.exists():
        return False
    if target.read_bytes() != data:
        raise rejected("conflict")
    return True


def _settle(part: Path, target: Path) -> None:
    """Give a written file its name, in one step and never in the place of another."""
    try:
        target.hardlink_to(part)
    except FileExistsError:
        raise rejected("conflict") from None
    except OSError:  # a file system without hard links; the lock keeps other runs out
        if target.exists():
            raise rejected("conflict") from None
        part.replace(target)


@contextmanager
def _locked(out: Path) -> Iterator[None]:
    """One run at a time for an output; the lock falls with the process, whatever ends it."""
    out.mkdir(parents=True, exist_ok=True)
    try:
        import fcntl
    except ImportError:  # Windows has no such lock
        yield
        return
    handle = os.open(out, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise InputError(
                "Another run writes into this folder.", "Wait for it, or name another output."
            ) from None
        yield
    finally:
        os.close(handle)


class _Listed:
    """The quarantine list: a line an object, the lines of earlier runs included.

    While a run lasts its lines are added at the end; when it ends, the list is written anew
    without what has been cleaned since.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines: dict[str, str] = {}
        self._changed = False

    def __enter__(self) -> _Listed:
        if self._path.exists():
            for line in self._path.read_text(encoding="utf-8").splitlines():
                try:
                    self._lines[str(json.loads(line)["id"])] = line
                except (ValueError, KeyError, TypeError):
                    self._changed = True  # cut off by a crash: its object is met again
        return self

    def add(self, known: str, name: str, reason: str) -> None:
        """List an object."""
        line = json.dumps(
            {"id": known, "object": name, "reason": reason, "detail": REASONS[reason][0]}
        )
        if self._lines.get(known) != line:
            self._lines[known] = line
            with self._path.open("a", encoding="utf-8") as file:
                file.write(line + "\n")

    def clear(self, known: str) -> None:
        """Take an object off the list, since it was cleaned."""
        self._changed |= self._lines.pop(known, None) is not None

    def __exit__(self, *_: object) -> None:
        if not self._changed:
            return
        part = self._path.with_name(f"{_PART}list")
        part.write_text("".join(f"{line}\n" for line in self._lines.values()), encoding="utf-8")
        part.replace(self._path)
