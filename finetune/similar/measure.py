"""What the shipped index brings: findings in common with what is found, beside trivial searches.

Queries are the development patients, as the tools see them; the index holds the training patients.
Truth is the radiologist's gradings on both sides: the finding F1 of two cases by kind, level and
side (``eval.findings``), as SpineReportBench marks retrieval. Nothing is looked up by what a case
is called.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from eval.bench.build import overlap
from eval.findings.compare import OWN, compare
from eval.findings.statement import Stated, stated
from finetune import seen, spider
from finetune.similar import corpus, queries
from finetune.similar.queries import Asking
from radixgpt.case import StatedFinding
from radixgpt.level import LUMBAR_DISCS
from radixgpt.statistics import intervals
from retrieval.facts import facts
from retrieval.lexical import named_in
from retrieval.overlap import sure
from retrieval.query import Query
from retrieval.search import Searcher
from tools.similar import Finder
from tools.similar.study import asked_by
from tools.similar.study import stated as as_stated

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]
Say = Callable[[str, int, int], None]
Ranked = Sequence[int]
K = 5


@dataclass(frozen=True)
class Truth:
    """Findings in common of each query with each case of the index.

    Attributes:
        ungraded: (queries, cases) F1 of kind, level and side.
        graded: the same with grades.
    """

    ungraded: Floats
    graded: Floats


def truth_of(
    mine: Sequence[Sequence[StatedFinding]], theirs: Sequence[Sequence[StatedFinding]]
) -> Truth:
    """The findings that each of some cases shares with each of others."""
    own, other = ([stated(one) for one in side] for side in (mine, theirs))
    ungraded = np.array([[overlap(a, b) for b in other] for a in own])
    graded = np.array([[_graded(a, b) for b in other] for a in own])
    return Truth(ungraded, graded)


def _graded(first: Stated, second: Stated) -> float:
    counts = compare(first, second).counts[None]
    return float(OWN["finding_f1"](counts)[0])


# --- systems --------------------------------------------------------------------------------------


def as_values(one: Asking, level: str = "") -> tuple[StatedFinding, ...]:
    """The values that the tools state of a patient, without chances or what is indeterminate."""
    return tuple(
        as_stated(o.kind, o.level, str(o.value))
        for o in one.observations
        if o.probabilities and o.status == "value" and level in ("", o.level)
    )


def query_of(one: Asking, level: str = "") -> Query:
    """What a patient asks with, all signals together, as ``tools.similar`` asks."""
    return Query(
        asked=asked_by(one.observations, level=level),
        whole=True,
        discs=one.looked.discs,
        image=one.looked.image,
        level=level,
        prints=one.looked.prints,
    )


def systems(level: str = "") -> dict[str, tuple[Callable[[Asking], Query], Mapping[str, float]]]:
    """How each search asks, and what its signals count."""
    both = {"findings": 1.0, "vectors": 1.0, "words": 1.0}

    def findings(one: Asking) -> Query:
        return replace(query_of(one, level), compared=False)

    def values(one: Asking) -> Query:
        return replace(findings(one), asked=sure(facts(as_values(one, level))))

    def vectors(one: Asking) -> Query:
        return replace(query_of(one, level), asked={})

    def words(one: Asking) -> Query:
        return replace(findings(one), asked={}, tokens=named_in(as_values(one, level)))

    from retrieval.search import WEIGHTS

    return {
        "as shipped": (partial(query_of, level=level), WEIGHTS),
        "findings alone": (findings, both),
        "findings alone, values without chances": (values, both),
        "vectors alone": (vectors, both),
        "words alone (BM25 of findings)": (words, both),
    }


def ranked(searcher: Searcher, query: Query, rows: Mapping[str, int]) -> Ranked:
    """The first cases of a search, as rows of the index."""
    return [rows[hit.entry.id] for hit in searcher.search(query, K)]


def by_pixels(shared: Path, mine: Sequence[int], theirs: Sequence[int]) -> list[Ranked]:
    """The cases whose slices correlate most with each query's, the sequences averaged."""
    return by_likeness(
        [corpus.thumbnails(shared, p) for p in mine], [corpus.thumbnails(shared, p) for p in theirs]
    )


def by_likeness(
    mine: Sequence[Mapping[str, npt.NDArray[np.float32]]],
    theirs: Sequence[Mapping[str, npt.NDArray[np.float32]]],
) -> list[Ranked]:
    """Rankings by the mean correlation of the sequences that both sides have."""
    found: list[Ranked] = []
    for own in mine:
        scores = []
        for other in theirs:
            both = [float(own[name] @ other[name]) for name in own.keys() & other.keys()]
            scores.append(np.mean(both) if both else -1.0)
        found.append(np.argsort(-np.array(scores), kind="stable")[:K].tolist())
    return found


# --- figures --------------------------------------------------------------------------------------


def figures(
    rankings: Mapping[str, Sequence[Ranked]], truth: Truth, groups: Sequence[int]
) -> dict[str, Any]:
    """Mean findings in common of the first cases, by system, with intervals by patient.

    Args:
        rankings: of each system, the first cases of each query.
        truth: of the queries.
        groups: the patient of each query.
    """
    rows: dict[str, Floats] = {}
    tables = (truth.ungraded, truth.graded)
    for name, ranks in rankings.items():
        rows[name] = np.array(
            [[t[i, list(r)].mean() if len(r) else 0.0 for t in tables] for i, r in enumerate(ranks)]
        )
    rows["random"] = np.stack([truth.ungraded.mean(1), truth.graded.mean(1)], 1)
    best = [np.sort(t, axis=1)[:, -K:].mean(1) for t in tables]
    rows["best possible"] = np.stack(best, 1)
    found: dict[str, Any] = {}
    for name, values in rows.items():
        differences = [values - rows[other] for other in ("random", "pixels")]
        table = np.concatenate([values, *(d[:, :1] for d in differences)], axis=1)
        means = table.mean(0)
        ends = intervals(groups, partial(_means, table))
        names = ("overlap", "graded", "over random", "over pixels")
        found[name] = {
            label: {
                "value": round(float(means[k]), 3),
                "interval": [round(float(v), 3) for v in ends[k]],
            }
            for k, label in enumerate(names)
        }
    return found


def _means(table: Floats, rows: Rows) -> Floats:
    means: Floats = table[rows].mean(0)
    return means


def of_studies(
    shared: Path, found: Sequence[Asking], asked: Finder, cases: Sequence[int]
) -> dict[str, Any]:
    """Search by study."""
    rows = {corpus.name_of(patient): row for row, patient in enumerate(cases)}
    mine = [one.patient for one in found]
    truth = truth_of(
        [seen.stated(shared, p) for p in mine], [seen.stated(shared, p) for p in cases]
    )
    rankings: dict[str, Sequence[Ranked]] = {}
    for name, (ask, weights) in systems().items():
        searcher = Searcher(asked.store, weights)
        rankings[name] = [ranked(searcher, ask(one), rows) for one in found]
    rankings["pixels"] = by_pixels(shared, mine, cases)
    return figures(rankings, truth, mine)


def of_regions(
    shared: Path, found: Sequence[Asking], asked: Finder, cases: Sequence[int]
) -> dict[str, Any]:
    """Search by one disc of a study, each lumbar disc in turn; its own findings are the truth."""
    rows = {corpus.name_of(patient): row for row, patient in enumerate(cases)}
    thumbs = [corpus.thumbnails(shared, p) for p in cases]
    gathered: dict[str, list[Ranked]] = {}
    truths: list[Truth] = []
    groups: list[int] = []
    for level in LUMBAR_DISCS:
        there = [one for one in found if level in one.looked.discs]
        own = [[f for f in seen.stated(shared, one.patient) if f.level == level] for one in there]
        kept = [k for k, some in enumerate(own) if some]
        other = [[f for f in seen.stated(shared, p) if f.level == level] for p in cases]
        truths.append(truth_of([own[k] for k in kept], other))
        groups += [there[k].patient for k in kept]
        for name, (ask, weights) in systems(level).items():
            searcher = Searcher(asked.store, weights)
            ranks = [ranked(searcher, ask(there[k]), rows) for k in kept]
            gathered.setdefault(name, []).extend(ranks)
        mine = [corpus.thumbnails(shared, there[k].patient) for k in kept]
        gathered.setdefault("pixels", []).extend(by_likeness(mine, thumbs))
    truth = Truth(
        np.concatenate([t.ungraded for t in truths]), np.concatenate([t.graded for t in truths])
    )
    return figures(gathered, truth, groups)


def evaluate(shared: Path, asked: Finder, say: Say) -> dict[str, Any]:
    """Every figure of the index."""
    from finetune.similar import pictures, questions

    if asked.encoder is None:
        raise ValueError("the index is measured with its encoder")
    train, development = spider.split(shared)
    found = queries.asking(shared, development, asked.encoder, say)
    graded = [one for one in found if one.observations]
    cases = [int(entry.id.split("/")[1]) for entry in asked.store.entries]
    assert not set(cases) & set(development), "a development patient is in the index"
    assert set(cases) == set(train)
    return {
        "patients": len(found),
        "not graded": len(found) - len(graded),
        "studies": of_studies(shared, graded, asked, cases),
        "discs": of_regions(shared, graded, asked, cases),
        "questions": questions.evaluate(asked),
        "pictures": pictures.evaluate(shared, found, asked),
    }
