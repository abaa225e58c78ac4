"""Suspicious labels: doubted by a model, contradicting one another, or unlike the image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from data.explore.chart import UNKNOWN, bars, figure
from data.explore.columns import labels
from data.explore.contradictions import (
    contradiction_parts,
    contradictions_of,
    unlike_of,
    unlike_parts,
)
from data.explore.embedding import Embedding
from data.explore.evidence import OF_IMAGES, Evidence, of_cases, of_discs
from data.explore.judge import FEWEST, FOLDS, UNLIKELY, WORTHLESS, Verdict, judge
from data.explore.places import Places
from data.explore.section import Cell, Part, Section, Statistics, Table, absent
from data.explore.tables import Say, Tables
from data.explore.wording import capital, count, listing, number, percent, title_of
from radixgpt.finding import KINDS

if TYPE_CHECKING:
    import pandas as pd

TITLE = "Suspicious labels"
MOST_LABELS = 20_000
"""Of kinds with more labels, so many are judged, the cases drawn by the seed."""
_MOST_SHOWN = 8
_LABEL = "label"


@dataclass(frozen=True, eq=False)
class _Target:
    """Labels of one kind: a row a case, or a case and level."""

    key: str
    title: str
    graded: bool
    table: pd.DataFrame
    """``case``, ``level`` (None where there is none) and ``label``."""


def suspicious(
    places: Places,
    embedding: Embedding | None,
    seen: pd.DataFrame | None,
    say: Say,
    *,
    seed: int,
) -> Section:
    """Find labels that deserve a second look.

    Args:
        places: the cases with their images, and the measures of discs where there are any: a row
            a disc and image, ``case``, ``image``, ``sequence``, ``level``, ``x``, ``y`` and more.
        embedding: vectors of the images, None where there are none.
        seen: ``case``, ``image``, ``looks`` and ``looks_chance``: what each image looks like.
        say: told how far it is.
        seed: of the folds.
    """
    tables, discs = places.tables, places.discs
    contradictions = contradictions_of(tables)
    unlike = unlike_of(tables, seen)
    targets = _targets(tables, seed)
    verdicts: dict[str, tuple[_Target, Evidence, Verdict]] = {}
    unjudged: dict[str, str] = {}
    for done, target in enumerate(targets):
        say("Judging labels", done, len(targets))
        evidence = _evidence(tables, embedding, discs, target)
        if evidence is None:
            unjudged[target.key] = "no measures and no embedding of its images"
            continue
        patients = tables.cases["patient"].loc[target.table["case"]]
        verdict = judge(
            evidence.features,
            list(target.table["label"]),
            [str(p) for p in patients],
            graded=target.graded,
            seed=seed,
        )
        if verdict is None:
            unjudged[target.key] = f"fewer than two classes with {FEWEST} labels"
        else:
            verdicts[target.key] = (target, evidence, verdict)
    if targets:
        say("Judging labels", len(targets), len(targets))
    if not verdicts and not contradictions and not unlike:
        return _nothing(tables, targets, unjudged, looked=seen is not None)
    statistics: Statistics = {
        "judged": {key: _told(*three, tables) for key, three in verdicts.items()},
        "unjudged": unjudged,
        "contradictions": contradictions,
        "unlike": unlike,
    }
    parts = [*_judged_parts(places, verdicts, statistics)]
    parts.extend(contradiction_parts(contradictions))
    parts.extend(unlike_parts(places.looks, unlike))
    return Section(
        "suspicious",
        TITLE,
        _sentence(statistics),
        statistics,
        parts=tuple(parts),
        alerts=tuple(_alerts(statistics)),
        notes=tuple(_notes(statistics, verdicts)),
    )


def _nothing(
    tables: Tables, targets: list[_Target], unjudged: Mapping[str, str], *, looked: bool
) -> Section:
    if not targets:
        said = "The cases hold no graded finding and no label, so there is none to doubt"
    elif looked:
        said = "No label could be judged: " + listing(sorted(set(unjudged.values())))
    else:
        said = "No label could be judged without measures or an embedding of the images"
    return absent(
        "suspicious",
        TITLE,
        said + "; no two statements of a case contradict each other.",
        unjudged=dict(unjudged),
    )


def _targets(tables: Tables, seed: int) -> list[_Target]:
    """Graded kinds, and the label of the cases where they have one."""
    import pandas as pd

    graded = tables.findings[tables.findings["origin"] == "graded"]
    found = []
    for kind, rows in graded.groupby("kind", observed=True):
        known = rows[rows["positive"].notna()]
        told = known.assign(label=_values(str(kind), known), level=known["level"].astype(object))
        told["level"] = told["level"].where(told["level"].notna(), None)
        # Statements that differ are told as contradictions; the first stands here.
        once = told.drop_duplicates(["case", "level"])[["case", "level", "label"]]
        found.append(
            _Target(str(kind), capital(title_of(str(kind))), _graded(str(kind)), _drawn(once, seed))
        )
    if _LABEL in tables.cases:
        named = labels(tables.cases, _LABEL)
        there = named[named != UNKNOWN]
        table = pd.DataFrame({"case": there.index, "level": None, "label": there.to_numpy()})
        found.append(_Target(_LABEL, "Label of the case", False, _drawn(table, seed)))
    return [target for target in found if len(target.table)]


def _values(kind: str, rows: pd.DataFrame) -> list[str]:
    """Grades where the kind has them, else whether the finding is there."""
    graded = _graded(kind)
    return [
        f"{v:g}" if graded and isinstance(v, int | float) else ("present" if positive else "absent")
        for v, positive in zip(rows["value"], rows["positive"], strict=True)
    ]


def _graded(kind: str) -> bool:
    return kind in KINDS and KINDS[kind].type == "grade"


def _drawn(table: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Not more than ``MOST_LABELS`` rows, whole cases."""
    if len(table) <= MOST_LABELS:
        return table.reset_index(drop=True)
    cases = np.random.default_rng(seed).permutation(table["case"].unique())
    kept = cases[: int(len(cases) * MOST_LABELS / len(table))]
    return table[table["case"].isin(kept)].reset_index(drop=True)


def _evidence(
    tables: Tables, embedding: Embedding | None, discs: pd.DataFrame | None, target: _Target
) -> Evidence | None:
    """Measures of the discs where there are any for half of the labels, else the embedding."""
    if discs is not None and target.table["level"].notna().any():
        measured = of_discs(tables, discs, target.table)
        if measured is not None:
            return measured
    return of_cases(tables, embedding, target.table) if embedding is not None else None


def _told(target: _Target, evidence: Evidence, verdict: Verdict, tables: Tables) -> dict[str, Any]:
    return {
        "labels": len(target.table),
        "judged": len(verdict.rows),
        "too_rare": verdict.left_out,
        "classes": list(verdict.classes),
        "from": evidence.name,
        "auroc": round(verdict.auroc, 4),
        "worthless": verdict.worthless,
        "by_chance": round(verdict.by_chance, 1),
        "doubted": [
            {
                "case": str(tables.cases["id"].iloc[int(row["case"])]),
                "level": row["level"],
                "given": row["label"],
                "likelier": verdict.classes[int(np.argmax(verdict.probabilities[position]))],
                "chance_of_given": round(
                    float(verdict.probabilities[position][verdict.classes.index(row["label"])]),
                    4,
                ),
            }
            for position in verdict.doubted
            for row in [target.table.iloc[int(verdict.rows[position])]]
        ],
    }


# --- what is shown ----------------------------------------------------------------------------


def _sentence(s: Statistics) -> str:
    said = []
    able = {key: v for key, v in s["judged"].items() if not v["worthless"]}
    if able:
        doubted = sum(len(v["doubted"]) for v in able.values())
        judged = sum(v["judged"] for v in able.values())
        said.append(
            f"{doubted:,} of {count(judged, 'judged label')} ({percent(doubted, judged)}) "
            f"deserve{'s' if doubted == 1 else ''} a second look, where "
            f"chance alone would bring {round(sum(v['by_chance'] for v in able.values())):,}"
        )
        most = max(able, key=lambda key: len(able[key]["doubted"]) / able[key]["judged"])
        share = percent(len(able[most]["doubted"]), able[most]["judged"])
        if len(able) > 1 and doubted:
            said[-1] += f", most among {title_of(most)} ({share})"
    elif s["judged"]:
        said.append("the features at hand tell too little of any label to doubt one")
    n = len(s["contradictions"])
    said.append(
        f"{count(n, 'contradiction')} within a case" if n else "no contradiction within a case"
    )
    if s["unlike"]:
        said.append(f"{count(len(s['unlike']), 'image')} unlike what the facts say")
    text = "; ".join(said)
    return capital(text) + "."


def _judged_parts(
    places: Places,
    verdicts: Mapping[str, tuple[_Target, Evidence, Verdict]],
    s: Statistics,
) -> list[Part]:
    if not verdicts:
        return []
    order = sorted(verdicts, key=lambda key: -verdicts[key][2].auroc)
    names = [verdicts[key][0].title for key in order]
    doubted = [len(verdicts[key][2].doubted) for key in order]
    judged = [len(verdicts[key][2].rows) for key in order]
    spec = bars(
        names,
        {
            "doubted": [100 * d / j for d, j in zip(doubted, judged, strict=True)],
            "by chance": [
                0.0 if v.worthless else 100 * v.by_chance / len(v.rows)
                for v in (verdicts[key][2] for key in order)
            ],
        },
        lying=True,
        stacked=False,
        x="labels, %",
    )
    spec["data"][1]["marker"]["color"] = "$soft"
    told = [
        f"{d:,} of {j:,} doubted, {verdicts[key][2].by_chance:.0f} by chance; judge's AUROC "
        f"{verdicts[key][2].auroc:.2f}"
        + (" (too little to doubt)" if verdicts[key][2].worthless else "")
        for key, d, j in zip(order, doubted, judged, strict=True)
    ]
    for trace in spec["data"]:
        trace |= {"customdata": told, "hovertemplate": "%{y}<br>%{customdata}<extra></extra>"}
    area = bars(names, {"AUROC": [verdicts[key][2].auroc for key in order]}, lying=True, x="AUROC")
    area["layout"]["xaxis"] |= {"range": [0.4, 1.0]}
    parts: list[Part] = [
        figure(
            "suspicious-kinds",
            "Doubted labels by kind",
            ("doubted", spec),
            ("how good the judge is", area),
            note=f"A judge with an AUROC under {WORTHLESS} is not asked.",
            height=max(260, 110 + 32 * len(order)),
            wide=True,
        )
    ]
    shown: list[tuple[Cell, ...]] = []
    for key in order:
        for one in s["judged"][key]["doubted"][:_MOST_SHOWN]:
            shown.append(
                (
                    places.picture(one["case"], one["level"]),
                    one["case"],
                    one["level"],
                    verdicts[key][0].title,
                    one["given"],
                    one["likelier"],
                    number(100 * one["chance_of_given"], 2) + "%",
                )
            )
    if shown:
        columns = ("", "case", "level", "label", "given", "likelier", "chance of given")
        note = f"The {_MOST_SHOWN} most doubtful of each kind; explore.json holds all."
        parts.append(Table("To look at again", columns, tuple(shown), note))
    return parts


def _alerts(s: Statistics) -> list[str]:
    alerts = []
    if s["contradictions"]:
        alerts.append(
            f"{count(len(s['contradictions']), 'place')} of which a case says two things: decide "
            "before training."
        )
    if s["unlike"]:
        alerts.append(
            f"{count(len(s['unlike']), 'image')} may be filed under the wrong modality, plane or "
            "view."
        )
    return alerts


def _notes(s: Statistics, verdicts: Mapping[str, tuple[_Target, Evidence, Verdict]]) -> list[str]:
    notes = []
    if verdicts:
        sources = listing(sorted({evidence.name for _, evidence, _ in verdicts.values()}))
        notes.append(
            f"Judged by a regularised logistic regression on {sources}, cross-validated in "
            f"{FOLDS} folds by patient. Doubted is what confident learning (cleanlab) doubts and "
            f"the judge gives a chance of at most {UNLIKELY:.0%}; of a grade, if another two or "
            "more grades away is likelier. By chance: so many would look as unlikely if every "
            "label were right. A doubted label is a question, not an error."
        )
    if any(evidence.name.endswith(OF_IMAGES) for _, evidence, _ in verdicts.values()):
        notes.append(
            "Whole images say little of one disc. Where radixgpt data baselines has measured the "
            "discs, labels of discs are judged by their measures."
        )
    weak = [verdicts[key][0].title for key, v in s["judged"].items() if v["worthless"]]
    if weak:
        notes.append(f"Not doubted, as the judge is no better than chance: {listing(weak)}.")
    if s["unjudged"]:
        told = [f"{title_of(key)} ({why})" for key, why in s["unjudged"].items()]
        notes.append(f"Not judged: {listing(told)}.")
    return notes
