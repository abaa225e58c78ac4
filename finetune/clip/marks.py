"""What an encoder is marked by: grades by texts, retrieval both ways, and hard negatives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from eval.ranking import CUTS, chance, first_ranks
from finetune.classifier_data import DiscViews
from finetune.clip import pairs, prompts, slices
from finetune.clip.captions import KINDS, Caption, draft, report
from finetune.clip.pairs import Slice
from radixgpt.statistics import (
    auroc,
    balanced_accuracy,
    intervals,
    quadratic_kappa,
)
from retrieval.encoder import Encoder, Floats

Figures = dict[str, dict[str, Any]]
"""Name to ``value``, ``low``, ``high`` and mostly ``chance``."""
CHANGES = (
    "another level",
    "another grade",
    "a finding added",
    "a finding taken away",
    "another Modic type",
)
"""What a hard negative may have changed."""
_WORDINGS = 4
"""Captions of each disc that hard negatives are made of."""


def graded(
    stated: npt.ArrayLike, scores: Mapping[str, npt.ArrayLike], discs: Sequence[DiscViews]
) -> Figures:
    """Figures of stated Pfirrmann grades (n,), from 1, and of scores (n,) of the other kinds."""
    facts = [pairs.facts_of(d) for d in discs]
    truth = np.array([one["pfirrmann"] for one in facts])
    grades = np.asarray(stated, int)
    there = {
        kind: np.array([one[kind] in allowed for one in facts])
        for kind, allowed in prompts.PRESENT.items()
    }
    told = {kind: np.asarray(scores[kind], float) for kind in there}

    def all_of(rows: npt.NDArray[np.intp]) -> list[float]:
        return [
            quadratic_kappa(truth[rows] - 1, grades[rows] - 1, 5),
            balanced_accuracy(truth[rows], grades[rows]),
            *(auroc(there[kind][rows], told[kind][rows]) for kind in there),
        ]

    names = ["Pfirrmann kappa", "Pfirrmann balanced accuracy", *(f"{k} AUROC" for k in there)]
    by_chance = [0.0, 1 / len(np.unique(truth)), *(0.5 for _ in there)]
    return _with_intervals(names, all_of, [d.patient for d in discs], by_chance)


def zero_shot(encoder: Encoder, vectors: Floats, discs: Sequence[DiscViews]) -> Figures:
    """Grades by texts alone."""
    stated = prompts.grade_likeness(encoder, vectors).argmax(1) + 1
    scores = {k: prompts.present_likeness(encoder, vectors, k) for k in prompts.PRESENT}
    return graded(stated, scores, discs)


def retrieval(
    scores: npt.NDArray[np.floating],
    right: npt.NDArray[np.bool_],
    patients: Sequence[int],
    *,
    way: str,
) -> Figures:
    """R@1, 5, 10 of queries (rows) over candidates (columns), with intervals over the patients."""
    ranks = first_ranks(list(scores), list(right))
    expected = chance([scores.shape[1]] * len(scores), right.sum(1))
    names = [f"{way} R@{k}" for k in CUTS]

    def all_of(rows: npt.NDArray[np.intp]) -> list[float]:
        return [float((ranks[rows] <= k).mean()) for k in CUTS]

    by_chance = [expected[f"recall_at_{k}"] for k in CUTS]
    return _with_intervals(names, all_of, patients, by_chance)


def both_ways(
    vectors: Floats, texts: Floats, right: npt.NDArray[np.bool_], patients: Sequence[int]
) -> Figures:
    """Image to text and text to image, a text being of the image of its row."""
    scores = vectors @ texts.T
    return {
        **retrieval(scores, right, patients, way="image to text"),
        **retrieval(scores.T, right.T, patients, way="text to image"),
    }


def disc_retrieval(
    encoder: Encoder, vectors: Floats, discs: Sequence[DiscViews], *, placed: bool
) -> Figures:
    """Discs against captions of all their gradings; equal gradings count as hits.

    Args:
        encoder: of the texts.
        vectors: of the discs.
        discs: with their gradings.
        placed: whether captions name the level, which must then be right too.
    """
    facts = [pairs.facts_of(d) for d in discs]
    captions = [report(one, KINDS, f"retrieval {i}", placed) for i, one in enumerate(facts)]
    texts = encoder.texts([c.text for c in captions])
    right = pairs.matches(facts, captions)
    return both_ways(vectors, texts, right, [d.patient for d in discs])


def patient_retrieval(encoder: Encoder, vectors: Floats, discs: Sequence[DiscViews]) -> Figures:
    """Patients against the captions of all discs of a patient, disc by disc of one level.

    The likeness of two is the mean over the levels that both have. Patients whose gradings are
    equal at all of these count as hits.
    """
    facts = [pairs.facts_of(d) for d in discs]
    captions = [report(one, KINDS, f"patients {i}") for i, one in enumerate(facts)]
    texts = encoder.texts([c.text for c in captions])
    true = pairs.matches(facts, captions)
    likeness = vectors @ texts.T
    own = {
        p: [i for i, d in enumerate(discs) if d.patient == p] for p in {d.patient for d in discs}
    }
    patients = sorted(own)
    scores = np.full((len(patients), len(patients)), -1.0)
    right = np.zeros(scores.shape, bool)
    for a, first in enumerate(patients):
        for b, second in enumerate(patients):
            both = [
                (i, j) for i in own[first] for j in own[second] if discs[i].index == discs[j].index
            ]
            if both:
                scores[a, b] = np.mean([likeness[i, j] for i, j in both])
                right[a, b] = all(true[i, j] for i, j in both)
    return {
        **retrieval(scores, right, patients, way="image to text"),
        **retrieval(scores.T, right.T, patients, way="text to image"),
    }


def hard_negatives(encoder: Encoder, vectors: Floats, discs: Sequence[DiscViews]) -> Figures:
    """How often the true caption is more like the disc than one that is false in one fact."""
    asked: list[tuple[int, str, Caption, Caption]] = []
    for i, disc in enumerate(discs):
        facts = pairs.facts_of(disc)
        for wording in range(_WORDINGS):
            drawn = draft(facts, f"marks {i} {wording}", brief=wording % 2 == 1)
            own = drawn.of(facts)
            asked += [(i, group, own, false) for group, false in drawn.against(facts).items()]
    return _preferred(encoder, vectors, asked, [d.patient for d in discs])


def slice_figures(encoder: Encoder, vectors: Floats, whole: Sequence[Slice]) -> Figures:
    """Whole slices: hard negatives, and retrieval of captions of four facts or less."""
    asked: list[tuple[int, str, Caption, Caption]] = []
    captions: list[Caption] = []
    for i, one in enumerate(whole):
        for wording in range(2 * _WORDINGS):
            seed = f"marks {i} {wording}"
            keys = slices.drawn_keys(one.facts, seed)
            own = slices.caption(one.facts, keys, seed)
            false = slices.against(one.facts, keys, seed)
            asked += [(i, group, own, other) for group, other in false.items()]
        captions.append(slices.full(one.facts, f"retrieval {i}"))
    patients = [one.patient for one in whole]
    texts = encoder.texts([c.text for c in captions])
    right = pairs.matches([one.facts for one in whole], captions)
    return {
        **_preferred(encoder, vectors, asked, patients),
        **both_ways(vectors, texts, right, patients),
    }


def _preferred(
    encoder: Encoder,
    vectors: Floats,
    asked: Sequence[tuple[int, str, Caption, Caption]],
    patients: Sequence[int],
) -> Figures:
    """How often the first of two captions is liker; ``unseen`` is the same of the mean picture.

    What is commoner is likelier without looking, and that is what the mean picture tells.
    """
    rows = np.array([i for i, *_ in asked])
    groups = np.array([_change(group, first, other) for _, group, first, other in asked])
    own = encoder.texts([c.text for _, _, c, _ in asked])
    false = encoder.texts([c.text for *_, c in asked])
    margin = ((own - false) * vectors[rows]).sum(1)
    better = (margin > 0) + 0.5 * (margin == 0)
    unseen = ((own - false) @ vectors.mean(0)) > 0
    names = list(CHANGES)

    def all_of(chosen: npt.NDArray[np.intp]) -> list[float]:
        found: list[float] = []
        for group in CHANGES:
            here = chosen[groups[chosen] == group]
            found.append(float(better[here].mean()) if len(here) else float("nan"))
        return found

    figures = _with_intervals(names, all_of, [patients[i] for i in rows], [0.5] * len(names))
    for name in names:
        figures[name]["pairs"] = int((groups == name).sum())
        figures[name]["unseen"] = float(unseen[groups == name].mean())
    return figures


def _change(group: str, own: Caption, false: Caption) -> str:
    """What was changed, of CHANGES; taking a finding away is another thing than adding one."""
    if group != "finding":
        return f"another {group}"
    (before,) = [v for k, v in own.stated.items() if false.stated.get(k) != v]
    (after,) = [v for k, v in false.stated.items() if own.stated.get(k) != v]
    if 0 in before:
        return "a finding added"
    return "a finding taken away" if 0 in after else "another Modic type"


def _with_intervals(
    names: Sequence[str],
    all_of: Callable[[npt.NDArray[np.intp]], list[float]],
    patients: Sequence[int],
    by_chance: Sequence[float],
) -> Figures:
    values = all_of(np.arange(len(patients)))
    ends = intervals(list(patients), all_of)
    return {
        name: {"value": value, "low": float(low), "high": float(high), "chance": float(expected)}
        for name, value, (low, high), expected in zip(names, values, ends, by_chance, strict=True)
    }
