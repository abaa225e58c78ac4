"""Hashed n-grams of many texts at once: counted, and matched between candidates and references.

An n-gram is known by a 64-bit hash of its tokens' hashes. Two of m different n-grams share one
with a probability of about m²/2⁶⁵: for ten million, three in a million.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]

_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_STEP = np.uint64(0x9E3779B97F4A7C15)
_KEPT = 1_000_000


class _Hashes(dict[str, int]):
    """Hashes of the tokens met so far."""

    def __missing__(self, token: str) -> int:
        digest = blake2b(token.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        found = self[token] = int.from_bytes(digest, "little")
        return found


_HASHES = _Hashes()


def _mix(x: Hashes) -> Hashes:
    """The finaliser of SplitMix64 (Steele et al., OOPSLA 2014): each bit of x reaches all."""
    x = (x ^ (x >> np.uint64(30))) * _MIX_1
    x = (x ^ (x >> np.uint64(27))) * _MIX_2
    mixed: Hashes = x ^ (x >> np.uint64(31))
    return mixed


@dataclass(frozen=True)
class Texts:
    """Tokenised texts, end to end.

    Attributes:
        tokens: (t,) hashes of all tokens.
        starts: (texts + 1,) where each text begins; the last is t.
    """

    tokens: Hashes
    starts: Ints

    @classmethod
    def of(cls, texts: Iterable[Sequence[str]]) -> Texts:
        """Hash tokenised texts; a token's hash is the same in every process and machine."""
        if len(_HASHES) > _KEPT:
            _HASHES.clear()
        hashes: list[int] = []
        starts = [0]
        for tokens in texts:
            hashes.extend(map(_HASHES.__getitem__, tokens))
            starts.append(len(hashes))
        return cls(np.array(hashes, np.uint64), np.array(starts, np.int64))

    @property
    def lengths(self) -> Ints:
        """Tokens of each text."""
        return np.diff(self.starts)

    def __len__(self) -> int:
        return len(self.starts) - 1


@dataclass(frozen=True)
class Counts:
    """How often each n-gram occurs in each text, sorted by text and n-gram.

    Attributes:
        owner: (k,) the text, or the item, that the n-gram belongs to.
        gram: (k,) hash of the n-gram; n-grams of different order never meet.
        order: (k,) tokens of the n-gram, less one.
        count: (k,) occurrences.
        key: (k,) sorted hash of owner and n-gram.
    """

    owner: Ints
    gram: Hashes
    order: Ints
    count: Ints
    key: Hashes

    def find(self, keys: Hashes, values: Floats) -> Floats:
        """The value of each key's n-gram here, 0 where the n-gram is not here.

        Args:
            keys: (m,) hashes of owner and n-gram.
            values: (k,) one value of each n-gram of these counts.
        """
        if not len(self.key):
            return np.zeros(len(keys))
        place = np.minimum(np.searchsorted(self.key, keys), len(self.key) - 1)
        found: Floats = np.where(self.key[place] == keys, values[place], 0.0)
        return found

    def sums(self, values: Floats, owners: int, orders: int) -> Floats:
        """Sums of one value an n-gram, by owner and order: (owners, orders)."""
        place = self.owner * orders + self.order
        added: Floats = np.bincount(place, values, minlength=owners * orders).astype(np.float64)
        return added.reshape(owners, orders)


def _key(owner: Ints, gram: Hashes) -> Hashes:
    return _mix(gram ^ _mix((owner.astype(np.uint64) + np.uint64(1)) * _STEP))


def count(texts: Texts, orders: int) -> Counts:
    """Count the n-grams of up to ``orders`` tokens in each text."""
    owner_of = np.repeat(np.arange(len(texts)), texts.lengths)
    left = texts.starts[1:][owner_of] - np.arange(len(texts.tokens))  # tokens to the text's end
    grams: list[Hashes] = []
    owners: list[Ints] = []
    levels: list[Ints] = []
    rolling = texts.tokens
    for order in range(orders):
        if order:
            ahead = texts.tokens[order:]
            rolling = _mix(rolling[: len(ahead)] * _STEP + ahead)
        whole = left[: len(rolling)] > order
        grams.append(_mix(rolling[whole] + np.uint64(order + 1)))
        owners.append(owner_of[: len(rolling)][whole])
        levels.append(np.full(int(whole.sum()), order))
    owner, gram = np.concatenate(owners), np.concatenate(grams)
    keys = _key(owner, gram)
    order_by = np.argsort(keys)
    ranked = keys[order_by]
    new = np.ones(len(ranked), bool)
    new[1:] = ranked[1:] != ranked[:-1]
    first = np.flatnonzero(new)
    times = np.diff(first, append=len(ranked))
    kept = order_by[first]  # which of equal n-grams is all the same
    order_of = np.concatenate(levels)[kept]
    return Counts(owner[kept], gram[kept], order_of, times.astype(np.int64), ranked[first])


def _one_each(item_of: Ints) -> bool:
    """Whether text i is the one text of item i."""
    return bool((item_of == np.arange(len(item_of))).all())


def pooled(counts: Counts, item_of: Ints) -> Counts:
    """The counts of several texts of one item as one: the largest count of each n-gram."""
    if _one_each(item_of):
        return counts
    owner = item_of[counts.owner]
    keys = _key(owner, counts.gram)
    key, first, back = np.unique(keys, return_index=True, return_inverse=True)
    most = np.zeros(len(key), np.int64)
    np.maximum.at(most, back, counts.count)
    return Counts(owner[first], counts.gram[first], counts.order[first], most, key)


def moved(counts: Counts, item_of: Ints) -> Hashes:
    """The keys that the n-grams of texts would have as n-grams of their items; not sorted."""
    if _one_each(item_of):
        return counts.key
    return _key(item_of[counts.owner], counts.gram)


def shared(candidates: Counts, references: Counts, item_of: Ints) -> Floats:
    """How often each reference's n-gram is in its candidate too, clipped to either count."""
    there = candidates.find(moved(references, item_of), candidates.count.astype(float))
    return np.minimum(there, references.count)
