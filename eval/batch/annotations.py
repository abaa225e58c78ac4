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
from eval.records import records, told_at_once
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
        CaseError: a file can't be read, an annotation is malformed, or a study lacks one; all such
            problems at once, with the studies' ids.
    """
    with tempfile.TemporaryDirectory() as folder:
        database = sqlite3.connect(Path(folder) / "annotations.sqlite")
        with closing(database):
            database.execute("create table annotation (side text, id text, entities text)")
            problems: list[str] = []
            for side, path in (("reference", references), ("candidate", candidates)):
                database.executemany(
                    "insert into annotation values (?, ?, ?)", _read(side, path, problems)
                )
            database.execute("create index place on annotation (side, id)")
            for pair in pairs:
                for side, path, wanted in (
                    ("reference", references, len(pair.references)),
                    ("candidate", candidates, 1),
                ):
                    there = len(_of(database, side, pair.id))
                    if there != wanted:
                        problems.append(
                            f"{path.name}: {pair.id} has {there} annotations for {wanted} texts"
                        )
            told_at_once(problems, _FORM)
            yield Annotated(pairs, database)


def _of(database: sqlite3.Connection, side: str, name: str) -> list[str]:
    find = "select entities from annotation where side = ? and id = ? order by rowid"
    return [row[0] for row in database.execute(find, (side, name))]


def _read(side: str, path: Path, problems: list[str]) -> Iterator[tuple[str, str, str]]:
    """Rows for the database; a malformed annotation becomes a problem, and an empty row."""
    for name, annotation in _annotations(path):
        try:
            radgraph.parse(annotation, f"{path.name}: the annotation of {name}")
        except CaseError as error:
            problems.append(error.problem.rstrip("."))
            annotation = {"entities": {}}
        yield side, name, json.dumps({"entities": dict(annotation)["entities"]})  # type: ignore[call-overload]


def _annotations(path: Path) -> Iterator[tuple[str, object]]:
    if path.suffix == ".jsonl":
        for number, record in records(path):
            yield str(record.get("id", f"line {number}")).strip(), record
        return
    try:
        whole = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise CaseError(f"There is no {path.name}.", _FORM) from error
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CaseError(f"{path.name} is no JSON.", _FORM) from error
    if not isinstance(whole, dict):
        raise CaseError(f"{path.name} holds no object of annotations by id.", _FORM)
    for name, found in whole.items():
        for annotation in found if isinstance(found, list) else [found]:
            yield name.strip(), annotation
