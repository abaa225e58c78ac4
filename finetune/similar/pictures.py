"""Is the same patient known again, and nobody taken for another?

Each training patient is looked at anew, from slices without a header, and must not be returned;
pictures and vectors of different patients must not be taken for one.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from finetune.similar.queries import Asking
from retrieval.prints import NEAR, near
from retrieval.search import _ONE_PICTURE
from tools.similar import Finder


def evaluate(shared: Path, found: Sequence[Asking], asked: Finder) -> dict[str, Any]:
    """Pairs of different patients that are taken for one, by prints and by vectors."""
    entries = asked.store.entries
    values, rows = entries.prints()
    taken = {
        (row, other)
        for row, entry in enumerate(entries)
        for other in near(entry.prints, values, rows)
        if row < other
    }
    own = sum(bool(near(one.looked.prints, values, rows)) for one in found)
    discs = asked.store.spaces["disc"]
    vectors = discs.index.vectors(discs.ids)
    alike = 0
    highest = -1.0
    for code in np.unique(discs.levels):
        here = discs.levels == code
        cosines = vectors[here] @ vectors[here].T
        upper = cosines[np.triu_indices(len(cosines), 1)]
        alike += int((upper >= _ONE_PICTURE).sum())
        highest = max(highest, float(upper.max(initial=-1.0)))
    return {
        "pairs": len(entries) * (len(entries) - 1) // 2,
        "bits": NEAR,
        "taken for one by prints": len(taken),
        "queries taken for a case by prints": own,
        "disc pairs taken for one by vectors": alike,
        "highest cosine of two patients' discs": round(highest, 4),
    }
