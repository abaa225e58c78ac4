r"""Fine-tune Stable Diffusion 1.5, 2.1 or XL on pictures and captions.

::

    python -m finetune.vlm pairs CASES -o train.jsonl --split train --of image
    python -m finetune.stable_diffusion --model NAME_OR_FOLDER --pairs train.jsonl --out runs/sd
    accelerate launch --multi_gpu --num_processes 4 -m finetune.stable_diffusion ...
    python -m finetune.stable_diffusion sample runs/sd/model --text report.txt -o pictures

A training that is broken off goes on with the same command. Every field of the recipe is an option.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from finetune.stable_diffusion import recipe as recipes
from finetune.stable_diffusion.recipe import Recipe
from finetune.vlm.__main__ import counted
from radixgpt.errors import InputError, RadixError


def train(options: argparse.Namespace) -> int:
    """Train, or go on."""
    from finetune.vlm.adapters import require_packages

    require_packages()
    from accelerate import Accelerator

    from data.synth.stable_diffusion import open_pipeline
    from finetune.stable_diffusion import train as training
    from finetune.vlm.pairs import read_pairs

    given = {
        name: value
        for name in Recipe.model_fields
        if (value := getattr(options, name, None)) is not None
    }
    recipe = recipes.of(given)
    pairs = training.usable(read_pairs(options.pairs))
    accelerator = Accelerator(mixed_precision="no")
    with accelerator.main_process_first():  # one process fetches, the others find it there
        pipeline = open_pipeline(recipe.model)
    with counted("Training", on=accelerator.is_main_process and not options.quiet) as say:
        losses = training.train(
            accelerator,
            pipeline,
            recipe,
            pairs,
            options.pairs.parent,
            options.out,
            every=options.every,
            until=options.until,
            say=lambda done, total, loss: say(done, total, f"loss {loss:.3f}"),
        )
    steps = recipe.steps(len(pairs))
    finished = len(losses) >= steps
    if accelerator.is_main_process:
        if finished:
            training.save(pipeline, recipe, options.out / training.MODEL, steps)
        said = {"steps": len(losses), "of": steps, "loss": losses[-1], "finished": finished}
        print(json.dumps(said))
    accelerator.wait_for_everyone()
    accelerator.end_training()
    return 0


def findings_of(text: str) -> str:
    """What a text states in a few words, for a file's mark; its beginning where it states none.

    A whole report in each file would be hard to read, and may tell more of a person than it need.
    """
    from radixgpt.language.reader import read

    found = [
        f"{one.level or 'spine'} {'no ' * (one.assertion == 'absent')}{one.kind.replace('_', ' ')}"
        + (f" {one.value}" if one.value is not None else "")
        for one in read(text).findings
        if one.assertion in ("present", "absent")
    ]
    return "; ".join(found) or text[:120]


def sample(options: argparse.Namespace) -> int:
    """Draw what a text says; each file is marked synthetic."""
    from data.synth.marked import as_png
    from data.synth.stable_diffusion import draw, open_pipeline

    try:
        text = options.text.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"The text {options.text.name} can't be read.", "Name a file of UTF-8 text."
        ) from error
    words = findings_of(text)
    pipeline = open_pipeline(options.model)
    made = draw(
        pipeline,
        text,
        options.count,
        options.seed,
        side=options.side,
        steps=options.steps,
        guidance=options.guidance,
    )
    options.out.mkdir(parents=True, exist_ok=True)
    files = []
    for seed, picture in enumerate(made, start=options.seed):
        path = options.out / f"synthetic-{seed:03d}.png"
        path.write_bytes(as_png(picture, by="stable diffusion", asked=words, seed=seed))
        files.append(path.name)
    print(json.dumps({"synthetic": True, "files": files}))
    return 0


def parser_of(argv: Sequence[str]) -> tuple[argparse.ArgumentParser, Callable[..., int]]:
    """The options of ``sample``, or of the training where nothing is named."""
    sampling = bool(argv) and argv[0] == "sample"
    parser = argparse.ArgumentParser(
        prog="python -m finetune.stable_diffusion" + " sample" * sampling,
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    if sampling:
        parser.add_argument("command", choices=("sample",), help=argparse.SUPPRESS)
        parser.add_argument("model", help="a trained folder, a pipeline's folder, or a name")
        parser.add_argument("--text", type=Path, required=True, help="a file: report or caption")
        parser.add_argument("-o", "--out", type=Path, required=True, help="a folder")
        parser.add_argument("--count", type=int, default=1)
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--side", type=int, default=512)
        parser.add_argument("--steps", type=int, default=30)
        parser.add_argument("--guidance", type=float, default=5.0)
        return parser, sample
    parser.add_argument("--pairs", type=Path, required=True, help="of python -m finetune.vlm pairs")
    parser.add_argument("--out", type=Path, required=True, help="folder of everything it leaves")
    parser.add_argument("--every", type=int, default=100, help="steps between checkpoints")
    parser.add_argument("--until", type=int, help="stop after this step; go on another time")
    parser.add_argument("--quiet", action="store_true", help="no progress")
    own = parser.add_argument_group("fields of the recipe")
    for name, field in Recipe.model_fields.items():
        told: dict[str, Any] = {"required": True} if field.is_required() else {}
        shown = "" if field.is_required() else f" ({field.default})"
        option = f"--{name.replace('_', '-')}"
        own.add_argument(option, metavar="VALUE", help=f"{field.description}{shown}", **told)
    return parser, train


def main(argv: Sequence[str] | None = None) -> int:
    """The command line."""
    given = list(sys.argv[1:] if argv is None else argv)
    parser, run = parser_of(given)
    try:
        return run(parser.parse_args(given))
    except RadixError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("Broken off; the same command goes on from the last checkpoint.\n")
        return 130


if __name__ == "__main__":
    sys.exit(main())
