"""``radixgpt eval grades``: stated grades against the true ones."""

from __future__ import annotations

from typing import Annotated

import typer

from commands.eval.options import Draws, OutFolder, Seed, TablePath, names, tell
from commands.terminal import AsJson, Quiet, errors_as_exit_codes


def run(
    table: TablePath,
    out: OutFolder = None,
    grades: Annotated[
        str, typer.Option(help="Names from low to high, comma between; 0, 1, 2 ... otherwise.")
    ] = "",
    severe: Annotated[
        str, typer.Option(help="Grades that count as severe; the highest otherwise.")
    ] = "",
    draws: Draws = 1000,
    seed: Seed = 0,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Mark grades: kappa, recall of the severe, AUROC, RSNA 2024 log loss, by study.

    Columns: truth, stated or a chance p_GRADE for each grade, study or patient, and task if wanted.
    """
    with errors_as_exit_codes(as_json):
        from eval.tables import grades as marking
        from eval.tables.reading import Table

        marked = marking.mark(
            Table(table), grades=names(grades), severe=names(severe), draws=draws, seed=seed
        )
        settings = {"grades": list(marked.names), "severe": names(severe), "draws": draws}
        tell(marked, table, out, as_json=as_json, quiet=quiet, seed=seed, **settings)
