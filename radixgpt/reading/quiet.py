"""Libraries' remarks on what they read may quote it: none of them reaches a warning or a log."""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_LOCK = threading.RLock()


@contextmanager
def quiet() -> Iterator[None]:
    """Silence warnings and pydicom's log for a while.

    The lock is there because the filters of ``warnings`` belong to the whole process: two threads
    that changed them at once could leave them changed.
    """
    log = logging.getLogger("pydicom")
    with _LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before, log.disabled = log.disabled, True
        try:
            yield
        finally:
            log.disabled = before
