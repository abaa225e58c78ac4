"""``radixgpt watch``: studies that arrive in a folder become drafts."""

from __future__ import annotations

import json
import signal
import threading
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from commands.terminal import Quiet, errors_as_exit_codes

SOME_SET_ASIDE = 4


def run(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER",
            help="Put studies into FOLDER/incoming; drafts appear in FOLDER/done.",
            show_default=False,
        ),
    ],
    quiet_seconds: Annotated[
        float,
        typer.Option(
            "--complete-after",
            min=0,
            metavar="SECONDS",
            help="A study is complete when nothing of it has arrived for so long.",
        ),
    ] = 60.0,
    to: Annotated[
        str,
        typer.Option(
            metavar="FORMATS", help="Formats of the drafts, as of `radixgpt export`; or all."
        ),
    ] = "json,md,html",
    listen: Annotated[
        str | None,
        typer.Option(
            metavar="AET:PORT",
            help="Receive studies by DICOM C-STORE on this machine too, or at AET@HOST:PORT.",
            show_default=False,
        ),
    ] = None,
    admit: Annotated[
        list[str] | None,
        typer.Option(
            metavar="AET",
            help="Title that may send; may be repeated. All of this machine otherwise.",
            show_default=False,
        ),
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="End when everything that is there is drafted.")
    ] = False,
    timeout: Annotated[
        float, typer.Option(min=1, metavar="SECONDS", help="Longest time for one draft.")
    ] = 900.0,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a line of JSON for every event.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Draft every study that arrives in FOLDER, each once; stopped and called again, it goes on."""
    with errors_as_exit_codes(as_json), ExitStack() as stack:
        from clinic.receive import listening_of, received
        from clinic.watch.draft import check, draft
        from clinic.watch.run import Pace, Watch
        from clinic.watch.spool import opened
        from etl.styles import style_of
        from radixgpt.settings import load

        if folder.exists() and not folder.is_dir():
            raise typer.BadParameter("it is a file; name a folder.", param_hint="FOLDER")
        if admit and listen is None:
            raise typer.BadParameter("nobody is admitted without --listen.", param_hint="--admit")
        settings = load()
        style_of(settings.style)  # what is wrong with a style is told before a study arrives
        formats = check(to)
        listening = None if listen is None else listening_of(listen, tuple(admit or ()))
        spool = stack.enter_context(opened(folder))
        if listening is not None:
            stack.enter_context(received(listening, spool.receive))
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())

        def tell(event: dict[str, Any]) -> None:
            if as_json:
                typer.echo(json.dumps(event))
            elif not quiet:
                typer.echo(_line(event))

        if not (as_json or quiet):
            where = f", and listening as {listening.aet}" if listening is not None else ""
            typer.echo(f"watching {folder / 'incoming'}{where}; Ctrl-C ends it", err=True)
        watch = Watch(
            spool,
            formats,
            Pace(quiet=quiet_seconds, timeout=timeout),
            tell,
            draft=partial(draft, style=settings.style, language=settings.language),
        )
        watch.run(stop, once=once)
        if stop.is_set() and not (as_json or quiet):
            typer.echo("stopped; what is unfinished is taken up at the next start", err=True)
        if once and watch.set_aside:
            raise typer.Exit(SOME_SET_ASIDE)


def _line(event: dict[str, Any]) -> str:
    """An event for people."""
    rest = ", ".join(
        f"{name} {value}"
        for name, value in event.items()
        if name not in ("event", "at", "study", "read") and value is not None
    )
    what = event["event"]
    if what == "drafted" and not event.get("read", True):
        what = "drafted, not graded"
    return f"{event['at']}  {what:12} {event['study'] or ''}  {rest}".rstrip()
