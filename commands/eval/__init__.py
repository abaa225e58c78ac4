"""``radixgpt eval``: one module a command."""

from __future__ import annotations

import typer

from commands.eval import score

app = typer.Typer(
    help="Score reports, grades and retrieval, with intervals by study.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.command("score")(score.run)
