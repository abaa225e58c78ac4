"""Counts of a pair of reports, as numbers that add up, and the figures made of sums."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from eval.batch.marks import Mark
from eval.findings.matching import Match, match
from eval.findings.statement import Stated, Statement
from eval.findings.weights import weight

Floats = npt.NDArray[np.float64]
Figure = Callable[[Floats], Floats]

ERRORS = ("wrong_level", "wrong_side", "wrong_grade", "invented", "missed")
COLUMNS = (
    *("right", "said", "there"),
    *("right_weight", "said_weight", "there_weight"),
    *ERRORS,
    *("negated", "contradicted"),
)
"""What a pair adds to the sums."""


@dataclass(frozen=True)
class Comparison:
    """A candidate against one reference.

    Attributes:
        matches: all findings of both.
        counts: (len(COLUMNS),).
    """

    matches: tuple[Match, ...]
    counts: Floats


def compare(candidate: Stated, reference: Stated) -> Comparison:
    """Pair the findings of a candidate with those of a reference and count.

    ``negated`` counts findings of the reference that the candidate denies where they are, and
    ``contradicted`` findings of the candidate that the reference denies; both are counted among the
    errors besides.
    """
    matches = match(candidate, reference)
    count = dict.fromkeys(COLUMNS, 0.0)
    for one in matches:
        count[one.status] += 1
        if one.candidate is not None:
            count["said"] += 1
            count["said_weight"] += weight(one.candidate)
        if one.reference is not None:
            count["there"] += 1
            count["there_weight"] += weight(one.reference)
        if one.status == "right" and one.reference is not None:
            count["right_weight"] += weight(one.reference)
    count["negated"] = _denied(reference, candidate)
    count["contradicted"] = _denied(candidate, reference)
    return Comparison(tuple(matches), np.array([float(count[name]) for name in COLUMNS]))


def _denied(stated: Stated, other: Stated) -> int:
    """How many findings of one report the other denies where they are."""
    also = {one.place for one in other.found}
    return sum(one.place not in also and other.denies(one.place) for one in stated.found)


def best(pairs: Iterable[tuple[Stated, Stated]]) -> Comparison:
    """Of a candidate with each reference, the nearest by F1; the first among equals."""
    found = [compare(candidate, reference) for candidate, reference in pairs]
    return max(found, key=lambda one: tuple(_or_1(figure, one.counts) for figure in _NEARNESS))


def _or_1(figure: Figure, counts: Floats) -> float:
    value = float(figure(counts[None])[0])
    return 1.0 if np.isnan(value) else value


def share(top: Sequence[str], bottom: Sequence[str], *, empty: float = float("nan")) -> Figure:
    """A share of sums (m, len(COLUMNS)) of counts: so many times their number over the others.

    With two counts below, F1: 2 right / (said + there).
    """
    tops, bottoms = ([COLUMNS.index(name) for name in names] for names in (top, bottom))

    def figure(sums: Floats) -> Floats:
        below = sums[:, bottoms].sum(axis=1)
        shares: Floats = np.divide(
            len(bottoms) * sums[:, tops].sum(axis=1),
            below,
            out=np.full(len(sums), empty),
            where=below > 0,
        )
        return shares

    return figure


def total(name: str) -> Figure:
    """The sum of one count."""
    column = COLUMNS.index(name)
    return lambda sums: sums[:, column]


_BOTH, _WEIGHTS, _PLACED = (
    ("said", "there"),
    ("said_weight", "there_weight"),
    ("right", "wrong_grade"),
)
FIGURES: Mapping[str, Figure] = {
    "finding_f1": share(("right",), _BOTH),
    "finding_precision": share(("right",), ("said",)),
    "finding_recall": share(("right",), ("there",)),
    "finding_f1_weighted": share(("right_weight",), _WEIGHTS),
    "finding_f1_ungraded": share(_PLACED, _BOTH),
    **{f"findings_{name}": total(name) for name in (*ERRORS, "negated", "contradicted")},
}
"""Micro figures of a corpus; nan where there is nothing to find and nothing was said."""
OWN: Mapping[str, Figure] = {
    "finding_f1": share(("right",), _BOTH, empty=1.0),
    "finding_f1_weighted": share(("right_weight",), _WEIGHTS, empty=1.0),
    "finding_f1_ungraded": share(_PLACED, _BOTH, empty=1.0),
}
"""Of a single pair: where there is nothing to find and nothing was said, nothing is wrong."""
SMALLER = frozenset(name for name in FIGURES if name.startswith("findings_"))
_NEARNESS = (FIGURES["finding_f1"], FIGURES["finding_f1_ungraded"])


def marks(comparison: Comparison) -> list[Mark]:
    """What became of each finding, for pages and tables."""
    return [_mark(one) for one in comparison.matches]


def _mark(one: Match) -> Mark:
    shown = one.candidate or one.reference
    assert shown is not None, "a match has at least one finding"
    note = _note(one.candidate, one.reference) if one.status != "right" else ""
    meant = one.reference.level if one.reference and one.reference.level != shown.level else ""
    return Mark(shown.title, one.status, shown.level, shown.side, note, shown.grade, meant)


def _note(mine: Statement | None, theirs: Statement | None) -> str:
    """In what the reference differs."""
    if mine is None or theirs is None:
        return ""
    parts = [
        (getattr(theirs, name) or f"no {name}")
        for name in ("level", "side", "grade", "status")
        if getattr(theirs, name) != getattr(mine, name)
    ]
    return f"{', '.join(parts)} in the reference"
