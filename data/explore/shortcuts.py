"""Shortcuts: findings that go with the source, the scanner or the view rather than the spine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from data.explore.acquisition import kinds_of_image, makers
from data.explore.chart import UNKNOWN, figure, heat
from data.explore.columns import filled, joined, labels, numbers, sexes
from data.explore.kinds import positive_title
from data.explore.section import Figure
from data.explore.tables import Tables
from data.explore.wording import listing

if TYPE_CHECKING:
    import pandas as pd

FEWEST = 40
"""A finding and a fact are compared where both are known of so many cases."""
STRONG = 0.5
"""Cramér's V from which a finding can be told by a fact."""
_LABEL = "label"
_MOST_GROUPS = 8
_JOINED = " + "


def association(first: pd.Series[str], second: pd.Series[str]) -> tuple[float, int] | None:
    """Cramér's V with Bergsma's correction of its bias (2013), and of how many cases.

    Args:
        first: labels, ``unknown`` where they are not known.
        second: labels of the same cases.

    Returns:
        V from 0 (independent) to 1; None where too few are known or one side does not vary.
    """
    known = (first != UNKNOWN) & (second != UNKNOWN)
    n = int(known.sum())
    rows, row_of = np.unique(first[known].astype(str), return_inverse=True)
    columns, column_of = np.unique(second[known].astype(str), return_inverse=True)
    r, k = len(rows), len(columns)
    if n < FEWEST or r < 2 or k < 2:
        return None
    table = np.zeros((r, k))
    np.add.at(table, (row_of, column_of), 1)
    expected = table.sum(1, keepdims=True) * table.sum(0, keepdims=True) / n
    phi = float(((table - expected) ** 2 / expected).sum()) / n
    corrected = max(0.0, phi - (k - 1) * (r - 1) / (n - 1))
    size = min(k - (k - 1) ** 2 / (n - 1), r - (r - 1) ** 2 / (n - 1)) - 1
    return min(1.0, (corrected / size) ** 0.5), n


def shortcuts(tables: Tables) -> dict[str, dict[str, dict[str, float | int]]]:
    """V and n of each finding (graded at any level, or the label) with each fact of its cases."""
    facts = _facts(tables)
    found: dict[str, dict[str, dict[str, float | int]]] = {}
    for finding, values in _findings(tables).items():
        for fact, groups in facts.items():
            told = association(values, groups)
            if told is not None:
                cell = {"v": round(told[0], 4), "n": told[1]}
                found.setdefault(finding, {})[fact] = cell
    return found


def _findings(tables: Tables) -> dict[str, pd.Series[str]]:
    graded = tables.findings[
        (tables.findings["origin"] == "graded") & tables.findings["positive"].notna()
    ]
    found: dict[str, pd.Series[str]] = {}
    for kind, rows in graded.groupby("kind", observed=True):
        there = rows.assign(there=rows["positive"].astype(bool)).groupby("case")["there"].any()
        told = there.map({True: "positive", False: "negative"})
        found[positive_title(str(kind))] = filled(told.reindex(tables.cases.index))
    if _LABEL in tables.cases:
        found["Label of the case"] = labels(tables.cases, _LABEL)
    return found


def _facts(tables: Tables) -> dict[str, pd.Series[str]]:
    """Facts of each case; of its images all that they say, joined."""
    import pandas as pd

    images = tables.images
    found = {"source": labels(tables.cases, "source"), "sex": sexes(tables.cases)}
    ages = numbers(tables.cases, "age_years")
    found["age"] = (ages // 20 * 20).map(lambda a: UNKNOWN if a != a else f"{a:g}").astype(object)
    for name, column in (
        ("kind of image", kinds_of_image(images)),
        ("view", labels(images, "view")),
        ("manufacturer", makers(images)),
        ("field strength", labels(images, "field_strength_t")),
    ):
        known = column[column != UNKNOWN]
        said: dict[int, set[str]] = {}
        for case, told in zip(images["case"][known.index], known, strict=True):
            said.setdefault(int(case), set()).add(str(told))
        every = [_JOINED.join(sorted(said.get(case, ()))) for case in tables.cases.index]
        found[name] = labels(pd.DataFrame({name: every}), name)
    return {name: joined(column, _MOST_GROUPS) for name, column in found.items()}


def shortcut_figure(found: dict[str, dict[str, dict[str, float | int]]]) -> Figure | None:
    """A heat map of V, findings by facts."""
    if not found:
        return None
    findings = list(found)
    facts = list(dict.fromkeys(fact for by in found.values() for fact in by))
    cells = [[found[finding].get(fact) for fact in facts] for finding in findings]

    def hover(finding: str, fact: str, cell: dict[str, Any] | None) -> str:
        if cell is None:
            return f"{finding}\n{fact}: does not vary, or is known of too few"
        return f"{finding}\n{fact}: V {cell['v']:.2f}, {cell['n']:,} cases"

    spec = heat(
        facts,
        findings,
        [[c["v"] if c else None for c in row] for row in cells],
        shown=[[f"{c['v']:.2f}" if c else "" for c in row] for row in cells],
        hover=[
            [hover(finding, fact, c) for fact, c in zip(facts, row, strict=True)]
            for finding, row in zip(findings, cells, strict=True)
        ],
        low=0,
        high=1,
        bar="Cramér's V",
    )
    return figure(
        "cooccurrence-facts",
        "Findings against facts of the case",
        ("", spec),
        note="Cramér's V: 0 independent, 1 told by the fact alone. What goes with the source or "
        "the view may be learnt from these instead of the spine.",
        height=max(280, 130 + 32 * len(findings)),
        wide=True,
    )


def shortcut_alerts(found: dict[str, dict[str, dict[str, float | int]]]) -> list[str]:
    """Findings that a fact tells."""
    alerts = []
    for finding, by in found.items():
        strong = [f"{fact} (V {c['v']:.2f})" for fact, c in by.items() if c["v"] >= STRONG]
        if strong:
            alerts.append(
                f"{finding} goes with {listing(strong)}: a model can learn that instead. Compare "
                "within one group."
            )
    return alerts
