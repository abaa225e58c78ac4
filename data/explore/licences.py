"""Under which terms the data may be used and passed on."""

from __future__ import annotations

import re
from collections.abc import Mapping

from data.explore.chart import bars, figure
from data.explore.columns import cross, shown_sources
from data.explore.section import Part, Section, Statistics, Table
from data.explore.tables import Tables
from data.explore.wording import count, listing, percent

TITLE = "Licences"
_UNKNOWN = "unknown"
_FREE = "nothing"
_MOST = 9
_MOST_ROWS = 40


def conditions(licence: str) -> tuple[str, ...]:
    """What a licence asks for, as far as its name says; no legal advice.

    >>> conditions("CC BY-NC-SA 4.0")
    ('name the authors', 'no commercial use', 'share alike')
    >>> conditions("CC0 1.0"), conditions("MIT"), conditions("house rules")
    (('nothing',), ('keep the notice',), ('read it: not known here',))
    """
    several = [part for part in re.split(r",| or | and ", licence) if re.search(r"[A-Z]{2}", part)]
    if len(several) > 1:
        wanted = dict.fromkeys(name for part in several for name in conditions(part))
        return tuple(name for name in wanted if name != _FREE or len(wanted) == 1)
    name = licence.upper().replace("_", "-").replace(" ", "-")
    if re.search(r"CC0|PDDL|PUBLIC-DOMAIN", name):
        return (_FREE,)
    if not name.startswith("CC-BY"):
        notice = re.search(r"\b(MIT|BSD|APACHE)", name)
        return ("keep the notice",) if notice else ("read it: not known here",)
    parts = name.split("-")
    asked = ["name the authors"]
    asked += ["no commercial use"] if "NC" in parts else []
    asked += ["no changed versions"] if "ND" in parts else []
    asked += ["share alike"] if "SA" in parts else []
    return tuple(asked)


def licences(tables: Tables, citations: Mapping[str, str]) -> Section:
    """Count cases and images by licence.

    Args:
        tables: the cases.
        citations: of each source, where they are known.
    """
    cases = tables.cases
    told = cases.assign(licence=cases["licence"].map(lambda text: text.strip() or _UNKNOWN))
    statistics: Statistics = {
        "licences": {
            str(licence): {
                "cases": len(rows),
                "images": int(rows["images"].sum()),
                "texts": sum(bool(tables.texts[int(row)]) for row in rows.index),
                "sources": sorted(str(s) for s in rows["source"].unique()),
                "conditions": list(conditions(str(licence))),
            }
            for licence, rows in told.groupby("licence")
        },
        "citations": {s: citations[s] for s in sorted(cases["source"].unique()) if s in citations},
    }
    by_size = sorted(statistics["licences"].items(), key=lambda item: -item[1]["cases"])
    sources, more = shown_sources(cases)
    found = cross(told, "source", "licence")
    stacks = {name: [found[name].get(s, 0) for s in sources] for name, _ in by_size[:_MOST]}
    parts: list[Part] = [
        figure(
            "licences-sources",
            "Cases by source and licence",
            ("", bars(sources, stacks, lying=True, x="cases")),
            note=more,
            height=max(240, 110 + 34 * len(sources)),
        ),
        Table(
            "Terms",
            ("licence", "cases", "images", "texts", "asks for", "sources"),
            tuple(
                (
                    name,
                    v["cases"],
                    v["images"],
                    v["texts"],
                    ", ".join(v["conditions"]),
                    listing(v["sources"], most=8),
                )
                for name, v in by_size[:_MOST_ROWS]
            ),
            "As far as a licence's name says; read the licence itself before relying on it.",
        ),
    ]
    if statistics["citations"]:
        cited = tuple(statistics["citations"].items())
        parts.append(Table("To be cited", ("source", "work"), cited))
    return Section(
        "licences",
        TITLE,
        _sentence(statistics, len(cases)),
        statistics,
        parts=tuple(parts),
        alerts=tuple(_alerts(statistics)),
    )


def _sum(s: Statistics, condition: str) -> int:
    return sum(v["cases"] for v in s["licences"].values() if condition in v["conditions"])


def _sentence(s: Statistics, total: int) -> str:
    names = s["licences"]
    most = max(names, key=lambda name: names[name]["cases"])
    said = f"{percent(names[most]['cases'], total)} of the cases are under {most}"
    if len(names) > 1:
        said += f", the others under {listing(sorted(set(names) - {most}))}"
    bound = _sum(s, "no commercial use")
    unread = _sum(s, "read it: not known here")
    said += f"; {bound:,} forbid" if bound else "; none forbids"
    said += " commercial use by name"
    return said + (f", and {unread:,} have terms not known here." if unread else ".")


def _alerts(s: Statistics) -> list[str]:
    alerts = []
    for condition, consequence in (
        ("no commercial use", "what is learnt from them may not be sold"),
        ("no changed versions", "ask before passing on what is derived from them"),
        ("share alike", "pass derived data on under the same licence"),
        ("read it: not known here", "read the terms before use"),
    ):
        n = _sum(s, condition)
        if n:
            alerts.append(f"{count(n, 'case')} with “{condition}”: {consequence}.")
    return alerts
