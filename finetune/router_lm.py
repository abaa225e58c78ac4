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
import hashlib
import json
import math
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from eval import routing
from eval.routing import Turn, Utterance
from finetune import router, smollm2
from finetune.router_data import known_words, previous_of
from finetune.router_lines import WORDS, Example, call_of, examples, prompt_of
from radixgpt.errors import WeightsError
from tools.router import Previous, Router
from tools.router import slots as reader
from tools.router.model import INTENTS
from tools.router.slots import Slots

_PROJECTIONS = (
    "q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj",
)  # fmt: skip
_LONGEST = 64
"""Tokens after which an answer is cut off; the longest of the train part has 27."""


_TOGETHER = 16
"""Prompts that are answered side by side."""


@dataclass(frozen=True)
class Plan:
    """How it is trained.

    Attributes:
        rate: highest learning rate, after a twentieth of the steps; it falls by a cosine.
        rank: rank of the adapters.
        layers: the upper layers that have adapters; all if there are not more.
    """

    epochs: int = 2
    batch: int = 16
    rate: float = 1e-3
    rank: int = 16
    layers: int = 20
    seed: int = 7

    def steps(self, sources: int) -> int:
        """Number of steps for a number of utterances."""
        return self.epochs * math.ceil(sources / self.batch)

    def rate_at(self, step: int, steps: int) -> float:
        """Learning rate of a step."""
        warm = max(1, steps // 20)
        if step < warm:
            return self.rate * (step + 1) / warm
        return self.rate * (0.05 + 0.95 * (1 + math.cos(math.pi * (step - warm) / steps)) / 2)


def batches(sources: Sequence[Sequence[Example]], plan: Plan) -> list[list[Example]]:
    """All batches of a training: every epoch one seeded variant of each utterance.

    Within a few batches, examples of one length are put together, so that little is padded.
    """
    found: list[list[Example]] = []
    for epoch in range(plan.epochs):
        rng = random.Random(f"{plan.seed} {epoch}")
        drawn = [rng.choice(several) for several in sources]
        rng.shuffle(drawn)
        window = 8 * plan.batch
        for start in range(0, len(drawn), window):
            near = sorted(drawn[start : start + window], key=lambda e: len(e.prompt + e.line))
            cut = [near[i : i + plan.batch] for i in range(0, len(near), plan.batch)]
            rng.shuffle(cut)
            found += cut
    return found


def _encode(tokenizer: Any, text: str) -> list[int]:
    return list(tokenizer(text, add_special_tokens=False)["input_ids"])


def prompt_tokens(tokenizer: Any, prompt: str) -> list[int]:
    """The tokens of a prompt after the token that begins a text."""
    return [tokenizer.bos_token_id, *_encode(tokenizer, prompt)]


def word_tokens(tokenizer: Any) -> dict[str, int]:
    """The token of each intent's word.

    Raises:
        ValueError: the tokenizer splits a word, or has one token for two.
    """
    tokens = {intent: _encode(tokenizer, f" {word}") for intent, word in WORDS.items()}
    if any(len(one) != 1 for one in tokens.values()):
        raise ValueError("the tokenizer splits a word for an intent")
    found = {intent: one[0] for intent, one in tokens.items()}
    if len(set(found.values())) < len(found):
        raise ValueError("the tokenizer has one token for two intents")
    return found


def loss(model: Any, tokenizer: Any, batch: Sequence[Example]) -> Tensor:
    """Cross-entropy of the answers, a scalar; the word weighs as much as the whole line."""
    rows: list[list[int]] = []
    weights: list[list[float]] = []
    for one in batch:
        prompt = prompt_tokens(tokenizer, one.prompt)
        word = _encode(tokenizer, f" {one.word}")
        line = [*_encode(tokenizer, f" {one.line}"), tokenizer.eos_token_id]
        rows.append(prompt + word + line)
        shares = [0.5 / len(word)] * len(word) + [0.5 / len(line)] * len(line)
        weights.append([0.0] * len(prompt) + shares)
    longest = max(len(row) for row in rows)
    padded = [row + [tokenizer.eos_token_id] * (longest - len(row)) for row in rows]
    tokens = torch.tensor(padded)
    kept = torch.tensor([[i < len(row) for i in range(longest)] for row in rows])
    weight = torch.tensor([w + [0.0] * (longest - len(w)) for w in weights])[:, 1:]
    hidden = model.model(input_ids=tokens, attention_mask=kept.long()).last_hidden_state[:, :-1]
    said = weight > 0
    logits = model.lm_head(hidden[said]).float()
    each = functional.cross_entropy(logits, tokens[:, 1:][said], reduction="none")
    return (each * weight[said]).sum() / len(batch)


def adapt(model: Any, plan: Plan) -> Any:
    """The model with new low-rank adapters on every projection of its upper layers, seeded.

    Nothing else is trained, so the layers below need no gradients.
    """
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(plan.seed)
    number = model.config.num_hidden_layers
    config = LoraConfig(
        r=plan.rank,
        lora_alpha=2 * plan.rank,
        target_modules=list(_PROJECTIONS),
        layers_to_transform=list(range(max(0, number - plan.layers), number)),
    )
    return get_peft_model(model, config)


def train(
    model: Any,
    tokenizer: Any,
    sources: Sequence[Sequence[Example]],
    plan: Plan,
    folder: Path,
    *,
    every: int = 20,
    on_step: Callable[[int, int, float], None] = lambda step, steps, loss: None,
) -> list[float]:
    """Train adapters, or go on from the folder's checkpoint, and write them into the folder.

    Args:
        model: a Llama for causal language modelling; adapters are put into it.
        tokenizer: its tokenizer.
        sources: for each utterance its variants.
        plan: how long and how fast.
        folder: of the checkpoint and the adapters.
        every: steps between checkpoints.
        on_step: told the number of steps done and to do, and the loss.

    Returns:
        The loss of every step.
    """
    from peft import get_peft_model_state_dict, set_peft_model_state_dict
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    told = json.dumps([asdict(plan), [[asdict(e) for e in several] for several in sources]])
    digest = hashlib.sha256(told.encode()).hexdigest()
    adapted = adapt(model, plan)
    base = adapted.get_base_model()
    trained = [p for p in adapted.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, weight_decay=0.0)
    losses: list[float] = []
    spent = 0.0
    checkpoint = folder / "training.checkpoint"
    if checkpoint.is_file():
        state = torch.load(checkpoint, weights_only=True)
        if state["digest"] == digest:
            set_peft_model_state_dict(adapted, state["adapter"])
            optimizer.load_state_dict(state["optimizer"])
            losses, spent = state["losses"], state["seconds"]
    plotted = batches(sources, plan)
    adapted.train()
    begun = time.process_time()
    for step in range(len(losses), len(plotted)):
        for group in optimizer.param_groups:
            group["lr"] = plan.rate_at(step, len(plotted))
        with torch.autocast("cpu", torch.bfloat16):
            value = loss(base, tokenizer, plotted[step])
        optimizer.zero_grad()
        value.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        losses.append(value.item())
        spent, begun = spent + time.process_time() - begun, time.process_time()
        on_step(len(losses), len(plotted), losses[-1])
        if len(losses) % every == 0 or len(losses) == len(plotted):
            state = {
                "digest": digest,
                "adapter": get_peft_model_state_dict(adapted, save_embedding_layers=False),
                "optimizer": optimizer.state_dict(),
                "losses": losses,
                "seconds": spent,
            }
            torch.save(state, checkpoint.with_suffix(".new"))
            checkpoint.with_suffix(".new").replace(checkpoint)
    told = json.dumps({"plan": asdict(plan), "steps": len(losses), "seconds": round(spent)})
    (folder / "trained.json").write_text(told + "\n", encoding="utf-8")
    adapters = get_peft_model_state_dict(adapted, save_embedding_layers=False)
    save_file(adapters, folder / "trained.safetensors")
    return losses


@dataclass(frozen=True)
class Speaker:
    """The fine-tuned model.

    Attributes:
        words: token of each intent's word.
    """

    model: Any
    tokenizer: Any
    words: Mapping[str, int]

    def chances(self, prompt: str) -> dict[str, float]:
        """Probability of every intent: of its word among the words, coming next."""
        tokens = torch.tensor([prompt_tokens(self.tokenizer, prompt)])
        with torch.inference_mode():
            hidden = self.model.model(input_ids=tokens).last_hidden_state[0, -1]
            logits = self.model.lm_head(hidden)[[self.words[intent] for intent in INTENTS]]
        return dict(zip(INTENTS, logits.softmax(0).tolist(), strict=True))

    def answers(self, prompts: Sequence[str]) -> list[routing.Call | None]:
        """The call that each prompt is answered with; None where the answer is none.

        Every token is the likeliest. The prompts are worked on side by side.
        """
        rows = [prompt_tokens(self.tokenizer, prompt) for prompt in prompts]
        longest, fill = max(map(len, rows)), self.tokenizer.eos_token_id
        tokens = torch.tensor([[fill] * (longest - len(row)) + row for row in rows])
        kept = [[0] * (longest - len(row)) + [1] * len(row) for row in rows]
        with torch.inference_mode():
            whole = self.model.generate(
                input_ids=tokens,
                attention_mask=torch.tensor(kept),
                max_new_tokens=_LONGEST,
                do_sample=False,
                eos_token_id=fill,
                pad_token_id=fill,
            )
        said = [self.tokenizer.decode(row, skip_special_tokens=True) for row in whole[:, longest:]]
        return [call_of(text.strip().partition(" ")[2]) for text in said]

    def router(self, known: frozenset[str]) -> Router:
        """The candidate whose word is taken, with the slot reader that all candidates share."""

        def classify(said: Slots, previous: Previous | None) -> Mapping[str, float]:
            return self.chances(prompt_of(said.text, previous))

        return Router(classify, 0.0, known)

    def predictor(self, known: frozenset[str], ahead: Sequence[Utterance] = ()) -> routing.Predict:
        """The candidate whose line is taken; where it is no call it counts as asking back.

        Args:
            known: words that are taken as spelt right.
            ahead: utterances that are answered at once, which is faster than one by one.
        """

        def prompt(text: str, after: Turn | None) -> str:
            return prompt_of(reader.read(text, known=known).text, previous_of(after))

        prompts = sorted({prompt(u.text, u.after) for u in ahead}, key=len)
        answered: dict[str, routing.Call | None] = {}
        for start in range(0, len(prompts), _TOGETHER):
            some = prompts[start : start + _TOGETHER]
            answered.update(zip(some, self.answers(some), strict=True))

        def predict(text: str, after: Turn | None) -> routing.Call:
            asked = prompt(text, after)
            found = answered[asked] if asked in answered else self.answers([asked])[0]
            return found or routing.Call("ask_back")

        return predict


def trained(folder: Path) -> Path:
    """The file of the trained adapters; beside it is a JSON of how they were trained.

    Raises:
        WeightsError: nothing was trained there.
    """
    path = folder / "trained.safetensors"
    if not path.is_file():
        raise WeightsError(
            "The language model is not fine-tuned yet.", "Run python -m finetune.router_lm."
        )
    return path


def load_speaker(model: Any, tokenizer: Any, folder: Path) -> Speaker:
    """A base model with the adapters of a folder merged into it.

    Raises:
        WeightsError: nothing was trained there.
    """
    from peft import set_peft_model_state_dict
    from safetensors.torch import load_file

    weights = trained(folder)
    plan = Plan(**json.loads(weights.with_suffix(".json").read_text(encoding="utf-8"))["plan"])
    adapted = adapt(model, plan)
    set_peft_model_state_dict(adapted, load_file(weights))
    return Speaker(adapted.merge_and_unload().eval(), tokenizer, word_tokens(tokenizer))


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
