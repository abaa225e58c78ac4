"""The families that compare what reports say: findings, annotations and concepts.

Each takes what the tables give, and reads the text where they give nothing; the signature says
which. With several references of one study the best counts.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from eval import concepts, radgraph, rules_spine
from eval.batch import given
from eval.batch.block import Block
from eval.batch.family import Family, Shared, mean_of, means
from eval.batch.given import Given
from eval.batch.marks import Mark
from eval.batch.pairs import Pair
from eval.findings import compare, weights
from eval.findings.statement import Stated, limited, stated
from eval.text.ngrams import Floats
from radixgpt.language.reader import Reading, read
from radixgpt.terminology.table import concepts_of

READER = "rules of radixgpt.language"
_KEPT = 8_000
"""Readings that are kept: the texts of two blocks, as all three families ask for them."""


@lru_cache(maxsize=_KEPT)
def _reading(text: str) -> Reading:
    return read(text)


def stated_in(text: str, cells: Given) -> Stated:
    """What a report states: what the table gives, else what is read in its text."""
    if cells.findings is not None:
        return stated(given.findings(cells.findings))
    return stated(_reading(text).findings)


def _comparison(pair: Pair) -> compare.Comparison:
    """The candidate against its best reference, as far as that one's maker looked."""
    mine = stated_in(pair.candidate, pair.given)
    found: list[tuple[Stated, Stated]] = []
    for text, cells in pair.each_reference():
        own, theirs = mine, stated_in(text, cells)
        if cells.judged is not None:
            looked = given.judged(cells.judged)
            own, theirs = limited(own, looked, theirs), limited(theirs, looked, theirs)
        found.append((own, theirs))
    return compare.best(found)


def _finding_rows(block: Block, _: Shared) -> Floats:
    return np.array([_comparison(pair).counts for pair in block.pairs]).reshape(
        -1, len(compare.COLUMNS)
    )


def _finding_marks(pair: Pair) -> list[Mark]:
    return compare.marks(_comparison(pair))


def _finding_signature(shared: Shared) -> str:
    sides = (
        f"{side}:{shared.sources.get(f'{side} findings', READER)}"
        for side in ("reference", "candidate")
    )
    return (
        "key:kind,level,side,grade,status|corpus:pooled|refs:best|"
        f"weights:v{weights.VERSION}|{'|'.join(sides)}"
    )


FINDINGS = Family(
    "findings",
    _finding_rows,
    compare.FIGURES,
    _finding_signature,
    own=compare.OWN,
    smaller=compare.SMALLER,
    marks=_finding_marks,
)


def _annotation(text: str, cells: Given) -> radgraph.Annotation:
    if cells.annotation is not None:
        return given.annotation(cells.annotation)
    return rules_spine.annotate(_reading(text))


def _radgraph_rows(block: Block, _: Shared) -> Floats:
    scores: dict[str, Floats] = {
        f"radgraph_{name}": np.zeros(len(block)) for name in radgraph.VARIANTS
    }
    for place, pair in enumerate(block.pairs):
        mine = _annotation(pair.candidate, pair.given)
        for text, cells in pair.each_reference():
            for name, value in radgraph.score(mine, _annotation(text, cells)).items():
                column = scores[f"radgraph_{name}"]
                column[place] = max(column[place], value)
    return means(scores)


RADGRAPH = Family(
    "radgraph",
    _radgraph_rows,
    {f"radgraph_{name}": mean_of(place) for place, name in enumerate(radgraph.VARIANTS)},
    lambda shared: (
        f"RadGraph-F1 ({shared.extractor or rules_spine.NAME})|case:lower, radcliq as written|"
        "corpus:mean|refs:best"
    ),
)


def _cuis(text: str, cells: Given) -> frozenset[str]:
    """CUIs of a report; of one without any ``""``, as ImageCLEF has it."""
    if cells.cuis is not None:
        return given.cuis(cells.cuis)
    findings = _reading(text).findings if cells.findings is None else given.findings(cells.findings)
    found = frozenset(one.cui for one in concepts_of(findings) if one.cui)
    return found or frozenset({""})


def _concept_rows(block: Block, _: Shared) -> Floats:
    scores = [
        max(
            concepts.binary_f1(_cuis(pair.candidate, pair.given), _cuis(*reference))
            for reference in pair.each_reference()
        )
        for pair in block.pairs
    ]
    return means({"concept_f1": np.array(scores, float)})


def _listed_rows(block: Block, shared: Shared) -> Floats:
    """The score of each pair, and whether it counts: not where no reference has a listed CUI."""
    rows = np.zeros((len(block), 2))
    for place, pair in enumerate(block.pairs):
        mine = _cuis(pair.candidate, pair.given) & shared.only
        for reference in pair.each_reference():
            theirs = _cuis(*reference) & shared.only
            if theirs:
                rows[place] = max(rows[place, 0], concepts.binary_f1(mine, theirs)), 1
    return rows


def _concept_signature(shared: Shared) -> str:
    sides: list[str] = []
    for side in ("reference", "candidate"):
        findings = shared.sources.get(f"{side} findings", READER)
        derived = f"findings ({findings}) as CUIs of radixgpt.terminology"
        sides.append(f"{side}:{shared.sources.get(f'{side} CUIs', derived)}")
    return f"flavour:imageclef|empty against empty:1|corpus:mean|refs:best|{'|'.join(sides)}"


CONCEPTS = Family("concepts", _concept_rows, {"concept_f1": mean_of(0)}, _concept_signature)
CONCEPTS_LISTED = Family(
    "concepts_listed",
    _listed_rows,
    {"concept_f1_listed": mean_of(0)},
    lambda shared: f"{_concept_signature(shared)}|secondary:{len(shared.only)} listed CUIs",
    on_request=True,
)
