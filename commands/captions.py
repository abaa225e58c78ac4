"""``radixgpt caption``: write one, say what one states, and whether it fits a study."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from commands.terminal import AsJson, Quiet, echo_json, errors_as_exit_codes, progress

app = typer.Typer(
    help="Write a caption of a study, read one, and hold one against a study.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Text = Annotated[
    str,
    typer.Argument(
        metavar="TEXT",
        help="The caption; @FILE for a file, - for standard input.",
        show_default=False,
    ),
]


@app.command()
def read(text: Text, as_json: AsJson = False) -> None:
    """Say what TEXT states: modality, region, plane, weighting, contrast, findings."""
    with errors_as_exit_codes(as_json):
        from tools import captions
        from tools.captions.agreement import in_words

        found = captions.classify(_given(text))
        if as_json:
            echo_json(found.model_dump(mode="json"))
            return
        said = found.technique
        contrast = {None: "", True: "given", False: "not given"}[said.contrast]
        for name, value in (
            ("modality", ", ".join(said.modalities)),
            ("region", ", ".join(said.regions)),
            ("plane", ", ".join(said.planes)),
            ("weighting", ", ".join(said.sequences)),
            ("contrast", contrast),
        ):
            typer.echo(f"{name:<9}  {value or 'not said'}")
        for one in found.findings:
            typer.echo(f"finding    {f'{one.level}: ' if one.level else ''}{in_words(one)}")


@app.command()
def check(
    study: Annotated[
        Path,
        typer.Argument(
            metavar="STUDY", help="As for `radixgpt report`, a picture too.", show_default=False
        ),
    ],
    text: Text,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Say whether TEXT fits STUDY, statement by statement."""
    with errors_as_exit_codes(as_json):
        from agent import pipeline
        from tools import captions
        from tools.captions.agreement import TECHNIQUE

        caption = captions.classify(_given(text))
        with progress(quiet) as say:
            reading = pipeline.look(pipeline.read_study(study, progress=say), progress=say)
            found = captions.check(caption, reading.study, reading.observations)
        if as_json:
            echo_json(found.model_dump(mode="json"))
            return
        score = "" if found.score is None else f", score {found.score:.2f}"
        typer.echo(f"{found.verdict.replace('_', ' ')}{score}")
        technique = [one for one in found.statements if one.about in TECHNIQUE]
        for one in found.statements:
            where = f"{one.level}: " if one.level else ""
            seen = f"; seen: {one.seen}" if one.seen else ""
            reason = f" ({one.reason})" if one.reason else ""
            answer = one.answer.replace("_", " ")
            about = f"{one.about} " if one in technique else ""
            typer.echo(f"  {answer:<11}  {where}{about}{one.stated}{seen}{reason}")
        for line in found.reasons:
            typer.echo(f"- {line}")


class StyleName(StrEnum):
    """How a caption is worded."""

    STANDARD = "standard"
    NOTE = "note"
    BRIEF = "brief"


@app.command()
def write(
    study: Annotated[
        Path, typer.Argument(metavar="STUDY", help="As for `radixgpt report`.", show_default=False)
    ],
    level: Annotated[
        str | None, typer.Option(help="One disc alone, such as L4-L5.", show_default=False)
    ] = None,
    series: Annotated[
        str | None, typer.Option(help="One series alone, such as s1.", show_default=False)
    ] = None,
    slice_number: Annotated[
        int | None,
        typer.Option("--slice", min=1, help="One slice of the series, from 1.", show_default=False),
    ] = None,
    style: Annotated[
        StyleName,
        typer.Option(help="Prose, level by level like a note, or finding by finding."),
    ] = StyleName.STANDARD,
    captioner: Annotated[
        str | None,
        typer.Option(help="Who writes; RADIXGPT_CAPTIONER otherwise.", show_default=False),
    ] = None,
    send: Annotated[
        bool,
        typer.Option(
            "--send-pictures",
            help="Allow the pictures of STUDY to leave this machine for the captioner's server.",
        ),
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Write a caption of STUDY that states nothing but what the graders saw with certainty."""
    if level is not None and series is not None:
        raise typer.BadParameter("name a level or a series, not both.", param_hint="--level")
    if slice_number is not None and series is None:
        raise typer.BadParameter("name its series by --series.", param_hint="--slice")
    with errors_as_exit_codes(as_json):
        from agent import pipeline
        from radixgpt.consent import Consents
        from radixgpt.settings import load
        from tools import captioner as captioning
        from tools.captioner.backends import parse

        settings = load(captioner=captioner)
        _, _, url = parse(settings.captioner)
        scope = captioning.Scope()
        if level is not None:
            scope = captioning.Scope.of_disc(level)
        elif series is not None and slice_number is not None:
            scope = captioning.Scope.of_image(series, slice_number - 1)
        elif series is not None:
            scope = captioning.Scope.of_series(series)
        consents = Consents()
        with progress(quiet) as say:
            opened = pipeline.read_study(study, progress=say)
            if url and send:
                consents.give(opened.key, url)
            if url:  # told before the tools look, and asked again where pictures leave
                consents.require(opened.key, url)
            reading = pipeline.look(opened, progress=say)
            say("Writing the caption")
            found = captioning.caption(
                reading.study,
                reading.eligibility,
                reading.observations,
                scope,
                style=style.value,
                captioner=captioning.Chosen(settings.captioner, settings.captioner_timeout),
                consents=consents,
            )
        if as_json:
            echo_json(found.model_dump(mode="json"))
            return
        typer.echo(found.text or f"Nothing may be said: {found.silence}.")
        if found.text and found.silence:
            typer.echo(f"No finding is stated: {found.silence}.")
        if found.text and not found.complete:
            typer.echo(f"Not complete: {', '.join(one.named for one in found.unsaid)} not told.")
        typer.echo(f"{found.mark}.")
        if not quiet:
            for one in found.left_out:
                typer.echo(f"  not stated  {one.named} ({one.reason})")
            for sentence in found.refused:
                typer.echo(f"  refused     {sentence.text} ({sentence.reason})")


def _given(text: str) -> str:
    """The text itself, or that of a file.

    Raises:
        CaseError: the file can't be read as UTF-8 text.
    """
    from radixgpt.errors import CaseError

    if text == "-":
        return sys.stdin.read()
    if not text.startswith("@"):
        return text
    path = Path(text[1:])
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CaseError(
            f"{path.name or 'The file'} can't be read.", "Name a file of UTF-8 text after @."
        ) from error
