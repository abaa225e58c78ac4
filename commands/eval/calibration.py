"""``radixgpt eval calibration``: stated chances against what was true."""

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
    """Mark chances: calibration error, Brier score, risk and coverage, by study.

    Columns: study or patient, and chance and present, or truth and p_CLASS, or confidence and
    right; task if wanted.
    """
    with errors_as_exit_codes(as_json):
        from eval.tables import calibration as marking
        from eval.tables.reading import Table

        marked = marking.mark(Table(table), draws=draws, seed=seed)
        tell(marked, table, out, as_json=as_json, quiet=quiet, draws=draws, seed=seed)
