"""Measure what made-up images are worth, and write ``docs/synthesis.md``.

Real crops that were learned from are the training patients', those that are judged on the
development patients'. ``radixgpt data synth evaluate`` does the same and writes where it is told::

    python -m finetune.synthesis
"""

from __future__ import annotations

from pathlib import Path

import torch
from rich.console import Console
from rich.progress import Progress

from finetune.synthesis import run

PAGE = Path(__file__).parents[2] / "docs" / "synthesis.md"


def main() -> None:
    """Measure, and write the page."""
    torch.set_num_threads(1)
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("")
        found = run.measured(
            say=lambda what, done, total: progress.update(
                task, description=what, completed=done, total=total
            )
        )
    for line in found["missing"]:
        print(line)
    PAGE.write_text(run.page(found), encoding="utf-8")


if __name__ == "__main__":
    main()
