"""The model card of ``weights/concepts``, its figures filled in by the evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from finetune.captions.card import by_group, table
from tools.concepts.combine import Rules

TEMPLATE = Path(__file__).with_name("card.md")


def text(figures: Mapping[str, Any], rules: Rules) -> str:
    """The whole card."""
    return TEMPLATE.read_text(encoding="utf-8").format(
        concepts=figures["vocabulary"]["concepts"],
        detectable=figures["vocabulary"]["with a detector"],
        coded=figures["vocabulary"]["with a CUI and a detector"],
        patients=figures["patients"],
        refused=figures["not graded"],
        anatomy=len(rules.anatomy),
        **tables(figures),
    )


def tables(figures: Mapping[str, Any]) -> dict[str, str]:
    """Every figure, as Markdown tables by their place in the card."""
    rows = []
    for which in ("primary", "secondary"):
        found = figures[which]
        for system in ("tools", "most frequent concepts"):
            one = found[system]
            low, high = one["interval"]
            name = system if system == "tools" else f"{system} ({found['frequent']})"
            told = found["difference"]
            difference = f"{told['value']:+.3f} (p = {told['p']:.4f})" if system == "tools" else ""
            f1 = f"{one['value']:.3f} ({low:.3f} to {high:.3f})"
            rows.append((which, name, one["patients"], f1, difference))
    head = ("score", "system", "patients", "F1", "against the most frequent")
    each = figures["concepts"]
    columns = list(next(iter(each.values())))
    return {
        "scores": table(head, rows),
        "groups": by_group(figures["groups"], ("primary", "secondary")),
        "each": table(
            ("concept", *columns),
            [
                (name, *("" if row[c] is None else row[c] for c in columns))
                for name, row in each.items()
            ],
        ),
    }
