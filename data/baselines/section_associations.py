"""The section that tells how findings go with level and measures."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from data.baselines.document import Document
from data.baselines.plots import HEIGHT, forest, grid, hover_of
from data.baselines.table import TITLES
from data.explore.chart import figure
from data.explore.kinds import positive_title
from data.explore.section import Part, Section, Table
from data.explore.wording import listing


def associations_section(document: Document) -> Section:
    """How findings go with level and measures."""
    found = {f: d["associations"] for f, d in document["findings"].items()}
    reference = document["settings"]["reference_level"]
    parts: list[Part] = [
        figure(
            "baselines-levels",
            f"Odds at each level against {reference}",
            *(
                (
                    positive_title(f),
                    forest(
                        [row["level"] for row in a["levels"]],
                        {"odds ratio": a["levels"]},
                        value="odds",
                        x="odds ratio",
                        neutral=1.0,
                        logarithmic=True,
                    ),
                )
                for f, a in found.items()
            ),
            note="Generalised estimating equations with patients as clusters; 95% intervals.",
            height=HEIGHT,
        ),
        figure(
            "baselines-measures",
            "Findings and measures at the same level",
            ("odds ratio", _measures(found)),
            note="Odds ratio for one standard deviation more, of sex for men against women; a "
            "star is a false discovery rate below 5%.",
            height=130 + 38 * len(found),
            wide=True,
        ),
        _level_table(found),
    ]
    differ = [
        positive_title(f) for f, a in found.items() if a["across"].get("adjusted", 1.0) < 0.05
    ]
    sentence = (
        f"Within patients the levels differ in {listing([_lower(d) for d in differ], most=10)}."
        if differ
        else "No finding differs between the levels of a patient more than chance would have it."
    )
    return Section(
        "associations",
        "Findings by level and measure",
        sentence,
        {f: {"across": a["across"], "trend": a["trend"]} for f, a in found.items()},
        parts=tuple(parts),
        notes=(
            "Discs of one patient are not independent: levels are compared within patients "
            "(Cochran's Q, adjusted by Holm), odds ratios have robust errors (adjusted by "
            "Benjamini and Hochberg). Training patients only.",
        ),
    )


def _lower(text: str) -> str:
    """Without its capital, unless it is a name."""
    return text if text.startswith(("Modic", "Pfirrmann")) else text[:1].lower() + text[1:]


def _measures(found: Mapping[str, Any]) -> dict[str, Any]:
    names = list(dict.fromkeys(r["feature"] for a in found.values() for r in a["features"]))
    at = {}
    for finding, association in found.items():
        for row in association["features"]:
            if row.get("odds"):
                star = "*" if row["adjusted"] < 0.05 else ""
                at[finding, row["feature"]] = {
                    **row,
                    "log": math.log(row["odds"]),
                    "shown": f"{row['odds']:.2f}{star}",
                    "value": row["odds"],
                }
            else:
                at[finding, row["feature"]] = row
    return grid(
        found,
        names,
        lambda finding, name: at.get((finding, name)),
        row_title=positive_title,
        column_title=lambda name: TITLES.get(name, name),
        value="log",
        low=-1.5,
        high=1.5,
        diverging=True,
    )


def _level_table(found: Mapping[str, Any]) -> Table:
    rows = []
    for finding, about in found.items():
        across, trend = about["across"], about["trend"]
        shares = [
            f"{100 * row['share']:.0f}%" if "share" in row else "–" for row in about["levels"]
        ]
        rows.append(
            (
                positive_title(finding),
                *shares,
                _p(across),
                hover_of(trend, "odds") if trend.get("odds") else trend["reason"],
                _p(trend),
            )
        )
    levels = [row["level"] for row in next(iter(found.values()))["levels"]]
    return Table(
        "Shares by level",
        ("finding", *levels, "levels differ, p", "odds for a level further down", "p"),
        tuple(rows),
        note="p-values adjusted for the number of findings (Holm).",
    )


def _p(row: Mapping[str, Any]) -> str:
    if row.get("adjusted") is None:
        return str(row["reason"])
    return "< 0.001" if row["adjusted"] < 0.001 else f"{row['adjusted']:.3f}"
