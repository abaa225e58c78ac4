"""``radixgpt replay``: makes a recorded run again and says what differs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from commands.terminal import AsJson, Quiet, echo_json, errors_as_exit_codes, progress, write
from radixgpt.errors import AuditError

_MOST = 20
"""Places of a report that are named."""


def run(
    record: Annotated[
        Path,
        typer.Argument(metavar="RECORD", help="audit.jsonl of a run.", show_default=False),
    ],
    study: Annotated[
        Path | None,
        typer.Option(
            help="The study of the run; without it the record alone is verified.",
            show_default=False,
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="JSON",
            help="The report.json that came of the run, to be held against the record.",
            show_default=False,
        ),
    ] = None,
    seal: Annotated[
        str | None,
        typer.Option(help="The seal that was noted when the run ended.", show_default=False),
    ] = None,
    style: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="The style that the report was worded in, if it is a house's own.",
            show_default=False,
        ),
    ] = None,
    prior: Annotated[
        Path | None,
        typer.Option(
            help="The prior study or its report.json, if the report was compared with one.",
            show_default=False,
        ),
    ] = None,
    history: Annotated[
        str,
        typer.Option(
            metavar="TEXT",
            help="The clinical information that the report was given, if the record has no words.",
            show_default=False,
        ),
    ] = "",
    question: Annotated[
        str,
        typer.Option(metavar="TEXT", help="The question, likewise.", show_default=False),
    ] = "",
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", help="Folder for the report.json made again.", show_default=False
        ),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Verify RECORD and make its run again: the same report byte for byte, or what differs."""
    with errors_as_exit_codes(as_json):
        from agent.audit import lines, replay
        from agent.audit.given import Given
        from radixgpt.settings import load

        if study is None and out is not None:
            raise typer.BadParameter("name the study to make the run again.", param_hint="--study")
        settings = load()
        held = lines.read(_bytes(record, "record"))
        if seal is not None and seal.strip().lower() != held.seal:
            raise AuditError(
                "The record is whole, but its seal is not the one that was noted.",
                "Take the record as it was written; this one was made anew.",
            )
        given = None if report is None else _bytes(report, "report")
        if given is not None and lines.sha256(given) != held.report and study is None:
            raise AuditError(
                "The report is not the one that the record tells of.",
                "Name the study to learn in what it differs.",
            )
        told: dict[str, Any] = {"run": held.begin.run, "lines": len(held.lines), "seal": held.seal}
        if study is None:
            _verified(told, as_json=as_json, quiet=quiet)
            return
        with progress(quiet) as say:
            found = replay.run(
                held,
                study,
                index=settings.index,
                given=Given(style, prior, history, question),
                progress=say,
            )
        made = None if found.report is None else _json(found.report)
        differences = [*found.differences]
        if given is not None and given != (made or "").encode():
            differences += _in_report(given, made or "null")
        if out is not None and made is not None:
            write(out, {"report.json": made})
        told |= {
            "same": not differences,
            "differences": differences,
            "made_with": list(found.made_with),
            "not_compared": list(found.not_compared),
            "report_sha256": None if made is None else lines.sha256(made),
        }
        if differences:
            if as_json:
                echo_json(told)
            else:
                for line in (*differences, *found.made_with):
                    typer.echo(line)
            error = AuditError(
                "The run did not come out as recorded.",
                "See what differs; the first difference is where it began.",
            )
            typer.echo(f"radixgpt: {error.problem}\n  {error.mend}", err=True)
            raise typer.Exit(DIFFERS)
        if as_json:
            echo_json(told)
        elif not quiet:
            typer.echo("The run came out as recorded, " + _came(made))
            for line in (*found.not_compared, *found.made_with):
                typer.echo(line)


DIFFERS = 9


def _came(made: str | None) -> str:
    return "without a report." if made is None else "and the report is the same byte for byte."


def _verified(told: dict[str, Any], *, as_json: bool, quiet: bool) -> None:
    if as_json:
        echo_json(told)
    elif not quiet:
        typer.echo(f"The record is whole: {told['lines']} lines, seal {told['seal']}")
        typer.echo("Name its study with --study to make the run again.")


def _bytes(path: Path, what: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise AuditError(
            f"The {what} can't be read: {error.strerror or 'unknown reason'}.", "Name its file."
        ) from error


def _json(report: Any) -> str:
    from etl import load

    text: str = load.to_json(report)
    return text


def _in_report(given: bytes, made: str) -> list[str]:
    """Where a report differs from the one that was made again."""
    from agent.audit.replay import paths

    try:
        then = json.loads(given)
    except (ValueError, RecursionError):
        return ["The report is no JSON."]
    found = list(paths(then, json.loads(made)))
    if not found:
        return ["The report says the same as the one made again, but its bytes differ."]
    more = [f"and at {len(found) - _MOST} more places"] if len(found) > _MOST else []
    places = ", ".join([*(place or "all" for place in found[:_MOST]), *more])
    return [f"The report differs from the one made again at: {places}."]
