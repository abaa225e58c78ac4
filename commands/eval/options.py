"""Options that commands of ``radixgpt eval`` share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.terminal import write

if TYPE_CHECKING:
    from eval.tables.marked import Marked

TablePath = Annotated[
    Path,
    typer.Argument(metavar="TABLE", help="CSV, JSON lines or Parquet.", show_default=False),
]
OutFolder = Annotated[
    Path | None,
    typer.Option(
        "--out",
        "-o",
        help="Folder for JSON, CSV and a page; made if not there.",
        show_default=False,
    ),
]
Draws = Annotated[int, typer.Option(min=1, help="Bootstrap draws.")]
Seed = Annotated[int, typer.Option(help="Seed of the bootstrap.")]


def names(text: str) -> list[str]:
    """Names with commas between."""
    return [name.strip() for name in text.split(",") if name.strip()]


def tell(
    marked: Marked, table: Path, out: Path | None, *, as_json: bool, quiet: bool, **settings: object
) -> None:
    """Write the files of a marked table, and print its figures."""
    from eval.tables import output

    files = output.files(marked, table, **settings)
    if out is not None:
        write(out, dict(files))
    if as_json:
        typer.echo(files["scores.json"], nl=False)
    elif not quiet:
        for line in output.lines(marked):
            typer.echo(line)
        if out is not None:
            typer.echo(str(out / "index.html"))
