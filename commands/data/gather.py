"""``radixgpt data gather``: bring files into the workspace, with their provenance."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.data.options import WorkspaceFolder
from commands.terminal import AsJson, Quiet, counted, echo_json, errors_as_exit_codes
from data.workspace import DEFAULT

if TYPE_CHECKING:
    from data.gather.gatherer import Outcome
    from data.gather.source import Source, Terms

_STAGED = Path(__file__).resolve().parents[3] / "shared" / "data"
"""Where the staged data lies unless the settings say otherwise: beside the checkout."""


def run(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME|PATH",
            help="'shared' for all staged sets, or the name of one set.",
            show_default=False,
        ),
    ],
    workspace: WorkspaceFolder = DEFAULT,
    link: Annotated[
        bool, typer.Option("--link", help="Hard-link local files instead of copying them.")
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Bring the files of a source into the workspace."""
    with errors_as_exit_codes(as_json):
        from data.gather.gatherer import gather
        from data.workspace import Workspace

        sources = _sources(name, link)
        outcomes = []
        with counted(quiet) as say:
            for source in sources:
                outcomes.append(gather(source, Workspace(workspace), accept=_accepted, say=say))
        if as_json:
            echo_json({"sources": [outcome.as_json() for outcome in outcomes]})
        elif not quiet:
            _summary(outcomes)


def _sources(name: str, link: bool) -> list[Source]:
    from data.gather import registry
    from data.gather.staged import StagedSource
    from radixgpt.errors import GatherError
    from radixgpt.settings import load

    shared = load().shared_data or _STAGED
    staged = [StagedSource(entry, shared, link) for entry in registry.staged()]
    if name == "shared":
        found: list[Source] = [source for source in staged if source.is_there()]
        if not found:
            raise GatherError(
                "No staged data is here.",
                "Set RADIXGPT_SHARED_DATA to its folder.",
            )
        return found
    chosen: list[Source] = [source for source in staged if source.key == name]
    if not chosen:
        raise GatherError(
            f"'{name}' is no known source.",
            f"Known are: shared, {', '.join(source.key for source in staged)}.",
        )
    return chosen


def _accepted(title: str, terms: Terms) -> bool:
    return False


def _summary(outcomes: list[Outcome]) -> None:
    for outcome in outcomes:
        typer.echo(
            f"{outcome.source}: {outcome.files} files, {outcome.size / 1e6:.1f} MB "
            f"({outcome.added} new, {outcome.verified} as before, {outcome.changed} changed); "
            f"{outcome.licence}"
        )
