"""Options that the data commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

WorkspaceFolder = Annotated[
    Path,
    typer.Option(
        "--workspace",
        "-w",
        metavar="FOLDER",
        help="Folder that the data commands share.",
    ),
]
