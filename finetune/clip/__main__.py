"""Train and measure the encoder that ships in ``weights/clip``.

::

    python -m finetune.clip train      # trains and writes weights/clip; resumes epoch by epoch
    python -m finetune.clip compare    # losses, hard negatives and trunks
    python -m finetune.clip measure    # --card writes the model card, --json for machines

The development patients take no part in training; of all choices only that of the trunk rests on
them. ``measure --encoder open_clip:...`` marks any other encoder likewise.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import torch

from finetune.clip import card, compare, export, fit, material, measure
from radixgpt.errors import RadixError
from radixgpt.weights import WEIGHTS
from retrieval import encoder

FOLDER = WEIGHTS / "clip"
OUT = Path("runs/clip")


def _say(what: str, done: int, total: int) -> None:
    if sys.stderr.isatty() or done == total:
        sys.stderr.write(f"\r{what}: {done} of {total}" + ("\n" if done == total else ""))


def train(shared: Path, out: Path, weights: Path, recipe: fit.Recipe) -> None:
    """Train on all training patients and write the weights."""
    discs = material.disc_bank(shared, recipe.start, out)
    whole = material.slice_bank(shared, recipe.start, out)
    state, known = fit.train(discs, whole, out, recipe)
    export.export(state, known, weights)


def main() -> int:
    """Run one stage."""
    parser = argparse.ArgumentParser(prog="python -m finetune.clip", description=__doc__)
    parser.add_argument("what", choices=("train", "compare", "measure"))
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--weights", type=Path, default=FOLDER)
    parser.add_argument("--encoder", default=encoder.EMBEDDED, help="what to measure")
    parser.add_argument("--card", action="store_true", help="write the model card")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    try:
        if options.what == "train":
            train(options.shared, options.out, options.weights, fit.Recipe())
            return 0
        if options.what == "compare":
            found = compare.run(options.shared, options.out, _say)
            told = "\n\n".join(compare.table(one) for one in found.values())
            print(json.dumps(found, indent=1) if options.json else told)
            return 0
        figures = measure.evaluate(options.shared, encoder.load(options.encoder), _say)
        if options.card:
            compared = compare.kept(options.out)
            text = card.text(figures, compared, options.weights)
            (options.weights / "card.md").write_text(text, encoding="utf-8")
    except RadixError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    tables = "\n\n".join(card.tables(figures).values())
    print(json.dumps(figures, indent=1) if options.json else tables)
    return 0


if __name__ == "__main__":
    sys.exit(main())
