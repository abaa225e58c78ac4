"""Split a workspace: find duplicates, give sides, write them into the cases and tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from data.duplicates.find import boilerplate, find
from data.duplicates.pair import Pair, groups_of
from data.leaks import Leaks, check
from data.mapping.source import Say
from data.splits.assign import assign, fixed_by_weights, tally
from data.splits.record import Side, Splits, content, write_splits
from data.tables import write_tables
from data.workspace import Workspace
from radixgpt.case import Case, Split, read_cases, write_cases
from radixgpt.errors import CaseError


def split_workspace(
    workspace: Workspace, *, shares: Mapping[Split, float], seed: int, say: Say
) -> Splits:
    """Split the cases of a workspace, write ``splits.json``, and update cases and tables.

    Args:
        workspace: that was mapped.
        shares: side to its share of each source's patients; they add up to one.
        seed: decides every tie.
        say: progress.

    Raises:
        CaseError: there are no cases, an image can't be read, or duplicates lie on different fixed
            sides.
        MissingPackageError: a package of the extra ``data`` is not installed.
    """
    cases = _cases(workspace)
    pairs = _pairs(cases, workspace, say)
    side_of = assign(cases, pairs, shares=shares, seed=seed)
    sources, labels = tally(cases, side_of)
    splits = Splits(
        shares=dict(shares),
        seed=seed,
        of=content(cases),
        sources={
            source: {
                side: Side(patients=people, cases=count) for side, (people, count) in sides.items()
            }
            for source, sides in sources.items()
        },
        labels=labels,
        fixed=len(fixed_by_weights(cases)),
        groups=_groups(pairs),
        pairs=tuple(pairs),
        boilerplate=boilerplate(cases),
        cases={case.id: side_of[case.patient] for case in cases},
    )
    check(_with_sides(cases, side_of), pairs)
    say("Writing cases and tables", 0, 1)
    try:
        write_cases(workspace.cases, _with_sides(cases, side_of))
        write_tables(workspace.cases, workspace.tables)
        write_splits(workspace.splits, splits)
    except OSError as error:
        raise CaseError(
            f"A file can't be written: {error.strerror or type(error).__name__}.",
            "Check the disk and the permissions.",
        ) from error
    say("Writing cases and tables", 1, 1)
    return splits


def check_workspace(workspace: Workspace, *, say: Say) -> Leaks:
    """The leak test on the cases as they are, with duplicates looked for anew.

    Raises:
        CaseError: a case has no side, or a patient or something shared lies on two sides.
        MissingPackageError: a package of the extra ``data`` is not installed.
    """
    cases = _cases(workspace)
    return check(cases, _pairs(cases, workspace, say))


def _pairs(cases: Sequence[Case], workspace: Workspace, say: Say) -> list[Pair]:
    """What has to stay together.

    Two patients whose sides are fixed are two people, as their set numbers them: where they only
    look like one person, the look is not believed.
    """
    fixed = fixed_by_weights(cases)
    return [
        pair
        for pair in find(cases, workspace.root, say)
        if pair.kind != "person" or not all(patient in fixed for patient in pair.patients)
    ]


def _cases(workspace: Workspace) -> list[Case]:
    cases = list(read_cases(workspace.cases))
    if not cases:
        raise CaseError("There are no cases.", "Gather and map first: radixgpt data map.")
    return cases


def _with_sides(cases: Iterable[Case], side_of: Mapping[str, Split]) -> Iterator[Case]:
    return (case.model_copy(update={"split": side_of[case.patient]}) for case in cases)


def _groups(pairs: Iterable[Pair]) -> tuple[tuple[str, ...], ...]:
    return tuple(sorted(tuple(sorted(group)) for group in groups_of(p.patients for p in pairs)))
