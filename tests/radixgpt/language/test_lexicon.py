import re
from pathlib import Path

import pytest

from radixgpt.language.lexicon import entries, scan
from radixgpt.language.meanings import CONSEQUENCES, MEANINGS
from radixgpt.language.reader import findings_in
from radixgpt.terminology.table import kinds, terms

ROOT = Path(__file__).resolve().parents[3]
ALL = [entry for several in entries().values() for entry in several]


def names(sort):
    return {entry.name for entry in ALL if entry.sort == sort}


def test_every_finding_is_a_kind_of_the_table():
    assert names("finding") <= set(kinds())


def test_every_structure_and_state_means_something_together():
    assert {structure for structure, _ in MEANINGS} == names("structure")
    assert {state for _, state in MEANINGS} == names("state")
    assert {kind for kind, _ in MEANINGS.values()} | CONSEQUENCES <= set(kinds())


def test_every_kind_can_be_read():
    readable = names("finding") | {kind for kind, _ in MEANINGS.values()}
    assert set(kinds()) <= readable


def test_sides_and_degrees():
    assert names("side") == {"left", "right", "bilateral"}
    assert names("degree") == {"mild", "moderate", "severe"}


def test_the_longest_words_count():
    assert [item.name for item in scan("disc bulge of the disc")] == ["disc_bulging", "disc"]
    assert [item.name for item in scan("exit nerve canal, exit nerve")] == ["foramen", "root"]


@pytest.mark.parametrize(
    ("text", "grade"),
    [("modic type ii", 2), ("grade iv spondylolisthesis", 4), ("pfirrmann 5", 5), ("modic", None)],
)
def test_grades(text, grade):
    (item,) = scan(text)
    assert item.grade == grade


def test_the_annotation_guide_names_the_kinds_of_the_table():
    guide = (ROOT / "docs" / "reference" / "annotation-guide.md").read_text("utf-8")
    rows = [line for line in guide.splitlines() if line.startswith("| `")]
    named = {kind for row in rows for kind in re.findall(r"`(\w+)`", row.split("|")[1])}
    graded_alone = {"endplate_upper", "endplate_lower"}
    assert named == set(kinds()) - graded_alone


SYNONYMS = [(term.kind, word) for term in terms() for word in term.synonyms]


@pytest.mark.parametrize(("kind", "word"), SYNONYMS)
def test_every_synonym_of_the_table_is_read_as_its_kind(kind, word):
    text = f"{word} 4" if kind == "pfirrmann" else word
    assert kind in {finding.kind for finding in findings_in(text)}


@pytest.mark.parametrize(
    ("text", "value", "assertion"),
    [
        ("Pfirrmann grade III to IV", 3, "uncertain"),  # between two grades is neither
        ("Pfirrmann 3/4", 3, "uncertain"),
        ("Between Pfirrmann III and IV", 3, "uncertain"),
        ("Pfirrmann III, possibly grade IV", 3, "uncertain"),
        ("Pfirrmann 4 - 3 mm disc bulge", 4, "present"),
        ("Pfirrmann 4 - 5 mm disc bulge", 4, "present"),
        ("Pfirrmann IV - I recommend follow-up", 4, "present"),
        ("Pfirrmann grade 2/5", 2, "present"),
        ("No Pfirrmann 3 to 4 disc", 3, "absent"),
        ("Degeneration increased from Pfirrmann III to IV", 4, "present"),
    ],
)
def test_a_range_of_grades_is_told_from_what_stands_beside_a_grade(
    text: str, value: int, assertion: str
) -> None:
    (found,) = [f for f in findings_in(f"L4-L5: {text}.") if f.kind == "pfirrmann"]
    assert (found.level, found.value, found.assertion) == ("L4-L5", value, assertion)
