"""What is known of duplicates: as splitting wrote it, else looked for now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from data.duplicates.find import boilerplate
from data.duplicates.pair import Pair
from data.explore.pixels import Looks
from data.explore.tables import Say, Tables
from radixgpt.case import Case, read_cases

MOST_CASES = 5000
"""Of more cases only equal files are looked for; splitting them looks for the rest."""


@dataclass(frozen=True, eq=False)
class Known:
    """Duplicates among the cases.

    Attributes:
        pairs: cases of different patients that share something.
        boilerplate: texts that say nothing of their patient; None where it was not looked for.
        how: where this comes from, a sentence.
        behind: cases that the split does not know, as they were mapped after it.
    """

    pairs: tuple[Pair, ...]
    boilerplate: int | None
    how: str
    behind: int = 0


def known_pairs(
    path: Path, root: Path, splits: Path, tables: Tables, looks: Looks, say: Say
) -> Known:
    """Take the duplicates from the split; without one, look for them.

    Args:
        path: the cases.
        root: folder that the images' paths start from.
        splits: ``splits.json``; it may be missing.
        tables: the cases as tables.
        looks: the images as opened.
        say: progress.

    Raises:
        CaseError: the split is damaged.
        MissingPackageError: a package of the extra ``data`` is not installed.
    """
    from data.splits.record import read_splits

    if splits.is_file():
        split = read_splits(splits)
        behind = sum(str(name) not in split.cases for name in tables.cases["id"])
        pairs = tuple(p for p in split.pairs if set(p.cases) <= tables.row_of.keys())
        return Known(pairs, split.boilerplate, "Duplicates as found when splitting.", behind)
    if len(tables.cases) > MOST_CASES:
        how = "There is no split and there are many cases: only equal files were looked for."
        return Known(tuple(_equal_files(tables)), None, how)
    return _looked_for(list(read_cases(path)), root, tables, looks, say)


def _looked_for(cases: list[Case], root: Path, tables: Tables, looks: Looks, say: Say) -> Known:
    from data.duplicates import pictures, texts

    found = list(texts.pairs(cases, say))
    bare = boilerplate(cases)
    if looks.missing or looks.unreadable or len(looks.seen) < len(tables.images):
        how = "There is no split; texts and equal files were compared, pictures not, as some lack."
        return Known((*_equal_files(tables), *found), bare, how)
    alike = pictures.pairs(pictures.looks(cases, root, say), say)
    return Known((*alike, *found), bare, "There is no split; duplicates were looked for now.")


def _equal_files(tables: Tables) -> Iterator[Pair]:
    """Pairs of a file's first case with each other patient's case that holds the same bytes."""
    names, people = list(tables.cases["id"]), list(tables.cases["patient"])
    first: dict[str, tuple[int, str]] = {}
    images = zip(*(tables.images[name] for name in ("sha256", "case", "path")), strict=True)
    for digest, case, path in images:
        start, where = first.setdefault(digest, (case, path))
        if digest and people[start] != people[case]:
            yield Pair(
                kind="file",
                cases=(names[start], names[case]),
                patients=(people[start], people[case]),
                images=(where, path),
                likeness=1.0,
            )
