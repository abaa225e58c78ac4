"""Gather one source: terms first, then its files, each with a line in the provenance."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from data.gather import provenance
from data.gather.provenance import Record
from data.gather.shelf import Shelf
from data.gather.source import LeftOut, Say, Source
from data.workspace import Workspace
from radixgpt.errors import GatherError

_KEY = re.compile(r"[a-z0-9][a-z0-9_]{0,47}")


@dataclass
class Outcome:
    """What came of gathering a source.

    Attributes:
        added: files that were not there before.
        verified: files that were there, and whose bytes are still those of the provenance.
        changed: files whose origin has other bytes than when they were gathered; they were renewed.
        left: objects that were not gathered: reason code to count.
        size: bytes of all its files.
    """

    source: str
    title: str
    licence: str
    added: int = 0
    verified: int = 0
    changed: int = 0
    left: Counter[str] = field(default_factory=Counter)
    size: int = 0

    @property
    def files(self) -> int:
        """All its files that are in the workspace now."""
        return self.added + self.verified + self.changed

    def as_json(self) -> dict[str, Any]:
        """For a machine."""
        return {
            "source": self.source,
            "licence": self.licence,
            "files": self.files,
            "bytes": self.size,
            "added": self.added,
            "verified": self.verified,
            "changed": self.changed,
            "left_out": dict(self.left),
        }


def gather(source: Source, workspace: Workspace, *, accepted: bool, say: Say) -> Outcome:
    """Bring the files of a source into the workspace.

    It can be stopped at any moment and called again: what is there is checked against the
    provenance and not fetched again.

    Args:
        source: where the files come from.
        workspace: where they go.
        accepted: whether the user has accepted the terms, where :func:`has_to_ask`.
        say: progress.

    Raises:
        GatherError: the terms were not accepted, the source can't be reached, its files are not
            what they should be, or nothing can be written.
        InputError: what was given holds nothing that can be used, or is unsafe to open.
    """
    if not _KEY.fullmatch(source.key):
        raise GatherError(
            "A source's key is made of lower-case letters, digits and underscores.",
            "Choose another with --as.",
        )
    if has_to_ask(source, workspace) and not accepted:
        raise GatherError(
            f"The licence of {source.key} ({source.terms.licence}) was not accepted.",
            "Read it, and accept it when asked or with --accept-licence"
            + (", --non-commercial too." if not source.terms.commercial else "."),
        )
    outcome = Outcome(source.key, source.title, source.terms.licence)
    try:
        with provenance.opened(workspace.provenance) as ledger:
            _fetch(source, workspace, ledger, outcome, say)
    except OSError as error:
        raise GatherError(
            f"A file can't be read or written: {error.strerror or type(error).__name__}.",
            "Check the disk and the permissions; what was gathered so far is kept.",
        ) from error
    return outcome


def has_to_ask(source: Source, workspace: Workspace) -> bool:
    """Whether the terms of a source are still to be accepted.

    They were if the workspace holds files that came under the same licence from it.

    Raises:
        GatherError: the provenance can't be read.
    """
    return source.terms.ask and not any(
        record.source == source.key and record.licence == source.terms.licence
        for record in provenance.read(workspace.provenance).values()
    )


def _fetch(
    source: Source,
    workspace: Workspace,
    ledger: provenance.Ledger,
    outcome: Outcome,
    say: Say,
) -> None:
    folder = workspace.gathered / source.key
    home = folder.relative_to(workspace.root).as_posix()
    known = {
        path.removeprefix(f"{home}/"): record
        for path, record in ledger.records.items()
        if record.source == source.key
    }
    for one in source.fetch(Shelf(folder, dict(known)), say):
        if isinstance(one, LeftOut):
            outcome.left[one.reason] += 1
            continue
        before = known.get(one.name)
        record = Record(
            path=f"{home}/{one.name}",
            source=source.key,
            licence=source.terms.licence,
            address=one.address,
            sha256=one.sha256,
            bytes=one.size,
            gathered_at=datetime.now(UTC).date().isoformat(),
            citation=source.terms.citation,
            archive=one.archive,
            unpacked=one.unpacked,
        )
        _note(record, before, ledger, outcome)


def _note(
    record: Record, before: Record | None, ledger: provenance.Ledger, outcome: Outcome
) -> None:
    """Write a record that tells something new, and count its file."""
    same = before is not None and before.sha256 == record.sha256
    if before is None or before != record.model_copy(update={"gathered_at": before.gathered_at}):
        ledger.write(record)
    if not record.kept:
        return
    outcome.size += record.bytes
    if before is None:
        outcome.added += 1
    elif same:
        outcome.verified += 1
    else:
        outcome.changed += 1
