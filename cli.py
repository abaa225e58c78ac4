"""The terminal door: ``radixgpt report | export | sign | ask | chat | tools | demo | data | eval``.

Machine output goes to stdout and nothing else does; progress and errors go to stderr. Everything
heavy is imported inside the commands, so that ``--help`` answers at once. Exit codes:

0 done · 1 any other failure · 2 wrong usage or setting · 3 the input can't be read as a study ·
4 the study was read but must not be graded (the report that says so is still written) ·
5 weights or a package missing · 6 the report failed its own checks · 7 the language model or the
captioner failed, or something would leave unasked · 8 a source of data can't be reached or is not
what it should be · 9 a record is damaged, or its run did not come out again.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.captions import app as caption_app
from commands.check import check as check_command
from commands.concepts import run as concepts_command
from commands.data import app as data_app
from commands.deidentify import run as deidentify_command
from commands.eval import app as eval_app
from commands.export import export as export_command
from commands.export import sign as sign_command
from commands.index import app as index_app
from commands.mcp import run as mcp_command
from commands.pacs import app as pacs_app
from commands.replay import run as replay_command
from commands.similar import run as similar_command
from commands.terminal import (
    NOT_ELIGIBLE,
    AsJson,
    Quiet,
    echo_json,
    errors_as_exit_codes,
    progress,
    write,
)
from commands.watch import run as watch_command
from radixgpt import __version__
from radixgpt.errors import RadixError

if TYPE_CHECKING:
    from agent.events import SimilarCase
    from agent.session import Session
    from radixgpt.report import Report
    from radixgpt.settings import Settings

app = typer.Typer(
    name="radixgpt",
    help="Drafts spine imaging reports whose every sentence points to its image. "
    "For research; not a medical device.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

StudyPath = Annotated[
    Path,
    typer.Argument(
        metavar="STUDY",
        help="A DICOM file, a folder or zip of them, a NIfTI, a PNG or JPEG or a folder of them.",
        show_default=False,
    ),
]


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"radixgpt {__version__}")
        raise typer.Exit


app.add_typer(caption_app, name="caption")
app.command(name="concepts")(concepts_command)
app.command(name="check")(check_command)
app.add_typer(data_app, name="data")
app.command(name="deidentify")(deidentify_command)
app.add_typer(eval_app, name="eval")
app.command(name="export")(export_command)
app.add_typer(pacs_app, name="pacs")
app.command(name="mcp")(mcp_command)
app.command(name="replay")(replay_command)
app.command(name="sign")(sign_command)
app.command(name="similar")(similar_command)
app.add_typer(index_app, name="index")
app.command(name="watch")(watch_command)


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    pass


@app.command()
def report(
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
        settings = _settings(follow_up=follow_up, style=style, language=language)
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


@app.command()
def ask(
    study: StudyPath,
    question: Annotated[str, typer.Argument(metavar="QUESTION", show_default=False)],
    images: Annotated[
        Path | None,
        typer.Option(help="Folder for the answer's evidence images.", show_default=False),
    ] = None,
    llm: Annotated[
        str | None,
        typer.Option(help="The language model; RADIXGPT_LLM otherwise.", show_default=False),
    ] = None,
    audit: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write the record of the run into FILE.", show_default=False
        ),
    ] = None,
    prior: Annotated[
        Path | None,
        typer.Option(
            metavar="PRIOR",
            help="An earlier study of the patient, or its report.json, to ask about changes.",
            show_default=False,
        ),
    ] = None,
    same_patient: Annotated[
        bool, typer.Option("--same-patient", help="You know that PRIOR is of this patient.")
    ] = False,
    send_conversation: Annotated[
        bool,
        typer.Option(
            "--send-conversation",
            help="Allow QUESTION and the findings to leave this machine for the language model.",
        ),
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Answer QUESTION about STUDY from its findings."""
    with errors_as_exit_codes(as_json):
        if not question.strip():
            raise typer.BadParameter("ask something.", param_hint="QUESTION")
        if images is not None and images.exists() and not images.is_dir():
            raise typer.BadParameter("it is a file; name a folder.", param_hint="--images")
        if audit is not None and audit.is_dir():
            raise typer.BadParameter("it is a folder; name a file.", param_hint="--audit")
        settings = _settings(llm=llm)
        from dataclasses import asdict

        from agent import chat as conversation
        from agent import took
        from agent.audit.recorder import Recorder
        from agent.events import Answer, Failed, Progress, ToolStarted
        from agent.session import Session
        from agent.state import Terms

        answer: Answer | None = None
        failed: Failed | None = None
        with progress(quiet) as say:
            session = Session.open(
                study,
                llm=settings.llm,
                llm_timeout=settings.llm_timeout,
                index=settings.index,
                encoder=settings.encoder,
                captioner=(settings.captioner, settings.captioner_timeout),
                record=lambda: Recorder(words=settings.audit_words),
                terms=Terms(settings.llm_send_to, settings.llm_price_in, settings.llm_price_out),
                progress=say,
            )
            if prior is not None:
                session.compare(prior, stated=same_patient, progress=say)
        _ask_to_send(session, given=send_conversation, by_hand=not as_json and not quiet)
        with progress(quiet) as say:
            say("Thinking")
            for event in conversation.stream(session, question):
                if isinstance(event, Progress):
                    say(event.text)
                elif isinstance(event, ToolStarted):
                    say(event.title)
                elif isinstance(event, Failed):
                    failed = event
                elif isinstance(event, Answer):
                    answer = event
        if audit is not None:
            write(audit.parent, {audit.name: session.audit.text()})
        if failed is not None:
            raise _failure(failed)
        assert answer is not None, "a turn ends with an Answer or a Failed"
        names = [f"evidence-{number}.png" for number, _ in enumerate(answer.images, start=1)]
        made_up = [f"synthetic-{number}.png" for number, _ in enumerate(answer.synthetic, start=1)]
        if images is not None:
            write(images, {n: i.png for n, i in zip(names, answer.images, strict=True)})
            write(images, {n: i.png for n, i in zip(made_up, answer.synthetic, strict=True)})
        if as_json:
            echo_json(
                {
                    "answer": answer.text,
                    "findings": list(answer.findings),
                    "images": [
                        {
                            "file": name if images is not None else None,
                            "caption": image.caption,
                            "series": image.series,
                            "slice": image.slice_index,
                            "level": image.level,
                        }
                        for name, image in zip(names, answer.images, strict=True)
                    ],
                    "guarded": list(answer.guarded),
                    "similar": [_similar_case(one) for one in answer.similar],
                    "synthetic": [
                        {"file": name if images is not None else None, "caption": one.caption}
                        for name, one in zip(made_up, answer.synthetic, strict=True)
                    ],
                    "took": asdict(answer.took) if answer.took else None,
                }
            )
        else:
            typer.echo(answer.text)
            for one in answer.similar:
                typer.echo(f"\n{one.number}. {one.case}, {one.written}, {one.licence}")
                typer.echo("\n".join(f"| {line}" for line in one.text.split("\n")))
            for name, image in zip(made_up, answer.synthetic, strict=True):
                kept = name if images is not None else "name a folder with --images to keep it"
                typer.echo(f"\n{image.caption} ({kept})")
        if answer.took is not None and not quiet:
            typer.echo(took.line(answer.took), err=True)


@app.command()
def chat(
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="Port of the page; a free one otherwise."),
    ] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Open no browser.")] = False,
) -> None:
    """Open the chat page; it is served to this machine alone."""
    with errors_as_exit_codes(as_json=False):
        _settings()
        import app as page

        page.main(port=port, browser=not no_browser)


@app.command()
def tools(as_json: AsJson = False) -> None:
    """List what the tools can do and the weights that they use."""
    with errors_as_exit_codes(as_json):
        from tools.registry import capabilities

        found = capabilities()
        if as_json:
            echo_json({"version": __version__, "tools": [c.model_dump(mode="json") for c in found]})
            return
        for capability in found:
            typer.echo(f"{capability.name}: {capability.does}")
            typer.echo(f"  needs    {capability.needs}")
            if capability.kinds:
                typer.echo(f"  kinds    {', '.join(capability.kinds)}")
            for weights in capability.weights:
                state = f"{weights.version}, {weights.licence}" if weights.there else "missing"
                typer.echo(f"  weights  {weights.name} ({state})")


@app.command()
def demo(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="PATH", help="New folder to write the study into.", show_default=False
        ),
    ],
) -> None:
    """Write the bundled study into PATH: a phantom, computed and no patient."""
    with errors_as_exit_codes(as_json=False):
        if path.exists() and not (path.is_dir() and not any(path.iterdir())):
            raise typer.BadParameter("it is there already; name a new folder.", param_hint="PATH")
        from data.synth import bundled

        write(path, {file.name: file.read_bytes() for file in bundled.study_folder().iterdir()})
        typer.echo(str(path))


def main() -> None:
    """The entry point of the installed command."""
    app(prog_name="radixgpt")


def _similar_case(one: SimilarCase) -> dict[str, Any]:
    """Another patient's case for a machine, without its picture."""
    from dataclasses import asdict

    return {name: value for name, value in asdict(one).items() if name != "png"}


def _ask_to_send(session: Session, *, given: bool, by_hand: bool) -> None:
    """See to it that a conversation leaves this machine only where its user allows that.

    At a terminal the user is asked; whatever is no yes keeps it here.

    Raises:
        ConsentError: nobody can be asked, and nobody allowed it before.
    """
    import sys

    from agent import leaving
    from radixgpt.consent import answer

    asked = leaving.question(session)
    if not asked:
        return
    if given:
        session.leave(True)
    elif by_hand and sys.stdin.isatty():
        typer.echo(f"{asked} ", nl=False, err=True)
        session.leave(answer(sys.stdin.readline()) is True)
    else:
        leaving.require(session, session.llm)


def _failure(event: Any) -> RadixError:
    """The error that a failed chat turn stands for."""
    error = RadixError(event.problem, event.mend)
    error.code = event.code
    return error


def _settings(**flags: Any) -> Settings:
    """The settings in force."""
    from radixgpt.settings import load

    return load(**flags)


def _summary(draft: Report, files: list[Path]) -> None:
    """What a person wants to know at once: the mark, the impression, where the files are."""
    typer.echo(draft.mark)
    section = "impression" if draft.section("impression") else "limitations"
    for sentence in draft.section(section):  # type: ignore[arg-type]
        typer.echo(f"- {sentence.text}")
    for path in files:
        typer.echo(str(path))


if __name__ == "__main__":
    main()
