"""``radixgpt mcp``: the tools for other assistants, over standard input and output."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from commands.terminal import errors_as_exit_codes


def run(
    study: Annotated[
        Path | None,
        typer.Argument(
            metavar="[STUDY]", help="The study that is open from the start.", show_default=False
        ),
    ] = None,
    allow: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FOLDER",
            help="Let the assistant open the studies in FOLDER; may be repeated.",
            show_default=False,
        ),
    ] = None,
    images: Annotated[
        bool,
        typer.Option(
            "--images",
            help="Give images to the assistant. Pixels may show a name, and leave this machine if "
            "its model is elsewhere.",
        ),
    ] = False,
    allow_changes: Annotated[
        bool,
        typer.Option(
            "--allow-changes", help="Let the assistant change grades, levels and the report."
        ),
    ] = False,
) -> None:
    """Serve the tools to another assistant by the Model Context Protocol (stdio)."""
    with errors_as_exit_codes(as_json=False):
        if study is None and not allow:
            raise typer.BadParameter("name a STUDY, or a folder that may be opened (--allow).")
        for path in (*([study] if study else []), *(allow or [])):
            if not path.exists():
                raise typer.BadParameter("there is nothing at one of the paths.")
        from radixgpt.settings import load

        settings = load()
        from agent import mcp_server
        from agent.session import Session

        mcp_server.require()
        session = Session(
            index=settings.index,
            encoder=settings.encoder,
            captioner=(settings.captioner, settings.captioner_timeout),
        )
        mcp_server.serve(
            mcp_server.Bench(
                session,
                study=study,
                allowed=tuple(allow or ()),
                images=images,
                changes=allow_changes,
            )
        )
