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
    return float(np.mean(_found_within(candidates, relevant, k)))


def chance(candidates: npt.ArrayLike, relevant: npt.ArrayLike) -> Mapping[str, float]:
    """The figures of :func:`figures` for a random order of each query's candidates.

    Recall and reciprocal rank are expectations; the median is that of the ranks' distribution over
    all queries.

    Args:
        candidates: how many candidates each query has.
        relevant: how many of them are relevant, one or more.
    """
    total = np.asarray(candidates, int)
    kinds, times = np.unique(
        np.column_stack([total, np.asarray(relevant, int)]), axis=0, return_counts=True
    )
    share = times / times.sum()
    cuts = np.arange(1, total.max() + 1)
    within = np.array([share @ _found_within(kinds[:, 0], kinds[:, 1], int(k)) for k in cuts])
    at = np.diff(within, prepend=0)
    return {
        **{f"recall_at_{k}": float(within[min(k, len(within)) - 1]) for k in CUTS},
        "mrr": float((at / cuts).sum()),
        "median_rank": float(cuts[np.searchsorted(within, 0.5 - 1e-12)]),
    }


def _found_within(candidates: npt.ArrayLike, relevant: npt.ArrayLike, k: int) -> Floats:
    """The chance that a random order has a relevant candidate among its first k."""
    from scipy.stats import hypergeom

    total, right = np.asarray(candidates, int), np.asarray(relevant, int)
    return 1 - np.asarray(hypergeom.pmf(0, total, right, np.minimum(k, total)), float)
