"""``radixgpt index build | add | delete | info | search``: an index of cases."""

from __future__ import annotations

import typer

from commands.index import change, search

app = typer.Typer(
    help="Make an index of cases, change it, and search it by text.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

app.command("build")(change.build)
app.command("add")(change.add)
app.command("delete")(change.delete)
app.command("info")(search.info)
app.command("search")(search.run)
