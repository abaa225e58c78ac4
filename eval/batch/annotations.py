"""Annotations of another extractor, joined to the pairs by id.

A file is a JSON object of study id to annotation, as RadGraph's own output is, or JSON lines with
``id`` and ``entities``. A study with several references has a list of annotations, or as many
lines, in the order of its references. JSON lines are read one at a time and wait in a temporary
database, so their number is no matter; a JSON object is read whole.
"""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from eval import radgraph
from eval.batch.pairs import Pair
from eval.records import RepeatedKeyError, each_once, records, told_at_once
from radixgpt.errors import CaseError

_FORM = 'Give {"id": {"entities": {...}}}, or JSON lines with id and entities.'


@dataclass(frozen=True)
class Annotated:
    """Pairs with their annotations.

    Attributes:
        pairs: the corpus; it has to be the same each time it is gone through.
        database: annotations by side and id.
    """

    pairs: Iterable[Pair]
    database: sqlite3.Connection

    def __iter__(self) -> Iterator[Pair]:
        """The pairs in their order."""
        for pair in self.pairs:
            mine = _of(self.database, "candidate", pair.id)
            theirs = _of(self.database, "reference", pair.id)
            cells = [given for _, given in pair.each_reference()]
            yield replace(
                pair,
                given=replace(pair.given, annotation=mine[0]),
                references_given=tuple(
                    replace(cell, annotation=one) for cell, one in zip(cells, theirs, strict=True)
                ),
            )


@contextmanager
def annotated(pairs: Iterable[Pair], references: Path, candidates: Path) -> Iterator[Annotated]:
    """Pairs with annotations from two files, open while they are gone through.

    Raises:
        CaseError: a file can't be read, an annotation is malformed, a study lacks one, or one is of
            no study; all such problems of both files at once, with the studies' ids.
    """
    with tempfile.TemporaryDirectory() as folder:
        database = sqlite3.connect(Path(folder) / "annotations.sqlite")
        with closing(database):
            database.execute("create table annotation (side text, id text, entities text)")
            problems: list[str] = []
            sides = (("reference", references), ("candidate", candidates))
            whole = [_stored(database, side, path, problems) for side, path in sides]
            database.execute("create index place on annotation (side, id)")
            database.execute("create table study (id text primary key)")
            for pair in pairs:
                database.execute("insert into study values (?)", (pair.id,))
                for (side, path), read, wanted in zip(
                    sides, whole, (len(pair.references), 1), strict=True
                ):
                    there = len(_of(database, side, pair.id)) if read else wanted
                    if there != wanted:
                        problems.append(
                            f"{path.name}: {pair.id} has {there} annotations for {wanted} texts"
                        )
            for side, path in sides:
                problems += [
                    f"{path.name}: {name} is no study" for name in _foreign(database, side)
                ]
            told_at_once(problems, _FORM)
            yield Annotated(pairs, database)


def _stored(database: sqlite3.Connection, side: str, path: Path, problems: list[str]) -> bool:
    """Put the annotations of a file into the database; whether all of it could be read."""
    unread: list[str] = []
    try:
        database.executemany(
            "insert into annotation values (?, ?, ?)", _read(side, path, problems, unread)
        )
    except CaseError as error:
        unread.append(error.problem.rstrip("."))
    problems += unread
    return not unread


def _foreign(database: sqlite3.Connection, side: str) -> list[str]:
    find = (
        "select distinct id from annotation where side = ? and id not in (select id from study) "
        "order by rowid"
    )
    return [row[0] for row in database.execute(find, (side,))]


def _of(database: sqlite3.Connection, side: str, name: str) -> list[str]:
    find = "select entities from annotation where side = ? and id = ? order by rowid"
    return [row[0] for row in database.execute(find, (side, name))]


def _read(
    side: str, path: Path, problems: list[str], unread: list[str]
) -> Iterator[tuple[str, str, str]]:
    """Rows for the database; a malformed annotation becomes a problem, and an empty row."""
    for name, annotation in _annotations(path, unread):
        try:
            radgraph.parse(annotation, f"{path.name}: the annotation of {name}")
        except CaseError as error:
            problems.append(error.problem.rstrip("."))
            annotation = {"entities": {}}
        yield side, name, json.dumps({"entities": dict(annotation)["entities"]})  # type: ignore[call-overload]


def _annotations(path: Path, unread: list[str]) -> Iterator[tuple[str, object]]:
    if path.suffix == ".jsonl":
        for number, record in records(path, unread):
            yield str(record.get("id", f"line {number}")).strip(), record
        return
    try:
        whole = json.loads(path.read_text(encoding="utf-8-sig"), object_pairs_hook=each_once)
    except (FileNotFoundError, IsADirectoryError) as error:
        raise CaseError(f"There is no file {path.name or path}.", _FORM) from error
    except RepeatedKeyError as error:
        raise CaseError(f"{path.name} {error}.", _FORM) from error
    except (ValueError, RecursionError) as error:
        raise CaseError(f"{path.name} is no JSON.", _FORM) from error
    if not isinstance(whole, dict):
        raise CaseError(f"{path.name} holds no object of annotations by id.", _FORM)
    for name, found in whole.items():
        for annotation in found if isinstance(found, list) else [found]:
            yield name.strip(), annotation
