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
            help="A disc with what it shows, such as 'L4-L5 pfirrmann 5'; may be given again. "
            "Discs that are not named are healthy.",
            show_default=False,
        ),
    ] = None,
    sequence: Annotated[Literal["t1", "t2"], typer.Option(help="The weighting.")] = "t2",
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
    count: Annotated[int, typer.Option(min=1, max=1000, help="How many.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="The same seed makes the same images.")] = 0,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Make up images, or a whole study, with the findings that are asked for.

    Every file says that it is synthetic: PNG in the text chunks Synthetic and Description, DICOM in
    the patient's name, the study's description and the image comments.
    """
    with errors_as_exit_codes(as_json):
        from data.synth import make as making
        from data.synth.marked import as_png
        from radixgpt.errors import SettingsError

        if study and by != "phantom":
            raise SettingsError(
                f"A whole study can't be made by {by}.", "Leave --study out, or use --by phantom."
            )
        if axial and not study:
            raise SettingsError("--axial was given without --study.", "Give --study too.")
        discs = making.asked(finding or [])
        words = making.told(discs)
        model = making.facts(by)
        files: list[str] = []
        with counted(quiet) as say:
            if study:
                for number in range(seed, seed + count):
                    making.study(discs, out / f"synthetic-{number:04d}", number, axial=axial)
                    files.append(f"synthetic-{number:04d}")
                    say("Making", len(files), count)
            else:
                total = count * (len(discs) if by == "rgan" else 1)
                for one in making.pictures(discs, sequence, by, seed, count):
                    level = f"-{one.level}" if one.level else ""
                    name = f"synthetic-{by}-{sequence}{level}-{one.seed:04d}.png"
                    told = f"{sequence.upper()}, {words}"
                    write(out, {name: as_png(one.pixels, by=by, asked=told, seed=one.seed)})
                    files.append(name)
                    say("Making", len(files), total)
        if as_json:
            echo_json(
                {
                    "synthetic": True,
                    "by": by,
                    "model": model.model_dump(mode="json") if model else None,
                    "sequence": None if study else sequence,
                    "asked": {
                        level: {
                            "pfirrmann": one.pfirrmann,
                            "modic": one.modic,
                            "present": sorted(one.present),
                        }
                        for level, one in discs.items()
                    },
                    "files": files,
                }
            )
        elif not quiet:
            typer.echo(f"Made up by {by}, no patient's: {words}.")
            for name in files:
                typer.echo(f"  {name}")


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
