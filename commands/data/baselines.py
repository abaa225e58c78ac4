"""``radixgpt data baselines``: what transparent models reach on measured features."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.data import explore
from commands.data.options import WorkspaceFolder
from commands.terminal import AsJson, Quiet, counted, echo_json, errors_as_exit_codes, write
from data.workspace import DEFAULT, Workspace

if TYPE_CHECKING:
    from data.baselines.run import Baselines

PAGE, NUMBERS, TABLE = "index.html", "baselines.json", "baselines.csv"


def run(
    workspace: WorkspaceFolder = DEFAULT,
    seed: Annotated[int, typer.Option(help="Of folds, models and resampling.", min=0)] = 0,
    jobs: Annotated[
        int | None,
        typer.Option(
            help="Processes; as many as there are processors by default.",
            min=1,
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Measure the graded discs, and learn what a trained network has to beat.

    An exploration that is there is drawn anew, with the baselines.
    """
    with errors_as_exit_codes(as_json):
        from data.baselines.run import run as learn
        from data.baselines.table import is_graded
        from radixgpt.case import read_cases
        from tools.measures import measure_discs

        place = Workspace(workspace)
        cases = [case for case in read_cases(place.cases) if is_graded(case)]
        with counted(quiet) as say:
            measured = measure_discs(cases, place.root, place.measures, say)
            sha256 = hashlib.sha256(place.cases.read_bytes()).hexdigest()
            found = learn(cases, measured, sha256=sha256, seed=seed, jobs=jobs, say=say)
        write(
            place.baselines,
            {PAGE: _page(found), NUMBERS: _text(found.document), TABLE: found.csv()},
        )
        if (place.exploration / explore.PAGE).is_file():
            with counted(quiet) as say:  # the exploration shows the baselines of its cases
                explore.draw(place.cases, place, place.exploration, say, seed=seed)
        if as_json:
            echo_json(found.document)
        elif not quiet:
            _summary(found)
            typer.echo(f"The table: {place.baselines / TABLE}")
            typer.echo(f"The page: {place.baselines / PAGE}")


def _page(found: Baselines) -> str:
    from data.baselines.sections import sections
    from data.explore.page import to_html

    document = found.document
    facts = {
        "title": "Baselines on measured features",
        "version": document["radixgpt"],
        "sha256": document["data"]["cases_sha256"],
        "seed": document["seed"],
    }
    return to_html(sections(document), facts)


def _text(document: dict[str, Any]) -> str:
    import json

    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _summary(found: Baselines) -> None:
    from data.baselines.document import main_metric, to_beat
    from data.baselines.models import MODEL_TITLES
    from data.explore.wording import title_of

    document = found.document
    patients = document["data"]["patients"]
    typer.echo(
        f"Learned from {patients['train']} patients; to be beaten on "
        f"{patients['development']} development patients:"
    )
    for row in to_beat(document["marks"]):
        if row["metric"] != main_metric(document["marks"], row["finding"]):
            continue
        value = (
            f"{row['value']:.3f} ({row['low']:.3f} to {row['high']:.3f})"
            if row["value"] is not None
            else f"not estimable: {row['reason']}"
        )
        title, model = title_of(row["finding"]), MODEL_TITLES[row["model"]]
        typer.echo(f"  {title}: {row['metric']} {value}, {model}")
    for finding, about in document["findings"].items():
        if about["reason"]:
            typer.echo(f"  {title_of(finding)}: not estimable: {about['reason']}")
    for note in document["data"]["notes"]:
        typer.echo(f"  ! {note}")
