"""The candidate for the embedded brain that is a language model: SmolLM2-135M, fine-tuned.

It learns from the train utterances alone to answer an utterance, after the call of the turn before,
with one word for the intent and then with the call as a line::

    get_findings levels=L4-L5
    and the level below? => again get_findings levels=L5-S1

So it is two candidates at once: the probabilities of the first word stand in for the classifier
(the shared slot reader fills in the arguments), or the whole line is taken at its word. Low-rank
adapters (Hu 2021, "LoRA") are trained; seeded, and resumed from the last checkpoint::

    python -m finetune.router_lm                # from all train utterances: what is compared
    python -m finetune.router_lm --hold-out     # without a fifth of them, and marks that fifth
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from pathlib import Path

import torch

from eval import routing
from eval.routing import Utterance
from finetune import router, smollm2
from finetune.router_data import known_words
from finetune.router_fit import Plan, load_speaker, train
from finetune.router_lines import examples

OUT = Path("runs/router_lm")
"""Where the adapters that are compared are kept."""


def known_to(utterances: Sequence[Utterance]) -> frozenset[str]:
    """Words that are taken as spelt right, as for every candidate."""
    return known_words(utterances) | frozenset(router.vectors().row)


def _train_with_progress(utterances: Sequence[Utterance], folder: Path, plan: Plan) -> None:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    sources = examples(utterances, known=known_to(utterances), seed=plan.seed)
    columns = (
        TextColumn("Training"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("loss {task.fields[loss]:.3f}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=plan.steps(len(sources)), loss=math.nan)

        def on_step(step: int, steps: int, value: float) -> None:
            progress.update(task, completed=step, total=steps, loss=value)

        train(*smollm2.load(), sources, plan, folder, on_step=on_step)


def _mark_fold(utterances: Sequence[Utterance], learn: Sequence[Utterance], folder: Path) -> None:
    """Print how both candidates do on utterances that were held out."""
    speaker, known = load_speaker(*smollm2.load(), folder), known_to(learn)
    for name, predict in (
        ("word", router.predictor(speaker.router(known))),
        ("line", speaker.predictor(known, utterances)),
    ):
        scores = routing.score(routing.mark(utterances, predict))
        low, high = scores.interval
        print(f"{name}: tool {scores.tool:.1%}, call {scores.call:.1%} ({low:.1%} to {high:.1%})")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=OUT, help="folder of checkpoint and adapters")
    parser.add_argument("--hold-out", action="store_true", help="leave out a fold and mark it")
    parser.add_argument("--epochs", type=int, default=Plan.epochs)
    parser.add_argument("--rate", type=float, default=Plan.rate)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    plan = Plan(epochs=asked.epochs, rate=asked.rate)
    everything = routing.load("train")
    if not asked.hold_out:
        _train_with_progress(everything, asked.out, plan)
        return
    kept, held_out = router.folds(len(everything))[0]
    learn = [everything[i] for i in kept]
    folder = asked.out / "without_a_fold"
    _train_with_progress(learn, folder, plan)
    _mark_fold([everything[i] for i in held_out], learn, folder)


if __name__ == "__main__":
    main()
