"""Grades stated by a system against the true ones.

Columns: ``truth`` and ``stated``, grades by name; ``p_NAME`` a grade, chances that sum to 1, of
which the largest is taken for stated where that column is missing; ``study`` or ``patient``, drawn
whole; and, if wanted, ``task`` (a condition), and ``id``, which may not repeat.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from eval import severity
from eval.statistics import DRAWS, Floats, bootstrap, by_study
from eval.tables.marked import ALL, Curve, Estimate, Marked, estimates, tasks_of
from eval.tables.reading import Table
from radixgpt import statistics
from radixgpt.errors import SettingsError

Figure = Callable[[Floats], Floats]
_MEND = (
    "A row needs truth, stated or a chance p_GRADE for each grade, and a study or patient; "
    "name the grades from low to high with --grades."
)
_CONDITIONS = {
    **{name: name for name in severity.CONDITIONS},
    "spinal_canal_stenosis": "spinal",
    "neural_foraminal_narrowing": "foraminal",
    "left_neural_foraminal_narrowing": "foraminal",
    "right_neural_foraminal_narrowing": "foraminal",
    "subarticular_stenosis": "subarticular",
    "left_subarticular_stenosis": "subarticular",
    "right_subarticular_stenosis": "subarticular",
}
"""Names of the conditions here and in the RSNA 2024 challenge's own tables."""


def mark(
    table: Table,
    *,
    grades: Sequence[str] = (),
    severe: Sequence[str] = (),
    draws: int = DRAWS,
    seed: int = 0,
) -> Marked:
    """Mark a table of grades.

    Args:
        table: one row a graded place.
        grades: their names, from low to high; whole numbers from 0 where none are named.
        severe: the grades that count as severe; the highest where none is named.
        draws: of the bootstrap.
        seed: of the bootstrap.

    Raises:
        CaseError: the table lacks a column, or cells are wrong.
        SettingsError: fewer than two grades, or a severe one that is none.
    """
    table.need("truth", mend=_MEND)
    if not any(column.startswith("p_") for column in table.columns):
        table.need("stated", mend=_MEND)
    names = list(grades) or _whole_numbers(table)
    bad = list(severe) or names[-1:]
    if len(set(names)) < max(2, len(names)) or not set(bad) < set(names):
        raise SettingsError(
            f"Grades {', '.join(names) or 'none'} with {', '.join(bad) or 'none'} severe "
            "can't be marked.",
            "Name two or more different grades from low to high, and which of them are severe.",
        )
    truth = np.array(table.chosen("truth", names))
    chances = table.chances(names)
    if chances is None or "stated" in table:
        stated = np.array(table.chosen("stated", names))
    else:
        stated = chances.argmax(axis=1)
    groups = table.groups("id")
    conditions = table.texts("task") if "task" in table else None
    if "id" in table:
        table.once(["id"], "id")
    table.check(_MEND)

    highest = [names.index(name) for name in bad]
    found: list[Estimate] = []
    confusions: list[Curve] = []
    for task, rows in tasks_of(conditions, len(table)).items():
        drawn = [groups[row] for row in rows]
        seen = np.zeros((len(rows), len(names), len(names)))
        seen[np.arange(len(rows)), truth[rows], stated[rows]] = 1
        sums = by_study(drawn, seen.reshape(len(rows), -1))
        for metric, figure in figures(len(names), highest).items():
            value = float(figure(sums.sum(axis=0, keepdims=True))[0])
            low, high = bootstrap(sums, figure, draws=draws, seed=seed)
            found.append(Estimate(task, metric, value, low, high, len(rows), len(sums)))
        if chances is not None:
            present = np.isin(truth[rows], highest)
            score = chances[rows][:, highest].sum(axis=1)
            found += _discrimination(task, present, score, drawn, draws, seed)
        counts = seen.sum(axis=0)
        columns = {f"stated_{name}": counts[:, k] for k, name in enumerate(names)}
        confusions.append(Curve(task, {"truth": np.arange(len(names), dtype=float), **columns}))
    notes = [f"Severe: {', '.join(bad)}. Grades from low to high: {', '.join(names)}."]
    if chances is not None and len(names) == len(severity.WEIGHTS) and conditions is not None:
        if set(conditions) <= set(_CONDITIONS) and "study" in table:
            found += _challenge(table, conditions, truth, chances, groups, draws, seed)
            notes.append(
                "RSNA 2024 weighted log loss: weights 1, 2 and 4; smaller is better; its "
                "any-severe part takes the largest chance of each study."
            )
        else:
            notes.append(
                "No RSNA 2024 log loss: it needs a column study, and tasks named "
                f"{', '.join(severity.CONDITIONS)}."
            )
    return Marked("grades", found, {"confusion": confusions}, notes, names)


def _whole_numbers(table: Table) -> list[str]:
    """The grades 0 to the largest that the table names."""
    columns = [name for name in ("truth", "stated") if name in table]
    each = {name: table.floats(name, 0, 100) for name in columns}
    for name, values in each.items():
        for row in np.flatnonzero(values % 1):
            table.wrong(int(row), f"{name} is {values[row]:g}, no whole number")
    found = np.concatenate(list(each.values()))
    table.check("Grades are whole numbers from 0, or named from low to high with --grades.")
    chances = [int(c[2:]) for c in table.columns if c.startswith("p_") and c[2:].isdigit()]
    return [str(grade) for grade in range(int(max([1, *found, *chances])) + 1)]


def figures(grades: int, severe: list[int]) -> dict[str, Figure]:
    """Figures of sums of confusion matrices, (m, grades²), the truth first."""

    def matrices(sums: Floats) -> Floats:
        return sums.reshape(-1, grades, grades)

    def ratio(top: Floats, bottom: Floats) -> Floats:
        found: Floats = np.divide(top, bottom, out=np.full(top.shape, np.nan), where=bottom > 0)
        return found

    def mean(values: Floats) -> Floats:
        known = ~np.isnan(values)
        return ratio(np.where(known, values, 0.0).sum(axis=1), known.sum(axis=1).astype(float))

    def diagonal(seen: Floats) -> Floats:
        found: Floats = np.einsum("mgg->mg", seen)
        return found

    def accuracy(sums: Floats) -> Floats:
        return ratio(diagonal(matrices(sums)).sum(axis=1), sums.sum(axis=1))

    def balanced(sums: Floats) -> Floats:
        seen = matrices(sums)
        return mean(ratio(diagonal(seen), seen.sum(axis=2)))

    def macro_f1(sums: Floats) -> Floats:
        seen = matrices(sums)
        return mean(ratio(2 * diagonal(seen), seen.sum(axis=2) + seen.sum(axis=1)))

    def kappa(sums: Floats) -> Floats:
        seen = matrices(sums)
        steps = np.arange(grades)
        weight = (steps[:, None] - steps[None, :]) ** 2.0
        chance = seen.sum(axis=2)[:, :, None] * seen.sum(axis=1)[:, None, :]
        total = np.maximum(seen.sum(axis=(1, 2)), 1)[:, None, None]
        return 1 - ratio((weight * seen).sum(axis=(1, 2)), (weight * chance / total).sum((1, 2)))

    def within_one(sums: Floats) -> Floats:
        steps = np.arange(grades)
        near = np.abs(steps[:, None] - steps[None, :]) <= 1
        return ratio((matrices(sums) * near).sum(axis=(1, 2)), sums.sum(axis=1))

    def recall(sums: Floats) -> Floats:
        rows = matrices(sums)[:, severe]
        return ratio(rows[:, :, severe].sum(axis=(1, 2)), rows.sum(axis=(1, 2)))

    figures: dict[str, Figure] = {
        "quadratic_kappa": kappa,
        "within_one": within_one,
        "balanced_accuracy": balanced,
        "macro_f1": macro_f1,
        "accuracy": accuracy,
        "recall_severe": recall,
    }
    if grades == 2:
        del figures["within_one"]  # of two grades every pair is
    return figures


def _discrimination(
    task: str,
    present: np.ndarray[tuple[int], np.dtype[np.bool_]],
    score: Floats,
    groups: list[str],
    draws: int,
    seed: int,
) -> list[Estimate]:
    """AUROC and AUPRC of the chance of a severe grade."""

    def figures(rows: statistics.Rows) -> list[float]:
        return [
            statistics.auroc(present[rows], score[rows]),
            statistics.average_precision(present[rows], score[rows]),
        ]

    values = figures(np.arange(len(present)))
    ends = statistics.intervals(groups, figures, draws=draws, seed=seed)
    names = ("auroc_severe", "auprc_severe")
    return estimates(
        task,
        names,
        values,
        ends,
        rows=len(present),
        groups=len(set(groups)),
        chance=dict(zip(names, (0.5, float(present.mean())), strict=True)),
    )


def _challenge(
    table: Table,
    tasks: list[str],
    truth: np.ndarray[tuple[int], np.dtype[np.int64]],
    chances: Floats,
    groups: list[str],
    draws: int,
    seed: int,
) -> list[Estimate]:
    """The RSNA 2024 score and its parts."""
    studies = table.texts("study")
    conditions = [_CONDITIONS[task] for task in tasks]
    known, rows = severity.sums(studies, conditions, truth, chances)
    group_of = dict(zip(studies, groups, strict=True))
    added = by_study([group_of[study] for study in known], rows)
    parts = severity.parts_of(conditions)

    def of(*some: str) -> Figure:
        return lambda sums: severity.figure(sums, some)

    figures = {
        "rsna_log_loss": of(*parts),
        **{f"rsna_log_loss_{part}": of(part) for part in parts},
    }
    return [
        Estimate(
            ALL,
            metric,
            float(figure(added.sum(axis=0, keepdims=True))[0]),
            *bootstrap(added, figure, draws=draws, seed=seed),
            len(table),
            len(added),
        )
        for metric, figure in figures.items()
    ]
