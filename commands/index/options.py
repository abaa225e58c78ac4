"""Options that the commands of an index share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from retrieval.query import Filters
    from tools.similar import Finder

IndexFolder = Annotated[
    Path,
    typer.Option(
        "--index", "-i", metavar="FOLDER", help="Folder of the index.", show_default=False
    ),
]
AnyIndex = Annotated[
    Path | None,
    typer.Option(
        "--index",
        "-i",
        metavar="FOLDER",
        help="Folder of the index; RADIXGPT_INDEX, or the shipped one, otherwise.",
        show_default=False,
    ),
]
CasesFile = Annotated[
    Path,
    typer.Argument(metavar="CASES", help="JSON lines of mapped cases.", show_default=False),
]
WorkspaceOf = Annotated[
    Path | None,
    typer.Option(
        "--workspace",
        "-w",
        metavar="FOLDER",
        help="Workspace that the paths of images start from; the folder of CASES otherwise.",
        show_default=False,
    ),
]
Count = Annotated[int, typer.Option("-k", min=1, max=50, help="Cases to return at most.")]
Having = Annotated[
    str | None,
    typer.Option(
        "--with",
        metavar="TEXT",
        help="Only cases that state these findings, such as 'Modic 2 at L4-L5, no herniation'.",
        show_default=False,
    ),
]
OfModality = Annotated[
    str, typer.Option("--modality", help="Only cases of this modality.", show_default=False)
]
OfSource = Annotated[
    str, typer.Option("--source", help="Only cases of this source.", show_default=False)
]
NoVectors = Annotated[
    bool, typer.Option("--no-vectors", help="Search by findings and words alone.")
]


def filters(having: str | None, modality: str, source: str, level: str = "") -> Filters:
    """The filters that the options name.

    Raises:
        SettingsError: the text of ``--with`` names no conditions that can be held together.
        LevelError: ``level`` is no disc.
    """
    from radixgpt.level import parse_disc
    from retrieval.query import Filters
    from tools.similar.question import conditions

    wanted = conditions(having) if having is not None else ()
    place = parse_disc(level) if level else ""
    return Filters(modality=modality, source=source, level=place, having=wanted)


def folder_of(index: Path | None) -> Path | None:
    """The index that is meant: of the option, else of the settings; None for the shipped one."""
    from radixgpt.settings import load

    return index if index is not None else load().index


def opened(index: Path | None, *, vectors: bool) -> Finder:
    """The index that is meant, with the encoder that asks it."""
    from radixgpt.settings import load
    from tools.similar import finder

    return finder.opened(folder_of(index), encoder=load().encoder, vectors=vectors)
