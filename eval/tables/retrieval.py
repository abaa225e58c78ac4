"""Retrieval marked from a table of scored candidates.

Columns: ``query``, ``candidate``, ``score`` (larger is better) and ``relevant`` (1 or 0), one row
a pair; if wanted ``patient`` or ``study`` of the query, drawn whole, ``candidate_patient``, which
may not be the query's, and ``overlap``, how much of the query's findings the candidate shares.
"""

from __future__ import annotations

import numpy as np

from eval import ranking
from eval.statistics import DRAWS, Floats
from eval.tables.marked import ALL, Marked, estimates
from eval.tables.reading import Table
from radixgpt import statistics

_MEND = "A row needs query, candidate, score and relevant (1 or 0)."


def mark(table: Table, *, draws: int = DRAWS, seed: int = 0) -> Marked:
    """Mark a table of scored candidates.

    Args:
        table: one row a query and candidate.
        draws: of the bootstrap.
        seed: of the bootstrap.

    Raises:
        CaseError: the table lacks columns, cells are wrong, a candidate repeats, a query has no
            relevant candidate, or a candidate is of the query's own patient.
    """
    table.need("query", "candidate", "score", "relevant", mend=_MEND)
    queries, scores = table.texts("query"), table.floats("score")
    relevant = np.array(table.flags("relevant"))
    groups = table.groups("query")
    overlap = table.floats("overlap", 0, 1) if "overlap" in table else None
    table.texts("candidate")
    table.once(["query", "candidate"], "query and candidate")
    if "patient" in table and "candidate_patient" in table:
        owners = zip(table.texts("patient"), table.texts("candidate_patient"), strict=True)
        for row, (own, other) in enumerate(owners):
            if own == other:
                table.wrong(row, "the candidate is of the query's own patient")
    rows_of: dict[str, list[int]] = {}
    for row, query in enumerate(queries):
        rows_of.setdefault(query, []).append(row)
    for query, rows in rows_of.items():
        if not relevant[rows].any():
            table.wrong(rows[0], f"query {query} has no relevant candidate")
        if len({groups[row] for row in rows}) > 1:
            table.wrong(rows[0], f"query {query} is of several patients or studies")
    table.check(_MEND)

    chosen = list(rows_of.values())
    ranks = ranking.first_ranks([scores[r] for r in chosen], [relevant[r] for r in chosen])
    by_chance = ranking.chance(
        np.array([len(rows) for rows in chosen]), np.array([relevant[r].sum() for r in chosen])
    )
    drawn_from = [groups[rows[0]] for rows in chosen]
    first = None if overlap is None else _first(overlap, scores, chosen)

    def figures(drawn: statistics.Rows) -> list[float]:
        found = list(ranking.figures(ranks[drawn]).values())
        return found if first is None else [*found, float(first[drawn].mean())]

    names = list(ranking.figures(ranks))
    if overlap is not None:
        names.append("overlap_at_1")
        by_chance = {
            **by_chance,
            "overlap_at_1": float(np.mean([overlap[rows].mean() for rows in chosen])),
        }
    values = figures(np.arange(len(chosen)))
    ends = statistics.intervals(drawn_from, figures, draws=draws, seed=seed)
    found = estimates(
        ALL,
        names,
        values,
        ends,
        rows=len(chosen),
        groups=len(set(drawn_from)),
        chance=by_chance,
    )
    notes = [
        "Rows are queries. Chance is a random order of each query's candidates. Of equal scores "
        "the relevant candidate counts last. Of the median rank smaller is better."
    ]
    return Marked("retrieval", found, notes=notes)


def _first(overlap: Floats, scores: Floats, chosen: list[list[int]]) -> Floats:
    """Overlap of each query's best candidate, the mean over equally good ones."""
    best = (scores[rows] == scores[rows].max() for rows in chosen)
    return np.array(
        [overlap[rows][here].mean() for rows, here in zip(chosen, best, strict=True)], float
    )
