"""``radixgpt caption``: what a caption says, and whether it fits a study."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from commands.terminal import AsJson, Quiet, echo_json, errors_as_exit_codes, progress

app = typer.Typer(
    help="Read a caption or report text, and hold it against a study.",
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
