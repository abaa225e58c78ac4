"""A block of pairs with its tokens and n-grams, each made once however many metrics ask."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import islice

import numpy as np

from eval.batch.pairs import Pair
from eval.text import tokens
from eval.text.ngrams import Counts, Ints, Texts, count

TOKENS: dict[str, tokens.Tokenize] = {
    "coco": tokens.coco,
    "rouge": tokens.rouge,
    "rouge_stemmed": tokens.rouge_stemmed,
    "characters": tokens.characters,
    "imageclef": tokens.imageclef,
    "mteval": tokens.mteval,
}
SIZE = 2000
"""Pairs a block: small enough for memory, large enough for array operations to pay."""


class Block:
    """Some pairs of a corpus.

    Attributes:
        pairs: the n pairs.
        references: the references of all pairs, end to end.
        item_of: (references,) the pair of each reference.
    """

    def __init__(self, pairs: list[Pair]) -> None:
        self.pairs = pairs
        self.references = [text for pair in pairs for text in pair.references]
        self.item_of: Ints = np.repeat(
            np.arange(len(pairs)), [len(pair.references) for pair in pairs]
        )
        self._texts: dict[str, tuple[Texts, Texts]] = {}
        self._counts: dict[tuple[str, int], tuple[Counts, Counts]] = {}

    def __len__(self) -> int:
        return len(self.pairs)

    @cached_property
    def candidates(self) -> list[str]:
        """The n candidates."""
        return [pair.candidate for pair in self.pairs]

    def texts(self, name: str) -> tuple[Texts, Texts]:
        """Candidates and references in the tokens of this name."""
        if name not in self._texts:
            cut = TOKENS[name]
            self._texts[name] = (
                Texts.of(map(cut, self.candidates)),
                Texts.of(map(cut, self.references)),
            )
        return self._texts[name]

    def counts(self, name: str, orders: int) -> tuple[Counts, Counts]:
        """N-grams of candidates and references in the tokens of this name."""
        if (name, orders) not in self._counts:
            mine, theirs = self.texts(name)
            self._counts[name, orders] = count(mine, orders), count(theirs, orders)
        return self._counts[name, orders]


def blocks(pairs: Iterable[Pair], size: int = SIZE) -> Iterator[list[Pair]]:
    """Cut a stream of pairs into lists of ``size``."""
    stream = iter(pairs)
    while block := list(islice(stream, size)):
        yield block
