"""``radixgpt export`` and ``radixgpt sign``: a written report as files, and who answers for it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from commands.terminal import AsJson, Quiet, echo_json, errors_as_exit_codes, progress, write

ReportPath = Annotated[
    Path,
    typer.Argument(
        metavar="REPORT", help="The report.json that `radixgpt report` wrote.", show_default=False
    ),
]
SIGNED_NAME = "report-signed.json"


def export(
    report: ReportPath,
    to: Annotated[
        str,
        typer.Option(
            metavar="FORMATS",
            help="Comma-separated: json, md, html, docx, pdf, sr, sr-text, seg, sc, dicom-pdf, "
            "fhir, hl7; or all that can be written.",
        ),
    ] = "all",
    out: Annotated[
        Path,
        typer.Option("--out", "-o", help="Folder for the files; made if it is not there."),
    ] = Path("export"),
    study: Annotated[
        Path | None,
        typer.Option(
            metavar="STUDY",
            help="The study that the report was written from. Pictures need it; DICOM objects "
            "take patient, examination and image references from its headers.",
            show_default=False,
        ),
    ] = None,
    supersedes: Annotated[
        Path | None,
        typer.Option(
            metavar="DRAFT",
            help="Where the draft was exported to: the structured reports of a signed REPORT then "
            "name those of the draft as the ones they take the place of.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Write REPORT as documents, DICOM objects and messages."""
    with errors_as_exit_codes(as_json):
        from etl.load import formats

        names = formats.chosen(to)
        if out.exists() and not out.is_dir():
            raise typer.BadParameter("it is a file; name a folder.", param_hint="-o")
        with progress(quiet) as say:
            read = formats.read_report(report)
            if study is not None:
                say("Reading the study")
            at = datetime.now().astimezone()
            job = formats.job_of(read, study, at, supersedes=supersedes)
            say("Writing the files")
            made = formats.export(job, names)
            write(out, made.files)
        if as_json:
            echo_json({"files": list(made.files), "skipped": made.skipped})
        elif not quiet:
            typer.echo(read.mark)
            for name in made.files:
                typer.echo(str(out / name))
            for why in dict.fromkeys(made.skipped.values()):
                names_of = [name for name, reason in made.skipped.items() if reason == why]
                typer.echo(f"without {', '.join(names_of)}: {why}", err=True)


def sign(
    report: ReportPath,
    name: Annotated[
        str, typer.Option(help="Your name: Given Family, or Family^Given.", show_default=False)
    ],
    role: Annotated[
        str, typer.Option(help="As what you sign, such as Radiologist.", show_default=False)
    ],
    organization: Annotated[str, typer.Option(help="Where you sign.", show_default=False)] = "",
    critical_communication: Annotated[
        str,
        typer.Option(
            help="What you communicated of critical findings, to whom and when.",
            show_default=False,
        ),
    ] = "",
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            help=f"File to write; {SIGNED_NAME} beside REPORT otherwise. The draft is kept.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Sign REPORT: you have read it against the images, and answer for it."""
    with errors_as_exit_codes(as_json):
        from etl.load import formats
        from etl.load.json import to_json
        from etl.load.standing import standing
        from etl.sign import sign as signed_by

        target = out or report.with_name(SIGNED_NAME)
        if target.exists():
            raise typer.BadParameter("the file is there already; name a new one.", param_hint="-o")
        signed = signed_by(
            formats.read_report(report),
            name=name,
            role=role,
            at=datetime.now().astimezone(),
            organization=organization,
            critical_communication=critical_communication,
        )
        write(target.parent, {target.name: to_json(signed)})
        if as_json:
            echo_json({"file": target.name, "content_sha256": signed.content_sha256()})
        else:
            typer.echo(standing(signed))
            typer.echo(str(target))
