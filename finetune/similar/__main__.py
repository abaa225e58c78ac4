"""Make and measure the index of similar cases that ships.

::

    python -m finetune.similar build      # writes weights/similar from the training patients
    python -m finetune.similar measure    # --card writes the model card, --json for machines

The development patients are not in the index: they are the queries that measure it.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from finetune import spider
from finetune.similar import card, corpus, measure
from radixgpt.errors import RadixError
from radixgpt.weights import WEIGHTS
from retrieval.encoder.embedded import Embedded
from retrieval.search import Searcher
from retrieval.store import Store
from retrieval.writer import Writer, fresh
from tools.similar import Finder
from tools.similar.finder import SHIPPED, facts_of

_CARD = "card.md"


def _say(what: str, done: int, total: int) -> None:
    if sys.stderr.isatty() or done == total:
        sys.stderr.write(f"\r{what}: {done} of {total}" + ("\n" if done == total else ""))


def build(shared: Path, encoder: Embedded, folder: Path) -> None:
    """Write the index anew; the card that is there is kept."""
    train, _ = spider.split(shared)
    with TemporaryDirectory() as made:
        place = Path(made) / "index"
        writer = Writer.create(
            place,
            fresh(
                "similar cases of SPIDER",
                encoder=facts_of(encoder),
                licence="CC BY 4.0 (vectors and gradings derived from SPIDER); texts Apache-2.0",
                summary="142 graded training cases: vectors, gradings as facts, generated texts; "
                "no images",
            ),
        )
        writer.add(corpus.items(shared, train, encoder, _say), total=len(train))
        writer.finish()
        kept = folder / _CARD
        text = kept.read_text(encoding="utf-8") if kept.is_file() else ""
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(place, folder)
        kept.write_text(text, encoding="utf-8")


def main() -> int:
    """Run one stage."""
    parser = argparse.ArgumentParser(prog="python -m finetune.similar", description=__doc__)
    parser.add_argument("what", choices=("build", "measure"))
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    parser.add_argument("--index", type=Path, default=SHIPPED)
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="where the encoder lies")
    parser.add_argument("--card", action="store_true", help="write the model card")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    torch.set_num_threads(1)
    try:
        encoder = Embedded.load(options.weights)
        if options.what == "build":
            build(options.shared, encoder, options.index)
            return 0
        store = Store.open(options.index, encoder=facts_of(encoder))
        figures = measure.evaluate(options.shared, Finder(Searcher(store), encoder), _say)
    except RadixError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if options.card:
        (options.index / _CARD).write_text(card.text(figures), encoding="utf-8")
    print(json.dumps(figures, indent=1) if options.json else card.tables(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
