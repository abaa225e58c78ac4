"""How many threads the linear algebra may use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def one_thread() -> Iterator[None]:
    """Let scikit-learn and statsmodels compute in one thread.

    The tables are small: threads would wait for one another, badly so where other processes want
    the core too, and sums would round differently.
    """
    # Only libraries that are loaded already can be held back.
    import sklearn.ensemble
    import statsmodels.genmod.generalized_estimating_equations  # noqa: F401
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    del sklearn
    with threadpool_limits(1):
        yield
