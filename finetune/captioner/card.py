"""The model card of ``weights/captioner``, its figures filled in by the measurement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from finetune.captioner.marks import FOUND, TEXT
from finetune.captioner.tokens import ALONE, DRAWN
from tools.captioner.grammar import vocabulary

TEMPLATE = Path(__file__).with_name("card.md")
_TITLES = {
    "study": "Captions of the study",
    "image": "Captions of the T2 image",
    "disc": "Captions of discs",
}
_NAMES = {
    "finding_f1": "finding F1",
    "finding_precision": "precision",
    "finding_recall": "recall",
    "bleu_1": "BLEU-1",
    "bleu_2": "BLEU-2",
    "bleu_3": "BLEU-3",
    "bleu_4": "BLEU-4",
    "rouge_l": "ROUGE-L",
    "cider": "CIDEr",
}


def text(figures: Mapping[str, Any], compared_: Mapping[str, Any] | None) -> str:
    """The whole card.

    Args:
        figures: from ``finetune.captioner.measure``.
        compared_: from ``finetune.captioner.compare``; None where that was not run.
    """
    return TEMPLATE.read_text(encoding="utf-8").format(
        megabytes=figures["bytes"] / 1e6,
        words=len(vocabulary()),
        copies=DRAWN + 2 * ALONE,
        steps=f"{figures['training']['steps']:,.0f}",
        minutes=figures["training"]["cpu_seconds"] / 60,
        patients=figures["tasks"]["study"]["patients"],
        refused=figures["tasks"]["study"]["not graded"],
        tables=tables(figures),
        differences=_differences(figures),
        blank=figures["refused"]["blank"],
        noise=figures["refused"]["noise"],
        dropped=_sum(figures, "sentences left out by the check"),
        written=_sum(figures, "captions written"),
        compared="Not measured." if compared_ is None else compared(compared_),
    )


def _sum(figures: Mapping[str, Any], name: str) -> int:
    return sum(int(found[name]) for found in figures["tasks"].values())


def tables(figures: Mapping[str, Any]) -> str:
    """A table for each task."""
    return "\n\n".join(
        f"### {_TITLES[task]}\n\n{_table(found)}" for task, found in figures["tasks"].items()
    )


def compared(found: Mapping[str, Any]) -> str:
    """The table of both decoders, each alone."""
    names = ("finding_f1", "bleu_4", "cider")
    rows = []
    for task, systems in found["tasks"].items():
        for system, row in systems.items():
            rows.append(
                (
                    task,
                    system,
                    f"{found['parameters'][system] / 1e6:.1f} M",
                    f"{found['training'][system]['cpu_seconds'] / 60:.0f} min",
                    row["captions"],
                    *(_cell(row[name]) for name in names),
                    f"{row['seconds']:.2f}",
                )
            )
    heads = ("captions of", "decoder alone", "parameters", "trained, one thread", "n")
    return _markdown((*heads, *(_NAMES[name] for name in names), "processor s a caption"), rows)


def _table(found: Mapping[str, Any]) -> str:
    rows = [
        (name, *(_cell(row[figure]) for figure in FOUND), *(_short(row[f]) for f in TEXT))
        for name, row in found["systems"].items()
    ]
    return _markdown(("system", *(_NAMES[name] for name in (*FOUND, *TEXT))), rows)


def _differences(figures: Mapping[str, Any]) -> str:
    tasks = list(figures["tasks"])
    pairs = list(figures["tasks"][tasks[0]]["differences"])
    rows = [
        (pair, *(_cell(figures["tasks"][task]["differences"][pair]) for task in tasks))
        for pair in pairs
    ]
    return _markdown(("finding F1", *tasks), rows)


def _cell(figure: Mapping[str, Any]) -> str:
    low, high = figure["interval"]
    return f"{figure['value']:.2f} ({low:.2f} to {high:.2f})"


def _short(figure: Mapping[str, Any]) -> str:
    return f"{figure['value']:.2f}"


def _markdown(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    names = list(head)
    lines = [names, ["---"] * len(names), *([str(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
