"""``radixgpt eval compare``: systems on the studies they share, as a leaderboard."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from commands.eval.options import Draws, OutFolder, Seed, names
from commands.terminal import AsJson, Quiet, counted, errors_as_exit_codes, write


def run(
    systems: Annotated[
        list[str],
        typer.Argument(
            metavar="[NAME=]FOLDER...",
            help="Two or more folders that `radixgpt eval score` wrote.",
            show_default=False,
        ),
    ],
    out: OutFolder = None,
    metrics: Annotated[str, typer.Option(help="Metrics, comma between; all otherwise.")] = "",
    draws: Draws = 1000,
    flips: Annotated[int, typer.Option(min=1, help="Flips of the test.")] = 10_000,
    seed: Seed = 0,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Compare systems by their cached scores: means, ranks, and what is told apart."""
    with errors_as_exit_codes(as_json):
        from eval import compare
        from eval.batch.output import as_json as text_of
        from eval.page import leaderboard
        from radixgpt import __version__

        parts = [given.partition("=") for given in systems]
        found = compare.read_all(
            (name, Path(path)) if there else ("", Path(name)) for name, there, path in parts
        )
        with counted(quiet) as say:
            compared = compare.compare(
                found, names(metrics), draws=draws, flips=flips, seed=seed, say=say
            )
        boards = [
            {
                **asdict(board),
                "places": [{**asdict(p), "verdict": p.verdict} for p in board.places],
            }
            for board in compared.boards
        ]
        text = text_of(
            {
                "software": f"radixgpt {__version__}",
                "settings": {"draws": draws, "flips": flips, "seed": seed, "alpha": compare.ALPHA},
                "notes": compared.notes,
                "boards": boards,
            }
        )
        markdown = compare.to_markdown(compared)
        if out is not None:
            page = leaderboard.render(compared)
            write(out, {"compare.json": text, "leaderboard.md": markdown, "index.html": page})
        if as_json:
            typer.echo(text, nl=False)
        elif not quiet:
            typer.echo(markdown, nl=False)
