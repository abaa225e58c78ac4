"""``radixgpt pacs find | pull | send``: studies from a PACS, and results back into it."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.terminal import AsJson, Quiet, counted, echo_json, errors_as_exit_codes

if TYPE_CHECKING:
    from clinic.pacs.connection import Connection

app = typer.Typer(
    help="Find studies in a PACS, pull them, send objects to it; DICOMweb or DIMSE.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

At = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="https://HOST/PATH, dimse://AET@HOST:PORT or dimses://AET@HOST:PORT; RADIXGPT_PACS "
        "otherwise.",
        show_default=False,
    ),
]
CallingAet = Annotated[
    str | None,
    typer.Option(
        metavar="AET",
        help="DIMSE: our title; RADIXGPT_PACS_CALLING_AET otherwise.",
        show_default=False,
    ),
]
Ca = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="PEM file of the authorities to trust; RADIXGPT_PACS_CA otherwise.",
        show_default=False,
    ),
]
Unencrypted = Annotated[
    bool,
    typer.Option("--unencrypted", help="Allow http:// and dimse:// to another machine."),
]


@app.callback()
def _group() -> None:
    pass


@app.command()
def find(
    study: Annotated[
        list[str] | None, typer.Option(metavar="UID", help="This study; may be repeated.")
    ] = None,
    patient: Annotated[str, typer.Option(metavar="ID", help="Studies of a patient.")] = "",
    dates: Annotated[
        str, typer.Option(metavar="FROM-TO", help="Of these days, as YYYYMMDD-YYYYMMDD.")
    ] = "",
    modality: Annotated[str, typer.Option(metavar="MR", help="With series of a modality.")] = "",
    description: Annotated[
        str, typer.Option(metavar="TEXT", help="Described so; * and ? stand for any text.")
    ] = "",
    limit: Annotated[int | None, typer.Option(min=1, help="Most studies.")] = None,
    at: At = None,
    calling_aet: CallingAet = None,
    ca: Ca = None,
    unencrypted: Unencrypted = False,
    as_json: AsJson = False,
) -> None:
    """List studies: date, modalities, images, UID, description; no patient's name or number."""
    with errors_as_exit_codes(as_json):
        from clinic.pacs import find as search
        from data.gather.pacs import Question

        connection = _connection(at, calling_aet, ca, unencrypted)
        question = Question(tuple(study or ()), patient, dates, modality, description, limit)
        rows = search.find(connection, question)
        if as_json:
            echo_json({"studies": [asdict(row) for row in rows]})
            return
        for row in rows:
            images = "?" if row.images is None else row.images
            typer.echo(
                f"{row.date or '-':8}  {row.modalities or '-':8}  {images:>5}  {row.uid}  "
                f"{row.description}"
            )
        if not rows:
            typer.echo("no such study", err=True)


@app.command()
def pull(
    studies: Annotated[
        list[str], typer.Argument(metavar="UID...", help="Studies, as `find` lists them.")
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", help="Folder; each study gets one below it.", show_default=False
        ),
    ],
    modality: Annotated[str, typer.Option(metavar="MR", help="Only series of a modality.")] = "",
    move: Annotated[
        str | None,
        typer.Option(
            metavar="AET:PORT",
            help="DIMSE: by C-MOVE to this title and port of ours, or AET@HOST:PORT.",
            show_default=False,
        ),
    ] = None,
    at: At = None,
    calling_aet: CallingAet = None,
    ca: Ca = None,
    unencrypted: Unencrypted = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Bring studies into a folder, as they are; called again, it brings what is missing."""
    with errors_as_exit_codes(as_json):
        from clinic.pacs import pull as bringing
        from clinic.receive import listening_of
        from data.gather.pacs import Question
        from radixgpt.errors import GatherError

        if out.exists() and not out.is_dir():
            raise typer.BadParameter("it is a file; name a folder.", param_hint="-o")
        connection = _connection(at, calling_aet, ca, unencrypted)
        listening = None
        if move is not None:
            listening = listening_of(move, (connection.dimse().aet,))
        question = Question(studies=tuple(studies), modality=modality)
        with counted(quiet) as say:
            pulled = bringing.pull(connection, question, out, say=say, move=listening)
        if pulled.missing:
            raise GatherError(
                f"{pulled.missing} objects did not come; {pulled.new + pulled.there} are there.",
                "Call the same command again; if it stays so, ask the administrator of the PACS.",
            )
        if as_json:
            echo_json({"new": pulled.new, "there": pulled.there, "studies": sorted(pulled.folders)})
        elif not quiet:
            typer.echo(f"{pulled.new} new, {pulled.there} there already")
            for name in sorted(pulled.folders):
                typer.echo(str(out / name))


@app.command()
def send(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH...", help="DICOM objects: files, folders or zips.", show_default=False
        ),
    ],
    yes: Annotated[
        bool, typer.Option("--yes", help="Confirm unasked what would be asked; for scripts.")
    ] = False,
    at: At = None,
    calling_aet: CallingAet = None,
    ca: Ca = None,
    unencrypted: Unencrypted = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Send DICOM objects, such as `radixgpt export` writes, after you have confirmed it."""
    with errors_as_exit_codes(as_json):
        from clinic.pacs import send as sending

        connection = _connection(at, calling_aet, ca, unencrypted)
        parcel = sending.packed(paths)
        for reason, count in sorted(parcel.left_out.items()):
            if not quiet:
                typer.echo(f"{count} left out: {reason}", err=True)
        confirmed = yes or _confirms(parcel.question(connection))
        with counted(quiet) as say:
            sent = sending.send(parcel, connection, confirmed=confirmed, say=say)
        sent.require_all(connection)
        if as_json:
            echo_json(
                {
                    "stored": sent.stored,
                    "changed": sent.changed,
                    "drafts": parcel.drafts,
                    "left_out": dict(parcel.left_out),
                }
            )
        elif not quiet:
            changed = f", {sent.changed} with changes of its own" if sent.changed else ""
            typer.echo(f"{sent.stored} stored{changed}")


def _confirms(question: str) -> bool:
    """Ask, where there is somebody to answer."""
    if sys.stdin.isatty() and sys.stderr.isatty():
        return typer.confirm(question, err=True)
    typer.echo(question, err=True)
    return False


def _connection(
    at: str | None, calling_aet: str | None, ca: Path | None, unencrypted: bool
) -> Connection:
    """The PACS that flags and settings mean."""
    from clinic.pacs.connection import connection_of
    from radixgpt.settings import load

    settings = load(pacs=at, pacs_calling_aet=calling_aet, pacs_ca=ca)
    return connection_of(
        settings.pacs,
        calling_aet=settings.pacs_calling_aet,
        token=os.environ.get("DICOMWEB_TOKEN", ""),
        ca=settings.pacs_ca,
        unencrypted=unencrypted,
    )
