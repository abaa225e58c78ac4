"""``radixgpt report``: the draft report of a study, with its files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.terminal import (
    NOT_ELIGIBLE,
    AsJson,
    Quiet,
    StudyPath,
    errors_as_exit_codes,
    progress,
    write,
)

if TYPE_CHECKING:
    from radixgpt.report import Report


def run(
    study: StudyPath,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            help="Folder for report.json, report.md, report.html and audit.jsonl; made if it is "
            "not there.",
            show_default=False,
        ),
    ] = None,
    style: Annotated[
        str | None,
        typer.Option(
            help="How the report is worded: standard, concise, prose, or a house's own YAML file; "
            "RADIXGPT_STYLE otherwise.",
            show_default=False,
        ),
    ] = None,
    language: Annotated[
        str | None,
        typer.Option(
            help="Its language, en or de; RADIXGPT_LANGUAGE otherwise.", show_default=False
        ),
    ] = None,
    shift_levels: Annotated[
        int,
        typer.Option(
            metavar="N",
            help="Move the numbering of the levels up by N (down if negative) and grade anew.",
        ),
    ] = 0,
    prior: Annotated[
        Path | None,
        typer.Option(
            metavar="PRIOR",
            help="An earlier study of the patient, or its report.json, to be compared with.",
            show_default=False,
        ),
    ] = None,
    same_patient: Annotated[
        bool,
        typer.Option(
            "--same-patient", help="You know that PRIOR is of this patient; the report says so."
        ),
    ] = False,
    shift_prior: Annotated[
        int, typer.Option(metavar="N", help="Move the numbering of PRIOR likewise.")
    ] = 0,
    history: Annotated[
        str,
        typer.Option(
            metavar="TEXT",
            help="Clinical information; stated as given, without dates and long numbers.",
            show_default=False,
        ),
    ] = "",
    question: Annotated[
        str,
        typer.Option(
            metavar="TEXT",
            help="What the study has to answer; the impression begins with it.",
            show_default=False,
        ),
    ] = "",
    follow_up: Annotated[
        bool | None,
        typer.Option(
            "--follow-up/--no-follow-up",
            help="Suggest follow-up by published rules; RADIXGPT_FOLLOW_UP otherwise.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Write the draft report of STUDY."""
    with errors_as_exit_codes(as_json):
        if out is None and not as_json:
            raise typer.BadParameter("say where to write it (-o OUT), or ask for --json.")
        if out is not None and out.exists() and not out.is_dir():
            raise typer.BadParameter("OUT is a file; name a folder.", param_hint="-o")
        if prior is None and (same_patient or shift_prior):
            raise typer.BadParameter("it is about a prior: name one.", param_hint="--prior")
        from radixgpt import settings as in_force

        settings = in_force.load(follow_up=follow_up, style=style, language=language)
        from agent import pipeline
        from agent.audit.recorder import Recorder
        from agent.beside import Beside, completed
        from etl import load
        from etl.styles import style_of

        style_of(settings.style)  # what is wrong with a style is told before the models run
        recorded = settings.audit and out is not None
        audit = Recorder(words=settings.audit_words) if recorded else None
        given = Beside(history, question, prior, same_patient, shift_prior, settings.follow_up)
        with progress(quiet) as say:
            reading, draft = pipeline.report(
                study,
                level_shift=shift_levels,
                style=settings.style,
                language=settings.language,
                progress=say,
                audit=audit,
            )
            draft = completed(reading, draft, given, audit=audit, progress=say)
            written: dict[str, str | bytes] = {}
            if out is not None:
                say("Drawing the key images")
                written = {
                    "report.json": load.to_json(draft),
                    "report.md": load.to_markdown(draft),
                    "report.html": load.to_html(draft, reading.study),
                }
                if audit is not None:
                    written["audit.jsonl"] = audit.text()
                write(out, written)
        if as_json:
            typer.echo(load.to_json(draft), nl=False)
        elif not quiet:
            _summary(draft, [] if out is None else [out / name for name in written])
        if not reading.eligibility.read:
            raise typer.Exit(NOT_ELIGIBLE)


def _summary(draft: Report, files: list[Path]) -> None:
    """What a person wants to know at once: the mark, the impression, where the files are."""
    typer.echo(draft.mark)
    section = "impression" if draft.section("impression") else "limitations"
    for sentence in draft.section(section):  # type: ignore[arg-type]
        typer.echo(f"- {sentence.text}")
    for path in files:
        typer.echo(str(path))
