"""What every mapper gets and gives: a gathered folder, units of work, cases and refusals."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from data.gather.provenance import Record
from radixgpt.case import Case
from radixgpt.errors import RadixError, RefusedError
from radixgpt.reading.identity import Keyring

UNKNOWN_LICENCE = "unknown"
CHANGED = "A file is not the one that was gathered: its bytes have changed since."


Say = Callable[[str, int, int], None]
"""Tells what is being done, how much of it is done, and how much there is."""


def _silent(what: str, done: int, total: int) -> None:
    pass


class Refused(BaseModel):
    """A file or row that no case is made from, and why; a line of ``refused.jsonl``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    file: str = Field(description="Within the workspace, with forward slashes")
    row: int | None = Field(default=None, description="As a spreadsheet counts; 1 is the header")
    reason: str
    mend: str


class Mapped(BaseModel):
    """What came of one unit of work."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    unit: str = Field(description="Names the unit within its source")
    cases: tuple[Case, ...] = ()
    refused: tuple[Refused, ...] = ()


@dataclass(frozen=True)
class Unit:
    """A piece of work that is kept once it is done: a patient, a study, a stretch of a table.

    Attributes:
        key: names it within its source, the same in every run.
        work: gives its cases and refusals.
        done: how much of the source is done when it is; ``total`` is all.
    """

    key: str
    work: Callable[[], Mapped]
    done: int
    total: int


@dataclass(frozen=True)
class Source:
    """One gathered source.

    Attributes:
        key: its folder under ``gathered/``.
        root: the workspace.
        folder: its folder.
        studies: where its studies are laid out anew, if it is a folder of studies.
        provenance: its records by path within the workspace.
        keys: of the workspace, in place of identifiers.
        say: progress: what is done, how much of it, and how much there is.
    """

    key: str
    root: Path
    folder: Path
    studies: Path
    keys: Keyring
    provenance: Mapping[str, Record] = field(default_factory=dict)
    say: Say = _silent

    @property
    def salt(self) -> bytes:
        """The secret that studies are read with."""
        return self.keys.digest("salt", "studies")

    def path(self, file: Path) -> str:
        """A file's path within the workspace."""
        return file.relative_to(self.root).as_posix()

    def licence(self, file: Path | None = None) -> str:
        """The licence of a file, or the one that most of the source has."""
        record = self.provenance.get(self.path(file)) if file else None
        if record is None:
            record = next(iter(self.provenance.values()), None)
        return record.licence if record else UNKNOWN_LICENCE

    def hashed(self, file: Path) -> tuple[str, tuple[str, ...]]:
        """SHA-256 of a file, with a warning where the provenance knows other bytes."""
        with file.open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
        record = self.provenance.get(self.path(file))
        return digest, (CHANGED,) if record and record.sha256 != digest else ()

    def refused(self, file: Path, error: RadixError, *, row: int | None = None) -> Refused:
        """A refusal of a file, or of a row of it."""
        if isinstance(error, RefusedError) and row is None:
            row = error.row
        return Refused(
            source=self.key,
            file=self.path(file),
            row=row,
            reason=error.problem,
            mend=error.mend,
        )

    def refusal(self, table: Path, error: RefusedError, key: str) -> Unit:
        """A unit that is nothing but the refusal of a row."""
        refused = self.refused(table, error)
        return Unit(key, lambda: Mapped(unit=key, refused=(refused,)), 0, 1)


Mapper = Callable[[Source], Iterator[Unit]]
"""Gives the units of a source, in the same order in every run.

It may raise ``CaseError`` where nothing of the source can be mapped.
"""
