"""The model card of ``weights/similar``, its figures filled in by the evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from finetune.captions.card import table

TEMPLATE = Path(__file__).with_name("card.md")


def text(figures: Mapping[str, Any]) -> str:
    """The whole card."""
    return TEMPLATE.read_text(encoding="utf-8").format(
        patients=figures["patients"],
        refused=figures["not graded"],
        studies=_searches(figures["studies"]),
        discs=_searches(figures["discs"]),
        questions=_questions(figures["questions"]),
        present=figures["questions"]["present"]["questions"],
        absent=figures["questions"]["absent"]["questions"],
        **{name.replace(" ", "_").replace("'", ""): v for name, v in figures["pictures"].items()},
    )


def tables(figures: Mapping[str, Any]) -> str:
    """Every figure as Markdown."""
    parts = (
        _searches(figures["studies"]),
        _searches(figures["discs"]),
        _questions(figures["questions"]),
        "\n".join(f"- {name}: {value}" for name, value in figures["pictures"].items()),
    )
    return "\n\n".join(parts)


def _cell(figure: Mapping[str, Any]) -> str:
    low, high = figure["interval"]
    return f"{figure['value']:.3f} ({low:.3f} to {high:.3f})"


def _searches(found: Mapping[str, Any]) -> str:
    rows = []
    for name, row in found.items():
        differences = [
            "" if name == other else _cell(row[label])
            for other, label in (("random", "over random"), ("pixels", "over pixels"))
        ]
        rows.append((name, _cell(row["overlap"]), _cell(row["graded"]), *differences))
    head = ("search", "findings in common", "with grades", "over random", "over pixels")
    return table(head, rows)


def _questions(found: Mapping[str, Any]) -> str:
    names = [name for name in found["present"] if name != "questions"]
    rows = [(name, _cell(found["present"][name]), _cell(found["absent"][name])) for name in names]
    return table(("search", "finding asked for", "its absence asked for"), rows)
