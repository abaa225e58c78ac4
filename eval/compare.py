"""Systems compared on the studies they share, from the scores that ``radixgpt eval score`` left.

Each metric has its leaderboard: the mean of the studies' scores with a bootstrap interval, the
rank, and against the best system the paired difference, its sign-flip p-value, and that adjusted by
Holm's method for the number of systems compared with the best. Groups (patients) are drawn and
flipped whole.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from eval.batch.output import SCORES, STUDIES
from eval.records import told_at_once
from eval.statistics import DRAWS, FLIPS, Floats, bootstrap, by_study, holm, mean_of, sign_flip
from radixgpt.errors import CaseError, MissingPackageError, SettingsError

ALPHA = 0.05
_MEND = "Score every system against the same references with `radixgpt eval score`."
Say = Callable[[str, int, int], None]


@dataclass(frozen=True)
class System:
    """The cached scores of one system.

    Attributes:
        name: how it is called.
        ids: of the n studies.
        groups: what is drawn as one.
        scores: metric to (n,) scores.
        corpus: metric to its score of the whole corpus, where ``scores.json`` is there.
        signatures: metric to its signature, where it is there.
        smaller: metrics of which smaller is better.
        references: hash of the references, where it is there.
    """

    name: str
    ids: list[str]
    groups: list[str]
    scores: dict[str, Floats]
    corpus: dict[str, float | None]
    signatures: dict[str, str]
    smaller: frozenset[str]
    references: str


@dataclass(frozen=True)
class Place:
    """One system's place by one metric.

    Attributes:
        system: its name.
        rank: from 1; equal values share one.
        value: mean of the studies' scores.
        low: lower end of its 95 % interval.
        high: upper end.
        corpus: the corpus score, where the studies are all of the system's; pooled metrics such
            as BLEU differ from the mean of the studies.
        difference: mean of the best system's scores less this one's, turned so that more is worse.
        difference_low: lower end of its 95 % interval.
        difference_high: upper end.
        p: two-sided sign-flip p-value against the best; None of the best itself.
        p_holm: the same adjusted.
    """

    system: str
    rank: int
    value: float
    low: float
    high: float
    corpus: float | None
    difference: float
    difference_low: float
    difference_high: float
    p: float | None
    p_holm: float | None

    @property
    def verdict(self) -> str:
        """``best``, ``worse``, or ``not told apart`` from the best."""
        if self.p_holm is None:
            return "best"
        return "worse" if self.p_holm < ALPHA else "not told apart"


@dataclass(frozen=True)
class Board:
    """The leaderboard of one metric, the best first.

    Attributes:
        metric: its name.
        better: ``larger`` or ``smaller``.
        signature: its signature, where known.
        studies: studies that all systems have a score of.
        groups: what was drawn from.
        places: one a system.
    """

    metric: str
    better: str
    signature: str
    studies: int
    groups: int
    places: list[Place]


@dataclass(frozen=True)
class Compared:
    """All leaderboards, and what to know when reading them."""

    boards: list[Board]
    notes: list[str]


def read_all(folders: Iterable[tuple[str, Path]]) -> list[System]:
    """Read several systems by name and folder.

    Raises:
        CaseError: folders have no scores, or unreadable ones; all of them at once.
        MissingPackageError: pyarrow is not installed.
    """
    found: list[System] = []
    problems: list[str] = []
    for name, path in folders:
        try:
            found.append(read(path, name))
        except CaseError as error:
            problems.append(error.problem.rstrip("."))
    told_at_once(problems, _MEND)
    return found


def read(path: Path, name: str = "") -> System:
    """Read what ``radixgpt eval score`` wrote.

    Args:
        path: its folder, or ``studies.parquet`` itself.
        name: how to call the system; the folder's name otherwise.

    Raises:
        CaseError: there are no scores, or they can't be read.
        MissingPackageError: pyarrow is not installed.
    """
    try:
        from pyarrow import ArrowException, parquet
    except ImportError as error:
        raise MissingPackageError(
            "pyarrow is not installed.", "Install it: pip install -e '.[eval]' -c lock.txt."
        ) from error
    file = path / f"{STUDIES}.parquet" if path.is_dir() else path
    called = name or file.resolve().parent.name
    try:
        table = parquet.read_table(file).to_pydict()
    except FileNotFoundError as error:
        raise CaseError(f"There are no scores of {called}: no {file.name}.", _MEND) from error
    except (ArrowException, OSError) as error:
        raise CaseError(f"The scores of {called} are no Parquet file.", _MEND) from error
    if not {"id", "group"} < set(table):
        raise CaseError(f"The scores of {called} have no id, no group or no metric.", _MEND)
    ids, groups = [str(x) for x in table.pop("id")], [str(x) for x in table.pop("group")]
    scores = {metric: np.array(values, float) for metric, values in table.items()}
    said = _summary(file.parent / SCORES, called)
    return System(
        called,
        ids,
        groups,
        scores,
        {metric: _number(row.get("value")) for metric, row in said.items()},
        {metric: str(row.get("signature", "")) for metric, row in said.items()},
        frozenset(metric for metric, row in said.items() if row.get("better") == "smaller"),
        next((str(row["references"]) for row in said.values()), ""),
    )


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _summary(path: Path, name: str) -> dict[str, dict[str, object]]:
    """Each metric of ``scores.json``, with the hash of the references; empty without the file."""
    if not path.is_file():
        return {}
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        references = said["inputs"]["references"]
        return {str(row["metric"]): {**row, "references": references} for row in said["scores"]}
    except (ValueError, KeyError, TypeError) as error:
        raise CaseError(f"The {SCORES} of {name} can't be read.", _MEND) from error


def compare(
    systems: Sequence[System],
    metrics: Sequence[str] = (),
    *,
    draws: int = DRAWS,
    flips: int = FLIPS,
    seed: int = 0,
    say: Say = lambda _what, _done, _total: None,
) -> Compared:
    """Compare systems on the studies that all of them have.

    Args:
        systems: two or more.
        metrics: which to compare; all that every system has otherwise.
        draws: of the bootstrap.
        flips: of the sign-flip test.
        seed: of both.
        say: told what is done, how many metrics of how many.

    Raises:
        CaseError: the systems can't be compared; all reasons at once.
        SettingsError: fewer than two systems, names that repeat, or an unknown metric.
    """
    names = [system.name for system in systems]
    if len(set(names)) < max(2, len(names)):
        raise SettingsError(
            f"Systems {', '.join(names)} can't be compared.",
            "Give two or more, with names of their own: NAME=FOLDER.",
        )
    common = _common(systems)
    shared = [m for m in systems[0].scores if all(m in s.scores for s in systems)]
    if unknown := [metric for metric in metrics if metric not in shared]:
        raise SettingsError(
            f"Not every system has {', '.join(unknown)}.", f"All have: {', '.join(shared)}."
        )
    notes = [f"On {len(common)} studies that all {len(systems)} systems have."]
    alike = [m for m in metrics or shared if len({s.signatures.get(m, "") for s in systems}) == 1]
    if apart := [metric for metric in metrics or shared if metric not in alike]:
        notes.append(f"Not compared, as made in different ways: {', '.join(apart)}.")
    rows = [_rows(system, common) for system in systems]
    first = systems[0]
    groups = [first.groups[row] for row in rows[0]]
    boards = []
    for done, metric in enumerate(alike, start=1):
        scores = np.array(
            [system.scores[metric][row] for system, row in zip(systems, rows, strict=True)]
        )
        known = ~np.isnan(scores).any(axis=0)
        if known.any():
            boards.append(
                _board(systems, metric, scores[:, known], groups, known, draws, flips, seed)
            )
        else:
            notes.append(f"Not compared, as no study has a score of all systems: {metric}.")
        say("Comparing", done, len(alike))
    return Compared(boards, notes)


def _common(systems: Sequence[System]) -> list[str]:
    """Ids that all have, in the first system's order."""
    problems = []
    if len({system.references for system in systems if system.references}) > 1:
        problems.append("they were scored against different references")
    group_of: dict[str, str] = {}
    for system in systems:
        if len(set(system.ids)) < len(system.ids):
            problems.append(f"{system.name}: a study is there twice")
        for name, group in zip(system.ids, system.groups, strict=True):
            if group_of.setdefault(name, group) != group:
                problems.append(f"{system.name}: {name} is of another group than elsewhere")
    in_all = set(systems[0].ids).intersection(*(system.ids for system in systems[1:]))
    if not in_all:
        problems.append("no study is in all of them")
    told_at_once(problems, _MEND)
    return [name for name in systems[0].ids if name in in_all]


def _rows(system: System, ids: Sequence[str]) -> list[int]:
    place = {name: row for row, name in enumerate(system.ids)}
    return [place[name] for name in ids]


def _board(
    systems: Sequence[System],
    metric: str,
    scores: Floats,
    all_groups: Sequence[str],
    known: np.ndarray[tuple[int], np.dtype[np.bool_]],
    draws: int,
    flips: int,
    seed: int,
) -> Board:
    groups = [group for group, there in zip(all_groups, known, strict=True) if there]
    smaller = any(metric in system.smaller for system in systems)
    sign = -1.0 if smaller else 1.0
    goodness = sign * scores.mean(axis=1)
    order = np.argsort(-goodness, kind="stable")
    best = int(order[0])
    studies = np.ones(scores.shape[1])
    sums = {row: by_study(groups, np.column_stack([scores[row], studies])) for row in order}
    behind = {
        int(row): by_study(groups, np.column_stack([sign * (scores[best] - scores[row]), studies]))
        for row in order[1:]
    }
    tests = {
        row: sign_flip(added[:, 0], np.zeros(len(added)), flips=flips, seed=seed).p
        for row, added in behind.items()
    }
    adjusted = holm({str(row): p for row, p in tests.items()})
    places = []
    for row in map(int, order):
        low, high = bootstrap(sums[row], mean_of, draws=draws, seed=seed)
        apart = (0.0, 0.0)
        if row in behind:
            apart = bootstrap(behind[row], mean_of, draws=draws, seed=seed)
        system = systems[row]
        whole = len(groups) == len(system.ids)
        places.append(
            Place(
                system.name,
                1 + int((goodness > goodness[row]).sum()),
                float(scores[row].mean()),
                low,
                high,
                system.corpus.get(metric) if whole else None,
                float(goodness[best] - goodness[row]),
                *apart,
                tests.get(row),
                adjusted.get(str(row)),
            )
        )
    return Board(
        metric,
        "smaller" if smaller else "larger",
        systems[0].signatures.get(metric, ""),
        len(groups),
        len(sums[best]),
        places,
    )


def to_markdown(compared: Compared) -> str:
    """A leaderboard of all metrics, systems in the order of the first metric."""
    boards = compared.boards
    if not boards:
        return "\n".join(["Nothing was compared.", "", *compared.notes, ""])
    arrows = {"larger": "↑", "smaller": "↓"}
    head = ["system", *(f"{board.metric} {arrows[board.better]}" for board in boards)]
    lines = [_row(head), _row(["---"] * len(head))]
    for system in (place.system for place in boards[0].places):
        cells = [system]
        for board in boards:
            place = next(place for place in board.places if place.system == system)
            text = f"{place.value:.3f} ({place.low:.3f} to {place.high:.3f})"
            if place.verdict == "best":
                text = f"**{text}**"
            cells.append(text if place.verdict != "not told apart" else f"{text} ≈")
        lines.append(_row(cells))
    return "\n".join(
        [
            *lines,
            "",
            "Means of the studies' scores with 95 % bootstrap intervals. The best is bold; ≈ marks "
            f"what a sign-flip test does not tell from it (p adjusted by Holm ≥ {ALPHA:g}).",
            *compared.notes,
            "",
        ]
    )


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
