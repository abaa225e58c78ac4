"""The model cards of levels and disc grades, written from templates and figures."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import torch

from finetune import classifier_attempts, classifier_groups, to_beat
from finetune.classifier_look import Patient
from radixgpt.weights import WEIGHTS
from tools import classifier, levels


def rows_of(result: dict[str, object], wanted: str = "") -> str:
    """The figures as a Markdown table; ``wanted`` keeps those whose name begins with it."""
    figures = result["figures"]
    assert isinstance(figures, dict)
    lines = [
        "| figure | patients | value | 95 % interval | baseline |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, f in figures.items():
        if name.startswith(wanted):
            base = "" if math.isnan(f["baseline"]) else f"{f['baseline']:.3f}"
            lines.append(
                f"| {name} | {f['patients']} | {f['value']:.3f} "
                f"| {f['low']:.3f} to {f['high']:.3f} | {base} |"
            )
    return "\n".join(lines)


AIMS = {
    "Pfirrmann quadratic kappa": 0.82,
    "Pfirrmann balanced accuracy": 0.62,
    "Pfirrmann within one": 0.95,
    "disc_narrowing AUROC": 0.93,
    "disc_bulging AUROC": 0.90,
    "disc_herniation AUROC": 0.85,
    "modic AUROC": 0.90,
    "endplate_upper AUROC": 0.88,
    "endplate_lower AUROC": 0.88,
    "spondylolisthesis AUROC": 0.85,
}
"""The least that was aimed at."""
CALIBRATION_AIM = 0.05
"""The largest expected calibration error that was aimed at."""


def aims(result: dict[str, object]) -> str:
    """Which aims are met and which are missed, as one sentence."""
    met: list[str] = []
    missed: list[str] = []
    for name, f in _figures(result):
        if name in AIMS:
            (met if f["value"] >= AIMS[name] else missed).append(f"{name} {f['value']:.3f}")
        elif name.endswith("ECE"):
            (met if f["value"] <= CALIBRATION_AIM else missed).append(f"{name} {f['value']:.3f}")
    return f"met by {', '.join(met) or 'none'}; missed by {', '.join(missed) or 'none'}."


def write_cards(
    results: Mapping[str, dict[str, object]],
    shared: Path,
    seen: Mapping[int, Patient],
    ablation: str,
) -> None:
    """Write ``card.md`` of both weights from their templates and the figures.

    Args:
        results: regime to what ``classifier_marks.mark`` found.
        shared: the staged data.
        seen: what was said of the development patients as they come.
        ablation: its table.
    """
    both = results["both"]
    wrong = both["wrongly numbered"]
    abstained = both["abstained"]
    assert isinstance(wrong, dict)
    assert isinstance(abstained, dict)
    uncertain = both["called uncertain"]
    assert isinstance(uncertain, dict)
    numbered = "five discs"
    here = Path(__file__).parent
    members = classifier.models()
    grades = dict(both, figures={k: v for k, v in _figures(both) if not k.startswith(numbered)})
    values = {
        "patients": both["patients"],
        "wrong": "; ".join(f"patient {p} ({', '.join(v)})" for p, v in wrong.items()) or "none",
        "abstained": ", ".join(f"{k} {v:.1%}" for k, v in abstained.items()),
        "members": len(members),
        "aims": aims(both),
    }
    for name, own in (
        (
            "levels",
            {
                "figures": rows_of(both, numbered),
                "groups": classifier_groups.numbering(shared, seen),
                "uncertain_wrong": uncertain["wrong"],
                "uncertain_right": uncertain["right"],
                "parameters": _millions(levels.model()),
            },
        ),
        (
            "classifier",
            {
                "figures": rows_of(grades),
                "ablation": ablation,
                "attempts_auroc": classifier_attempts.as_table("AUROC"),
                "attempts_ece": classifier_attempts.as_table("ECE"),
                "groups": classifier_groups.groups(shared, seen),
                "sensitivities": classifier_groups.sensitivities(shared, seen),
                "risk_coverage": classifier_groups.risk_coverage(shared, seen),
                "to_beat": to_beat.beside(dict(_figures(grades))),
                "figures_renumbered": rows_of(_without(results["renumbered"], numbered)),
                "figures_t2": rows_of(_without(results["t2"], numbered)),
                "figures_t1": rows_of(_without(results["t1"], numbered)),
                "parameters": _millions(members[0]),
            },
        ),
    ):
        text = (here / f"{name}_card.md").read_text(encoding="utf-8")
        for key, value in {**values, **own}.items():
            text = text.replace("{" + key + "}", str(value))
        (WEIGHTS / name / "card.md").write_text(text, encoding="utf-8")


def _figures(result: dict[str, object]) -> list[tuple[str, dict[str, float]]]:
    figures = result["figures"]
    assert isinstance(figures, dict)
    return list(figures.items())


def _without(result: dict[str, object], name: str) -> dict[str, object]:
    return dict(result, figures={k: v for k, v in _figures(result) if not k.startswith(name)})


def _millions(model: torch.nn.Module) -> str:
    return f"{sum(p.numel() for p in model.parameters()) / 1e6:.1f}"
