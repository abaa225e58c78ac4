"""A family of metrics: rows that add up, and figures of their sums.

A family gives each pair a row of numbers and turns sums of rows into figures. A pair's own score is
the figure of its row alone; the corpus score that of the sum of all rows; a bootstrap draw that of
the drawn studies' sum. Thus corpus BLEU, means and pooled F1 are treated alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from eval.adapters.process import Adapter
from eval.batch.block import Block
from eval.batch.marks import Marker
from eval.text.cider import Frequencies
from eval.text.ngrams import Floats
from radixgpt.errors import RadixError

Figure = Callable[[Floats], Floats]


@dataclass(frozen=True)
class Shared:
    """What the metrics of one run need besides a block.

    Attributes:
        frequencies: document frequencies of the whole corpus, for CIDEr.
        sources: of findings, CUIs and annotations of either side, whether the tables give them;
            such as ``{"reference findings": "given"}``, for the signatures.
        extractor: name of what made the annotations.
        only: the CUIs that the secondary concept score keeps.
        adapters: how learned metrics are run, by name.
    """

    frequencies: Frequencies = field(default_factory=Frequencies.none)
    sources: Mapping[str, str] = field(default_factory=dict)
    extractor: str = ""
    only: frozenset[str] = frozenset()
    adapters: Mapping[str, Adapter] = field(default_factory=dict)


@dataclass(frozen=True)
class Family:
    """Metrics that share their rows.

    Attributes:
        name: of the family.
        rows: a block to (n, k) numbers.
        figures: each metric's name and its figure of (m, k) sums, (m,).
        signature: preprocessing and flavour, printed with every score; or what makes it from what
            the run was given.
        own: figures of a single pair's row, where they are not the corpus's.
        smaller: the metrics of which smaller is better.
        missing: what the family lacks on this machine, given the run; None where it can run.
        close: ends what the rows have started in this process.
        marks: what became of each finding of a pair, where the family compares findings.
        on_request: whether it runs only where it is asked for by name.
    """

    name: str
    rows: Callable[[Block, Shared], Floats]
    figures: Mapping[str, Figure]
    signature: str | Callable[[Shared], str]
    own: Mapping[str, Figure] = field(default_factory=dict)
    smaller: frozenset[str] = frozenset()
    missing: Callable[[Shared], RadixError | None] = lambda _: None
    close: Callable[[], None] = lambda: None
    marks: Marker | None = None
    on_request: bool = False

    def signed(self, shared: Shared) -> str:
        """The signature as text."""
        return self.signature if isinstance(self.signature, str) else self.signature(shared)


def mean_of(column: int) -> Figure:
    """The mean of a column of scores; the last column counts the pairs."""

    def figure(sums: Floats) -> Floats:
        pairs = sums[:, -1]
        means: Floats = np.divide(
            sums[:, column], pairs, out=np.full(len(sums), np.nan), where=pairs > 0
        )
        return means

    return figure


def means(scores: Mapping[str, Floats]) -> Floats:
    """Scores of n pairs, (n,) each, as rows for :func:`mean_of`."""
    columns = list(scores.values())
    return np.column_stack([*columns, np.ones(len(columns[0]))])
