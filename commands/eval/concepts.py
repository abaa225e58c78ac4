"""``radixgpt eval concepts``: submissions of the ImageCLEF concept task."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from commands.eval.options import Draws, Seed
from commands.terminal import AsJson, Quiet, errors_as_exit_codes, write


def run(
    references: Annotated[
        Path,
        typer.Option("--references", "-r", help="Table with ID and CUIs.", show_default=False),
    ],
    candidates: Annotated[
        Path,
        typer.Option("--candidates", "-c", help="The submission: ID, CUIs.", show_default=False),
    ],
    concepts_only: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="CUIs, one a line, that the secondary score keeps.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", help="Folder for scores.json and images.csv.", show_default=False
        ),
    ] = None,
    draws: Draws = 1000,
    seed: Seed = 0,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Score an ImageCLEF concept submission: binary F1 by image, averaged; all its errors at once.

    CUIs are separated by semicolons. An empty cell is no concept, and matches an empty cell.
    """
    with errors_as_exit_codes(as_json):
        from eval import concepts
        from eval.batch import output, submission
        from eval.batch.whole import concepts_listed

        only = None if concepts_only is None else concepts_listed(concepts_only)
        unread: list[str] = []
        told, truth = (concepts.rows_of(path, unread) for path in (candidates, references))
        found = submission.scored(told, truth, only, unread)
        scores = submission.summary(found, listed=len(only or ()), draws=draws, seed=seed)
        inputs = {"references": references, "candidates": candidates}
        if concepts_only is not None:
            inputs["concepts"] = concepts_only
        files = {
            output.SCORES: output.summary_of(scores, {}, inputs, draws=draws, seed=seed),
            "images.csv": submission.by_image(found),
        }
        if out is not None:
            write(out, dict(files))
        if as_json:
            typer.echo(files[output.SCORES], nl=False)
        elif not quiet:
            for one in scores:
                said = output.with_interval(one.value, one.low, one.high)
                typer.echo(f"{one.metric:<17}  {said}  {one.studies} images")
