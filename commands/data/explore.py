"""``radixgpt data explore``: one page that shows what the cases hold, and what is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.data.options import WorkspaceFolder
from commands.terminal import AsJson, Quiet, counted, echo_json, errors_as_exit_codes, write
from data.workspace import DEFAULT, Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from data.explore import Embedding, Exploration, Given, Tables
    from data.explore.section import Section
    from data.explore.tables import Say
    from radixgpt.case import Case

PAGE, NUMBERS = "index.html", "explore.json"


def run(
    cases: Annotated[
        Path | None,
        typer.Argument(
            metavar="[CASES]",
            help="Cases as JSON lines; by default those of the workspace.",
            show_default=False,
        ),
    ] = None,
    workspace: WorkspaceFolder = DEFAULT,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FOLDER",
            help="Where the page goes; by default explore/ of the workspace.",
            show_default=False,
        ),
    ] = None,
    excerpts: Annotated[
        bool,
        typer.Option("--excerpts", help="Put the beginnings of a few texts on the page."),
    ] = False,
    seed: Annotated[int, typer.Option(help="Of samples, folds and the map.", min=0)] = 0,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Explore cases: write one page, complete in itself, and the numbers behind it."""
    with errors_as_exit_codes(as_json):
        # The paths of images start beside the file of cases, unless a workspace is named.
        beside = cases is not None and workspace == DEFAULT
        place = Workspace(cases.parent if cases and beside else workspace)
        folder = out or place.exploration
        with counted(quiet) as say:
            found = draw(cases or place.cases, place, folder, say, seed=seed, excerpts=excerpts)
        if as_json:
            echo_json(found.statistics())
        elif not quiet:
            _summary(found, folder / PAGE)


def draw(
    path: Path,
    place: Workspace,
    folder: Path,
    say: Say,
    *,
    seed: int = 0,
    excerpts: bool = False,
) -> Exploration:
    """Explore the cases of a file and write the page and its numbers into a folder."""
    from concurrent.futures import ThreadPoolExecutor

    from data.explore import explore, open_images, read_tables

    tables = read_tables(path, say)
    # The network keeps one processor busy, the measures of pixels another.
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(_seen, path, place, tables, seed, say)
        looks = open_images(tables, place.root, say, seed=seed)
        given = _given(place, tables, waiting.result())
    found = explore(path, place, tables, looks, given, say, seed=seed, excerpts=excerpts)
    write(folder, {PAGE: found.html(), NUMBERS: _text(found.statistics())})
    return found


def _given(place: Workspace, tables: Tables, seen: pd.DataFrame | None) -> Given:
    """What the tools and the other steps know of these cases."""
    from data.explore import Given

    return Given(
        embedding=None if seen is None else _embedding(seen),
        seen=seen,
        discs=_discs(place),
        citations=_citations(place),
        more=_baselines(place, tables.sha256),
    )


def _seen(path: Path, place: Workspace, tables: Tables, seed: int, say: Say) -> pd.DataFrame | None:
    """Embed the chosen images; None where there are no images or no weights."""
    from data.explore import images_to_open
    from radixgpt.errors import WeightsError

    chosen = images_to_open(tables, seed)
    if not chosen:
        return None  # and nothing heavy is imported
    from tools.embeddings import embed_images
    from tools.threads import one_thread

    cases = _with_images(path, tables, chosen)
    try:
        with one_thread():
            return embed_images(cases, place.root, place.measures, say)
    except WeightsError:
        return None  # the page says that it rests on thumbnails


def _with_images(path: Path, tables: Tables, chosen: list[int]) -> Iterator[Case]:
    """The cases with the chosen images alone."""
    from radixgpt.case import read_cases

    wanted: dict[str, set[str]] = {}
    for row in chosen:
        case = str(tables.cases["id"].iloc[int(tables.images["case"].iloc[row])])
        wanted.setdefault(case, set()).add(str(tables.images["path"].iloc[row]))
    for read in read_cases(path):
        if read.id in wanted:
            images = tuple(i for i in read.images if i.path in wanted[read.id])
            yield read.model_copy(update={"images": images})


def _embedding(seen: pd.DataFrame) -> Embedding:
    from data.explore import Embedding

    there = seen[seen["embedding"].notna()]
    vectors = dict(zip(there["image"], there["embedding"], strict=True))
    return Embedding("EfficientNet-Lite0 features (ImageNet)", vectors)


def _discs(place: Workspace) -> pd.DataFrame | None:
    """What was measured of discs, if baselines were learnt before."""
    import pandas as pd
    from pyarrow import ArrowException

    from radixgpt.errors import CaseError

    table = place.measures / "discs.parquet"
    if not table.is_file():
        return None
    try:
        return pd.read_parquet(table)
    except (OSError, ArrowException) as error:
        raise CaseError(
            f"{table.parent.name}/{table.name} is no table, or is damaged.",
            "Delete it; radixgpt data baselines makes it again.",
        ) from error


def _citations(place: Workspace) -> dict[str, str]:
    """What is to be cited for each source."""
    from data.gather.provenance import read

    return {r.source: r.citation for r in read(place.provenance).values() if r.citation}


def _baselines(place: Workspace, sha256: str) -> tuple[Section, ...]:
    """The baselines that were learned from these very cases, else a word that there are none."""
    import json

    from data.baselines.sections import sections
    from data.explore.section import absent
    from radixgpt.errors import CaseError

    document = place.baselines / "baselines.json"
    how = "radixgpt data baselines learns what a trained network has to beat."
    if not document.is_file():
        return (absent("baselines", "Baselines", f"No baseline was learned yet: {how}"),)
    try:
        learned = json.loads(document.read_text(encoding="utf-8"))
        if learned["data"]["cases_sha256"] == sha256:
            return sections(learned)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CaseError(
            f"{document.parent.name}/{document.name} is damaged.",
            "Delete it; radixgpt data baselines makes it again.",
        ) from error
    said = f"The baselines that are there were learned from other cases: {how}"
    return (absent("baselines", "Baselines", said),)


def _text(numbers: object) -> str:
    import json

    return json.dumps(numbers, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _summary(found: Exploration, page: Path) -> None:
    for section in found.sections:
        typer.echo(f"{section.title}: {section.sentence}")
        for alert in section.alerts:
            typer.echo(f"  ! {alert}")
    typer.echo(f"The page: {page}")
