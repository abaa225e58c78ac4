"""Marks of captions: findings keyed by level, and words, with intervals by patient.

The references are captions generated from the gradings, several phrasings of each: a score of words
says how near a caption is to these templates, so findings come first.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from data.generated.captions import Shown, joined, write
from data.generated.text import Grades, by_disc
from eval.findings.compare import COLUMNS, FIGURES, compare
from eval.findings.statement import judged_by, limited, stated
from eval.text import bleu, cider, rouge
from eval.text.ngrams import Texts, count
from eval.text.tokens import coco
from finetune import seen
from finetune.captioner.fit import shows
from radixgpt.case import StatedFinding
from radixgpt.language.reader import findings_in
from radixgpt.level import LUMBAR_DISCS
from radixgpt.statistics import intervals

Floats = npt.NDArray[np.float64]
PHRASINGS = 5
"""References of each caption."""
TEXT = ("bleu_1", "bleu_2", "bleu_3", "bleu_4", "rouge_l", "cider")
FOUND = ("finding_f1", "finding_precision", "finding_recall")


@dataclass(frozen=True)
class Asked:
    """One caption to be written.

    Attributes:
        task: ``study``, ``image`` or ``disc``.
        level: of a disc.
    """

    task: str
    patient: int
    sequences: frozenset[str]
    level: str | None = None

    @property
    def shown(self) -> Shown:
        """What the generator of captions is told."""
        return Shown(self.sequences, self.level)


@cache
def graded(shared: Path, patient: int) -> Mapping[str, Grades]:
    """The lumbar gradings of a patient by disc."""
    found = by_disc(seen.stated(shared, patient))
    return {level: grades for level, grades in found.items() if level in LUMBAR_DISCS}


def truth(shared: Path, asked: Asked) -> list[StatedFinding]:
    """The gradings that a caption can answer for."""
    found = []
    for one in seen.stated(shared, asked.patient):
        if one.level not in LUMBAR_DISCS or asked.level not in (None, one.level):
            continue
        if one.kind in shows({one.kind: 0}, asked.sequences):
            found.append(one)
    return found


def generated(discs: Mapping[str, Grades], asked: Asked, style: str, seed: str) -> str:
    """A caption generated from gradings."""
    told = {level: shows(grades, asked.sequences) for level, grades in discs.items()}
    return joined(write(told, asked.shown, style, random.Random(seed)))


def references(shared: Path, asked: Asked, style: str) -> list[str]:
    """The phrasings that words are compared with."""
    name = f"{asked.patient}/{asked.task}/{asked.level}"
    discs = graded(shared, asked.patient)
    return [generated(discs, asked, style, f"{name}/{k}") for k in range(PHRASINGS)]


def _found(shared: Path, asked: Asked, text: str) -> Floats:
    """Counts of right, said, there and their like."""
    reference = truth(shared, asked)
    judged, right = judged_by(reference), stated(reference)
    mine = stated(findings_in(text)) if text else stated(())
    return compare(limited(mine, judged, right), limited(right, judged, right)).counts


def counts(shared: Path, asked: Sequence[Asked], candidates: Sequence[str]) -> Floats:
    """Counts of findings of each caption, (n, len(COLUMNS))."""
    return np.stack([_found(shared, a, text) for a, text in zip(asked, candidates, strict=True)])


def _words(candidates: Sequence[str], refs: Sequence[Sequence[str]]) -> Floats:
    """Rows of what the figures of words are sums of: (n, 12)."""
    mine = Texts.of(coco(text) for text in candidates)
    every = [coco(text) for several in refs for text in several]
    theirs = Texts.of(every)
    item_of = np.repeat(np.arange(len(refs)), [len(several) for several in refs])
    found = bleu.match(mine, theirs, item_of)
    counts = count(mine, 4), count(theirs, 4)
    known = cider.Frequencies.of(counts[1], item_of, len(candidates))
    common = rouge.longest_common(mine, theirs, item_of)
    columns = [
        found.correct,
        found.guess,
        found.candidate[:, None],
        found.reference[:, None],
        rouge.coco(mine, theirs, item_of, common)[:, None],
        cider.score(mine, counts[0], theirs, counts[1], item_of, known)[:, None],
    ]
    rows: Floats = np.concatenate(columns, 1).astype(float)
    return rows


def marks(
    shared: Path, asked: Sequence[Asked], candidates: Sequence[str], style: str
) -> dict[str, Any]:
    """Figures of captions, each with its interval by patient.

    Args:
        shared: the staged data.
        asked: what was to be written.
        candidates: what was written, in the same order; empty where nothing was.
        style: of the references.
    """
    found = counts(shared, asked, candidates)
    words = _words(candidates, [references(shared, a, style) for a in asked])

    def figures(rows: npt.NDArray[np.intp]) -> list[float]:
        sums = found[rows].sum(0, keepdims=True)
        own = words[rows]
        matches = bleu.Matches(own[:, :4], own[:, 4:8], own[:, 8], own[:, 9])
        return [
            *(float(FIGURES[name](sums)[0]) for name in FOUND),
            *(float(value) for value in bleu.coco(bleu.total(matches))[0]),
            float(own[:, 10].mean()),
            float(own[:, 11].mean()),
        ]

    values = figures(np.arange(len(asked)))
    ends = intervals([a.patient for a in asked], figures)
    return {
        "captions": len(asked),
        "words": round(float(words[:, 8].mean()), 1),
        **{
            name: {
                "value": round(values[k], 3),
                "interval": [round(float(end), 3) for end in ends[k]],
            }
            for k, name in enumerate((*FOUND, *TEXT))
        },
        "errors": {
            name: int(found[:, COLUMNS.index(name)].sum())
            for name in ("wrong_level", "wrong_grade", "invented", "missed")
        },
    }
