"""Fit and measure ``tools.captions``.

::

    python -m finetune.captions fit        # training patients; writes weights/captions
    python -m finetune.captions evaluate   # --cards writes the model card, --json for machines

Marks (ROCO), notes (the frozen ones of ``eval.notes``) and development patients (SPIDER) take no
part in the fit.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from eval.notes.__main__ import by_rules
from eval.notes.draw import read_notes
from eval.notes.keywords import keywords
from eval.notes.marks import Key, key_of, read_marks
from eval.notes.marks import agreement as keys_agree
from finetune import seen, spider
from finetune.captions import agreement, card, technique
from radixgpt.errors import RadixError
from radixgpt.weights import WEIGHTS, write_manifest
from tools.captions.agreement import weighing

FOLDER = WEIGHTS / "captions"


def _say(what: str, done: int, total: int) -> None:
    if sys.stderr.isatty() or done == total:
        sys.stderr.write(f"\r{what}: {done} of {total}" + ("\n" if done == total else ""))


def fit(shared: Path) -> None:
    """Weigh statements on the training patients and write ``weights/captions``."""
    train, _ = spider.split(shared)
    found = agreement.fit(agreement.pairs(shared, train), seen.unseen(shared))
    FOLDER.mkdir(exist_ok=True)
    text = json.dumps(found.model_dump(), indent=1) + "\n"
    (FOLDER / "agreement.json").write_text(text, encoding="utf-8")
    write_manifest(
        FOLDER,
        files=("agreement.json",),
        name="caption agreement",
        version="1.0",
        licence="Apache-2.0; fitted on SPIDER gradings (CC BY 4.0)",
        summary="How statements of a caption make a chance that it belongs to the images",
        labels={"score": "chance that the caption is the right one, right ones being half"},
        thresholds={"low": found.low, "high": found.high},
    )
    print(text, end="")


def evaluate(shared: Path) -> dict[str, Any]:
    """Every figure of captions."""
    notes = read_marks(read_notes(shared))
    truth = [[key_of(one) for one in note.findings] for note in notes]
    readers: dict[str, Callable[[str], list[Key]]] = {
        "rules": by_rules,
        "words alone": lambda text: [key_of(one) for one in keywords(text)],
    }
    return {
        "technique": technique.evaluate(shared),
        "notes": {
            name: vars(found) | {"f1": found.f1}
            for name, reader in readers.items()
            for found in (keys_agree(truth, [reader(note.text) for note in notes]),)
        },
        "agreement": agreement.evaluate(shared, weighing(), _say),
    }


def main() -> int:
    """Fit, or measure and print."""
    parser = argparse.ArgumentParser(prog="python -m finetune.captions", description=__doc__)
    parser.add_argument("what", choices=("fit", "evaluate"))
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cards", action="store_true", help="write the model card")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    torch.set_num_threads(1)
    try:
        if options.what == "fit":
            fit(options.shared)
            return 0
        figures = evaluate(options.shared)
    except RadixError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if options.cards:
        (FOLDER / "card.md").write_text(card.text(figures, weighing()), encoding="utf-8")
    told = (
        json.dumps(figures, indent=1)
        if options.json
        else "\n\n".join(card.tables(figures).values())
    )
    print(told)
    return 0


if __name__ == "__main__":
    sys.exit(main())
