r"""Fine-tune a published vision-language model as captioner.

::

    python -m finetune.vlm pairs CASES -o train.jsonl --split train
    python -m finetune.vlm pairs CASES -o development.jsonl --split development
    python -m finetune.vlm --config medgemma --pairs train.jsonl --development development.jsonl \
        --out runs/vlm                                      # or --model NAME_OR_FOLDER
    accelerate launch --multi_gpu --num_processes 4 -m finetune.vlm ...  # the same on four cards
    python -m finetune.vlm generate runs/vlm/adapter --pairs development.jsonl -o candidates.csv
    python -m finetune.vlm merge runs/vlm/adapter -o runs/vlm/merged

A training that is broken off goes on with the same command. Every field of a recipe is an option.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_args

from finetune.vlm import recipe as recipes
from finetune.vlm.recipe import Recipe
from radixgpt.case import Split, read_cases
from radixgpt.errors import RadixError, SettingsError
from tools.captioner.caption import Of

COMMANDS = ("pairs", "generate", "merge")


@contextmanager
def counted(what: str, *, on: bool = True) -> Iterator[Callable[[int, int, str], None]]:
    """A progress bar on a terminal; elsewhere a line at each tenth. ``say(done, total, note)``."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as TimeLeft

    console = Console(stderr=True)
    if not on:
        yield lambda _done, _total, _note: None
        return
    if not console.is_terminal:
        told: set[int] = set()

        def line(done: int, total: int, note: str) -> None:
            tenth = 10 * done // max(total, 1)
            if tenth not in told:
                told.add(tenth)
                sys.stderr.write(f"{what}: {done} of {total} {note}".rstrip() + "\n")

        yield line
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeLeft(), console=console, transient=True) as shown:
        task = shown.add_task(what)

        def bar(done: int, total: int, note: str) -> None:
            described = f"{what} {note}".rstrip()
            shown.update(task, completed=done, total=total, description=described)

        yield bar


def pairs(options: argparse.Namespace) -> int:
    """Make the pairs of one split."""
    from finetune.vlm import pairs as made_of

    choice = made_of.Choice(
        split=options.split,
        scopes=tuple(options.of),
        text=options.text,
        variants=options.variants,
        sources=tuple(options.source),
    )
    root = options.root or options.cases.parent
    with counted("Pairs", on=not options.quiet) as say:
        found = made_of.make(
            list(read_cases(options.cases)),
            root,
            options.out,
            choice,
            lambda done, total: say(done, total, ""),
        )
    told = {
        "pairs": sum(found.pairs.values()),
        "by_scope": dict(found.pairs),
        "patients": len(found.patients),
        "split": choice.split,
        "captions": "generated from gradings" if choice.text == "generated" else "human",
        "cases_without": dict(found.without),
    }
    print(json.dumps(told, indent=1))
    return 0


def generate(options: argparse.Namespace) -> int:
    """Caption the pictures of pairs, and write a table that ``radixgpt eval score`` takes."""
    from finetune.vlm.pairs import read_pairs, turn_of
    from tools.captioner import published

    asked = read_pairs(options.pairs)[: options.limit]
    captioner = published.load(options.model)
    new = options.out.with_name(options.out.name + ".new")
    new.parent.mkdir(parents=True, exist_ok=True)
    with (
        new.open("w", encoding="utf-8", newline="") as table,
        counted("Captions", on=not options.quiet) as say,
    ):
        rows = csv.writer(table)
        rows.writerow(("id", "study", "text"))
        for number, pair in enumerate(asked, start=1):
            turn = turn_of(pair, options.pairs.parent)
            rows.writerow((pair.id, pair.patient, captioner.ask(turn.pictures, turn.question)))
            say(number, len(asked), "")
    new.replace(options.out)
    if options.references:
        with options.references.open("w", encoding="utf-8", newline="") as table:
            rows = csv.writer(table)
            rows.writerow(("id", "study", "text"))
            rows.writerows((pair.id, pair.patient, pair.caption) for pair in asked)
    return 0


def merge(options: argparse.Namespace) -> int:
    """Write the model with an adapter merged into its weights."""
    from finetune.vlm import adapters

    adapters.merge(options.adapter, options.out)
    print(json.dumps({"merged": options.out.name}))
    return 0


def train(options: argparse.Namespace) -> int:
    """Train, or go on."""
    from finetune.vlm import adapters

    adapters.require_packages()
    from accelerate import Accelerator
    from accelerate.utils import DistributedDataParallelKwargs

    from finetune.vlm import train as training
    from finetune.vlm.card import text as card
    from finetune.vlm.pairs import check_apart
    from tools.captioner.published import Trained, config_sha256, kind_of, open_model

    changes = {
        name: value
        for name in Recipe.model_fields
        if (value := getattr(options, name, None)) is not None
    }
    recipe = recipes.read(options.config, changes) if options.config else None
    source = recipe.model if recipe else changes["model"]
    data = _data(options.pairs)
    development = _data(options.development) if options.development else None
    if development is not None:
        check_apart(data.pairs, development.pairs)
    kind = kind_of(source)
    recipe = recipe or recipes.of_kind(kind, changes)
    if kind not in recipe.kinds:
        raise SettingsError(
            f"The configuration is for {' and '.join(recipe.kinds)}, and '{Path(source).name[:60]}'"
            f" is of type '{kind}'.",
            f"Leave --config out, or choose one of {', '.join(recipes.names())}.",
        )
    # Towers whose last layers are not used leave adapters without gradients.
    unused = DistributedDataParallelKwargs(find_unused_parameters=recipe.adapt_vision)
    accelerator = Accelerator(mixed_precision="no", kwargs_handlers=[unused])
    with accelerator.main_process_first():  # one process fetches, the others find it there
        loaded = open_model(source, dtype=_dtype(recipe.precision, accelerator.device))
    base_sha256 = config_sha256(loaded.model)
    on = accelerator.is_main_process and not options.quiet
    with counted("Training", on=on) as say:
        adapted, run = training.train(
            accelerator,
            loaded,
            recipe,
            data,
            options.out,
            development=development,
            every=options.every,
            until=options.until,
            say=lambda done, total, loss: say(done, total, f"loss {loss:.3f}"),
        )
    steps = recipe.steps(len(data.pairs))
    finished = len(run.losses) >= steps
    if accelerator.is_main_process:
        if finished:
            folder = options.out / training.ADAPTER
            trained = Trained(
                base=adapters.base_as_seen(source, folder),
                base_sha256=base_sha256,
                kind=kind,
                data=dict(Counter(pair.origin for pair in data.pairs)),
                pairs_sha256=data.sha256,
                steps=steps,
            )
            told = card(loaded.name, trained, recipe, data.pairs, run)
            adapters.save(adapted, loaded.processor, folder, trained, told)
            if options.merge:
                adapters.merge(folder, options.out / "merged")
        marked = min(run.marks.values(), default=None)
        said = {"steps": len(run.losses), "of": steps, "loss": run.losses[-1]}
        print(json.dumps({**said, "best_development_loss": marked, "finished": finished}))
    accelerator.wait_for_everyone()
    accelerator.end_training()
    return 0


def _data(path: Path) -> Any:
    from finetune.vlm.pairs import read_pairs
    from finetune.vlm.train import Data

    read = read_pairs(path)
    return Data(read, path.parent, hashlib.sha256(path.read_bytes()).hexdigest())


def _dtype(precision: str, device: Any) -> Any:
    """The precision of the weights: bf16 on a card that computes in it, else single."""
    import torch

    if precision == "auto":
        able = device.type == "cuda" and torch.cuda.is_bf16_supported()
        precision = "bf16" if able else "float32"
    return torch.bfloat16 if precision == "bf16" else torch.float32


def parser_of(argv: Sequence[str]) -> tuple[argparse.ArgumentParser, Callable[..., int]]:
    """The options of the command that is asked for: ``train`` where none is named."""
    what = argv[0] if argv and argv[0] in COMMANDS else ""
    parser = argparse.ArgumentParser(
        prog=f"python -m finetune.vlm {what}".rstrip(),
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    if what:
        parser.add_argument("command", choices=(what,), help=argparse.SUPPRESS)
    parser.add_argument("--quiet", action="store_true", help="no progress")
    if what == "pairs":
        _pairs_options(parser)
        return parser, pairs
    if what == "merge":
        parser.add_argument("adapter", type=Path, help="the folder 'adapter' of a training")
        parser.add_argument("-o", "--out", type=Path, required=True, help="a new folder")
        return parser, merge
    if what == "generate":
        parser.add_argument("model", help="an adapter's folder, a model's folder, or a name")
        parser.add_argument("--pairs", type=Path, required=True)
        parser.add_argument("-o", "--out", type=Path, required=True, help="a CSV: id, study, text")
        parser.add_argument("--references", type=Path, help="write the pairs' captions likewise")
        parser.add_argument("--limit", type=int, help="pairs from the first")
        return parser, generate
    parser.add_argument("--config", help=f"{', '.join(recipes.names())}, or a file like them")
    parser.add_argument("--pairs", type=Path, required=True, help="to learn from")
    parser.add_argument("--development", type=Path, help="pairs of other patients, to choose by")
    parser.add_argument("--out", type=Path, required=True, help="folder of everything it leaves")
    parser.add_argument("--every", type=int, default=50, help="steps between checkpoints")
    parser.add_argument("--until", type=int, help="stop after this step; go on another time")
    parser.add_argument("--merge", action="store_true", help="write the merged model too")
    own = parser.add_argument_group("fields of the recipe")
    for name, field in Recipe.model_fields.items():
        if name not in ("kinds", "projector"):
            shown = "" if field.is_required() else f" ({field.default})"
            option = f"--{name.replace('_', '-')}"
            own.add_argument(option, metavar="VALUE", help=f"{field.description}{shown}")
    return parser, train


def _pairs_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("cases", type=Path, help="cases.jsonl of radixgpt data map, split")
    parser.add_argument("-o", "--out", type=Path, required=True, help="a new .jsonl")
    parser.add_argument("--root", type=Path, help="the workspace; the folder of the cases if none")
    parser.add_argument("--split", choices=get_args(Split), default="train")
    parser.add_argument(
        "--of", nargs="+", choices=[o for o in get_args(Of) if o != "series"],
        default=["study", "image"], help="T2 and T1 together, each alone, and each disc's crops",
    )  # fmt: skip
    parser.add_argument("--text", choices=("generated", "human"), default="generated")
    parser.add_argument("--variants", type=int, default=1, help="wordings of generated captions")
    parser.add_argument("--source", nargs="+", default=[], help="of the cases; all if none")


def main(argv: Sequence[str] | None = None) -> int:
    """The command line."""
    given = list(sys.argv[1:] if argv is None else argv)
    parser, run = parser_of(given)
    options = parser.parse_args(given)
    if run is train and not (options.config or options.model):
        parser.error("name a --config or a --model")
    try:
        return run(options)
    except RadixError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("Broken off; the same command goes on from the last checkpoint.\n")
        return 130


if __name__ == "__main__":
    sys.exit(main())
