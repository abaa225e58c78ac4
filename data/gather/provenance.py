"""Where every gathered file came from: JSON lines, one a file; the last line of a path counts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from radixgpt.errors import GatherError

_DAMAGED = "Remove the line, and gather the source again."


class Record(BaseModel):
    """The provenance of one file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str = Field(description="Within the workspace, with forward slashes")
    source: str = Field(description="Key of the source")
    licence: str
    address: str = Field(description="Where it came from; never a path of a machine")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    bytes: int = Field(ge=0)
    gathered_at: str = Field(description="UTC date, ISO 8601")
    citation: str
    archive: str | None = Field(default=None, description="Published archive that it was packed in")
    unpacked: int | None = Field(
        default=None, description="Files of an archive that was unpacked and not kept"
    )

    @property
    def kept(self) -> bool:
        """Whether a file lies at the path: not so for an archive that was unpacked."""
        return self.unpacked is None


def read(path: Path) -> dict[str, Record]:
    """The records by path; empty where nothing was gathered yet.

    A last line that a crash cut off is not read: its file is gathered again.

    Raises:
        GatherError: a line is no record; the line is named.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise GatherError(
            f"The provenance can't be read: {error.strerror}.", "Check its permissions."
        ) from error
    whole = data[: data.rfind(b"\n") + 1]
    records: dict[str, Record] = {}
    for number, line in enumerate(whole.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            record = Record.model_validate_json(line)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"]) or "the line"
            raise GatherError(
                f"{path.name}, line {number}: {where}: {first['msg']}.", _DAMAGED
            ) from error
        records[record.path] = record
    return records


class Ledger:
    """The provenance while a source is gathered: what is known, and a place for more.

    Attributes:
        records: every record, by path.
    """

    def __init__(self, file: IO[bytes], records: dict[str, Record]) -> None:
        self._file = file
        self.records = records

    def write(self, record: Record) -> None:
        """Add a record; it outlives a crash of this process."""
        self._file.write(record.model_dump_json(exclude_none=True).encode() + b"\n")
        self._file.flush()
        self.records[record.path] = record


@contextmanager
def opened(path: Path) -> Iterator[Ledger]:
    """The provenance, to add to; one process at a time.

    Raises:
        GatherError: a line is no record, or another process is gathering into this workspace.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        _lock(file)
        records = read(path)
        _cut_torn_line(path, file)
        yield Ledger(file, records)
        os.fsync(file.fileno())


def _cut_torn_line(path: Path, file: IO[bytes]) -> None:
    data = path.read_bytes()
    end = data.rfind(b"\n") + 1
    if end < len(data):
        file.truncate(end)


def _lock(file: IO[bytes]) -> None:
    """Hold the file for this process; the lock falls with the process, whatever ends it."""
    try:
        import fcntl
    except ImportError:  # Windows has no such lock
        return
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise GatherError(
            "Another process is gathering into this workspace.",
            "Wait for it, or name another workspace with -w.",
        ) from error
