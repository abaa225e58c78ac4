"""The section that tells how the baselines learn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from data.baselines.document import Document, main_metric
from data.baselines.models import MODEL_TITLES
from data.baselines.plots import HEIGHT, grid, traces
from data.explore.chart import figure
from data.explore.section import Part, Section, absent
from data.explore.wording import capital, listing, title_of

_TITLE = "How the baselines learn"


def learning_section(document: Document) -> Section:
    """How the baselines learn, how sure they rightly are, and what they lean on."""
    known = {f: d for f, d in document["findings"].items() if not d["reason"]}
    if not known:
        return absent(
            "learning",
            _TITLE,
            "No finding could be learned, so nothing is shown.",
        )
    parts: list[Part] = [
        figure(
            "baselines-calibration",
            "Calibration",
            *(
                (capital(title_of(f)), _calibration(d["calibration"]["cross-validation"]))
                for f, d in known.items()
            ),
            note="Stated chance against what came true, in the cross-validation; on the dotted "
            "line a model is right as often as it says. Of Pfirrmann the chance of the stated "
            "grade.",
            height=HEIGHT,
        ),
        figure(
            "baselines-learning",
            "Learning curves",
            *(
                (
                    capital(title_of(f)),
                    traces(
                        d["learning_curve"],
                        by="model",
                        x="patients",
                        y="value",
                        x_title="training patients",
                        y_title=main_metric(document["marks"], f),
                    ),
                )
                for f, d in known.items()
            ),
            note="Cross-validated with fewer training patients; bars are 95% intervals.",
            height=HEIGHT,
        ),
        figure(
            "baselines-importance",
            "What the models lean on",
            *(
                (MODEL_TITLES[model], _importance(known, model))
                for model in ("boosting", "logistic")
            ),
            note="How much of AUROC or kappa is lost when the measures are another patient's at "
            "the same level (permutation importance on unseen patients).",
            height=110 + 38 * len(known),
            wide=True,
        ),
    ]
    return Section(
        "learning",
        _TITLE,
        _gain(known),
        {
            f: {key: d[key] for key in ("learning_curve", "importance", "coefficients", "penalty")}
            for f, d in known.items()
        },
        parts=tuple(parts),
    )


def _gain(known: Mapping[str, Document]) -> str:
    """What more patients would bring, read from the last two points of the learning curves."""
    steps = []
    for finding, about in known.items():
        points = [
            p
            for p in about["learning_curve"]
            if p["model"] == "boosting" and p["value"] is not None
        ]
        if len(points) > 1:
            steps.append((points[-1]["value"] - points[-2]["value"], finding, points[-2:]))
    if not steps:
        return "Too few patients for a learning curve."
    rising = [s for s in steps if s[0] > 0.01]
    last, before = steps[0][2][1]["patients"], steps[0][2][0]["patients"]
    if not rising:
        return (
            f"From {before} to {last} training patients gradient boosting gains nothing more: "
            "other features would help rather than more patients."
        )
    names = [f"{title_of(f)} (+{gain:.2f})" for gain, f, _ in sorted(rising, reverse=True)]
    return (
        f"From {before} to {last} training patients gradient boosting still gains in "
        f"{listing(names, most=10)}."
    )


def _calibration(models: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, Any]:
    rows = [
        {"model": model, **point}
        for model, points in models.items()
        if model not in ("prevalence", "level")
        for point in points
    ]
    spec = traces(
        rows, by="model", x="chance", y="share", x_title="stated chance", y_title="came true"
    )
    spec["data"].append(
        {
            "type": "scatter",
            "mode": "lines",
            "x": [0, 1],
            "y": [0, 1],
            "line": {"color": "$soft", "width": 1, "dash": "dot"},
            "showlegend": False,
            "hoverinfo": "skip",
        }
    )
    return spec


def _importance(known: Mapping[str, Document], model: str) -> dict[str, Any]:
    groups = list(dict.fromkeys(r["group"] for d in known.values() for r in d["importance"]))
    at = {(f, r["group"], r["model"]): r for f, d in known.items() for r in d["importance"]}
    return grid(
        known,
        groups,
        lambda finding, group: at.get((finding, group, model)),
        row_title=lambda finding: capital(title_of(finding)),
        column_title=str,
        value="lost",
        low=0.0,
        high=0.2,
    )
