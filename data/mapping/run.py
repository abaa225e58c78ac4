"""Map a workspace: every gathered source to cases, what is refused to a list, both to tables."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import radixgpt
from data.gather import naming, provenance
from data.gather.provenance import Record
from data.mapping import registry
from data.mapping.journal import Journal, fingerprint
from data.mapping.source import Mapped, Refused, Say, Source
from data.splits.record import content, read_splits
from data.tables import write_tables
from data.workspace import Workspace
from radixgpt.case import Case, read_cases, write_cases
from radixgpt.errors import CaseError, RadixError

FAILED = "source"
"""The unit that says why nothing of a source, or not all of it, could be mapped."""


@dataclass
class Outcome:
    """What came of mapping one source.

    Attributes:
        kept: nothing had changed since the last time, and the cases were kept.
        failed: why the source could not be mapped to its end.
        reasons: of the refusals, with their numbers.
    """

    source: str
    cases: int = 0
    images: int = 0
    findings: int = 0
    refused: int = 0
    kept: bool = False
    failed: RadixError | None = None
    reasons: Counter[str] = field(default_factory=Counter)

    def as_json(self) -> dict[str, Any]:
        """For a machine."""
        failed = self.failed and {"problem": self.failed.problem, "mend": self.failed.mend}
        return {
            "source": self.source,
            "cases": self.cases,
            "images": self.images,
            "findings": self.findings,
            "refused": self.refused,
            "reasons": dict(self.reasons.most_common()),
            "kept": self.kept,
            "failed": failed,
        }


@dataclass(frozen=True)
class Result:
    """What came of mapping a workspace.

    Attributes:
        outcomes: one for each source that has been mapped, now or before.
        split: whether the cases have the sides of ``splits.json``; None where there is no split.
    """

    outcomes: list[Outcome]
    split: bool | None


def map_workspace(workspace: Workspace, *, only: Sequence[str] = (), say: Say) -> Result:
    """Map the gathered sources and write cases, refusals and tables.

    What was mapped before and hasn't changed is kept; a mapping that was stopped goes on. A split
    is kept where the cases are those that were split; otherwise they have none, as new cases may be
    duplicates of old ones.

    Args:
        workspace: that was gathered into.
        only: keys of the sources to look at; the others stay as they were mapped last. All if
            empty.
        say: progress.

    Raises:
        CaseError: nothing was gathered, a key is unknown, or a file can't be written.
        GatherError: the provenance is damaged.
    """
    there = _gathered(workspace)
    unknown = [key for key in only if key not in there]
    if unknown:
        raise CaseError(f"'{unknown[0]}' was not gathered.", f"Gathered are: {', '.join(there)}.")
    records = provenance.read(workspace.provenance)
    keys = naming.keyring(workspace.root)
    outcomes: dict[str, Outcome] = {}
    try:
        for key in there:
            journal = workspace.mapped / f"{key}.jsonl"
            if only and key not in only:
                if journal.is_file():
                    outcomes[key] = Outcome(key, kept=True)
                continue
            source = Source(
                key,
                workspace.root,
                workspace.gathered / key,
                workspace.studies / key,
                keys,
                _of(key, records),
                say,
            )
            outcomes[key] = _map(source, journal, say)
        _forget(workspace, there)
        write_cases(workspace.cases, _collected(workspace, outcomes))
        split = _split_again(workspace)
        _write_refused(workspace, outcomes)
        say("Writing tables", 0, 1)
        write_tables(workspace.cases, workspace.tables)
        say("Writing tables", 1, 1)
    except OSError as error:
        raise CaseError(
            f"A file can't be read or written: {error.strerror or type(error).__name__}.",
            "Check the disk and the permissions; what was mapped so far is kept.",
        ) from error
    return Result(list(outcomes.values()), split)


def _gathered(workspace: Workspace) -> list[str]:
    folder = workspace.gathered
    keys = (
        sorted(p.name for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))
        if folder.is_dir()
        else []
    )
    if not keys:
        raise CaseError(
            "Nothing was gathered into this workspace.",
            "Gather first: radixgpt data gather shared, or name the workspace with -w.",
        )
    return keys


def _of(key: str, records: dict[str, Record]) -> dict[str, Record]:
    return {path: record for path, record in records.items() if record.source == key}


def _map(source: Source, path: Path, say: Say) -> Outcome:
    mapper = registry.mapper_of(source.key)
    code = [
        Path(radixgpt.__file__).parent / name for name in ("case.py", "language", "terminology")
    ]
    licences = "\n".join(sorted({record.licence for record in source.provenance.values()}))
    mark = fingerprint(
        source.folder,
        source.keys.digest("fingerprint", source.key).hex(),
        licences,
        Path(__file__).parent,
        *(one for one in code if one.exists()),
    )
    journal = Journal(path, mark)
    done, complete = journal.state()
    if complete:
        return Outcome(source.key, kept=True)
    what = f"Mapping {source.key}"
    anew = not done or FAILED in done
    if anew:
        done = set()
        shutil.rmtree(source.studies, ignore_errors=True)
    with journal.open(anew=anew) as file:
        try:
            for unit in mapper(source):
                if unit.key not in done:
                    journal.add(file, unit.work())
                say(what, unit.done, unit.total)
        except RadixError as error:
            refused = source.refused(source.folder, error)
            journal.add(file, Mapped(unit=FAILED, refused=(refused,)))
        else:
            journal.end(file)
    return Outcome(source.key)


def _forget(workspace: Workspace, there: Sequence[str]) -> None:
    """Drop what was mapped from sources that are no longer gathered."""
    for path in workspace.mapped.glob("*.jsonl"):
        if path.stem not in there:
            path.unlink()
            shutil.rmtree(workspace.studies / path.stem, ignore_errors=True)


def _collected(workspace: Workspace, outcomes: dict[str, Outcome]) -> Iterator[Case]:
    """All cases in the order of their sources, counted."""
    for key, outcome in outcomes.items():
        for mapped in Journal(workspace.mapped / f"{key}.jsonl", "").units():
            outcome.refused += len(mapped.refused)
            outcome.reasons.update(refused.reason for refused in mapped.refused)
            if mapped.unit == FAILED:
                why = mapped.refused[0]
                outcome.failed = CaseError(why.reason, why.mend)
            for case in mapped.cases:
                outcome.cases += 1
                outcome.images += len(case.images)
                outcome.findings += len(case.findings)
                yield case


def _split_again(workspace: Workspace) -> bool | None:
    """Give the cases the sides that they had, if they are the ones that were split."""
    if not workspace.splits.is_file():
        return None
    try:
        splits = read_splits(workspace.splits)
    except CaseError:
        return False  # splitting anew writes it anew
    if content(read_cases(workspace.cases)) != splits.of:
        return False
    split = (
        case.model_copy(update={"split": splits.cases[case.id]})
        for case in read_cases(workspace.cases)
    )
    write_cases(workspace.cases, split)
    return True


def _write_refused(workspace: Workspace, outcomes: dict[str, Outcome]) -> None:
    new = workspace.refused.with_name(workspace.refused.name + ".new")
    with new.open("w", encoding="utf-8") as lines:
        for key in outcomes:
            for mapped in Journal(workspace.mapped / f"{key}.jsonl", "").units():
                lines.writelines(_line(refused) for refused in mapped.refused)
    new.replace(workspace.refused)


def _line(refused: Refused) -> str:
    return refused.model_dump_json(exclude_defaults=True) + "\n"
