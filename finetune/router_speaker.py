"""The language model that chooses tools, as it speaks: tokens, chances of a word, whole lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from eval import routing
from eval.routing import Turn, Utterance
from finetune.router_data import previous_of
from finetune.router_lines import WORDS, call_of, prompt_of
from tools.router import Previous, Router
from tools.router import slots as reader
from tools.router.model import INTENTS
from tools.router.slots import Slots

_LONGEST = 64
"""Tokens after which an answer is cut off; the longest of the train part has 27."""
_TOGETHER = 16
"""Prompts that are answered side by side."""


def encode(tokenizer: Any, text: str) -> list[int]:
    """The tokens of a text, without any that begin or end it."""
    return list(tokenizer(text, add_special_tokens=False)["input_ids"])


def prompt_tokens(tokenizer: Any, prompt: str) -> list[int]:
    """The tokens of a prompt after the token that begins a text."""
    return [tokenizer.bos_token_id, *encode(tokenizer, prompt)]


def word_tokens(tokenizer: Any) -> dict[str, int]:
    """The token of each intent's word.

    Raises:
        ValueError: the tokenizer splits a word, or has one token for two.
    """
    tokens = {intent: encode(tokenizer, f" {word}") for intent, word in WORDS.items()}
    if any(len(one) != 1 for one in tokens.values()):
        raise ValueError("the tokenizer splits a word for an intent")
    found = {intent: one[0] for intent, one in tokens.items()}
    if len(set(found.values())) < len(found):
        raise ValueError("the tokenizer has one token for two intents")
    return found


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
