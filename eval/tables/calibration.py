"""Stated chances against what was true: calibration, and what abstaining would bring.

Three kinds of table, all with ``study`` or ``patient``, and a ``task`` if wanted:
``chance`` and ``present`` (is it there?); ``truth`` and ``p_NAME`` for each class; ``confidence``
and ``right`` (any answer, right or wrong).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from eval import calibration
from eval.statistics import DRAWS, Floats
from eval.tables.marked import Curve, Estimate, Marked, estimates, tasks_of
from eval.tables.reading import Table
from radixgpt import statistics

_MEND = (
    "A row needs a study or patient, and chance and present, or truth and a chance p_CLASS for "
    "each class, or confidence and right."
)
COVERAGES = (0.5, 0.8, 1.0)
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class _Stated:
    """The rows in one form.

    Attributes:
        chance: (n,) what is held against ``happened``: of presence, or of the answer being right.
        happened: (n,).
        confidence: (n,) by which rows are answered first.
        right: (n,) whether the answer was.
        brier: of a choice of rows.
    """

    chance: Floats
    happened: Bools
    confidence: Floats
    right: Bools
    brier: Callable[[statistics.Rows], float]


def mark(table: Table, *, draws: int = DRAWS, seed: int = 0) -> Marked:
    """Mark a table of chances.

    Args:
        table: one row a statement.
        draws: of the bootstrap.
        seed: of the bootstrap.

    Raises:
        CaseError: the table lacks columns, or cells are wrong.
    """
    stated, note = _read(table)
    groups = table.groups("id")
    tasks = table.texts("task") if "task" in table else None
    if "id" in table:
        table.once(["id"], "id")
    table.check(_MEND)

    found: list[Estimate] = []
    reliability: list[Curve] = []
    risks: list[Curve] = []
    for task, chosen in tasks_of(tasks, len(table)).items():
        rows = np.array(chosen)

        def figures(drawn: statistics.Rows, rows: statistics.Rows = rows) -> list[float]:
            here = rows[drawn]
            coverage, risk = calibration.risk_coverage(stated.confidence[here], stated.right[here])
            return [
                statistics.expected_calibration_error(stated.chance[here], stated.happened[here]),
                stated.brier(here),
                calibration.area(coverage, risk),
                *(calibration.risk_at(coverage, risk, least) for least in COVERAGES),
            ]

        names = ["ece", "brier", "aurc", *(f"risk_at_coverage_{c:g}" for c in COVERAGES)]
        drawn_from = [groups[row] for row in rows]
        values = figures(np.arange(len(rows)))
        ends = statistics.intervals(drawn_from, figures, draws=draws, seed=seed)
        number = len(set(drawn_from))
        found += estimates(task, names, values, ends, rows=len(rows), groups=number)
        bins = statistics.reliability(stated.chance[rows], stated.happened[rows])
        reliability.append(
            Curve(
                task,
                {
                    "confidence": np.array([b.confidence for b in bins]),
                    "observed": np.array([b.right for b in bins]),
                    "rows": np.array([float(b.rows) for b in bins]),
                },
            )
        )
        coverage, risk = calibration.risk_coverage(stated.confidence[rows], stated.right[rows])
        risks.append(Curve(task, {"coverage": coverage, "risk": risk}))
    notes = [
        note,
        "ECE over 10 equal right-closed bins. Risk is the share of wrong answers among the surest "
        "rows; rows of equal confidence are answered together. Smaller is better throughout.",
    ]
    curves = {"reliability": reliability, "risk_coverage": risks}
    return Marked("calibration", found, curves, notes)


def _read(table: Table) -> tuple[_Stated, str]:
    if "chance" in table:
        table.need("present", mend=_MEND)
        chance, present = table.floats("chance", 0, 1), np.array(table.flags("present"))
        stated = _Stated(
            chance,
            present,
            np.maximum(chance, 1 - chance),
            (chance >= 0.5) == present,
            lambda rows: statistics.brier(present[rows], chance[rows]),
        )
        return stated, "Of the chance that it is present; answered with present from 0.5 on."
    if "confidence" in table:
        table.need("right", mend=_MEND)
        sure, right = table.floats("confidence", 0, 1), np.array(table.flags("right"))
        stated = _Stated(
            sure, right, sure, right, lambda rows: statistics.brier(right[rows], sure[rows])
        )
        return stated, "Of the confidence that an answer is right."
    table.need("truth", mend=_MEND)
    names = [column[2:] for column in table.columns if column.startswith("p_")]
    chances = table.chances(names) if len(names) > 1 else None
    if chances is None:
        table.need("chance", mend=_MEND)
    truth = np.array(table.chosen("truth", names))
    held = np.zeros((len(table), len(names))) if chances is None else chances
    sure, right = held.max(axis=1), held.argmax(axis=1) == truth
    stated = _Stated(
        sure, right, sure, right, lambda rows: calibration.brier(truth[rows], held[rows])
    )
    return stated, "Of the largest chance; the Brier score is over all classes, 0 to 2."
