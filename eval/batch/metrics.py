"""The metrics of texts, as rows that add up.

A family gives each pair a row of numbers and turns sums of rows into figures. A pair's own score is
the figure of its row alone; the corpus score that of the sum of all rows; a bootstrap draw that of
the drawn studies' sum. Thus corpus BLEU, means and pooled F1 are treated alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from eval.batch.block import Block
from eval.text import bleu, chrf, cider, rouge
from eval.text.bleu import Matches
from eval.text.cider import Frequencies
from eval.text.ngrams import Floats

Figure = Callable[[Floats], Floats]


@dataclass(frozen=True)
class Shared:
    """What the metrics of one run need besides a block.

    Attributes:
        frequencies: document frequencies of the whole corpus, for CIDEr.
    """

    frequencies: Frequencies = field(default_factory=Frequencies.none)


@dataclass(frozen=True)
class Family:
    """Metrics that share their rows.

    Attributes:
        name: of the family.
        rows: a block to (n, k) numbers.
        figures: each metric's name and its figure of (m, k) sums, (m,).
        signature: preprocessing and flavour, printed with every score.
    """

    name: str
    rows: Callable[[Block, Shared], Floats]
    figures: Mapping[str, Figure]
    signature: str


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


def _bleu_rows(block: Block, _: Shared) -> Floats:
    found = bleu.match(*block.texts("coco"), block.item_of, counted=block.counts("coco", 4))
    return np.column_stack([found.correct, found.guess, found.candidate, found.reference])


def _bleu(order: int) -> Figure:
    def figure(sums: Floats) -> Floats:
        found = Matches(sums[:, :4], sums[:, 4:8], sums[:, 8], sums[:, 9])
        return bleu.coco(found)[:, order]

    return figure


def _coco_rows(block: Block, shared: Shared) -> Floats:
    mine, theirs = block.texts("coco")
    counted = block.counts("coco", 4)
    common = rouge.longest_common(mine, theirs, block.item_of)
    return means(
        {
            "coco_rouge_l": rouge.coco(mine, theirs, block.item_of, common),
            "cider": cider.score(
                mine, counted[0], theirs, counted[1], block.item_of, shared.frequencies
            ),
        }
    )


def _rouge_rows(name: str) -> Callable[[Block, Shared], Floats]:
    def rows(block: Block, _: Shared) -> Floats:
        mine, theirs = block.texts(name)
        common = rouge.longest_common(mine, theirs, block.item_of)
        return means(rouge.f_scores(mine, theirs, block.item_of, common))

    return rows


def _chrf_rows(block: Block, _: Shared) -> Floats:
    found = chrf.statistics(*block.texts("characters"), block.item_of)
    return found.reshape(len(block), -1)


def _chrf(sums: Floats) -> Floats:
    return chrf.score(sums.reshape(len(sums), 3, chrf.ORDERS))


_COCO = "tok:ptb|case:lower|punct:dropped"
FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        Family(
            "bleu",
            _bleu_rows,
            {f"bleu_{order + 1}": _bleu(order) for order in range(4)},
            f"flavour:coco|refs:closest|{_COCO}|corpus:pooled",
        ),
        Family(
            "coco",
            _coco_rows,
            {"rouge_l_coco": mean_of(0), "cider": mean_of(1)},
            f"flavour:coco|beta:1.2|cider:d,sigma 6|idf:references of this corpus|{_COCO}",
        ),
        Family(
            "rouge",
            _rouge_rows("rouge"),
            {"rouge_1": mean_of(0), "rouge_2": mean_of(1), "rouge_l": mean_of(2)},
            "flavour:rouge-score|measure:f1|tok:a-z0-9|stem:no|corpus:mean",
        ),
        Family(
            "rouge_stemmed",
            _rouge_rows("rouge_stemmed"),
            {
                "rouge_1_stemmed": mean_of(0),
                "rouge_2_stemmed": mean_of(1),
                "rouge_l_stemmed": mean_of(2),
            },
            "flavour:rouge-score|measure:f1|tok:a-z0-9|stem:porter|corpus:mean",
        ),
        Family(
            "chrf",
            _chrf_rows,
            {"chrf": _chrf},
            "flavour:sacrebleu|nc:6|nw:0|beta:2|space:no|case:mixed|eff:yes|corpus:pooled",
        ),
    )
}
"""The families that need texts alone."""
