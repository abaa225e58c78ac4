"""``radixgpt eval retrieval``: scored candidates of queries."""

from __future__ import annotations

from commands.eval.options import Draws, OutFolder, Seed, TablePath, tell
from commands.terminal import AsJson, Quiet, errors_as_exit_codes


def run(
    table: TablePath,
    out: OutFolder = None,
    draws: Draws = 1000,
    seed: Seed = 0,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Mark retrieval: recall at 1, 5 and 10, reciprocal and median rank, beside chance.

    Columns: query, candidate, score, relevant; patient, candidate_patient and overlap if wanted.
    """
    with errors_as_exit_codes(as_json):
        from eval.tables import retrieval as marking
        from eval.tables.reading import Table

        marked = marking.mark(Table(table), draws=draws, seed=seed)
        tell(marked, table, out, as_json=as_json, quiet=quiet, draws=draws, seed=seed)
