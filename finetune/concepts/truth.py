"""The concepts that a SPIDER patient's images show, by its gradings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from radixgpt.case import StatedFinding
from radixgpt.level import DISCS, disc_index, vertebra_above
from radixgpt.terminology.table import concept_of, level_concept, modality_concept
from tools.concepts.vocabulary import Entry


def of_patient(findings: Iterable[StatedFinding], entries: Sequence[Entry]) -> frozenset[str]:
    """Keys of the vocabulary: graded findings, graded discs, the vertebrae between, technique.

    Only concepts that a tool looks for: of the others the gradings say nothing.
    """
    stated = list(findings)
    by_cui = {entry.cui: entry.key for entry in entries if entry.cui and entry.detector}
    by_name = {(entry.group, name): entry.key for entry in entries for name in entry.names}
    found: set[str] = set()
    for one in stated:
        if one.assertion != "present":
            continue
        concept = concept_of(one.kind, one.value, one.level)
        if concept is not None:
            key = by_cui.get(concept.cui) if concept.cui else by_name.get(("finding", one.kind))
            found |= {key} if key else set()
    discs = {one.level for one in stated if one.level in DISCS}
    named = [level for level in discs if level is not None]
    vertebrae = {
        vertebra_above(level)
        for level in named
        if any(disc_index(other) == disc_index(level) + 1 for other in named)
    }
    for level in (*named, *vertebrae):
        concept = level_concept(level)
        if concept is not None and concept.cui in by_cui:
            found.add(by_cui[concept.cui])
    mr = modality_concept("MR")
    always: Mapping[tuple[str, str], bool] = {
        ("plane", "sagittal"): True,
        ("region", "spine"): True,
        ("part", "disc"): bool(discs),
        ("part", "vertebra"): bool(vertebrae),
    }
    found |= {by_name[name] for name, there in always.items() if there and name in by_name}
    if mr is not None and mr.cui in by_cui:
        found.add(by_cui[mr.cui])
    return frozenset(found)
