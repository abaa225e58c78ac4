"""RadGraph F1 from annotations, by whatever extractor made them.

An annotation holds the entities of one report and their relations (Jain et al., NeurIPS Datasets
2021). Variants: simple, partial and complete (Yu et al., Patterns 2023; Delbrouck et al., EMNLP
Findings 2022) and the one that RadCliQ uses. Values of different extractors do not compare, so a
score names its extractor.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from radixgpt.errors import CaseError

Relation = Literal["modify", "located_at", "suggestive_of"]
RELATIONS: tuple[str, ...] = get_args(Relation)
VARIANTS = ("simple", "partial", "complete", "radcliq")

_FROM_V1 = {
    "OBS-DP": "Observation::definitely present",
    "OBS-DA": "Observation::definitely absent",
    "OBS-U": "Observation::uncertain",
    "ANAT-DP": "Anatomy::definitely present",
}
"""Labels of RadGraph 1 as RadGraph-XL writes them; unmapped, the two would never match."""


@dataclass(frozen=True)
class Entity:
    """A span of a report.

    Attributes:
        tokens: its words, as written.
        label: as RadGraph-XL writes it; labels of RadGraph 1 are mapped on reading.
        relations: type and id of the entity pointed to.
    """

    tokens: str
    label: str
    relations: tuple[tuple[str, str], ...] = ()


Annotation = Mapping[str, Entity]
"""The entities of one report by their ids."""


def parse(annotation: object, name: str = "the annotation") -> dict[str, Entity]:
    """Read one annotation: ``{"entities": {id: {tokens, label, relations}}}``.

    Raises:
        CaseError: something is missing or of the wrong type, a relation is unknown, or it points
            to no entity. All problems of the annotation are told at once.
    """
    entities = annotation.get("entities") if isinstance(annotation, Mapping) else None
    if not isinstance(entities, Mapping):
        raise CaseError(
            f"{name} has no entities.", 'Give {"entities": {id: {tokens, label, relations}}}.'
        )
    found: dict[str, Entity] = {}
    wrong: list[str] = []
    for key, entity in entities.items():
        if not isinstance(entity, Mapping):
            wrong.append(f"entity {key} is no object")
            continue
        tokens, label = entity.get("tokens"), entity.get("label")
        if not isinstance(tokens, str) or not isinstance(label, str):
            wrong.append(f"entity {key} has no tokens or no label")
            continue
        relations: list[tuple[str, str]] = []
        listed = entity.get("relations") or ()
        if isinstance(listed, str) or not isinstance(listed, Sequence):
            wrong.append(f"entity {key}: relations are no list")
            continue
        for relation in listed:
            if (
                isinstance(relation, str)
                or not isinstance(relation, Sequence)
                or len(relation) != 2
            ):
                wrong.append(f"entity {key}: a relation is a pair of type and id")
            elif relation[0] not in RELATIONS:
                wrong.append(f"entity {key}: unknown relation {relation[0]}")
            elif str(relation[1]) not in entities:
                wrong.append(f"entity {key}: relation to {relation[1]}, which is not there")
            else:
                relations.append((relation[0], str(relation[1])))
        found[str(key)] = Entity(tokens, _FROM_V1.get(label, label), tuple(relations))
    if wrong:
        raise CaseError(
            f"{name} can't be used: {'; '.join(wrong)}.",
            "Every entity has tokens, a label and relations to entities of the same report.",
        )
    return found


def f1(candidate: frozenset[Hashable], reference: frozenset[Hashable]) -> float:
    """F1 of two sets; 0 where either is empty, both included."""
    shared = len(candidate & reference)
    if not shared:
        return 0.0
    precision, recall = shared / len(candidate), shared / len(reference)
    return 2 * precision * recall / (precision + recall)


def score(
    candidate: Annotation, reference: Annotation, *, legacy_case: bool = False
) -> dict[str, float]:
    """The variants of one pair of reports, each in [0, 1].

    Args:
        candidate: entities of the candidate.
        reference: entities of the reference.
        legacy_case: compare tokens as written, as radgraph 0.1.18 does; else lower-cased.
            RadCliQ's variant always compares as written.
    """
    both = (candidate, reference)
    found = {
        name: f1(*(members(side, name, legacy_case=legacy_case) for side in both))
        for name in ("simple", "partial", "complete")
    }
    entities = f1(*(frozenset((e.tokens, e.label) for e in side.values()) for side in both))
    relations = f1(*(_cliq_relations(side) for side in both))
    return {**found, "radcliq": (entities + relations) / 2}


def members(
    annotation: Annotation, variant: str, *, legacy_case: bool = False
) -> frozenset[Hashable]:
    """The set that a variant compares."""

    def words(entity: Entity) -> str:
        return entity.tokens if legacy_case else entity.tokens.lower()

    out: set[Hashable] = set()
    for entity in annotation.values():
        plain = (words(entity), entity.label)
        if variant == "simple" or not entity.relations:
            out.add(plain)
        elif variant == "partial":
            out.add((*plain, True))
        else:
            out.update(
                (*plain, kind, words(annotation[target])) for kind, target in entity.relations
            )
    return frozenset(out)


def _cliq_relations(annotation: Annotation) -> frozenset[Hashable]:
    return frozenset(
        ((e.tokens, e.label), (annotation[target].tokens, annotation[target].label), kind)
        for e in annotation.values()
        for kind, target in e.relations
    )
