"""Fit and measure ``tools.concepts``.

::

    python -m finetune.concepts fit        # vocabulary, chances and thresholds; weights/concepts
    python -m finetune.concepts evaluate   # --cards writes the model card, --json for machines

The fit takes the classifier's members and folds as they are, so it is to be run again, with
``finetune.captions``, whenever the classifier was trained anew. The development patients take no
part in it.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import torch

from finetune.concepts import card, measure, words
from finetune.concepts.fit import fit
from radixgpt.errors import RadixError
from radixgpt.weights import WEIGHTS, write_manifest
from tools.concepts import vocabulary
from tools.concepts.combine import rules
from tools.concepts.vocabulary import dumped

FOLDER = WEIGHTS / "concepts"


def _say(what: str, done: int, total: int) -> None:
    if sys.stderr.isatty() or done == total:
        sys.stderr.write(f"\r{what}: {done} of {total}" + ("\n" if done == total else ""))


def write(shared: Path) -> None:
    """Fit everything and write ``weights/concepts``."""
    entries = words.build(shared)
    fitted = fit(shared, entries, _say)
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "vocabulary.json").write_bytes(dumped(entries))
    (FOLDER / "rules.json").write_text(fitted.model_dump_json(indent=1) + "\n", encoding="utf-8")
    write_manifest(
        FOLDER,
        files=("rules.json", "vocabulary.json"),
        name="concepts",
        version="1.0",
        licence="Apache-2.0; fitted on SPIDER gradings (CC BY 4.0); CUIs of ROCO captions",
        summary="Vocabulary, calibration and thresholds of concept detection",
        labels={"score": "chance that the images show the concept"},
        thresholds={key: rule.threshold for key, rule in fitted.findings.items()},
    )
    print(json.dumps({k: r.model_dump() for k, r in fitted.findings.items()}, indent=1))


def main() -> int:
    """Fit, or measure and print."""
    parser = argparse.ArgumentParser(prog="python -m finetune.concepts", description=__doc__)
    parser.add_argument("what", choices=("fit", "evaluate"))
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cards", action="store_true", help="write the model card")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    torch.set_num_threads(1)
    try:
        if options.what == "fit":
            write(options.shared)
            return 0
        figures = measure.evaluate(options.shared, vocabulary(), _say)
        if options.cards:
            (FOLDER / "card.md").write_text(card.text(figures, rules()), encoding="utf-8")
    except RadixError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    tables = "\n\n".join(card.tables(figures).values())
    print(json.dumps(figures, indent=1) if options.json else tables)
    return 0


if __name__ == "__main__":
    sys.exit(main())
