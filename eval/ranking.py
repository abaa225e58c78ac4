"""How retrieval is marked: recall at k, reciprocal rank, median rank."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
CUTS = (1, 5, 10)


def first_ranks(scores: Sequence[npt.ArrayLike], relevant: Sequence[npt.ArrayLike]) -> Floats:
    """Rank of the first relevant candidate of each query, from 1; infinite where there is none.

    Among equal scores a relevant candidate is counted last, so ties never flatter.

    Args:
        scores: of each query, the scores of its candidates; larger is better.
        relevant: of each query, which of its candidates are relevant.
    """
    ranks = []
    for values, right in zip(scores, relevant, strict=True):
        value, truth = np.asarray(values, float), np.asarray(right, bool)
        best = value[truth].max(initial=-np.inf)
        hits = truth.any() and not np.isneginf(best)
        ahead = int(((value >= best) & ~truth).sum())
        ranks.append(1.0 + ahead if hits else np.inf)
    return np.array(ranks, float)


def figures(ranks: npt.ArrayLike) -> Mapping[str, float]:
    """R@1, R@5, R@10, mean reciprocal rank and median rank of first ranks."""
    rank = np.asarray(ranks, float)
    found = {f"recall_at_{k}": float((rank <= k).mean()) for k in CUTS}
    return {**found, "mrr": float((1 / rank).mean()), "median_rank": float(np.median(rank))}


def chance_recall(candidates: npt.ArrayLike, relevant: npt.ArrayLike, k: int) -> float:
    """Mean R@k of a random order of each query's candidates.

    Args:
        candidates: how many candidates each query has.
        relevant: how many of them are relevant.
        k: the cut.
    """
    from scipy.stats import hypergeom

    total, right = np.asarray(candidates, int), np.asarray(relevant, int)
    drawn = np.minimum(k, total)
    return float(np.mean(1 - hypergeom.pmf(0, total, right, drawn)))
