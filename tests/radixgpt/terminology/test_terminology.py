import pytest

from radixgpt.case import Concept, StatedFinding
from radixgpt.check_digits import check_digit_holds
from radixgpt.codes import RADELEMENT, site_code
from radixgpt.errors import LevelError
from radixgpt.finding import GRADED
from radixgpt.level import LUMBAR_DISCS
from radixgpt.terminology.table import (
    anatomy,
    concept_of,
    concepts_of,
    kinds,
    level_concept,
    modality_concept,
    place_of,
    terms,
)

ROWS = (*terms(), *anatomy())


def test_every_snomed_code_has_its_check_digit():
    assert [row for row in ROWS if row.sct and not check_digit_holds("SCT", row.sct)] == []


def test_every_cui_has_its_form():
    cuis = [row.cui for row in ROWS if row.cui]
    assert all(cui[0] == "C" and len(cui) == 8 and cui[1:].isdigit() for cui in cuis)


def test_a_code_stands_with_its_source_alone():
    for row in ROWS:
        assert bool(row.cui) == bool(row.cui_source), row
        assert bool(row.sct) == bool(row.sct_source), row


def test_levels_have_the_codes_of_the_ground_table():
    for level in (*LUMBAR_DISCS, "L1", "L2", "L3", "L4", "L5"):
        concept = level_concept(level)
        assert concept is not None
        assert concept.sct == site_code(level).value
        assert concept.cui is not None


def test_no_two_rows_say_the_same():
    keys = [(row.kind, row.value, row.region) for row in terms()]
    assert len(set(keys)) == len(keys)
    names = [row.name for row in anatomy()]
    assert len(set(names)) == len(names)


def test_every_graded_kind_is_in_the_table():
    assert set(GRADED) <= set(kinds())


def test_radelement_sets_are_those_of_the_ground_table():
    known = {code.value for code in RADELEMENT.values()}
    assert {row.radelement for row in terms()} - {""} <= known


@pytest.mark.parametrize(
    ("kind", "value", "level", "cui", "sct"),
    [
        ("disc_herniation", None, "L4-L5", "C0021818", "73589001"),
        ("disc_herniation", "protrusion", "L4-L5", "C0021818", "73589001"),
        ("canal_stenosis", None, None, "C0037944", "76107001"),
        ("canal_stenosis", None, "L4-L5", "C0158288", "18347007"),
        ("canal_stenosis", None, "C5-C6", "C0037944", "76107001"),
        ("modic", 2, "L5-S1", "C4280776", None),
        ("modic", None, "L5-S1", "C4280778", None),
        ("pfirrmann", 4, "L5-S1", "C0158266", "77547008"),
        ("pfirrmann", 3.0, None, "C0158266", "77547008"),
        ("spondylolisthesis", 2, "L4-L5", "C0038016", "274152003"),
        ("spondylolisthesis", "present", "L4-L5", "C0038016", "274152003"),
    ],
)
def test_concept_of(kind, value, level, cui, sct):
    concept = concept_of(kind, value, level)
    assert concept is not None
    assert (concept.cui, concept.sct) == (cui, sct)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("modic", 0),
        ("pfirrmann", 1),
        ("pfirrmann", 2),
        ("pfirrmann", None),
        ("disc_bulging", "absent"),
        ("no_such_kind", None),
    ],
)
def test_what_is_no_finding_has_no_concept(kind, value):
    assert concept_of(kind, value) is None


def test_concepts_of_findings_are_what_is_present_once():
    findings = [
        StatedFinding(level=level, kind="disc_herniation", assertion=assertion)
        for level, assertion in (("L4-L5", "present"), ("L5-S1", "present"), ("L3-L4", "absent"))
    ]
    assert concepts_of(findings) == (
        Concept(cui="C0021818", sct="73589001", meaning="disc herniation"),
    )
    assert concepts_of(findings[2:]) == ()


def test_levels_and_modalities():
    assert all(level_concept(level) for level in LUMBAR_DISCS)
    assert level_concept("S1-S2") is None
    assert level_concept("S1") is None
    with pytest.raises(LevelError):
        level_concept("L9")
    magnetic = modality_concept("MR")
    assert magnetic is not None
    assert magnetic.cui == "C0024485"
    assert modality_concept("lumbar") is None


def test_place_of():
    assert place_of("disc_bulging") == "disc"
    assert place_of("scoliosis") == "study"
    with pytest.raises(KeyError):
        place_of("no_such_kind")
