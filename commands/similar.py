"""``radixgpt similar``: other patients' cases that are like a study."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from commands.index.options import (
    AnyIndex,
    Count,
    Having,
    NoVectors,
    OfModality,
    OfSource,
    filters,
    opened,
)
from commands.terminal import AsJson, Quiet, echo_json, errors_as_exit_codes, progress, write


def run(
    study: Annotated[
        Path,
        typer.Argument(metavar="STUDY", help="As for `radixgpt report`.", show_default=False),
    ],
    text: Annotated[
        str, typer.Option(help="Ask for this instead of the study's findings.", show_default=False)
    ] = "",
    level: Annotated[
        str, typer.Option(help="Compare this disc alone, such as L4-L5.", show_default=False)
    ] = "",
    index: AnyIndex = None,
    k: Count = 5,
    having: Having = None,
    modality: OfModality = "",
    source: OfSource = "",
    patient: Annotated[
        str,
        typer.Option(
            help="The study's own patient in the index, who is not to be returned. A case with "
            "the same pictures is never returned.",
            show_default=False,
        ),
    ] = "",
    shift_levels: Annotated[
        int, typer.Option(metavar="N", help="Move the numbering of the levels up by N.")
    ] = 0,
    no_vectors: NoVectors = False,
    images: Annotated[
        Path | None,
        typer.Option(help="Folder for the key images of the cases.", show_default=False),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Find cases of other patients that are like STUDY, with the reasons and their texts."""
    with errors_as_exit_codes(as_json):
        if text and level:
            raise typer.BadParameter("name the level in the text.", param_hint="--level")
        from agent import pipeline
        from radixgpt.level import parse_disc
        from tools.similar import look, told

        disc = parse_disc(level) if level else ""
        chosen = filters(having, modality, source)
        with progress(quiet) as say:
            say("Opening the index")
            asked = opened(index, vectors=not no_vectors)
            reading = pipeline.look(
                pipeline.read_study(study, progress=say), level_shift=shift_levels, progress=say
            )
            say("Searching")
            seen = (reading.study, reading.eligibility, reading.observations)
            if text:
                looked = look(*seen, asked.encoder)
                answer = asked.told(text, looked=looked, patient=patient, k=k, filters=chosen)
            else:
                answer = asked.like(*seen, level=disc, patient=patient, k=k, filters=chosen)
        found = [told.found_of(hit) for hit in answer]
        if images is not None:
            root = asked.store.workspace()
            pictures = {f"case-{one.rank}.png": told.key_picture(root, one) for one in found}
            write(images, {name: png for name, png in pictures.items() if png is not None})
        if as_json:
            listed = [one.model_dump(mode="json") for one in found]
            echo_json({"cases": listed, "own_left_out": answer.own, "notes": list(answer.notes)})
            return
        for note in answer.notes:
            typer.echo(note)
        typer.echo(told.OTHERS if found else "No case of the index fits.")
        typer.echo(told.own_left_out(answer.own))
        for line in told.lines(found):
            typer.echo(line)
