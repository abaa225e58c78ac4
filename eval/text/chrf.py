"""chrF2 (Popović, WMT 2015), as sacreBLEU computes it: character 1- to 6-grams, beta 2."""

from __future__ import annotations

import numpy as np

from eval.text.ngrams import Floats, Ints, Texts, count, shared

ORDERS = 6
BETA = 2.0


def statistics(candidates: Texts, references: Texts, item_of: Ints) -> Floats:
    """Candidate, reference and matched n-grams of n pairs by order, (n, 3, 6).

    Of several references the one with the best score counts.
    """
    n, texts = len(candidates), len(references)
    mine, theirs = count(candidates, ORDERS), count(references, ORDERS)
    orders = np.arange(ORDERS)
    held = np.maximum(references.lengths[:, None] - orders, 0)
    guessed = np.maximum(candidates.lengths[item_of][:, None] - orders, 0)
    of_reference = np.stack(
        [
            np.where(held > 0, guessed, 0),  # as sacreBLEU: no guess where nothing could match
            held,
            theirs.sums(shared(mine, theirs, item_of), texts, ORDERS),
        ],
        axis=1,
    ).astype(float)
    value = score(of_reference)
    order = np.lexsort((np.arange(texts), -value, item_of))
    best = order[np.unique(item_of[order], return_index=True)[1]]
    chosen: Floats = of_reference[best]
    return chosen.reshape(n, 3, ORDERS)


def score(found: Floats) -> Floats:
    """chrF2 of n pairs, (n,) in [0, 100]; of the sum over pairs for the corpus."""
    candidate, reference, matched = found[:, 0], found[:, 1], found[:, 2]
    both = (candidate > 0) & (reference > 0)
    orders = both.sum(axis=1)

    def mean(total: Floats) -> Floats:
        share = np.divide(matched, total, out=np.zeros_like(matched), where=both)
        averaged: Floats = share.sum(axis=1) / np.maximum(orders, 1)
        return averaged

    precision, recall = mean(candidate), mean(reference)
    bottom = BETA**2 * precision + recall
    top = (1 + BETA**2) * precision * recall
    return 100 * np.divide(top, bottom, out=np.zeros(len(found)), where=bottom > 0)
