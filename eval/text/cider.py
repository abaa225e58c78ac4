"""CIDEr-D (Vedantam et al., CVPR 2015), as the COCO caption evaluation computes it.

TF-IDF vectors of 1- to 4-grams, clipped and compared by cosine, times a Gaussian of the difference
in length (sigma 6), times 10. Document frequencies come from all references of the corpus, so a
score depends on the corpus; with one pair it is 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from eval.text.ngrams import Counts, Floats, Hashes, Ints, Texts, moved, pooled

ORDERS = 4
SIGMA = 6.0


@dataclass
class Frequencies:
    """In how many items' references each n-gram occurs; gathered block by block.

    Attributes:
        items: number of items.
        gram: (k,) sorted hashes.
        documents: (k,) items that hold the n-gram.
    """

    items: int
    gram: Hashes
    documents: Ints

    @classmethod
    def none(cls) -> Frequencies:
        """Before the first block."""
        return cls(0, np.zeros(0, np.uint64), np.zeros(0, np.int64))

    @classmethod
    def of(cls, references: Counts, item_of: Ints, items: int) -> Frequencies:
        """Of one block."""
        gram, documents = np.unique(pooled(references, item_of).gram, return_counts=True)
        return cls(items, gram, documents.astype(np.int64))

    def add(self, other: Frequencies) -> Frequencies:
        """Of two blocks together."""
        both = np.concatenate([self.gram, other.gram])
        gram, back = np.unique(both, return_inverse=True)
        documents = np.bincount(
            back, np.concatenate([self.documents, other.documents]), minlength=len(gram)
        )
        return Frequencies(self.items + other.items, gram, documents.astype(np.int64))

    def weight(self, gram: Hashes) -> Floats:
        """Inverse document frequency log(items / max(1, documents)) of n-grams."""
        found = np.ones(len(gram))
        if len(self.gram):
            place = np.minimum(np.searchsorted(self.gram, gram), len(self.gram) - 1)
            there = self.gram[place] == gram
            found = np.where(there, np.maximum(1, self.documents[place]), 1).astype(float)
        weights: Floats = np.log(float(max(1, self.items))) - np.log(found)
        return weights


class Gathering:
    """Frequencies of blocks as they come.

    A part waits until what comes after it has grown to half its size, so that each n-gram is moved
    a few times however many blocks there are.
    """

    def __init__(self) -> None:
        self._parts: list[Frequencies] = []

    @property
    def items(self) -> int:
        """Items so far."""
        return sum(part.items for part in self._parts)

    def add(self, part: Frequencies) -> None:
        """Add those of a block."""
        self._parts.append(part)
        while len(self._parts) > 1 and 2 * len(self._parts[-1].gram) >= len(self._parts[-2].gram):
            self._merge()

    def total(self) -> Frequencies:
        """Those of all blocks."""
        while len(self._parts) > 1:
            self._merge()
        return self._parts[0] if self._parts else Frequencies.none()

    def _merge(self) -> None:
        last = self._parts.pop()
        self._parts[-1] = self._parts[-1].add(last)


def score(
    candidates: Texts,
    mine: Counts,
    references: Texts,
    theirs: Counts,
    item_of: Ints,
    known: Frequencies,
) -> Floats:
    """CIDEr-D of n pairs, (n,) in [0, 10].

    Args:
        candidates: n texts.
        mine: their n-grams.
        references: the references of all candidates.
        theirs: their n-grams.
        item_of: the candidate of each reference.
        known: document frequencies of the whole corpus.
    """
    n, texts = len(candidates), len(references)
    vector = mine.count * known.weight(mine.gram)
    other = theirs.count * known.weight(theirs.gram)
    norm = np.sqrt(mine.sums(vector**2, n, ORDERS))
    norms = np.sqrt(theirs.sums(other**2, texts, ORDERS))
    product = np.minimum(mine.find(moved(theirs, item_of), vector), other) * other
    alike = theirs.sums(product, texts, ORDERS)
    lengths = norm[item_of] * norms
    alike = np.divide(alike, lengths, out=np.zeros_like(alike), where=lengths != 0)
    # COCO measures length in bigrams.
    bigrams = np.maximum(candidates.lengths - 1, 0)[item_of] - np.maximum(references.lengths - 1, 0)
    alike *= np.exp(-(bigrams.astype(float) ** 2) / (2 * SIGMA**2))[:, None]
    total = np.bincount(item_of, alike.mean(axis=1), minlength=n)
    scores: Floats = 10 * total / np.bincount(item_of, minlength=n)
    return scores
