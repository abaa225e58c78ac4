"""``radixgpt deidentify``: DICOM images without what tells whose they are."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from commands.terminal import AsJson, Quiet, counted, echo_json, errors_as_exit_codes

SOME_LEFT_OUT = 4
_KEY = "deidentify.key"


def run(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="IN", help="A DICOM file, a folder or a zip of them.", show_default=False
        ),
    ],
    out: Annotated[
        Path,
        typer.Argument(
            metavar="OUT",
            help="Folder for the new objects; made if it is not there.",
            show_default=False,
        ),
    ],
    key: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Secret key of the pseudonyms, made if it is not there; the same key gives the "
            "same pseudonyms. A file of your own in your home folder otherwise.",
            show_default=False,
        ),
    ] = None,
    forget_key: Annotated[
        bool,
        typer.Option(
            "--forget-key",
            help="Use a key that nobody keeps: pseudonyms of this run alone, into an empty OUT.",
        ),
    ] = False,
    allow_burned_in: Annotated[
        bool,
        typer.Option(
            "--allow-burned-in",
            help="Write images that may show text, too; the pixels are not changed.",
        ),
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Write the DICOM images of IN into OUT without names, numbers, dates and private data."""
    with errors_as_exit_codes(as_json):
        from radixgpt.deidentify import deidentify, key_of

        if key is not None and forget_key:
            raise typer.BadParameter("a key is kept or forgotten, not both.", param_hint="--key")
        if out.exists() and not out.is_dir():
            raise typer.BadParameter("it is a file; name a folder.", param_hint="OUT")
        if forget_key and out.exists() and any(out.iterdir()):
            raise typer.BadParameter(
                "with a forgotten key, name a new or empty folder.", param_hint="OUT"
            )
        if not source.exists():
            raise typer.BadParameter("there is nothing at this path.", param_hint="IN")
        file = None if forget_key else key or default_key()
        secret = key_of(file, source, out)
        with counted(quiet) as say:
            outcome = deidentify(
                source,
                out,
                secret,
                allow_burned_in=allow_burned_in,
                say=lambda done, total: say("De-identifying", done, total),
            )
        left = sum(outcome.quarantined.values())
        if as_json:
            echo_json(outcome.as_json())
        elif not quiet:
            typer.echo(
                f"{outcome.written} written, {outcome.there} there already; "
                f"{len(outcome.patients)} patients, {len(outcome.studies)} studies"
            )
            if outcome.burned_in:
                typer.echo(f"{outcome.burned_in} of them may show text: look at them")
            for reason, count in sorted(outcome.quarantined.items()):
                typer.echo(f"{count} not written: {reason}")
            if left:
                typer.echo(f"reasons, one by one: {out / 'quarantine.jsonl'}")
            if file is not None:
                typer.echo("who has the key can tell the pseudonyms: keep it, apart from OUT")
        if left:
            raise typer.Exit(SOME_LEFT_OUT)


def default_key() -> Path:
    """The user's own key: in ``$XDG_DATA_HOME`` or the system's folder for data."""
    if named := os.environ.get("XDG_DATA_HOME"):
        return Path(named) / "radixgpt" / _KEY
    if local := os.environ.get("LOCALAPPDATA"):
        return Path(local) / "radixgpt" / _KEY
    return Path.home() / ".local" / "share" / "radixgpt" / _KEY
