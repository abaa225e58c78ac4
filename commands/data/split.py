"""``radixgpt data split``: give every patient a side, or test that nothing leaks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from commands.data.options import WorkspaceFolder
from commands.terminal import AsJson, Quiet, counted, echo_json, errors_as_exit_codes
from data.workspace import DEFAULT

if TYPE_CHECKING:
    from data.splits.record import Splits
    from radixgpt.case import Split

_SEED = 20
_SHARES = "0.7,0.15,0.15"


def run(
    workspace: WorkspaceFolder = DEFAULT,
    shares: Annotated[
        str,
        typer.Option(
            metavar="A,B,C",
            help="Shares of each source's patients in train, development and test.",
        ),
    ] = _SHARES,
    seed: Annotated[int, typer.Option(help="Decides every tie.", min=0)] = _SEED,
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; fail where anything leaks.")
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Split the cases by patient, duplicates kept on one side and rare findings shared out.

    Writes splits.json, and the split into cases.jsonl and tables/. The sides of SPIDER's patients
    are fixed: the weights that ship learned from its training part.
    """
    with errors_as_exit_codes(as_json):
        from data.splits.run import check_workspace, split_workspace
        from data.workspace import Workspace

        place = Workspace(workspace)
        with counted(quiet) as say:
            if check:
                leaks = check_workspace(place, say=say)
            else:
                splits = split_workspace(place, shares=_parts(shares), seed=seed, say=say)
        if check:
            if as_json:
                echo_json({"leaks": 0, "duplicates": leaks.checked})
            elif not quiet:
                typer.echo(f"Nothing leaks: {leaks.checked} duplicates, each on one side.")
        elif as_json:
            echo_json(splits.model_dump(mode="json", exclude={"cases"}))
        elif not quiet:
            _summary(splits)


def _parts(text: str) -> dict[Split, float]:
    """The shares by side; those of 0 left out.

    Raises:
        SettingsError: they aren't three numbers that add up to one.
    """
    from data.splits.assign import SPLITS
    from radixgpt.errors import SettingsError

    mend = f"Write three numbers from 0 to 1 that add up to 1, such as {_SHARES}."
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError as error:
        raise SettingsError(f"The shares '{text[:40]}' are no numbers.", mend) from error
    if len(numbers) != len(SPLITS) or min(numbers) < 0 or not 0.999 < sum(numbers) < 1.001:
        raise SettingsError(f"The shares '{text[:40]}' can't be used.", mend)
    total = sum(numbers)
    return {side: part / total for side, part in zip(SPLITS, numbers, strict=True) if part}


def _summary(splits: Splits) -> None:
    from data.duplicates.find import by_kind

    for source, sides in splits.sources.items():
        told = ", ".join(
            f"{side} {count.patients} patients ({count.cases} cases)"
            for side, count in sides.items()
        )
        typer.echo(f"{source}: {told}")
    kinds = ", ".join(f"{n} by {kind}" for kind, n in by_kind(splits.pairs).items()) or "none"
    typer.echo(
        f"Duplicates of two patients: {kinds}; {len(splits.groups)} groups of patients are kept "
        f"together. {splits.boilerplate} texts are boilerplate and link nobody."
    )
