"""The small decoder of the embedded captioner: what the eyes see of each disc, then words.

A transformer over a row that begins with what is asked for and the tokens of the discs that are
shown, one for each member of the graders' ensemble; words follow one by one. The beginning is seen
whole by everything, words see what is before them. Trained by ``finetune.captioner``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from data.generated.captions import STYLES
from radixgpt.level import LUMBAR_DISCS
from tools.captioner.grammar import END, vocabulary
from tools.grade_net import WIDTH as SEEN

MEMBERS = 3
"""Graders whose tokens are shown."""
PAD, BEGIN = "<pad>", "<begin>"
SCOPES = ("disc", "image", "study")
SEQUENCES = ("t1", "t2", "t1 t2")
_ASKED = (*SCOPES, *STYLES, *SEQUENCES)
LONGEST = 256
"""Words of a caption; a sentence that goes beyond is cut off with all that follows."""


def words() -> tuple[str, ...]:
    """Everything that the decoder has a token for, in their order."""
    return (PAD, BEGIN, END, *(f"<{name}>" for name in _ASKED), *vocabulary())


@dataclass(frozen=True)
class Shape:
    """Sizes of a decoder."""

    width: int = 192
    layers: int = 4
    heads: int = 4
    inner: int = 512
    dropout: float = 0.1


@dataclass
class Memory:
    """Keys and values of each layer, (n, heads, length, width / heads), so far."""

    layers: list[tuple[Tensor, Tensor]]

    def cut(self, length: int) -> Memory:
        """What was there when ``length`` places had been read."""
        return Memory([(key[:, :, :length], value[:, :, :length]) for key, value in self.layers])

    @property
    def length(self) -> int:
        """How many places were read."""
        return self.layers[0][0].shape[2]


class _Layer(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.before = nn.LayerNorm(shape.width)
        self.between = nn.LayerNorm(shape.width)
        self.mix = nn.Linear(shape.width, 3 * shape.width)
        self.out = nn.Linear(shape.width, shape.width)
        self.up = nn.Linear(shape.width, shape.inner)
        self.down = nn.Linear(shape.inner, shape.width)
        self.dropout = nn.Dropout(shape.dropout)

    def forward(
        self, x: Tensor, mask: Tensor, past: tuple[Tensor, Tensor] | None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        n, length, width = x.shape
        parts = self.mix(self.before(x)).view(n, length, 3, self.heads, width // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        if past is not None:
            key, value = torch.cat([past[0], key], 2), torch.cat([past[1], value], 2)
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        x = x + self.dropout(self.out(mixed.transpose(1, 2).reshape(n, length, width)))
        x = x + self.dropout(self.down(functional.gelu(self.up(self.between(x)))))
        return x, (key, value)


class Decoder(nn.Module):
    """Tokens of discs and what is asked for to words."""

    def __init__(self, shape: Shape | None = None) -> None:
        super().__init__()
        self.shape = shape or Shape()
        width = self.shape.width
        self.words = words()
        self.number = {word: i for i, word in enumerate(self.words)}
        self.embed = nn.Embedding(len(self.words), width)
        self.place = nn.Embedding(LONGEST + 1, width)
        self.level = nn.Embedding(len(LUMBAR_DISCS), width)
        self.project = nn.ModuleList(nn.Linear(SEEN, width) for _ in range(MEMBERS))
        self.layers = nn.ModuleList(_Layer(self.shape) for _ in range(self.shape.layers))
        self.norm = nn.LayerNorm(width)
        nn.init.normal_(self.embed.weight, std=0.02)
        nn.init.normal_(self.place.weight, std=0.02)
        nn.init.normal_(self.level.weight, std=0.02)

    def asked(self, scope: str, style: str, sequences: frozenset[str]) -> list[int]:
        """What is asked for as numbers of words.

        Args:
            scope: one of :data:`SCOPES`.
            style: one of ``data.generated.captions.STYLES``.
            sequences: ``t1`` and ``t2``, those that are shown; both where none is known.
        """
        named = " ".join(sorted(sequences)) or SEQUENCES[-1]
        return [self.number[f"<{name}>"] for name in (scope, style, named)]

    def look(self, asked: Tensor, seen: Tensor, there: Tensor) -> tuple[Tensor, Tensor]:
        """The beginning of the row.

        Args:
            asked: (n, 3) from :meth:`asked`.
            seen: (n, 5, MEMBERS, SEEN), from L1-L2 to L5-S1; anything where nothing is shown.
            there: (n, 5) bool, which discs are shown.

        Returns:
            (n, length, width), and (n, length) bool: which places count.
        """
        parts = torch.stack([layer(seen[:, :, i]) for i, layer in enumerate(self.project)], 2)
        parts = (parts + self.level.weight[None, :, None]).flatten(1, 2)
        row = torch.cat([self.embed(asked), parts], 1)
        counts = torch.cat([torch.ones_like(asked, dtype=torch.bool), _each(there)], 1)
        return row, counts

    def forward(self, asked: Tensor, seen: Tensor, there: Tensor, said: Tensor) -> Tensor:
        """Logits of the word after each word, for training.

        Args:
            asked: as :meth:`look` takes them, like ``seen`` and ``there``.
            seen: tokens of the discs.
            there: which discs are shown.
            said: (n, length) numbers of words, from :data:`BEGIN` on.

        Returns:
            (n, length, words).
        """
        row, counts = self.look(asked, seen, there)
        start, length = row.shape[1], row.shape[1] + said.shape[1]
        row = torch.cat([row, self._placed(said, 0)], 1)
        order = torch.arange(length)
        before = (order[None, :] <= order[:, None]) | (order[None, :] < start)
        shown = torch.cat([counts, torch.ones_like(said, dtype=torch.bool)], 1)
        mask = before[None] & shown[:, None, :] | torch.eye(length, dtype=torch.bool)[None]
        for layer in self.layers:
            row, _ = layer(row, mask[:, None], None)
        return functional.linear(self.norm(row[:, start:]), self.embed.weight)

    @torch.inference_mode()
    def begin(self, asked: Tensor, seen: Tensor, there: Tensor) -> tuple[Memory, Tensor]:
        """Read the beginning of one row; returns its memory and which of its places count."""
        row, counts = self.look(asked, seen, there)
        mask = counts[:, None, :] | torch.eye(row.shape[1], dtype=torch.bool)[None]
        kept = []
        for layer in self.layers:
            row, past = layer(row, mask[:, None], None)
            kept.append(past)
        return Memory(kept), counts

    @torch.inference_mode()
    def step(
        self, said: Sequence[int], first: int, memory: Memory, counts: Tensor
    ) -> tuple[Tensor, Memory]:
        """Read further words of one row.

        Args:
            said: their numbers.
            first: how many words came before.
            memory: of all before.
            counts: from :meth:`begin`.

        Returns:
            (words,) logits of the next word, and the memory with these words.
        """
        row = self._placed(torch.tensor([list(said)]), first)
        start = counts.shape[1]
        length = memory.length + len(said)
        order = torch.arange(length)
        mask = order[None, :] <= order[memory.length :, None]
        mask = mask & torch.cat([counts[0], torch.ones(length - start, dtype=torch.bool)])[None]
        kept = []
        for layer, past in zip(self.layers, memory.layers, strict=True):
            row, now = layer(row, mask[None, None], past)
            kept.append(now)
        logits = functional.linear(self.norm(row[0, -1]), self.embed.weight)
        return logits, Memory(kept)

    def _placed(self, said: Tensor, first: int) -> Tensor:
        places = torch.arange(first, first + said.shape[1]).clamp(max=LONGEST)
        placed: Tensor = self.embed(said) + self.place(places)[None]
        return placed


def _each(there: Tensor) -> Tensor:
    return there[:, :, None].expand(-1, -1, MEMBERS).flatten(1)


def shown(tokens: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Tokens by level as :meth:`Decoder.look` takes them, for one row.

    Args:
        tokens: (MEMBERS, SEEN) by lumbar disc.
    """
    seen = torch.zeros(1, len(LUMBAR_DISCS), MEMBERS, SEEN)
    there = torch.zeros(1, len(LUMBAR_DISCS), dtype=torch.bool)
    for place, level in enumerate(LUMBAR_DISCS):
        if level in tokens:
            seen[0, place], there[0, place] = tokens[level], True
    return seen, there
