"""The model card of ``weights/captions``, its figures filled in by the evaluation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tools.captions.agreement import Weighing

TEMPLATE = Path(__file__).with_name("card.md")
_VERDICTS = ("fits", "fits_in_part", "does_not_fit", "cannot_tell")


def text(figures: Mapping[str, Any], weights: Weighing) -> str:
    """The whole card."""
    found = figures["agreement"]
    return TEMPLATE.read_text(encoding="utf-8").format(
        **weights.model_dump(),
        captions=figures["technique"]["captions"],
        patients=found["patients"],
        refused=found["not graded"],
        **tables(figures),
    )


def tables(figures: Mapping[str, Any]) -> dict[str, str]:
    """Every figure, as Markdown tables by their place in the card."""
    return {
        "technique": _technique(figures["technique"]),
        "notes": _notes(figures["notes"]),
        "agreement": _agreement(figures["agreement"]),
        "groups": by_group(figures["agreement"]["groups"], ("AUROC", "right one higher")),
        "verdicts": _verdicts(figures["agreement"]["verdicts"]),
    }


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """A Markdown table."""
    names = list(head)
    lines = [names, ["---"] * len(names), *([str(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def by_group(found: Mapping[str, Mapping[str, Any]], figures: Iterable[str]) -> str:
    """Figures of groups of patients as a Markdown table; a figure that is None had too few."""
    names = list(figures)
    return table(
        ("group", "patients", *names),
        (
            (
                group,
                row["patients"],
                *("too few" if row[name] is None else _cell(row[name]) for name in names),
            )
            for group, row in found.items()
        ),
    )


def _cell(figure: Mapping[str, Any]) -> str:
    low, high = figure["interval"]
    return f"{figure['value']:.3f} ({low:.3f} to {high:.3f})"


def _technique(found: Mapping[str, Any]) -> str:
    rows = []
    for truth in ("by marks", "by CUIs"):
        for name, systems in found[truth].items():
            for system, row in systems.items():
                f1 = _cell(row["F1"]) if truth == "by marks" else ""
                rows.append((truth, name, row["captions"], system, _cell(row["right"]), f1))
    return table(("truth", "what", "captions", "system", "all right", "F1 of labels"), rows)


def _notes(found: Mapping[str, Any]) -> str:
    rows = []
    for name, row in found.items():
        precision = row["right"] / row["read"] if row["read"] else 0.0
        recall = row["right"] / row["marked"] if row["marked"] else 0.0
        f1 = f"{row['f1']:.3f} ({row['low']:.3f} to {row['high']:.3f})"
        rows.append((name, f1, f"{precision:.3f}", f"{recall:.3f}"))
    return table(("system", "F1", "precision", "recall"), rows)


def _agreement(found: Mapping[str, Any]) -> str:
    systems: Mapping[str, Mapping[str, Any]] = found["systems"]
    rows = []
    for name in next(iter(systems.values())):
        for system, marks in systems.items():
            row = marks[name]
            accuracy = row["balanced accuracy at 0.5"]
            rows.append(
                (
                    name,
                    row["captions"],
                    system,
                    _cell(row["AUROC"]),
                    _cell(row["right one higher"]),
                    "" if system == "shared words" else _cell(accuracy),
                )
            )
    head = ("change", "captions", "system", "AUROC", "right one higher", "balanced accuracy")
    return table(head, rows)


def _verdicts(found: Mapping[str, Mapping[str, int]]) -> str:
    rows = [(name, *(counts.get(v, 0) for v in _VERDICTS)) for name, counts in found.items()]
    return table(("caption", "fits", "fits in part", "does not fit", "can't be told"), rows)
