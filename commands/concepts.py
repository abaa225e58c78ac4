"""``radixgpt concepts``: UMLS concepts of images, and submissions of the ImageCLEF concept task."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.terminal import AsJson, Quiet, counted, echo_json, errors_as_exit_codes, write

if TYPE_CHECKING:
    from tools.concepts import Detected


def run(
    images: Annotated[
        list[Path],
        typer.Argument(
            metavar="IMAGES...",
            help="Files or folders, each one study; with --ids one folder that holds the images.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="CSV with ID and CUIs to write.", show_default=False),
    ] = None,
    ids: Annotated[
        Path | None,
        typer.Option(help="CSV whose column ID names the images.", show_default=False),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Detect UMLS concepts in IMAGES: scores, thresholds and the levels behind them.

    A concept that no tool looks for is never said to be absent. Score a written file with
    `radixgpt eval concepts`.
    """
    with errors_as_exit_codes(as_json):
        if out is not None and out.is_dir():
            raise typer.BadParameter("OUT is a folder; name a file.", param_hint="-o")
        from agent import pipeline
        from eval.records import told_at_once
        from radixgpt.errors import InputError
        from tools import concepts
        from tools.concepts import files

        named = _named(images, ids)
        found: dict[str, tuple[Detected, ...]] = {}
        unread: list[str] = []
        with counted(quiet) as say:
            for done, (name, path) in enumerate(named, start=1):
                try:
                    study = pipeline.read_study(path)
                except InputError as error:
                    unread.append(f"{name}: {error.problem.rstrip('.')}")
                else:
                    reading = pipeline.look(study)
                    found[name] = concepts.run(
                        reading.study, reading.eligibility, reading.observations
                    )
                say("Detecting concepts", done, len(named))
        if out is not None:
            text = files.dumped((name, concepts.said(some)) for name, some in found.items())
            write(out.parent, {out.name: text})
        left = sum(not entry.detector for entry in concepts.vocabulary())
        if as_json:
            echo_json({"images": _as_json(found), "not_detectable": left})
        elif not quiet:
            for name, some in found.items():
                _tell(name, some)
            typer.echo(f"{left} more concepts of the vocabulary have no tool that looks for them.")
        told_at_once(unread, "All other images were done; mend these, or leave them out.")


def _named(images: list[Path], ids: Path | None) -> list[tuple[str, Path]]:
    """The images with their ids."""
    from radixgpt.errors import CaseError
    from tools.concepts import files

    if ids is not None:
        if len(images) != 1 or not images[0].is_dir():
            raise typer.BadParameter("with --ids give one folder.", param_hint="IMAGES")
        return [(name, files.image_of(images[0], name)) for name in files.ids_of(ids)]
    named = [(path.name if path.is_dir() else path.stem, path) for path in images]
    names = [name for name, _ in named]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise CaseError(f"Two images have the id {twice[0][:60]}.", "Rename one of the two.")
    return named


def _as_json(found: dict[str, tuple[Detected, ...]]) -> dict[str, Any]:
    return {name: [one.model_dump(mode="json") for one in some] for name, some in found.items()}


def _tell(name: str, found: tuple[Detected, ...]) -> None:
    typer.echo(name)
    for one in found:
        if one.status != "scored":
            continue
        sign = "+" if one.present else "-"
        where = f"  {one.level}" if one.level else ""
        doubt = "" if one.calibrated else "  (not calibrated)"
        typer.echo(
            f"  {sign} {one.cui or 'no CUI':<9} {one.score:.2f} of {one.threshold:.2f}"
            f"  {one.meaning}{where}{doubt}"
        )
    left = [one.meaning for one in found if one.status != "scored" and one.group == "finding"]
    if left:
        typer.echo(f"  not assessed: {', '.join(left)}")
