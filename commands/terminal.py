"""What every command of the terminal shares: exit codes, progress, JSON and written files.

Machine output goes to stdout and nothing else does; progress and errors go to stderr.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from radixgpt.errors import RadixError, SettingsError

USAGE, INPUT, NOT_ELIGIBLE = 2, 3, 4
EXIT_CODES: dict[str, int] = {
    "error": 1,
    "stopped": 1,
    "settings": USAGE,
    "level": USAGE,
    "input": INPUT,
    "unreadable": INPUT,
    "unsafe": INPUT,
    "mixed-patients": INPUT,
    "rejected-object": INPUT,
    "cases": INPUT,
    "corpus": INPUT,
    "not-eligible": NOT_ELIGIBLE,
    "weights": 5,
    "missing-package": 5,
    "check-failed": 6,
    "language-model": 7,
    "captioner": 7,
    "consent": 7,
    "gather": 8,
    "send": 8,
    "audit": 9,
}
"""The exit code for the ``code`` of each error in :mod:`radixgpt.errors`."""

StudyPath = Annotated[
    Path,
    typer.Argument(
        metavar="STUDY",
        help="A DICOM file, a folder or zip of them, a NIfTI, a PNG or JPEG or a folder of them.",
        show_default=False,
    ),
]
"""A study to be read."""
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a machine.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no summary.")]


@contextmanager
def errors_as_exit_codes(as_json: bool) -> Iterator[None]:
    """Turn the project's errors into a message with its mend and the documented exit code."""
    try:
        yield
    except RadixError as error:
        if as_json:
            said = {"code": error.code, "problem": error.problem, "mend": error.mend}
            echo_json({"error": said})
        typer.echo(f"radixgpt: {error.problem}", err=True)
        typer.echo(f"  {error.mend}", err=True)
        raise typer.Exit(EXIT_CODES.get(error.code, 1)) from error


def echo_json(value: object) -> None:
    """Print a value for a machine."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


def write(folder: Path, files: Mapping[str, str | bytes]) -> None:
    """Write files into a folder, which is made if it is not there.

    Raises:
        SettingsError: nothing can be written there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            data = content.encode("utf-8") if isinstance(content, str) else content
            (folder / name).write_bytes(data)
    except OSError as error:
        raise SettingsError(
            f"Nothing can be written there: {error.strerror or 'unknown reason'}.",
            "Name a folder that you may write to.",
        ) from error


@contextmanager
def progress(quiet: bool) -> Iterator[Callable[[str], None]]:
    """A place to say what is being done: a spinner on a terminal, lines elsewhere."""
    if quiet:
        yield lambda _: None
        return
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda text: print(text, file=sys.stderr, flush=True)
        return
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as shown:
        task = shown.add_task("Starting", total=None)
        yield lambda text: shown.update(task, description=text)


@contextmanager
def counted(quiet: bool) -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar for counted work: ``say(what, done, total)``.

    A terminal shows a bar with the time left; elsewhere a line is printed at each tenth.
    """
    if quiet:
        yield lambda _what, _done, _total: None
        return
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        told: set[tuple[str, int]] = set()

        def line(what: str, done: int, total: int) -> None:
            mark = (what, 10 * done // max(total, 1))
            if mark not in told:
                told.add(mark)
                print(f"{what}: {done} of {total}", file=sys.stderr, flush=True)

        yield line
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as TimeLeft

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeLeft(),
    )
    with Progress(*columns, console=console, transient=True) as shown:
        tasks: dict[str, Any] = {}

        def bar(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = shown.add_task(what, total=total)
            shown.update(tasks[what], completed=done, total=total)

        yield bar
