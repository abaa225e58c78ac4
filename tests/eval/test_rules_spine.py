"""Entities and relations that the rules make of spine reports."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval import radgraph, rules_spine
from eval.radgraph import Entity
from radixgpt.finding import MEASURED
from radixgpt.language.reader import read
from radixgpt.terminology.table import kinds

PRESENT = "Observation::definitely present"
SENTENCES = [
    "L4-L5: moderate left foraminal stenosis.",
    "L5-S1: broad-based disc protrusion compressing the right S1 nerve root.",
    "No Modic changes.",
    "Possible fracture of L1.",
    "Pfirrmann IV at L3-L4, Pfirrmann I at L1-L2.",
    "Endplate changes above and below the disc at L2-L3.",
    "Scoliosis.",
]


def annotate(text: str) -> dict[str, Entity]:
    return rules_spine.annotate(read(text))


def graph(text: str) -> set[tuple[str, str, tuple[tuple[str, str], ...]]]:
    """Entities with their relations, ids replaced by tokens."""
    found = annotate(text)
    return {
        (
            entity.tokens,
            entity.label.split("::")[-1],
            tuple(sorted((kind, found[target].tokens) for kind, target in entity.relations)),
        )
        for entity in found.values()
    }


def test_an_observation_has_its_structure_level_side_and_grade() -> None:
    assert graph("L4-L5: moderate left foraminal stenosis.") == {
        (
            "stenosis",
            "definitely present",
            (("located_at", "L4-L5"), ("located_at", "neural foramen")),
        ),
        ("moderate", "definitely present", (("modify", "stenosis"),)),
        ("neural foramen", "definitely present", ()),
        ("L4-L5", "definitely present", (("modify", "neural foramen"),)),
        ("left", "definitely present", (("modify", "L4-L5"), ("modify", "neural foramen"))),
    }


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Disc bulge at L4-5.", "definitely present"),
        ("No disc bulge at L4-5.", "definitely absent"),
        ("Possible disc bulge at L4-5.", "uncertain"),
    ],
)
def test_labels(text: str, label: str) -> None:
    labels = {tokens: told for tokens, told, _ in graph(text)}
    assert labels == {
        "bulging": label,
        "disc": "definitely present",
        "L4-L5": "definitely present",
    }


def test_what_suggests_another_finding_points_to_it() -> None:
    found = graph("Marrow edema of L1, suggestive of discitis. Disc bulge at L4-5.")
    edges = {
        (tokens, kind, target)
        for tokens, _, relations in found
        for kind, target in relations
        if kind == "suggestive_of"
    }
    assert edges == {("oedema", "suggestive_of", "infection")}
    assert not any(
        kind == "suggestive_of"
        for _, _, relations in graph("Marrow edema of L1. Discitis of L1-2 is likely.")
        for kind, _ in relations
    )


def test_wording_does_not_matter_and_a_wrong_level_or_side_does() -> None:
    reference = annotate("L4-L5: left disc protrusion. Left foraminal stenosis.")
    same = annotate("There is a protruded disc on the left at L4/5, with left foraminal narrowing.")
    level = annotate("L3-L4: left disc protrusion. Left foraminal stenosis.")
    side = annotate("L4-L5: right disc protrusion. Right foraminal stenosis.")
    assert set(radgraph.score(same, reference).values()) == {1.0}
    for other in (level, side):
        found = radgraph.score(other, reference)
        assert found["complete"] < found["partial"] < 1
        assert found["radcliq"] < 1


def test_every_kind_of_the_reader_has_its_words() -> None:
    merged = {"pfirrmann", "endplate_upper", "endplate_lower", *MEASURED}
    assert set(rules_spine.table()) == set(kinds()) - merged


@given(st.lists(st.sampled_from(SENTENCES), max_size=6))
def test_every_annotation_is_sound_and_perfect_against_itself(sentences: list[str]) -> None:
    found = annotate("\n".join(sentences))
    raw = {
        "entities": {
            name: {"tokens": one.tokens, "label": one.label, "relations": list(one.relations)}
            for name, one in found.items()
        }
    }
    assert radgraph.parse(raw) == found
    best = 1.0 if found else 0.0
    assert {radgraph.score(found, found)[name] for name in ("simple", "partial", "complete")} == {
        best
    }
