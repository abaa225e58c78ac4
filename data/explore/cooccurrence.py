"""Which findings come together: phi coefficient and lift."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from data.explore.chart import Spec, figure, heat
from data.explore.kinds import positive_title, units
from data.explore.section import Section, Statistics, absent
from data.explore.shortcuts import shortcut_alerts, shortcut_figure, shortcuts
from data.explore.tables import Tables
from data.explore.wording import capital, count, number, title_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

TITLE = "Findings that come together"
MOST_KINDS = 12
"""So many kinds are paired, those that are there most often."""
FEWEST = 20
"""A pair is judged from so many places at which both were looked at."""
_LARGEST_LIFT = 8.0


def cooccurrence(tables: Tables) -> Section:
    """Measure how graded findings come together at a level, and stated ones in a case."""
    found = tables.findings
    graded = _level_table(found[found["origin"] == "graded"])
    stated = _case_table(found[found["origin"] != "graded"])
    statistics: Statistics = {}
    parts = []
    for key, table, title, note in (
        (
            "graded",
            graded,
            "Graded findings at the same level",
            "Of levels at which both were graded.",
        ),
        (
            "stated",
            stated,
            "Findings stated in the same text",
            "Of cases with findings in a text; what a text does not say counts as not there, "
            "which is not the same.",
        ),
    ):
        pairs = _pairs(table)
        if not pairs:
            continue
        statistics[key] = {"places": len(table), "pairs": pairs}
        paired = {kind for pair in pairs for kind in pair.split(" & ")}
        kinds = [str(kind) for kind in table.columns if kind in paired]
        name = positive_title if key == "graded" else _stated_title
        parts.append(
            figure(
                f"cooccurrence-{key}",
                title,
                ("phi", _heat(kinds, pairs, "phi", name)),
                ("lift", _heat(kinds, pairs, "lift", name)),
                note=note,
                height=max(320, 190 + 32 * len(kinds)),
                wide=True,
            )
        )
    facts = shortcuts(tables)
    against = shortcut_figure(facts)
    if against is not None:
        statistics["facts"] = facts
        parts.append(against)
    if not parts:
        return absent(
            "cooccurrence",
            TITLE,
            f"No two findings were looked at together at {FEWEST} places, so nothing can be said "
            "of what comes together.",
        )
    return Section(
        "cooccurrence",
        TITLE,
        _sentence(statistics),
        statistics,
        parts=tuple(parts),
        alerts=tuple(shortcut_alerts(facts)),
        notes=(
            "Phi is Pearson's correlation of two findings that are there or not (-1 to 1, 0 when "
            "independent). Lift is how many times more often both are there than if they were "
            "independent (1). Cramér's V is corrected for its bias in small samples (Bergsma "
            "2013); a finding counts for a case if it is there at any level.",
        ),
    )


def _stated_title(kind: str) -> str:
    return capital(title_of(kind))


def _level_table(graded: pd.DataFrame) -> pd.DataFrame:
    """1, 0 or NaN of each case and level (rows) and kind (columns)."""
    if graded.empty:
        return graded.iloc[:, :0]
    wide = units(graded).pivot(index=["case", "level"], columns="kind", values="positive")
    return _frequent(wide.astype(float))


def _case_table(stated: pd.DataFrame) -> pd.DataFrame:
    """1 or 0 of each case with statements (rows) and kind (columns)."""
    import pandas as pd

    if stated.empty:
        return stated.iloc[:, :0]
    there = stated.assign(there=stated["positive"].map(lambda p: p is True))
    wide = there.groupby(["case", "kind"], observed=True)["there"].any().unstack(fill_value=False)
    return _frequent(pd.DataFrame(wide).astype(float))


def _frequent(wide: pd.DataFrame) -> pd.DataFrame:
    """The kinds that are both there and not there somewhere, the most frequent first."""
    there = {str(kind): int(wide[kind].sum()) for kind in wide.columns}
    known = {str(kind): int(wide[kind].notna().sum()) for kind in wide.columns}
    varied = [kind for kind in there if 0 < there[kind] < known[kind]]
    return wide[sorted(varied, key=lambda kind: (-there[kind], kind))[:MOST_KINDS]]


def _pairs(table: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Counts, phi and lift of each pair of kinds, keyed ``kind & kind``."""
    pairs: dict[str, dict[str, Any]] = {}
    kinds = [str(kind) for kind in table.columns]
    for i, one in enumerate(kinds):
        for other in kinds[i + 1 :]:
            first, second = table[one].to_numpy(), table[other].to_numpy()
            seen = (first == first) & (second == second)  # NaN is not itself
            if seen.sum() >= FEWEST:
                pairs[f"{one} & {other}"] = _together(first[seen] > 0, second[seen] > 0)
    return pairs


def _together(first: npt.NDArray[np.bool_], second: npt.NDArray[np.bool_]) -> dict[str, Any]:
    n, a, b = len(first), int(first.sum()), int(second.sum())
    both = int((first & second).sum())
    spread = (a * (n - a) * b * (n - b)) ** 0.5
    return {
        "n": n,
        "first": a,
        "second": b,
        "both": both,
        "phi": round((n * both - a * b) / spread, 4) if spread else None,
        "lift": round(n * both / (a * b), 4) if a and b else None,
    }


def _heat(kinds: list[str], pairs: dict[str, dict[str, Any]], measure: str, name: Any) -> Spec:
    from math import log2

    def pair(i: int, j: int) -> dict[str, Any] | None:
        one, other = kinds[min(i, j)], kinds[max(i, j)]
        return None if i == j else pairs.get(f"{one} & {other}")

    def height(cell: dict[str, Any] | None) -> float | None:
        if cell is None or cell[measure] is None:
            return None
        if measure == "phi":
            return float(cell["phi"])
        # Twice as often and half as often are equally far from the middle.
        least = 1 / _LARGEST_LIFT
        return log2(min(_LARGEST_LIFT, max(least, cell["lift"])))

    def hover(i: int, j: int, cell: dict[str, Any] | None) -> str:
        if cell is None:
            return f"{name(kinds[i])}"
        flip = i > j
        first, second = (cell["second"], cell["first"]) if flip else (cell["first"], cell["second"])
        said = ", ".join(f"{m} {cell[m]:.2f}" for m in ("phi", "lift") if cell[m] is not None)
        return (
            f"{name(kinds[i])} ({first:,}) and\n{name(kinds[j])} ({second:,})\n"
            f"together {cell['both']:,} of {cell['n']:,}\n{said}"
        )

    size = range(len(kinds))
    cells = [[pair(i, j) for j in size] for i in size]
    end = 1.0 if measure == "phi" else log2(_LARGEST_LIFT)
    marks = () if measure == "phi" else (0.125, 0.25, 0.5, 1, 2, 4, 8)
    return heat(
        [name(kind) for kind in kinds],
        [name(kind) for kind in kinds],
        [[height(cell) for cell in row] for row in cells],
        shown=[
            [_shown(c[measure]) if c and c[measure] is not None else "" for c in row]
            for row in cells
        ],
        hover=[[hover(i, j, cells[i][j]) for j in size] for i in size],
        low=-end,
        high=end,
        diverging=True,
        bar=measure,
        ticks={log2(v): f"{v:g}" for v in marks},
    )


def _shown(value: float) -> str:
    return f"{round(value, 2) + 0.0:.2f}"  # never a negative nothing


def _sentence(s: Statistics) -> str:
    if not {"graded", "stated"} & s.keys():
        return f"{count(len(s['facts']), 'finding')} compared with facts of the cases."
    key = "graded" if "graded" in s else "stated"
    known = {k: v for k, v in s[key]["pairs"].items() if v["phi"] is not None}
    if not known:
        return f"{count(len(s[key]['pairs']), 'pair')} of findings, none of which varies."
    strongest = max(known, key=lambda k: abs(known[k]["phi"]))
    name = positive_title if key == "graded" else _stated_title
    one, other = (name(kind) for kind in strongest.split(" & "))
    pair = known[strongest]
    where = "at the same level" if key == "graded" else "in the same text"
    how = "come together most" if pair["phi"] > 0 else "exclude each other most"
    lift = f", lift {number(pair['lift'])}" if pair["lift"] is not None else ""
    return (
        f"{one} and {other[:1].lower() + other[1:]} {how} {where} (phi {pair['phi']:.2f}{lift}; "
        f"{pair['both']:,} of {count(pair['n'], 'place')})."
    )
