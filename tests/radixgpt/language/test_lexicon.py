import re
from pathlib import Path

import pytest

from radixgpt.language.clause import CONSEQUENCES, MEANINGS
from radixgpt.language.lexicon import entries, scan
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
    graded_alone = {"pfirrmann", "endplate_upper", "endplate_lower"}
    assert named == set(kinds()) - graded_alone


SYNONYMS = [(term.kind, word) for term in terms() for word in term.synonyms]


@pytest.mark.parametrize(("kind", "word"), SYNONYMS)
def test_every_synonym_of_the_table_is_read_as_its_kind(kind, word):
    text = f"{word} 4" if kind == "pfirrmann" else word
    assert kind in {finding.kind for finding in findings_in(text)}
