"""``radixgpt data gather | map | split | explore | baselines | synth``: one module a command."""

from __future__ import annotations

import typer

from commands.data import baselines, explore, gather, map, split, synth

app = typer.Typer(
    help="Gather data, map it to cases, split, explore it, learn baselines; make up images.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
# A command is added here as its module's ``run``; modules import heavy packages inside it.


@app.callback()
def _group() -> None:
    pass


app.command("gather")(gather.run)
app.command("map")(map.run)
app.command("split")(split.run)
app.command("explore")(explore.run)
app.command("baselines")(baselines.run)
app.add_typer(synth.app, name="synth")
