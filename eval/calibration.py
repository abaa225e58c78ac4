"""How far a system's confidence can be relied on: what is answered first, and at what risk."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from eval.statistics import Floats


def risk_coverage(confidence: npt.ArrayLike, right: npt.ArrayLike) -> tuple[Floats, Floats]:
    """The risk-coverage curve (El-Yaniv and Wiener, JMLR 2010): answer the surest rows first.

    Rows of equal confidence are answered together, so their order never flatters.

    Returns:
        Coverage, ascending to 1, and the share of wrong answers among the covered rows.
    """
    sure, good = np.asarray(confidence, float), np.asarray(right, bool)
    order = np.argsort(-sure, kind="stable")
    last = np.append(np.flatnonzero(np.diff(sure[order])), len(order) - 1)
    wrong = np.cumsum(~good[order])[last]
    return (last + 1) / len(order), wrong / (last + 1)


def area(coverage: Floats, risk: Floats) -> float:
    """Area under a risk-coverage curve as a step function; 0 best."""
    return float((risk * np.diff(coverage, prepend=0)).sum())


def risk_at(coverage: Floats, risk: Floats, least: float) -> float:
    """The risk at the smallest coverage of the curve that is at least ``least``."""
    return float(risk[np.searchsorted(coverage, least - 1e-12)])


def brier(truth: npt.ArrayLike, chances: npt.ArrayLike) -> float:
    """Brier score of several classes (Brier 1950): mean squared distance, 0 to 2.

    Args:
        truth: (n,) classes from 0.
        chances: (n, classes).
    """
    chance = np.asarray(chances, float)
    certain = np.eye(chance.shape[1])[np.asarray(truth, int)]
    return float(((chance - certain) ** 2).sum(axis=1).mean())
