"""The training itself: on one processor, or on several cards by ``accelerate launch``.

Accelerate's ``Accelerator`` and a loop of our own, not transformers' ``Trainer``: see
``docs/decisions/0013-fine-tuning-published-models.md``. A step's pairs, its learning rate and its
random numbers follow from the recipe and the number of the step alone, so that a training that was
broken off goes on as if it had not been.
"""

from __future__ import annotations

import hashlib
import json
import math
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from finetune.vlm import adapters
from finetune.vlm.pairs import Pair, turn_of
from finetune.vlm.recipe import Budget, Recipe
from radixgpt.errors import CaptionerError, SettingsError
from tools.captioner.published import Loaded, question_for
from tools.captioner.turns import IGNORED, Speaker, Turn

CHECKPOINT = "training.checkpoint"
LOG = "log.jsonl"
ADAPTER = "adapter"


@dataclass(frozen=True, eq=False)
class Data:
    """Pairs with the folder that their pictures' paths start from.

    Attributes:
        sha256: of the file of pairs.
    """

    pairs: Sequence[Pair]
    folder: Path
    sha256: str

    def turn(self, index: int, speaker: Speaker) -> Turn:
        """One pair as it is asked of a model."""
        turn = turn_of(self.pairs[index], self.folder)
        return Turn(turn.pictures, question_for(speaker, turn.question), turn.caption)


@dataclass
class Run:
    """What a training has come to.

    Attributes:
        losses: of every step: mean over the captions' tokens, in nats.
        marks: step to the loss on the development pairs.
        best: what was trained, at the lowest of the marks; empty where nothing was marked.
    """

    losses: list[float] = field(default_factory=list)
    marks: dict[int, float] = field(default_factory=dict)
    best: dict[str, Tensor] = field(default_factory=dict)


Say = Callable[[int, int, float], None]
"""Told the number of steps done and to do, and the loss."""


def order(pairs: int, recipe: Budget, step: int) -> list[int]:
    """The pairs of a step: ``batch`` places of seeded shuffles laid end to end."""
    chosen = []
    for place in range(step * recipe.batch, (step + 1) * recipe.batch):
        epoch, index = divmod(place, pairs)
        shuffled = list(range(pairs))
        random.Random(f"{recipe.seed} {epoch}").shuffle(shuffled)
        chosen.append(shuffled[index])
    return chosen


def shares(chosen: Sequence[int], recipe: Budget, processes: int, rank: int) -> list[list[int]]:
    """The pairs that one process computes in a step, as it takes them at once."""
    turns = recipe.turns_a_step(processes)
    wide = recipe.at_once
    starts = [(turn * processes + rank) * wide for turn in range(turns)]
    return [list(chosen[start : start + wide]) for start in starts]


def caption_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy of the captions' tokens, summed, a scalar.

    Args:
        logits: (pairs, tokens, words), of which those at a place are for the next token.
        targets: (pairs, tokens), :data:`IGNORED` for all that is not the caption.
    """
    after = targets[:, 1:]
    said = after != IGNORED
    return cross_entropy(logits[:, :-1][said].float(), after[said], reduction="sum")


def train(
    accelerator: Any,
    loaded: Loaded,
    recipe: Recipe,
    data: Data,
    folder: Path,
    *,
    development: Data | None = None,
    every: int = 50,
    until: int | None = None,
    say: Say = lambda step, steps, loss: None,
) -> tuple[Any, Run]:
    """Train adapters, or go on from the folder's checkpoint.

    Args:
        accelerator: of accelerate; knows the processes and their devices.
        loaded: the model to adapt; adapters are put into it.
        recipe: what is learned and how.
        data: the pairs to learn from.
        folder: of the checkpoint and the log.
        development: pairs of other patients; the adapters of the best mark are kept.
        every: steps between checkpoints and marks.
        until: the step to stop at, for a training in pieces; all if None.
        say: told of every step.

    Returns:
        The adapted model, and what came of it.

    Raises:
        SettingsError: the batch does not divide, or the folder holds another training.
        CaptionerError: the loss is no number any more.
    """
    speaker = Speaker.of(loaded.model, loaded.processor)
    recipe.turns_a_step(accelerator.num_processes)  # a batch that doesn't divide is told now
    steps = recipe.steps(len(data.pairs))
    adapted = adapters.adapt(loaded.model, recipe)
    adapted.to(accelerator.device)
    run = Run()
    trained = [p for p in adapted.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=recipe.rate, weight_decay=recipe.decay)
    digest = _digest(recipe, data, loaded)
    if (folder / CHECKPOINT).is_file():
        run = _resume(folder / CHECKPOINT, digest, adapted, optimizer)
    log = _Log(folder / LOG, len(run.losses), on=accelerator.is_main_process)
    if not run.losses:
        log.begin(_facts(accelerator, loaded, recipe, data, development, trained, steps))
    model = accelerator.prepare_model(adapted)
    for step in range(len(run.losses), steps if until is None else min(until, steps)):
        begun = time.monotonic()
        rate = recipe.rate_at(step, steps)
        for group in optimizer.param_groups:
            group["lr"] = rate
        loss, tokens = _backward(accelerator, model, speaker, recipe, data, step)
        norm = float(torch.nn.utils.clip_grad_norm_(trained, recipe.clip))
        if not math.isfinite(loss) or not math.isfinite(norm):
            raise CaptionerError(
                f"The loss is no number any more at step {step + 1}.",
                "Lower the rate, or use --precision float32, and begin anew.",
            )
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        run.losses.append(loss)
        done = step + 1
        line = {"step": done, "loss": round(loss, 6), "rate": rate, "tokens": tokens}
        line |= {"norm": round(norm, 4), "seconds": round(time.monotonic() - begun, 3)}
        if done % every == 0 or done in (steps, until):
            if development is not None:
                marked = mark(accelerator, model, speaker, development, recipe)
                if marked < min(run.marks.values(), default=math.inf):
                    run.best = adapters.state_of(adapted)
                run.marks[done] = marked
                line["development_loss"] = round(marked, 6)
            if accelerator.is_main_process:
                _save(folder / CHECKPOINT, digest, adapted, optimizer, run)
            accelerator.wait_for_everyone()
        log.add(line)
        say(done, steps, loss)
    if len(run.losses) >= steps and run.best:
        adapters.put_back(adapted, run.best)
    return adapted, run


def _backward(
    accelerator: Any, model: Any, speaker: Speaker, recipe: Recipe, data: Data, step: int
) -> tuple[float, int]:
    """Leave the gradients of a step in the model, and tell its mean loss and number of tokens."""
    rank, processes = accelerator.process_index, accelerator.num_processes
    _seed(recipe.seed, step, rank)
    model.train()
    chosen = shares(order(len(data.pairs), recipe, step), recipe, processes, rank)
    batches = [
        speaker.answered([data.turn(i, speaker) for i in some], longest=recipe.longest)
        for some in chosen
    ]
    own = sum(int((targets[:, 1:] != IGNORED).sum()) for _, targets in batches)
    tokens = int(accelerator.reduce(torch.tensor(own, device=accelerator.device), "sum"))
    summed = torch.zeros((), device=accelerator.device)
    for turn, (inputs, targets) in enumerate(batches, start=1):
        # Gradients of several processes are averaged, once a step.
        held = nullcontext() if turn == len(batches) else accelerator.no_sync(model)
        with held:
            loss = _loss(accelerator, model, inputs, targets)
            accelerator.backward(loss * processes / tokens)
        summed += loss.detach()
    return float(accelerator.reduce(summed, "sum")) / tokens, tokens


def mark(accelerator: Any, model: Any, speaker: Speaker, data: Data, recipe: Recipe) -> float:
    """The loss on pairs that were not learned from: mean over the captions' tokens, in nats."""
    model.eval()
    summed = torch.zeros(2, dtype=torch.float64)
    own = range(accelerator.process_index, len(data.pairs), accelerator.num_processes)
    # Without the wrapper of several processes, whose shares need not be equally many.
    inner = accelerator.unwrap_model(model)
    with torch.no_grad():
        for index in own:
            inputs, targets = speaker.answered([data.turn(index, speaker)], longest=recipe.longest)
            summed[0] += float(_loss(accelerator, inner, inputs, targets))
            summed[1] += int((targets[:, 1:] != IGNORED).sum())
    whole = accelerator.reduce(summed.float().to(accelerator.device), "sum")
    return float(whole[0] / whole[1])


def _loss(accelerator: Any, model: Any, inputs: Mapping[str, Tensor], targets: Tensor) -> Tensor:
    device = accelerator.device
    dtype = accelerator.unwrap_model(model).dtype
    moved = {
        key: value.to(device, dtype if value.is_floating_point() else value.dtype)
        for key, value in inputs.items()
    }
    # Adapters are kept in single precision, whatever the model's own weights are in.
    with torch.autocast(device.type, torch.bfloat16, enabled=dtype == torch.bfloat16):
        logits = model(**moved).logits
    return caption_loss(logits, targets.to(device))


def _seed(seed: int, step: int, rank: int) -> None:
    digest = hashlib.sha256(f"{seed} {step} {rank}".encode()).digest()
    torch.manual_seed(int.from_bytes(digest[:7], "big"))


# --- checkpoint and log ----------------------------------------------------------------------


def _digest(recipe: Recipe, data: Data, loaded: Loaded) -> str:
    """What a training can't change on the way; how it is computed can be."""
    told = recipe.model_dump(
        mode="json", exclude={"model", "at_once", "precision", "checkpointing"}
    )
    text = json.dumps([told, data.sha256, loaded.sha256], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _save(path: Path, digest: str, adapted: Any, optimizer: Any, run: Run) -> None:
    """Write a checkpoint; it appears whole."""
    state = {
        "digest": digest,
        "trained": adapters.state_of(adapted),
        "optimizer": optimizer.state_dict(),
        "losses": run.losses,
        "marks": run.marks,
        "best": run.best,
    }
    new = path.with_name(path.name + ".new")
    torch.save(state, new)
    new.replace(path)


def _resume(path: Path, digest: str, adapted: Any, optimizer: Any) -> Run:
    try:
        state = torch.load(path, weights_only=True, map_location="cpu")
        told = state["digest"]
    except (OSError, RuntimeError, ValueError, KeyError, EOFError) as error:
        raise SettingsError(
            f"{path.name} can't be read.", "Remove it to begin anew, or name another --out."
        ) from error
    if told != digest:
        raise SettingsError(
            "The folder holds a training of another recipe, model or set of pairs.",
            f"Name another --out, or remove its {path.name} to begin anew.",
        )
    adapters.put_back(adapted, state["trained"])
    optimizer.load_state_dict(state["optimizer"])
    return Run(list(state["losses"]), dict(state["marks"]), dict(state["best"]))


class _Log:
    """JSON lines: first what is trained on what, then a line a step."""

    def __init__(self, path: Path, steps: int, *, on: bool) -> None:
        self.path, self.on = path, on
        if on:
            path.parent.mkdir(parents=True, exist_ok=True)
            kept = list(_kept(path, steps)) if steps and path.is_file() else []
            path.write_text("".join(kept), encoding="utf-8")

    def begin(self, facts: Mapping[str, Any]) -> None:
        self.add({"begin": facts})

    def add(self, line: Mapping[str, Any]) -> None:
        if self.on:
            with self.path.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(line) + "\n")


def _kept(path: Path, steps: int) -> Iterator[str]:
    """The lines of a log up to a step; later ones come again."""
    for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
        try:
            step = json.loads(line).get("step", 0)
        except ValueError:  # broken off while it was written
            continue
        if step <= steps:
            yield line


def _facts(
    accelerator: Any,
    loaded: Loaded,
    recipe: Recipe,
    data: Data,
    development: Data | None,
    trained: Sequence[Tensor],
    steps: int,
) -> dict[str, Any]:
    import transformers

    return {
        "model": loaded.name,
        "model_sha256": loaded.sha256,
        "recipe": recipe.model_dump(mode="json", exclude={"model"}),
        "pairs": len(data.pairs),
        "pairs_sha256": data.sha256,
        "development_pairs": len(development.pairs) if development else 0,
        "steps": steps,
        "processes": accelerator.num_processes,
        "device": accelerator.device.type,
        "precision": str(loaded.model.dtype).removeprefix("torch."),
        "parameters": sum(p.numel() for p in loaded.model.parameters()),
        "trained_parameters": sum(p.numel() for p in trained),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
    }
