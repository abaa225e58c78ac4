"""ROUGE-1, ROUGE-2 and ROUGE-L (Lin, 2004), in two flavours.

``f_scores`` is the flavour of Google's rouge-score: F1 of clipped n-grams and of the longest common
subsequence. ``coco`` is that of the COCO caption evaluation: the longest common subsequence with
beta 1.2, best precision and best recall over the references. Longest common subsequences come
from rapidfuzz's bit-parallel code.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from eval.text.ngrams import Floats, Ints, Texts, count, shared

COCO_BETA = 1.2


def longest_common(candidates: Texts, references: Texts, item_of: Ints) -> Ints:
    """Length of the longest common subsequence of each reference and its candidate."""
    from rapidfuzz import process
    from rapidfuzz.distance import LCSseq

    mine, theirs = _as_strings(candidates, references)
    paired = [mine[i] for i in item_of]
    lengths: Ints = process.cpdist(
        paired, theirs, scorer=LCSseq.similarity, dtype=np.int64, workers=1
    )
    return lengths


def _as_strings(*groups: Texts) -> list[list[str]]:
    """Each text as a string of one character a token, alike in all groups."""
    tokens = np.concatenate([texts.tokens for texts in groups])
    _, number = np.unique(tokens, return_inverse=True)
    # Surrogates (D800-DFFF) are no characters, so numbers jump over them.
    points = np.where(number >= 0xD800, number + 0x800, number).astype("<u4")
    if len(points) and points.max() > 0x10FFFF:
        raise ValueError("a block holds more than a million different tokens; use smaller blocks")
    text = points.tobytes().decode("utf-32-le")
    found, offset = [], 0
    for texts in groups:
        starts = (texts.starts + offset).tolist()
        found.append([text[a:b] for a, b in pairwise(starts)])
        offset += len(texts.tokens)
    return found


def coco(candidates: Texts, references: Texts, item_of: Ints, common: Ints) -> Floats:
    """COCO's ROUGE-L of n pairs, (n,) in [0, 1].

    As there, an empty text counts as one empty token, so two empty texts score 1.
    """
    n = len(candidates)
    empty = (candidates.lengths[item_of] == 0) & (references.lengths == 0)
    length = np.where(empty, 1, common).astype(float)
    precision, recall = np.zeros(n), np.zeros(n)
    np.maximum.at(precision, item_of, length / np.maximum(candidates.lengths, 1)[item_of])
    np.maximum.at(recall, item_of, length / np.maximum(references.lengths, 1))
    top = (1 + COCO_BETA**2) * precision * recall
    bottom = recall + COCO_BETA**2 * precision
    return np.divide(top, bottom, out=np.zeros(n), where=(precision > 0) & (recall > 0))


def f_scores(
    candidates: Texts, references: Texts, item_of: Ints, common: Ints
) -> dict[str, Floats]:
    """ROUGE-1, ROUGE-2 and ROUGE-L F1 of n pairs; of several references the best one's."""
    n, texts = len(candidates), len(references)
    mine, theirs = count(candidates, 2), count(references, 2)
    overlap = theirs.sums(shared(mine, theirs, item_of), texts, 2)
    found: dict[str, Floats] = {}
    for order, name in enumerate(("rouge1", "rouge2")):
        found[name] = _best(
            overlap[:, order],
            np.maximum(candidates.lengths - order, 0)[item_of],
            np.maximum(references.lengths - order, 0),
            item_of,
            n,
        )
    found["rougeL"] = _best(
        common.astype(float), candidates.lengths[item_of], references.lengths, item_of, n
    )
    return found


def _best(common: Floats, candidate: Ints, reference: Ints, item_of: Ints, n: int) -> Floats:
    total = candidate + reference
    # 2PR / (P + R) with P = common / candidate and R = common / reference.
    f1 = np.divide(2 * common, total, out=np.zeros(len(common)), where=total > 0)
    best = np.zeros(n)
    np.maximum.at(best, item_of, f1)
    return best
