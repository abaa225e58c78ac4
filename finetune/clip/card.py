"""The model card of ``weights/clip``, its figures filled in by the measurement."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from finetune.captions.card import table
from finetune.clip import compare
from finetune.clip.fit import Recipe
from radixgpt.weights import load_card

TEMPLATE = Path(__file__).with_name("card.md")


def text(figures: Mapping[str, Any], compared: Mapping[str, compare.Table], weights: Path) -> str:
    """The whole card.

    Args:
        figures: as ``finetune.clip.measure`` makes them.
        compared: as ``finetune.clip.compare`` does.
        weights: the folder that the card is of.
    """
    shipped = load_card(weights.name, root=weights.parent)
    size = sum((weights / name).stat().st_size for name in shipped.manifest.files)
    recipe = Recipe()
    return TEMPLATE.read_text(encoding="utf-8").format(
        patients=figures["patients"],
        discs=figures["discs"],
        slices_measured=figures["slices measured"],
        megabytes=f"{size / 1e6:.1f}",
        tokens=shipped.value("tokens"),
        epochs=recipe.epochs,
        loss=recipe.loss,
        compared=compare.table(compared["variants"]),
        trunks=compare.table(compared["trunks"]),
        **tables(figures),
    )


def tables(figures: Mapping[str, Any]) -> dict[str, str]:
    """Every figure, as Markdown tables by their place in the card."""
    found = figures["figures"]
    return {
        "grades": _beside(
            found,
            {
                "zero-shot": "by texts alone",
                "linear": "linear on our vectors",
                "linear on ImageNet": "linear on frozen ImageNet",
                "classifier": "the disc grader",
            },
        ),
        "alone": _beside(
            found, {"zero-shot, t2 alone": "T2 alone", "zero-shot, t1 alone": "T1 alone"}
        ),
        "negatives": _preferred(found["hard negatives"]),
        "level": _rows(found["discs, gradings and level"]),
        "gradings": _rows(found["discs, gradings alone"]),
        "by_patient": _rows(found["patients"]),
        "slice_negatives": _preferred(found["slices"]),
        "slices": _rows({k: v for k, v in found["slices"].items() if "unseen" not in v}),
    }


def _cell(row: Mapping[str, Any] | None) -> str:
    return "" if row is None else f"{row['value']:.3f} ({row['low']:.3f} to {row['high']:.3f})"


def _rows(found: Mapping[str, Mapping[str, Any]]) -> str:
    return table(
        ("figure", "value (95 % interval)", "chance"),
        [(name, _cell(row), f"{row['chance']:.3f}") for name, row in found.items()],
    )


def _preferred(found: Mapping[str, Mapping[str, Any]]) -> str:
    rows = [(name, row) for name, row in found.items() if "unseen" in row]
    return table(
        (
            "changed",
            "pairs",
            "right caption preferred (95 % interval)",
            "by the mean picture",
            "chance",
        ),
        [
            (name, row["pairs"], _cell(row), f"{row['unseen']:.3f}", f"{row['chance']:.3f}")
            for name, row in rows
        ],
    )


def _beside(found: Mapping[str, Any], named: Mapping[str, str]) -> str:
    first = found[next(iter(named))]
    return table(
        ("figure", *named.values(), "chance"),
        [
            (name, *(_cell(found[one].get(name)) for one in named), f"{row['chance']:.2f}")
            for name, row in first.items()
        ],
    )
