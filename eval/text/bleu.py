"""BLEU (Papineni et al., ACL 2002), in two flavours.

COCO's BLEU takes the reference length that is closest to the candidate's, adds 1e-15 to the
matches and 1e-9 to the guesses, and reports BLEU-1 to BLEU-4 in [0, 1]. sacreBLEU (Post, WMT 2018)
differs in tokens and smoothing, and reports BLEU-4 in [0, 100], so the two never compare.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from eval.text.ngrams import Counts, Floats, Ints, Texts, count, pooled

ORDERS = 4
_SMALL, _TINY = 1e-9, 1e-15


@dataclass(frozen=True)
class Matches:
    """What BLEU needs of each of n pairs; sums over pairs give the corpus.

    Attributes:
        correct: (n, 4) candidate n-grams that the references hold, clipped to their counts.
        guess: (n, 4) candidate n-grams.
        candidate, reference: (n,) lengths in tokens; the reference's is the closest.
    """

    correct: Floats
    guess: Floats
    candidate: Floats
    reference: Floats


def match(
    candidates: Texts,
    references: Texts,
    item_of: Ints,
    *,
    counted: tuple[Counts, Counts] | None = None,
) -> Matches:
    """Match n candidates with their references.

    Args:
        candidates: n texts.
        references: the references of all candidates.
        item_of: the candidate of each reference; every candidate has one or more.
        counted: n-grams of candidates and references, where they are counted already.
    """
    n = len(candidates)
    mine, texts = counted or (count(candidates, ORDERS), count(references, ORDERS))
    theirs = pooled(texts, item_of)
    clipped = np.minimum(mine.count, theirs.find(mine.key, theirs.count.astype(float)))
    correct = mine.sums(clipped, n, ORDERS)
    lengths = candidates.lengths
    guess = np.maximum(lengths[:, None] - np.arange(ORDERS), 0).astype(float)
    return Matches(correct, guess, lengths.astype(float), closest(lengths, references, item_of))


def closest(lengths: Ints, references: Texts, item_of: Ints) -> Floats:
    """Of each item's references the length closest to the candidate's; of two, the shorter."""
    away = np.abs(references.lengths - lengths[item_of])
    order = np.lexsort((references.lengths, away, item_of))
    first = np.unique(item_of[order], return_index=True)[1]
    return references.lengths[order][first].astype(float)


def coco(found: Matches) -> Floats:
    """BLEU-1 to BLEU-4 of each pair, (n, 4) in [0, 1]."""
    precision = (found.correct + _TINY) / (found.guess + _SMALL)
    bleu = np.cumprod(precision, axis=1) ** (1 / np.arange(1, ORDERS + 1))
    ratio = (found.candidate + _TINY) / (found.reference + _SMALL)
    penalty = np.where(ratio < 1, np.exp(1 - 1 / np.minimum(ratio, 1)), 1.0)
    scores: Floats = bleu * penalty[:, None]
    return scores


def sacre(found: Matches, *, effective: bool = False) -> Floats:
    """SacreBLEU of each pair, (n,) in [0, 100], with its default smoothing ``exp``.

    The k-th order without a match counts as 1 / 2ᵏ matches (Chen and Cherry, WMT 2014, method 3).

    Args:
        found: the matches.
        effective: leave out orders that the candidate is too short for, as it suits single pairs;
            else such a candidate scores 0.
    """
    some = found.guess > 0
    missed = some & (found.correct == 0)
    matched = np.where(missed, 0.5 ** np.cumsum(missed, axis=1), found.correct)
    precision = np.divide(100 * matched, found.guess, out=np.ones_like(matched), where=some)
    orders = some.sum(axis=1)
    used = np.maximum(orders, 1) if effective else np.full(len(orders), ORDERS)
    mean = np.exp(np.log(precision).sum(axis=1) / used)
    ratio = np.divide(
        found.reference, found.candidate, out=np.ones(len(mean)), where=found.candidate > 0
    )
    scored = found.correct.any(axis=1) & (orders == used)
    scores: Floats = np.where(scored, mean * np.exp(np.minimum(0.0, 1 - ratio)), 0.0)
    return scores


def total(found: Matches) -> Matches:
    """The sums over all pairs, as one pair: ``coco(total(x))[0]`` is the corpus BLEU."""
    return Matches(
        found.correct.sum(0, keepdims=True),
        found.guess.sum(0, keepdims=True),
        found.candidate.sum(keepdims=True),
        found.reference.sum(keepdims=True),
    )
