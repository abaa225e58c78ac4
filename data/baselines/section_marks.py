"""The section that tells what the baselines reach."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from data.baselines.document import SPLITS, Document, main_metric, rows, to_beat
from data.baselines.marks import NO_SKILL
from data.baselines.models import MODEL_TITLES
from data.baselines.plots import HEIGHT, forest, grid
from data.baselines.table import TITLES
from data.explore.chart import figure
from data.explore.section import Part, Section, Table
from data.explore.wording import capital, count, listing, title_of


def marks_section(document: Document) -> Section:
    """What was reached, with intervals, and what has to be beaten."""
    findings = list(document["findings"])
    patients, discs = document["data"]["patients"], document["data"]["discs"]
    parts: list[Part] = [
        figure(
            "baselines-marks",
            "AUROC, and quadratic kappa of the Pfirrmann grade",
            *((split, _heat(document, split)) for split in SPLITS),
            note="Point at a cell for its 95% interval. Development patients took no part in "
            "learning; in the cross-validation each patient is judged by a model that has not "
            "seen the patient.",
            height=110 + 38 * len(findings),
            wide=True,
        ),
        figure(
            "baselines-intervals",
            "With their intervals",
            *((capital(title_of(finding)), _forest(document, finding)) for finding in findings),
            note="95% intervals by bootstrap over patients; the dotted line is guessing.",
            height=HEIGHT,
        ),
        _table(document),
    ]
    missing = {f: d["reason"] for f, d in document["findings"].items() if d["reason"]}
    alerts = [f"{capital(title_of(f))} is not estimable: {why}." for f, why in missing.items()]
    left_out = [
        f"{TITLES.get(name, name)} ({why})" for name, why in document["data"]["left_out"].items()
    ]
    notes = [
        f"Learned from {count(discs['train'], 'disc')} of "
        f"{count(patients['train'], 'patient')}, marked on {count(discs['development'], 'disc')} "
        f"of {count(patients['development'], 'patient')}. Features: "
        f"{listing([TITLES.get(n, n) for n in document['data']['features']], most=20)}.",
        *([f"Left out: {listing(left_out)}."] if left_out else []),
        *document["data"]["notes"],
    ]
    return Section(
        "baselines",
        "Baselines on measured features",
        _sentence(document),
        {"to_beat": list(to_beat(document["marks"]))},
        parts=tuple(parts),
        alerts=tuple(alerts),
        notes=tuple(notes),
    )


def _sentence(document: Document) -> str:
    marks = document["marks"]
    main = [
        r
        for r in to_beat(marks)
        if r["metric"] == main_metric(marks, r["finding"]) and r["value"] is not None
    ]
    if not main:
        return "No finding could be marked on development patients."
    told = [f"{r['metric']} {r['value']:.2f} for {title_of(r['finding'])}" for r in main]
    patients = document["data"]["patients"]["development"]
    return (
        f"What a trained network has to beat on {count(patients, 'development patient')}: "
        f"{listing(told, most=20)}."
    )


def _forest(document: Document, finding: str) -> dict[str, Any]:
    metric = main_metric(document["marks"], finding)
    there = {s: rows(document["marks"], split=s, finding=finding, metric=metric) for s in SPLITS}
    return forest(
        [MODEL_TITLES[row["model"]] for row in there[SPLITS[0]]],
        there,
        x=metric,
        neutral=NO_SKILL[metric],
    )


def _heat(document: Document, split: str) -> dict[str, Any]:
    marks = document["marks"]
    at = {
        (row["finding"], row["model"]): row
        for row in rows(marks, split=split)
        if row["metric"] == main_metric(marks, row["finding"])
    }
    return grid(
        document["findings"],
        [model for model in MODEL_TITLES if any(m == model for _, m in at)],
        lambda finding, model: at.get((finding, model)),
        row_title=lambda finding: capital(title_of(finding)),
        column_title=MODEL_TITLES.__getitem__,
        value="value",
        low=0.4,
        high=1.0,
    )


def _table(document: Document) -> Table:
    lines = [
        (
            capital(title_of(row["finding"])),
            row["metric"],
            MODEL_TITLES[row["model"]],
            f"{row['value']:.3f}",
            _span(row),
            row["patients"],
            row["discs"],
            row["positive"],
        )
        for row in to_beat(document["marks"])
        if row["value"] is not None
    ]
    return Table(
        "To be beaten on development patients",
        ("finding", "figure", "model", "value", "95% interval", "patients", "discs", "positive"),
        tuple(lines),
        note="Of each finding the model that was best in the cross-validation, which has not seen "
        "these patients. Of Brier and ECE less is better.",
    )


def _span(row: Mapping[str, Any]) -> str:
    if row["low"] is None:
        return "–"
    return f"{row['low']:.3f} to {row['high']:.3f}"
