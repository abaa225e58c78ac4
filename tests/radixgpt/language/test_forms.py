"""Degrees, each with its place and side, in sentences and in the fields of a form."""

import pytest
from said import said

from radixgpt.language.reader import findings_in

DEGREES = {
    "Mild bulge at L3-4, moderate at L4-5 and severe at L5-S1": {
        ("disc_bulging", "L3-L4", None, "mild"),
        ("disc_bulging", "L4-L5", None, "moderate"),
        ("disc_bulging", "L5-S1", None, "severe"),
    },
    "No canal stenosis at L3-4, severe at L4-5": {
        ("canal_stenosis", "L3-L4", None, None),
        ("canal_stenosis", "L4-L5", None, "severe"),
    },
    "Mild bulge at L3-4, moderate protrusion at L4-5": {
        ("disc_bulging", "L3-L4", None, "mild"),
        ("disc_herniation", "L4-L5", None, "moderate"),
    },
    "L4-5: moderate canal stenosis and moderate left and mild right foraminal stenosis": {
        ("canal_stenosis", "L4-L5", None, "moderate"),
        ("foraminal_stenosis", "L4-L5", "left", "moderate"),
        ("foraminal_stenosis", "L4-L5", "right", "mild"),
    },
    "L4-5: canal stenosis: moderate. Right foraminal stenosis: severe": {
        ("canal_stenosis", "L4-L5", None, "moderate"),
        ("foraminal_stenosis", "L4-L5", "right", "severe"),
    },
    "L4-5: canal: moderate stenosis": {("canal_stenosis", "L4-L5", None, "moderate")},
}


@pytest.mark.parametrize("text", DEGREES)
def test_each_place_has_its_own_degree(text):
    found = findings_in(text)
    assert {(one.kind, one.level, one.side, one.severity) for one in found} == DEGREES[text]
    assert len(found) == len(DEGREES[text])


FIELDS = {
    "L4-5: foramina: mild right, moderate left.": {
        ("foraminal_stenosis", "right", "mild", "present"),
        ("foraminal_stenosis", "left", "moderate", "present"),
    },
    "L4-5: neural foramina: right mild, left none. Facets: moderate bilateral.": {
        ("foraminal_stenosis", "right", "mild", "present"),
        ("foraminal_stenosis", "left", None, "absent"),
        ("facet_arthropathy", "bilateral", "moderate", "present"),
    },
    "L4-5: foraminal narrowing: none on the right, mild to moderate on the left": {
        ("foraminal_stenosis", "right", None, "absent"),
        ("foraminal_stenosis", "left", "moderate", "present"),
    },
    "L4-5: canal: moderate, lateral recess: marked left, patent right, facets: both mild": {
        ("canal_stenosis", None, "moderate", "present"),
        ("lateral_recess_stenosis", "left", "severe", "present"),
        ("lateral_recess_stenosis", "right", None, "absent"),
        ("facet_arthropathy", "bilateral", "mild", "present"),
    },
    "L4-5: canal: none": {("canal_stenosis", None, None, "absent")},
    # what is no field
    "L4-5: canal: moderate disc bulge": {("disc_bulging", None, "moderate", "present")},
    "L4-5: discs: mild": set(),
    "L4-5: foramina mildly narrowed on the right and moderately on the left": {
        ("foraminal_stenosis", "right", "mild", "present"),
        ("foraminal_stenosis", "left", "moderate", "present"),
    },
}


@pytest.mark.parametrize("text", FIELDS)
def test_a_field_gives_a_degree_to_each_side(text):
    found = findings_in(text)
    assert {(one.kind, one.side, one.severity, one.assertion) for one in found} == FIELDS[text]
    assert {one.level for one in found} <= {"L4-L5"}
    assert len(found) == len(FIELDS[text])


def test_the_span_of_a_field_is_all_of_it():
    text = "L4-5: Foramina: mild right, moderate left. Canal: severe"
    spans = {(one.kind, text[slice(*one.span)]) for one in findings_in(text)}
    assert spans == {
        ("foraminal_stenosis", "Foramina: mild right, moderate left"),
        ("canal_stenosis", "Canal: severe"),
    }


@pytest.mark.parametrize(
    ("text", "findings"),
    [
        ("Discs well hydrated", {"-disc_degeneration -"}),
        ("Disc hydration is preserved", {"-disc_degeneration -"}),
        ("The discs are not well hydrated", set()),
        ("Loss of disc hydration at L4-5", {"+disc_degeneration L4-L5"}),
        ("DDD at L4-5 > L5-S1", {"+disc_degeneration L4-L5", "+disc_degeneration L5-S1"}),
        (
            "Facet arthropathy at L4-5 greater than at L5-S1",
            {"+facet_arthropathy L4-L5", "+facet_arthropathy L5-S1"},
        ),
    ],
)
def test_water_and_more_than_at_another_level(text, findings):
    assert said(text) == findings
