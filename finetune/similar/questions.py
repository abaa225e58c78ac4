"""Do questions find what they ask for: what is there, what is not, and grades.

Each question names one finding at one lumbar disc, as present or as absent. A case is right if its
gradings say so. Questions that fewer than five cases answer are left out, and those that more than
half of them do: any order would answer them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from radixgpt.language.reader import read
from radixgpt.level import LUMBAR_DISCS
from radixgpt.statistics import intervals
from retrieval.corpus import Entry
from retrieval.facts import Fact, Place, facts
from retrieval.lexical import Lexicon
from retrieval.overlap import sure
from retrieval.query import Query
from retrieval.search import Searcher
from tools.similar import Finder

K = 5
_FEWEST = 5
_MOST = 0.5
_SAID = {
    "disc_herniation": ("disc herniation", "no disc herniation"),
    "disc_narrowing": ("severe disc space narrowing", "no disc space narrowing"),
    "disc_bulging": ("disc bulge", "no disc bulge"),
    "spondylolisthesis": ("spondylolisthesis", "no spondylolisthesis"),
    "modic": ("Modic changes", "no Modic changes"),
    "endplate_change": ("endplate changes", "no endplate changes"),
}
_GRADED = (
    *((f"Modic type {n} changes", ("modic", n)) for n in (1, 2)),
    *((f"Pfirrmann grade {n}", ("disc_degeneration", n)) for n in range(1, 6)),
)
_WORD = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True)
class Question:
    """A text, and which cases answer it."""

    text: str
    denies: bool
    right: npt.NDArray[np.bool_]


def questions(entries: Sequence[Entry]) -> list[Question]:
    """All questions that are worth asking of an index."""
    known = [facts(entry.findings) for entry in entries]
    found: list[Question] = []
    for level in LUMBAR_DISCS:
        for kind, words in _SAID.items():
            places: list[Place] = [(kind, level, side) for side in ("", "upper", "lower")]
            there = [_state(one, places) for one in known]
            for said, state in zip(words, ("present", "absent"), strict=True):
                right = np.array([one == state for one in there])
                found.append(Question(f"{said} at {level}", state == "absent", right))
        for said, (kind, grade) in _GRADED:
            own = [one.get((kind, level, "")) for one in known]
            right = np.array([fact is not None and fact.grade == grade for fact in own])
            found.append(Question(f"{said} at {level}", False, right))
    most = _MOST * len(entries)
    return [one for one in found if _FEWEST <= one.right.sum() <= most]


def _state(known: dict[Place, Fact], places: Sequence[Place]) -> str:
    states = [known[place].state for place in places if place in known]
    return "present" if "present" in states else "absent" if states else ""


def evaluate(asked: Finder) -> dict[str, Any]:
    """Share of the first cases that answer the question, by system, for presence and absence."""
    entries = asked.store.entries
    rows = {entry.id: row for row, entry in enumerate(entries)}
    tried = questions(entries)
    plain = Lexicon([_WORD.findall(entry.text.lower()) for entry in entries])
    searcher = asked.searcher

    def shipped(text: str) -> list[int]:
        return [rows[hit.entry.id] for hit in asked.told(text, k=K)]

    def by_vectors(text: str) -> list[int]:
        assert asked.encoder is not None
        vector = asked.encoder.texts([text])[0]
        query = Query(asked=sure(facts(read(text).findings)), text=vector)
        alone = Searcher(searcher.store, {"vectors": 1.0})
        return [rows[hit.entry.id] for hit in alone.search(query, K)]

    def by_texts(text: str) -> list[int]:
        assert asked.encoder is not None
        space = searcher.store.spaces["text"]
        _, ids = space.index.search(asked.encoder.texts([text]), K)
        return [int(row) for row in space.rows[space.places(ids[0])]]

    def by_words(text: str) -> list[int]:
        scores = plain.scores(_WORD.findall(text.lower()))
        return [int(row) for row in np.argsort(-scores, kind="stable")[:K]]

    systems: dict[str, Callable[[str], list[int]]] = {
        "as shipped": shipped,
        "text against images (vectors alone)": by_vectors,
        "text against texts (vectors alone)": by_texts,
        "plain words (BM25)": by_words,
    }
    hits = {
        name: np.array([one.right[system(one.text)].mean() for one in tried])
        for name, system in systems.items()
    }
    hits["random"] = np.array([one.right.mean() for one in tried])
    found: dict[str, Any] = {"asked": len(tried)}
    for part, denied in (("present", False), ("absent", True)):
        kept = np.array([one.denies == denied for one in tried])
        found[part] = {"questions": int(kept.sum())}
        for name, values in hits.items():
            own = values[kept]
            low, high = intervals(np.arange(len(own)), _mean_of(own))[0]
            found[part][name] = {
                "value": round(float(own.mean()), 3),
                "interval": [round(float(low), 3), round(float(high), 3)],
            }
    return found


def _mean_of(values: npt.NDArray[np.float64]) -> Callable[[npt.NDArray[np.intp]], list[float]]:
    return lambda rows: [float(values[rows].mean())]
