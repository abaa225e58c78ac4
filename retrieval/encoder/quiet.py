"""open_clip speaks through the root logger, and says so much that a user's terminal fills."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quietly() -> Iterator[None]:
    """No log and no warning for a while; what goes wrong comes as an exception all the same.

    The handler that does nothing keeps ``logging.info`` from putting one of its own on the root
    logger, which would stay.
    """
    root, nothing = logging.getLogger(), logging.NullHandler()
    before = root.manager.disable
    root.addHandler(nothing)
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
        root.removeHandler(nothing)
