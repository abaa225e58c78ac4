"""How the language model that chooses tools is trained: low-rank adapters, seeded and resumed."""

from __future__ import annotations

import hashlib
import json
import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from finetune.router_lines import Example
from finetune.router_speaker import Speaker, encode, prompt_tokens, word_tokens
from radixgpt.errors import WeightsError

_PROJECTIONS = (
    "q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj",
)  # fmt: skip


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


def loss(model: Any, tokenizer: Any, batch: Sequence[Example]) -> Tensor:
    """Cross-entropy of the answers, a scalar; the word weighs as much as the whole line."""
    rows: list[list[int]] = []
    weights: list[list[float]] = []
    for one in batch:
        prompt = prompt_tokens(tokenizer, one.prompt)
        word = encode(tokenizer, f" {one.word}")
        line = [*encode(tokenizer, f" {one.line}"), tokenizer.eos_token_id]
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
