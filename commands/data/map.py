"""``radixgpt data map``: turn what was gathered into cases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from commands.data.options import WorkspaceFolder
from commands.terminal import INPUT, AsJson, Quiet, counted, echo_json, errors_as_exit_codes
from data.workspace import DEFAULT

if TYPE_CHECKING:
    from data.mapping.run import Outcome

Sources = Annotated[
    list[str] | None,
    typer.Option(
        "--source",
        metavar="NAME",
        help="Look at this source alone; give it again for more. The others stay as they are.",
        show_default=False,
    ),
]


def run(
    workspace: WorkspaceFolder = DEFAULT,
    source: Sources = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Turn gathered sources into cases and tables; list what can't be used.

    Writes cases.jsonl, tables/ and refused.jsonl. What was mapped before and has not changed is
    kept; a mapping that was stopped goes on.
    """
    with errors_as_exit_codes(as_json):
        from data.mapping.run import map_workspace
        from data.workspace import Workspace

        place = Workspace(workspace)
        with counted(quiet) as say:
            result = map_workspace(place, only=source or (), say=say)
        outcomes = result.outcomes
        if as_json:
            echo_json(
                {
                    "cases": sum(outcome.cases for outcome in outcomes),
                    "refused": sum(outcome.refused for outcome in outcomes),
                    "split": result.split,
                    "sources": [outcome.as_json() for outcome in outcomes],
                }
            )
        elif not quiet:
            _summary(outcomes, place.refused.name)
            if result.split is False:
                typer.echo("The cases are no longer those that were split: radixgpt data split.")
        _fail(outcomes, as_json)


def _summary(outcomes: list[Outcome], refused: str) -> None:
    for one in outcomes:
        kept = ", kept" if one.kept else ""
        typer.echo(
            f"{one.source}: {one.cases} cases, {one.images} images, {one.findings} findings, "
            f"{one.refused} refused{kept}"
        )
        for reason, count in one.reasons.most_common(3):
            typer.echo(f"  refused {count}: {reason}")
    if any(one.refused for one in outcomes):
        typer.echo(f"Every refused file and row, with what mends it: {refused}")


def _fail(outcomes: list[Outcome], as_json: bool) -> None:
    """End with an exit code where a source could not be mapped; the others are written by now."""
    failed = [one for one in outcomes if one.failed]
    for one in failed:
        if one.failed is not None and not as_json:
            typer.echo(f"radixgpt: {one.source}: {one.failed.problem}", err=True)
            typer.echo(f"  {one.failed.mend}", err=True)
    if failed:
        raise typer.Exit(INPUT)
