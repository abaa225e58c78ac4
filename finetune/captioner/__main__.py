"""Train and measure the embedded captioner of ``tools/captioner``.

::

    python -m finetune.captioner train             # resumes; logs in runs/captioner
    python -m finetune.captioner export            # writes weights/captioner
    python -m finetune.captioner large             # SmolLM2-135M with LoRA, to hold it against
    python -m finetune.captioner compare           # both decoders alone
    python -m finetune.captioner measure --card    # development patients; writes the model card
    python -m finetune.captioner habits            # how radiologists' notes are worded

The training patients' discs are those that ``python -m finetune.classifier train`` cut, or are cut
anew. The development patients take no part in the training.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch

from finetune import classifier_data, spider
from finetune.captioner import fit, habits, tokens
from finetune.captioner.fit import Discs, Recipe
from finetune.captioner.tokens import Copy
from radixgpt.errors import RadixError
from radixgpt.weights import WEIGHTS, load_card, write_manifest
from tools import classifier, levels
from tools.captioner.decoder import Decoder
from tools.captioner.embedded import FILE, decoder

FOLDER = WEIGHTS / "captioner"
LARGE = Recipe(steps=160, discs=12, images=3, rate=6e-4)
"""How SmolLM2 is trained: on fewer captions than the small decoder, as each takes it longer."""
VERSION = "1.0"
COMPARED = Path(__file__).with_name("compared.json")
"""Figures of both decoders; kept, as SmolLM2 takes long to train again."""


def _say(what: str, done: int, total: int) -> None:
    if sys.stderr.isatty() or done == total:
        sys.stderr.write(f"\r{what}: {done} of {total}" + ("\n" if done == total else ""))
        sys.stderr.flush()


def material(shared: Path, out: Path) -> tuple[list[Copy], dict[int, Discs]]:
    """Copies of the training patients, and their gradings."""
    from finetune.captioner.marks import graded

    training, _ = spider.split(shared)
    discs = classifier_data.load(shared, levels.model(), Path("runs/classifier/discs.pickle"))
    state = classifier.model_facts().sha256[:12]
    copies = tokens.load(classifier.models(), discs, training, out, state, _say)
    return copies, {patient: graded(shared, patient) for patient in training}


def export(net: Decoder, recipe: Recipe, out: Path) -> None:
    """Write ``weights/captioner`` but for its card; the log in ``out`` tells what it took."""
    from safetensors.torch import save_file

    from tools.stored import pack

    FOLDER.mkdir(parents=True, exist_ok=True)
    save_file(pack(net.state_dict()), FOLDER / FILE)
    write_manifest(
        FOLDER,
        files=(FILE,),
        name="embedded captioner",
        version=VERSION,
        licence="Apache-2.0; trained on SPIDER gradings and images (CC BY 4.0)",
        summary="Writes captions of lumbar discs, images and studies from the graders' tokens",
        labels=list(net.words),
        eyes=classifier.model_facts().sha256,
        recipe=dict(vars(recipe)),
        trained=dict(_cpu(out / "log.jsonl")),
    )


def measure(shared: Path, out: Path, tasks: Sequence[str]) -> dict[str, Any] | None:
    """Every figure of the exported captioner; kept in ``figures.json``.

    Args:
        shared: the staged data.
        out: keeps the figures of each task until a weight changes.
        tasks: measure these alone, as several processes can; None is returned then.
    """
    from finetune.captioner import measure as measuring

    state = load_card("captioner").facts().sha256[:12]

    def kept(name: str, make: Callable[[], Any]) -> Any:
        path = out / f"measured-{state}-{name}.json"
        if not path.is_file():
            found = make()
            path.write_text(json.dumps(found, indent=1), encoding="utf-8")
        return json.loads(path.read_text(encoding="utf-8"))

    each = {
        task: kept(task, partial(measuring.measure, shared, out, decoder(), task, _say))
        for task in tasks or measuring.TASKS
    }
    if tasks:
        return None
    figures = {
        "tasks": each,
        "refused": {
            how: kept(how, partial(measuring.refused, shared, out, how, _say))
            for how in ("blank", "noise")
        },
        "training": load_card("captioner").value("trained"),
        "bytes": load_card("captioner").file(FILE).stat().st_size,
    }
    (out / "figures.json").write_text(json.dumps(figures, indent=1), encoding="utf-8")
    return figures


def _cpu(path: Path) -> dict[str, float]:
    """Steps and seconds of one thread that a log tells; a run that went on counts from there."""
    seconds = 0.0
    last: dict[str, float] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if last and row["cpu_seconds"] < last["cpu_seconds"]:
            seconds += last["cpu_seconds"]
        last = row
    return {"steps": last["step"], "cpu_seconds": round(seconds + last["cpu_seconds"], 1)}


def main() -> int:
    """Run one stage."""
    parser = argparse.ArgumentParser(prog="python -m finetune.captioner", description=__doc__)
    stages = ("train", "export", "measure", "large", "compare", "habits")
    parser.add_argument("stage", choices=stages)
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("runs/captioner"))
    parser.add_argument("--tasks", nargs="*", default=[], help="measure these alone")
    parser.add_argument("--card", action="store_true", help="write the model card")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    try:
        _run(options)
    except RadixError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _run(options: argparse.Namespace) -> None:
    shared, out = options.shared, options.out
    if options.stage == "habits":
        print(habits.table(shared))
        return
    if options.stage == "train":
        copies, graded = material(shared, out)
        for row in fit.train(copies, graded, out, Recipe()):
            print(json.dumps(row), flush=True)
        return
    if options.stage == "large":
        from finetune.captioner import large

        copies, graded = material(shared, out)
        for row in large.train(copies, graded, out, LARGE):
            print(json.dumps(row), flush=True)
        return
    if options.stage == "export":
        export(fit.trained(out), Recipe(), out)
        return
    from finetune.captioner import card

    if options.stage == "compare":
        from finetune.captioner import compare

        found: dict[str, Any] = {"tasks": {}}
        for task in options.tasks or compare.TASKS:
            path = out / f"compared-{task}.json"
            if not path.is_file():
                one = compare.compare(shared, out, decoder(), _say, (task,))
                path.write_text(json.dumps(one, indent=1), encoding="utf-8")
            one = json.loads(path.read_text(encoding="utf-8"))
            found = {**one, "tasks": {**found["tasks"], **one["tasks"]}}
        if options.tasks:
            return
        found["training"] = {
            "small": load_card("captioner").value("trained"),
            "SmolLM2-135M with LoRA": _cpu(out / "large.jsonl"),
        }
        COMPARED.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        print(json.dumps(found, indent=1) if options.json else card.compared(found))
        return
    figures = measure(shared, out, options.tasks)
    if figures is None:
        return
    if options.card:
        compared = json.loads(COMPARED.read_text("utf-8")) if COMPARED.is_file() else None
        (FOLDER / "card.md").write_text(card.text(figures, compared), encoding="utf-8")
    print(json.dumps(figures, indent=1) if options.json else card.tables(figures))


if __name__ == "__main__":
    sys.exit(main())
