"""``radixgpt eval``: one module a command."""

from __future__ import annotations

import typer

from commands.eval import (
    agent,
    bench,
    calibration,
    compare,
    concepts,
    grades,
    retrieval,
    run,
    score,
)

app = typer.Typer(
    help="Score reports, grades and retrieval, with intervals by study.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.command("score")(score.run)
app.command("concepts")(concepts.run)
app.command("grades")(grades.run)
app.command("retrieval")(retrieval.run)
app.command("calibration")(calibration.run)
app.command("compare")(compare.run)
app.command("run")(run.run)
app.command("agent")(agent.run)
app.add_typer(bench.app, name="bench")
