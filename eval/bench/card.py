"""The card that a built benchmark carries: what it is, and how another team enters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from eval.bench.definition import Definition
from radixgpt.case import Case

_TEMPLATE = Path(__file__).with_name("card.md.j2")


def card(
    bench: Definition,
    chosen: Sequence[Case],
    known: Sequence[Case],
    counts: Mapping[str, int],
    *,
    citation: str,
    sha256: str,
) -> str:
    """The card as Markdown.

    Args:
        bench: the definition.
        chosen: cases that are items.
        known: cases of the index.
        counts: items of each task.
        citation: of the source of the images.
        sha256: of the definition.
    """
    from jinja2 import Environment, StrictUndefined

    # Markdown, not HTML: nothing is escaped. The texts are the project's own.
    environment = Environment(  # noqa: S701
        undefined=StrictUndefined, keep_trailing_newline=True, trim_blocks=False
    )
    return environment.from_string(_TEMPLATE.read_text(encoding="utf-8")).render(
        bench=bench,
        counts=counts,
        studies=len(chosen),
        patients=len({case.patient for case in chosen}),
        index=len(known),
        licences=sorted({case.licence for case in (*chosen, *known)}),
        citation=f"Cite: {citation}" if citation else "",
        sha256=sha256,
    )
