"""``radixgpt ask``: one question about a study, answered from its findings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.terminal import (
    AsJson,
    Quiet,
    StudyPath,
    echo_json,
    errors_as_exit_codes,
    progress,
    write,
)
from radixgpt.errors import RadixError

if TYPE_CHECKING:
    from agent.events import SimilarCase
    from agent.session import Session


def run(
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
        from radixgpt.settings import load

        settings = load(llm=llm)
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
        ask_to_send(session, given=send_conversation, by_hand=not as_json and not quiet)
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
        studies = [
            f"synthetic-study-{number}.zip" if one.study else ""
            for number, one in enumerate(answer.synthetic, start=1)
        ]
        if images is not None:
            write(images, {n: i.png for n, i in zip(names, answer.images, strict=True)})
            write(images, {n: i.png for n, i in zip(made_up, answer.synthetic, strict=True)})
            write(images, {s: i.study for s, i in zip(studies, answer.synthetic, strict=True) if s})
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
                        {
                            "file": name if images is not None else None,
                            "study": packed if images is not None and packed else None,
                            "caption": one.caption,
                        }
                        for name, packed, one in zip(
                            made_up, studies, answer.synthetic, strict=True
                        )
                    ],
                    "took": asdict(answer.took) if answer.took else None,
                }
            )
        else:
            typer.echo(answer.text)
            for one in answer.similar:
                typer.echo(f"\n{one.number}. {one.case}, {one.written}, {one.licence}")
                typer.echo("\n".join(f"| {line}" for line in one.text.split("\n")))
            for name, packed, image in zip(made_up, studies, answer.synthetic, strict=True):
                kept = " and ".join(filter(None, (name, packed)))
                if images is None:
                    kept = "name a folder with --images to keep it"
                typer.echo(f"\n{image.caption} ({kept})")
        if answer.took is not None and not quiet:
            typer.echo(took.line(answer.took), err=True)


def ask_to_send(session: Session, *, given: bool, by_hand: bool) -> None:
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


def _similar_case(one: SimilarCase) -> dict[str, Any]:
    """Another patient's case for a machine, without its picture."""
    from dataclasses import asdict

    return {name: value for name, value in asdict(one).items() if name != "png"}
