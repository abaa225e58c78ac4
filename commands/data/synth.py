"""``radixgpt data synth``: made-up images, marked as such, and what they are worth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from commands.terminal import AsJson, Quiet, counted, echo_json, errors_as_exit_codes, write

app = typer.Typer(
    help="Make up images of the lumbar spine; none shows a patient.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.callback()
def _group() -> None:
    pass


@app.command("make")
def make(
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FOLDER", help="Where the files are written.")
    ],
    finding: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TEXT",
            help="A place with what it shows, such as 'L4-L5 pfirrmann 5' or 'L3 fracture'; may be "
            "given again. What is not named is healthy. A word that is not understood is refused.",
            show_default=False,
        ),
    ] = None,
    sequence: Annotated[
        Literal["t1", "t2"] | None,
        typer.Option(
            help="The weighting of an image: t2, or t1. A study has both.", show_default=False
        ),
    ] = None,
    by: Annotated[
        Literal["phantom", "rgan", "diffusion"],
        typer.Option(
            help="Geometry and physics with exact truth, or a network: rgan draws the discs that "
            "are named, diffusion the column."
        ),
    ] = "phantom",
    study: Annotated[
        bool, typer.Option("--study", help="A whole DICOM study, T1 and T2, by the phantom.")
    ] = False,
    axial: Annotated[
        bool, typer.Option("--axial", help="With --study: also axial T2 slices along the discs.")
    ] = False,
    truth: Annotated[
        bool,
        typer.Option(
            "--truth",
            help="Also what is true of each phantom: grades and millimetres of discs, vertebrae "
            "and spine as JSON, and of an image its mask (0 background, 1 vertebra, 2 disc, "
            "3 canal).",
        ),
    ] = False,
    count: Annotated[int, typer.Option(min=1, max=1000, help="How many.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="The same seed makes the same images.")] = 0,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Make up images, or a whole study, with the findings that are asked for.

    Every file says that it is synthetic: PNG in the text chunks Synthetic and Description, DICOM in
    the patient's name, the study's description and the image comments. Another image or study that
    is there already is not written over.
    """
    with errors_as_exit_codes(as_json):
        from data.synth import make as making
        from data.synth.marked import as_png
        from radixgpt.errors import SettingsError

        if study and by != "phantom":
            raise SettingsError(
                f"A whole study can't be made by {by}.", "Leave --study out, or use --by phantom."
            )
        if study and sequence is not None:
            raise SettingsError(
                f"--sequence {sequence} was given with --study, which has T1 and T2.",
                "Leave one of them out.",
            )
        weighting = sequence or "t2"
        if axial and not study:
            raise SettingsError("--axial was given without --study.", "Give --study too.")
        if truth and by != "phantom":
            raise SettingsError(
                f"Nothing is known to be true of what {by} makes.",
                "Leave --truth out, or use --by phantom.",
            )
        request = making.asked(finding or [])
        making.ready(request, by, seed, count, study=study)
        words = request.told()
        model = making.facts(by)
        files: list[str] = []
        with counted(quiet) as say:
            if study:
                for done, number in enumerate(range(seed, seed + count), start=1):
                    name = f"synthetic-{number:04d}"
                    _free(out / name)
                    making.study(request, out / name, number, axial=axial)
                    files.append(name)
                    if truth:
                        told = making.truth_of(request, number).as_json()
                        write(out, {f"{name}-truth.json": told})
                        files.append(f"{name}-truth.json")
                    say("Making", done, count)
            else:
                total = count * (len(request.discs) if by == "rgan" else 1)
                made = making.pictures(request, weighting, by, seed, count)
                for done, one in enumerate(made, start=1):
                    level = f"-{one.level}" if one.level else ""
                    name = f"synthetic-{by}-{weighting}{level}-{one.seed:04d}"
                    told = f"{weighting.upper()}, {words}"
                    new: dict[str, str | bytes] = {
                        f"{name}.png": as_png(one.pixels, by=by, asked=told, seed=one.seed)
                    }
                    if truth:
                        known = making.truth_of(request, one.seed)
                        new[f"{name}-truth.json"] = known.as_json()
                        new[f"{name}-mask.png"] = known.mask_png(told)
                    for file, content in new.items():
                        _free(out / file, content)
                    write(out, new)
                    files += new
                    say("Making", done, total)
        if as_json:
            echo_json(
                {
                    "synthetic": True,
                    "by": by,
                    "model": model.model_dump(mode="json") if model else None,
                    "sequence": None if study else weighting,
                    "asked": request.as_dict(),
                    "understood": words,
                    "files": files,
                }
            )
        elif not quiet:
            typer.echo(f"Made up by {by}, no patient's: {words}.")
            for name in files:
                typer.echo(f"  {name}")


def _free(path: Path, content: str | bytes | None = None) -> None:
    """Refuse to write over another image, or to mix a study with what is in its folder."""
    from radixgpt.errors import SettingsError

    if content is None:
        taken = path.is_file() or (path.is_dir() and any(path.iterdir()))
    else:
        new = content.encode() if isinstance(content, str) else content
        taken = path.exists() and not (path.is_file() and path.read_bytes() == new)
    if taken:
        raise SettingsError(
            f"'{path.name}' is there already, and is another.",
            "Name another folder with -o, or another --seed.",
        )


@app.command("evaluate")
def evaluate(
    shared: Annotated[
        Path,
        typer.Option(
            metavar="FOLDER",
            envvar="RADIXGPT_SHARED_DATA",
            help="The staged data, with the SPIDER gradings.",
        ),
    ] = Path("../shared/data"),
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="FILE", help="A Markdown page of the tables.", show_default=False
        ),
    ] = None,
    count: Annotated[int, typer.Option(min=50, help="Crops that each network makes up.")] = 1200,
    phantoms: Annotated[int, typer.Option(min=5, help="Phantoms that are drawn.")] = 120,
    kept: Annotated[
        Path,
        typer.Option(metavar="FILE", help="Where the patients' crops are kept, to go on with."),
    ] = Path("runs/classifier/discs.pickle"),
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Hold what phantom, GAN and diffusion make up against real patients.

    How near it is (FID, KID, precision, recall, in features of our own grader), how much of it
    copies a training image, whether the grader sees the grades that were asked for, and whether a
    model that learns from it gets better on patients it has not seen.
    """
    with errors_as_exit_codes(as_json):
        import json

        from finetune.synthesis import run

        with counted(quiet) as say:
            found = run.measured(shared, kept, count, phantoms, say)
        if out is not None:
            write(out.parent, {out.name: run.page(found)})
        if as_json:
            echo_json(json.loads(run.as_json(found)))
        elif not quiet:
            for line in found["missing"]:
                typer.echo(line)
            for table in run.tables(found).values():
                typer.echo(f"{table}\n")
