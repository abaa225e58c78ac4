"""The figures of the findings by level."""

from __future__ import annotations

from collections import Counter
from typing import Any

from data.explore.chart import NEGATIVE, Spec, bars, figure, heat, intervals
from data.explore.kinds import FEW, positive_title, sorted_levels
from data.explore.section import Part, Statistics
from data.explore.wording import capital, count, title_of

MOST_KINDS = 24
"""So many kinds are drawn, the most frequent; the statistics hold all."""
ASSERTIONS = ("present", "absent", "uncertain", "historical")
_GRADED_KINDS = 8
_MOST_LEVELS = 14


def graded_parts(s: Statistics) -> list[Part]:
    """Shares of graded findings by level, and cases with them."""
    graded: dict[str, Any] = dict(list(s["graded"].items())[:MOST_KINDS])
    if not graded:
        return []
    levels = sorted_levels(list({level for kind in graded.values() for level in kind["levels"]}))
    cells = [[kind["levels"].get(level) for level in levels] for kind in graded.values()]
    names = [positive_title(kind) for kind in graded]

    def hover(name: str, level: str, cell: dict[str, Any] | None) -> str:
        if cell is None:
            return ""
        few = "\nfew: read with care" if cell["n"] < FEW else ""
        return (
            f"{name}, {level}\n{cell['positive']} of {cell['n']} = {100 * cell['share']:.1f}%\n"
            f"95% interval {100 * cell['low']:.1f}% to {100 * cell['high']:.1f}%{few}"
        )

    told = [
        [hover(name, level, cell) for level, cell in zip(levels, row, strict=True)]
        for name, row in zip(names, cells, strict=True)
    ]
    share = [[100 * c["share"] if c else None for c in row] for row in cells]
    spec = heat(
        levels,
        names,
        share,
        shown=[[f"{c:.0f}%" if c is not None else "" for c in row] for row in share],
        hover=told,
        low=0,
        high=100,
        bar="% positive",
    )
    curves = {
        name: [
            (100 * c["share"], 100 * c["low"], 100 * c["high"]) if c and c["n"] >= FEW else None
            for c in row
        ]
        for name, row in zip(names, cells, strict=True)
    }
    views = [("share", spec)]
    if any(point for points in curves.values() for point in points):
        hovers = dict(zip(names, told, strict=True))
        views.append(("intervals", intervals(levels, curves, hovers, y="")))
    parts: list[Part] = [
        figure(
            "prevalence-graded",
            "Graded findings by level",
            *views,
            note="Share of the graded levels at which the finding is there; intervals are "
            "Wilson's 95%.",
            height=max(300, 140 + 34 * len(names)),
            wide=True,
        )
    ]
    cases = {
        "positive": [kind["positive_cases"] for kind in graded.values()],
        NEGATIVE: [kind["cases"] - kind["positive_cases"] for kind in graded.values()],
    }
    parts.append(
        figure(
            "prevalence-cases",
            "Cases with the finding at any level",
            ("", bars(names, cases, lying=True, x="cases")),
            height=max(260, 100 + 30 * len(names)),
        )
    )
    return parts


def grade_parts(s: Statistics) -> list[Part]:
    """Grades by level, a view a kind."""
    if not s["grades"]:
        return []
    views: list[tuple[str, Spec]] = []
    for kind, by_level in list(s["grades"].items())[:_GRADED_KINDS]:
        levels = list(by_level)
        grades = list(by_level[levels[0]])
        stacks = {f"grade {g}": [by_level[level][g] for level in levels] for g in grades}
        spec = bars(levels, stacks, share=True)
        # Grades are ordered, so are their colours.
        for position, trace in enumerate(spec["data"]):
            trace["marker"]["color"] = f"$step{position}of{len(grades)}"
        views.append((capital(title_of(kind)), spec))
    return [figure("prevalence-grades", "Grades by level", *views, height=340)]


def text_parts(s: Statistics) -> list[Part]:
    """What texts state, by level and by assertion."""
    stated: dict[str, Any] = dict(list(s["stated"].items())[:MOST_KINDS])
    if not stated:
        return []
    names = [capital(title_of(kind)) for kind in stated]
    views = []
    named: Counter[str] = Counter()
    for kind in stated.values():
        for by in kind["cases_by_level"].values():
            named.update(by)
    shown = {level for level, _ in named.most_common(_MOST_LEVELS)}
    more = len(named) > _MOST_LEVELS
    few = f" The {_MOST_LEVELS} of {len(named)} levels named most often." if more else ""
    for assertion in ASSERTIONS:
        by_kind = [kind["cases_by_level"][assertion] for kind in stated.values()]
        levels = sorted_levels(list(shown & {level for by in by_kind for level in by}))
        if not levels:
            continue
        table = [[by.get(level, 0) for level in levels] for by in by_kind]
        spec = heat(
            levels,
            names,
            [[n or None for n in row] for row in table],
            shown=[[f"{n:,}" if n else "" for n in row] for row in table],
            hover=[
                [
                    f"{name}, {level}\n{assertion} in {count(n, 'case')}"
                    for level, n in zip(levels, row, strict=True)
                ]
                for name, row in zip(names, table, strict=True)
            ],
            low=0,
            high=max(max(row) for row in table),
            bar="cases",
        )
        views.append((assertion, spec))
    said = {a: [kind["assertions"][a] for kind in stated.values()] for a in ASSERTIONS}
    used = {a: values for a, values in said.items() if any(values)}
    height = max(280, 130 + 26 * len(names))
    return [
        figure(
            "prevalence-stated",
            "Findings stated in texts, by level",
            *views,
            note=f"Number of cases whose text states it; a text that is silent says nothing.{few}",
            height=height,
            wide=True,
        ),
        figure(
            "prevalence-assertions",
            "How texts state them",
            ("count", bars(names, used, lying=True, x="statements")),
            ("share", bars(names, used, lying=True, share=True)),
            height=height,
        ),
    ]
