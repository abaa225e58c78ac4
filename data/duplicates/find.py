"""All duplicates among cases: files, pictures, persons and texts of two patients."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from data.duplicates import pictures, texts
from data.duplicates.pair import Pair
from data.mapping.source import Say
from radixgpt.case import Case


def find(cases: Sequence[Case], root: Path, say: Say) -> list[Pair]:
    """Pairs of cases of different patients that a split must keep together.

    Args:
        cases: all of a workspace.
        root: the workspace.
        say: progress.

    Raises:
        CaseError: an image can't be read.
        MissingPackageError: imagehash or scikit-learn is not installed.
    """
    looked_at = pictures.looks(cases, root, say)
    return [*pictures.pairs(looked_at, say), *texts.pairs(cases, say)]


def boilerplate(cases: Sequence[Case]) -> int:
    """How many cases have a text that is no more than a pattern of speech."""
    return sum(bool(case.text) and texts.is_boilerplate(case.text) for case in cases)


def by_kind(pairs: Sequence[Pair]) -> dict[str, int]:
    """How many pairs of each kind there are."""
    return dict(sorted(Counter(pair.kind for pair in pairs).items()))
