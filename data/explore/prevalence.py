"""How often each finding is there, by level: as graded, and as texts state it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from data.explore.chart import UNKNOWN
from data.explore.columns import counts
from data.explore.kinds import FEW, NO_LEVEL, positive_title, sorted_levels, units
from data.explore.prevalence_figures import ASSERTIONS, grade_parts, graded_parts, text_parts
from data.explore.section import Section, Statistics, absent
from data.explore.tables import Tables
from data.explore.wording import count, listing, percent, title_of, wilson
from radixgpt.finding import KINDS

if TYPE_CHECKING:
    import pandas as pd

TITLE = "Findings by level"
_MIXED = 0.3


def prevalence(tables: Tables) -> Section:
    """Count findings by kind and level."""
    found = tables.findings
    if found.empty:
        return absent(
            "prevalence",
            TITLE,
            "The cases hold no finding: none was graded and no text was read for findings.",
        )
    graded = found[found["origin"] == "graded"]
    text = found[found["origin"] != "graded"]
    statistics: Statistics = {
        "graded": _graded(graded, tables.cases["source"]),
        "grades": _grades(graded),
        "stated": _stated(text),
    }
    parts = [*graded_parts(statistics), *grade_parts(statistics), *text_parts(statistics)]
    generated = int((text["origin"] == "generated text").sum())
    return Section(
        "prevalence",
        TITLE,
        _sentence(statistics),
        statistics,
        parts=tuple(parts),
        alerts=tuple(_alerts(statistics, generated)),
        notes=tuple(_notes(graded, text)),
    )


def _share(hits: int, total: int) -> dict[str, float | int]:
    low, high = wilson(hits, total)
    return {
        "n": total,
        "positive": hits,
        "share": round(hits / total, 4),
        "low": round(low, 4),
        "high": round(high, 4),
    }


def _graded(graded: pd.DataFrame, sources: pd.Series[str]) -> Statistics:
    """Share of positives by kind, and within it by level and by source."""
    if graded.empty:
        return {}
    rows = units(graded)
    rows["source"] = rows["case"].map(sources)
    found: Statistics = {}
    for kind, of_kind in rows.groupby("kind", observed=True):
        by_level = {
            level: _share(int(part["positive"].sum()), len(part))
            for level in sorted_levels([str(v) for v in of_kind["level"].unique()])
            if len(part := of_kind[of_kind["level"] == level])
        }
        by_case = of_kind.groupby("case")["positive"].any()
        found[str(kind)] = {
            **_share(int(of_kind["positive"].sum()), len(of_kind)),
            "cases": len(by_case),
            "positive_cases": int(by_case.sum()),
            "levels": by_level,
            "sources": {
                str(source): _share(int(part["positive"].sum()), len(part))
                for source, part in of_kind.groupby("source")
            },
        }
    return dict(sorted(found.items(), key=lambda item: -item[1]["share"]))


def _grades(graded: pd.DataFrame) -> Statistics:
    """Counts of grades by kind and level, of kinds with more than two grades."""
    found: Statistics = {}
    valued = graded[graded["value"].map(_is_grade) & (graded["assertion"] != "historical")]
    for kind, rows in valued.groupby("kind", observed=True):
        values = sorted({int(v) for v in rows["value"]})
        scale = [int(v) for v in KINDS[str(kind)].values] if _on_scale(str(kind), values) else []
        if len(scale or values) < 3:
            continue
        levels = rows["level"].where(rows["level"].notna(), NO_LEVEL)
        found[str(kind)] = {
            level: {
                str(value): int(((levels == level) & (rows["value"] == value)).sum())
                for value in scale or values
            }
            for level in sorted_levels([str(v) for v in levels.unique()])
        }
    order_of = list(KINDS)
    return dict(
        sorted(found.items(), key=lambda kv: order_of.index(kv[0]) if kv[0] in KINDS else 99)
    )


def _is_grade(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == int(value)


def _on_scale(kind: str, values: Sequence[int]) -> bool:
    return kind in KINDS and KINDS[kind].type == "grade" and set(values) <= set(KINDS[kind].values)


def _stated(text: pd.DataFrame) -> Statistics:
    """Statements of texts by kind: how often each assertion, and in how many cases by level."""
    found: Statistics = {}
    for kind, rows in text.groupby("kind", observed=True):
        levels = rows["level"].where(rows["level"].notna(), NO_LEVEL)
        places = set(zip(rows["assertion"], levels, rows["case"], strict=True))
        stated = {
            assertion: Counter(str(level) for said, level, _ in places if said == assertion)
            for assertion in ASSERTIONS
        }
        found[str(kind)] = {
            "statements": len(rows),
            "cases": int(rows["case"].nunique()),
            "assertions": {a: int((rows["assertion"] == a).sum()) for a in ASSERTIONS},
            "cases_by_level": {
                a: {level: by[level] for level in sorted_levels(list(by))}
                for a, by in stated.items()
            },
        }
    return dict(sorted(found.items(), key=lambda item: (-item[1]["cases"], item[0])))


def _sentence(s: Statistics) -> str:
    said = []
    if s["graded"]:
        at_levels = [k for k, v in s["graded"].items() if set(v["levels"]) - {NO_LEVEL}]
        kinds = at_levels or list(s["graded"])
        often, rare = kinds[0], kinds[-1]
        first = s["graded"][often]
        said.append(
            f"{positive_title(often)} is the most frequent graded finding "
            f"({percent(first['positive'], first['n'])} of {first['n']:,})"
        )
        levels = {
            level: v for level, v in first["levels"].items() if v["n"] >= FEW and level != NO_LEVEL
        }
        if len(levels) > 1:
            peak = max(levels, key=lambda level: levels[level]["share"])
            share = percent(levels[peak]["positive"], levels[peak]["n"])
            said[-1] += f", highest at {peak} ({share})"
        if len(kinds) > 1:
            last = s["graded"][rare]
            said.append(
                f"{_lower(positive_title(rare))} the rarest "
                f"({percent(last['positive'], last['n'])}, {last['positive']:,} in all)"
            )
    if s["stated"]:
        kinds = list(s["stated"])
        first = s["stated"][kinds[0]]
        said.append(
            f"{'texts' if said else 'Texts'} speak most often of {title_of(kinds[0])} "
            f"({count(first['cases'], 'case')})"
        )
    return "; ".join(said) + "."


def _lower(text: str) -> str:
    """Without a capital at its beginning, unless it is a name."""
    return text if text.startswith(("Modic", "Pfirrmann")) else text[:1].lower() + text[1:]


def _alerts(s: Statistics, generated: int) -> list[str]:
    alerts = []
    rare = [
        f"{_lower(positive_title(kind))} ({v['positive']})"
        for kind, v in s["graded"].items()
        if v["positive"] < 30
    ]
    if rare:
        alerts.append(
            f"Fewer than 30 positives of {listing(rare)}: a held-out part will hold a handful, "
            "so give intervals."
        )
    for kind, v in s["graded"].items():
        shares = {source: cell["share"] for source, cell in v["sources"].items()}
        if len(shares) > 1 and max(shares.values()) - min(shares.values()) > _MIXED:
            each = [f"{source} {100 * share:.0f}%" for source, share in shares.items()]
            alerts.append(
                f"{positive_title(kind)} is graded in sources that differ ({listing(each)}): its "
                "prevalence is that of the mixture, and tells the source."
            )
    if generated:
        alerts.append(
            f"{count(generated, 'finding')} from texts that a program wrote from gradings: they "
            "repeat the gradings and are no second reader."
        )
    return alerts


def _notes(graded: pd.DataFrame, text: pd.DataFrame) -> list[str]:
    notes = []
    open_ones = int(graded["positive"].isna().sum())
    if not graded.empty:
        notes.append(
            "A level counts once a kind, positive if any statement of it is. Pfirrmann counts as "
            "positive from grade IV, Modic change from type 1."
            + (f" {count(open_ones, 'open statement')} left out." if open_ones else "")
        )
    if not text.empty:
        sides = counts(text["side"].where(text["side"].notna(), UNKNOWN).astype(object))
        named = [f"{n:,} {side}" for side, n in sides.items() if side != UNKNOWN]
        if named:
            notes.append(f"Sides named in texts: {listing(named)}.")
    return notes
