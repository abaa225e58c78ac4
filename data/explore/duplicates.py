"""Duplicates, and leaks between the splits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from data.duplicates.pair import Pair, groups_of
from data.explore.chart import UNKNOWN, bars, figure
from data.explore.columns import labels
from data.explore.kinds import positive_title, units
from data.explore.pairs import Known
from data.explore.pixels import Looks
from data.explore.section import Gallery, Part, Picture, Section, Statistics, Table
from data.explore.tables import Tables
from data.explore.wording import count, listing, percent

TITLE = "Duplicates and leaks"
SPLITS = ("train", "development", "test")
KINDS = {
    "file": "the same file",
    "picture": "the same picture",
    "person": "the same person",
    "text": "the same text",
}
"""What two cases of different patients may share, in words."""
_MOST_SHOWN = 12
_MOST_ROWS = 40
_FEWEST = 3


def duplicates(tables: Tables, looks: Looks, known: Known) -> Section:
    """Tell what cases of different patients share, and what crosses from one split to another.

    Args:
        tables: the cases.
        looks: the images as opened, for small pictures.
        known: the duplicates.
    """
    splits = labels(tables.cases, "split")
    dealt = bool((splits != UNKNOWN).any())
    kinds = Counter(pair.kind for pair in known.pairs)
    statistics: Statistics = {
        "pairs": {kind: kinds[kind] for kind in KINDS if kinds[kind]},  # type: ignore[index]
        "groups": len(groups_of(pair.patients for pair in known.pairs)),
        "across_sources": sum(len(_sources(tables, pair)) > 1 for pair in known.pairs),
        "boilerplate": known.boilerplate,
        "behind": known.behind,
        "splits": {
            name: {
                "cases": int((splits == name).sum()),
                "patients": int(tables.cases.loc[splits == name, "patient"].nunique()),
            }
            for name in SPLITS
            if (splits == name).any()
        },
        "duplicates": [
            {
                "shared": KINDS[pair.kind],
                "cases": list(pair.cases),
                "likeness": round(pair.likeness, 3),
                "turned": pair.turn,
                "splits": sorted(_sides(tables, pair.cases)),
            }
            for pair in known.pairs
        ],
        "leaks": _leaks(tables, known.pairs) if dealt else [],
        "balance": _balance(tables) if dealt else {},
    }
    return Section(
        "duplicates",
        TITLE,
        _sentence(statistics, dealt=dealt),
        statistics,
        parts=tuple(_parts(tables, looks, known, statistics)),
        alerts=tuple(_alerts(statistics, tables)),
        notes=(
            known.how,
            "Pictures are the same where their details and greys agree, also scaled, cropped or "
            "turned; they show one person where the details agree and the greys don't, as T1 and "
            "T2 of one slice do. Texts are the same where their wording and every level, side and "
            "number agree; boilerplate links nobody.",
        ),
    )


def _sources(tables: Tables, pair: Pair) -> set[str]:
    return {str(tables.cases["source"].iloc[tables.row_of[case]]) for case in pair.cases}


def _sides(tables: Tables, cases: Iterable[str]) -> set[str]:
    found = tables.cases["split"]
    return {str(found.iloc[tables.row_of[case]]) for case in cases} - {"None"}


def _leaks(tables: Tables, pairs: Iterable[Pair]) -> list[dict[str, Any]]:
    """Patients, and what patients share, in more than one split."""
    by_patient: dict[str, list[str]] = {}
    for case, patient in zip(tables.cases["id"], tables.cases["patient"], strict=True):
        by_patient.setdefault(str(patient), []).append(str(case))
    things = [("one patient", cases) for cases in by_patient.values() if len(cases) > 1]
    things += [(KINDS[pair.kind], list(pair.cases)) for pair in pairs]
    return [
        {"shared": shared, "cases": cases, "splits": sorted(sides)}
        for shared, cases in things
        if len(sides := _sides(tables, cases)) > 1
    ]


def _balance(tables: Tables) -> dict[str, dict[str, dict[str, int]]]:
    """Positives and number of graded places by finding and split."""
    graded = tables.findings[tables.findings["origin"] == "graded"]
    if graded.empty:
        return {}
    rows = units(graded)
    rows = rows.assign(split=rows["case"].map(labels(tables.cases, "split")))
    found: dict[str, dict[str, dict[str, int]]] = {}
    for kind, of_kind in rows.groupby("kind", observed=True):
        found[str(kind)] = {
            name: {"n": len(part), "positive": int(part["positive"].sum())}
            for name in SPLITS
            if len(part := of_kind[of_kind["split"] == name])
        }
    return found


def _sentence(s: Statistics, *, dealt: bool) -> str:
    if not s["pairs"]:
        said = "No two patients were found to share a file, a picture or a text"
    else:
        kinds = [f"{n:,} {KINDS[kind]}" for kind, n in s["pairs"].items()]
        total = sum(s["pairs"].values())
        said = (
            f"{count(total, 'pair')} of cases of different patients share something "
            f"({listing(kinds)}), which joins {count(s['groups'], 'group')} of patients"
        )
    if not dealt:
        return said + "; the cases are in no split yet, so there is nothing to leak."
    leaks = len(s["leaks"])
    if not leaks:
        return said + "; nothing crosses from one split to another."
    return said + f"; {count(leaks, 'thing')} {'crosses' if leaks == 1 else 'cross'} the splits."


def _parts(tables: Tables, looks: Looks, known: Known, s: Statistics) -> list[Part]:
    parts: list[Part] = []
    if s["splits"]:
        names = list(s["splits"])
        counted = {
            what: [s["splits"][name][what] for name in names] for what in ("patients", "cases")
        }
        drawn = bars(names, counted, stacked=False)
        parts.append(figure("duplicates-splits", "Patients and cases by split", ("", drawn)))
    if s["balance"] and s["splits"]:
        parts.append(_balance_figure(s["balance"], list(s["splits"])))
    if s["leaks"]:
        parts.append(_table("What crosses the splits", s["leaks"], ("shared", "cases", "splits")))
    pictures = _pictures(tables, looks, known.pairs)
    if pictures:
        parts.append(
            Gallery(
                "Images that different patients share",
                tuple(pictures),
                "Each pair side by side; a likeness of 1 is equal.",
            )
        )
    if s["duplicates"]:
        columns = ("shared", "cases", "likeness", "turned", "splits")
        parts.append(_table("What different patients share", s["duplicates"], columns))
    return parts


def _balance_figure(balance: Mapping[str, Mapping[str, Any]], names: list[str]) -> Part:
    kinds = list(balance)
    shares = {
        name: [
            100 * cell["positive"] / cell["n"] if (cell := balance[kind].get(name)) else 0.0
            for kind in kinds
        ]
        for name in names
    }
    spec = bars(
        [positive_title(kind) for kind in kinds], shares, lying=True, stacked=False, x="% positive"
    )
    for trace, name in zip(spec["data"], names, strict=True):
        trace["customdata"] = [
            f"{cell['positive']:,} of {cell['n']:,}"
            if (cell := balance[kind].get(name))
            else "not graded"
            for kind in kinds
        ]
        trace["hovertemplate"] = "%{y}<br>%{fullData.name}: %{customdata}<extra></extra>"
    return figure(
        "duplicates-balance",
        "Findings by split",
        ("", spec),
        height=max(320, 120 + 44 * len(kinds)),
    )


def _table(title: str, rows: list[dict[str, Any]], columns: tuple[str, ...]) -> Table:
    shown = tuple(
        tuple(
            (listing(value, most=4) if value else "") if isinstance(value, list) else value
            for value in (row[name] for name in columns)
        )
        for row in rows[:_MOST_ROWS]
    )
    more = len(rows) > _MOST_ROWS
    note = f"{_MOST_ROWS} of {len(rows):,}; explore.json holds all." if more else ""
    return Table(title, columns, shown, note)


def _pictures(tables: Tables, looks: Looks, pairs: Iterable[Pair]) -> list[Picture]:
    """The images of the pairs, the two of a pair one after the other."""
    row_of = {str(path): row for row, path in enumerate(tables.images["path"])}
    found: list[Picture] = []
    for pair in sorted(pairs, key=lambda one: -one.likeness):
        rows = [row_of.get(path) for path in pair.images or ()]
        opened = [row for row in rows if row is not None and row in looks.seen]
        if len(opened) == 2 and len(found) < _MOST_SHOWN:
            for row, case in zip(opened, pair.cases, strict=True):
                said = f"{case}: {KINDS[pair.kind]}, {pair.likeness:.2f}"
                found.append(Picture(looks.seen[row].thumbnail, said))
    return found


def _alerts(s: Statistics, tables: Tables) -> list[str]:
    alerts = []
    if s["leaks"]:
        kinds = sorted({leak["shared"] for leak in s["leaks"]})
        alerts.append(
            f"{count(len(s['leaks']), 'leak')} between splits ({listing(kinds)}): split anew "
            "before any figure is believed."
        )
    if s["behind"]:
        alerts.append(f"{count(s['behind'], 'case')} mapped after the split: split anew.")
    if s["across_sources"]:
        alerts.append(
            f"{count(s['across_sources'], 'pair')} from two sources: the same people may be in "
            "both."
        )
    for kind, by in s["balance"].items():
        few = [name for name, cell in by.items() if cell["positive"] < _FEWEST]
        total = sum(cell["positive"] for cell in by.values())
        if few and total >= _FEWEST * len(by):
            alerts.append(
                f"{positive_title(kind)} has fewer than {_FEWEST} positives in {listing(few)} "
                f"though there are {total:,}: the split does not share it out."
            )
    if not s["splits"]:
        return alerts
    lacking = {
        name: [positive_title(kind) for kind, by in s["balance"].items() if name not in by]
        for name in s["splits"]
    }
    for name, kinds in lacking.items():
        if kinds:
            alerts.append(f"Nothing in {name} is graded for {listing(kinds, most=3)}.")
    left = len(tables.cases) - sum(v["cases"] for v in s["splits"].values())
    if left:
        alerts.append(
            f"{percent(left, len(tables.cases))} of the cases are in no split; they are in no "
            "leak test either."
        )
    return alerts
