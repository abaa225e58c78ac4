"""Degrees, each with its place and side, in sentences and in the fields of a form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
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


ENTRIES = {
    "Right L3-4 and L4-5 foraminal narrowing, severe at L4-5.": {
        "+foraminal_stenosis L3-L4 right",
        "+foraminal_stenosis L4-L5 right severe",
    },
    "The bulge at L4-5 flattens the sac, and there is mild foraminal stenosis.": {
        "+disc_bulging L4-L5",
        "+thecal_sac_compression L4-L5",
        "+foraminal_stenosis L4-L5 mild",
    },
    "Dextroscoliosis (marked), slip of L2 on L3.": {
        "+scoliosis - right severe",
        "+spondylolisthesis L2-L3",
    },
    "Disc protrusions at L4-5 on the left and L5-S1 on the right.": {
        "+disc_herniation L4-L5 left protrusion",
        "+disc_herniation L5-S1 right protrusion",
    },
    "Disc protrusions at L4-5 (left) and L5-S1 (right).": {
        "+disc_herniation L4-L5 left protrusion",
        "+disc_herniation L5-S1 right protrusion",
    },
    "Foraminal narrowing on the right at L4-5 and on the left at L5-S1.": {
        "+foraminal_stenosis L4-L5 right",
        "+foraminal_stenosis L5-S1 left",
    },
    "Right L4-5 and left L5-S1 foraminal narrowing.": {
        "+foraminal_stenosis L4-L5 right",
        "+foraminal_stenosis L5-S1 left",
    },
    "Moderate right L4-5 and severe left L5-S1 foraminal narrowing.": {
        "+foraminal_stenosis L4-L5 right moderate",
        "+foraminal_stenosis L5-S1 left severe",
    },
    "Left protrusion at L4-5 and right at L5-S1.": {
        "+disc_herniation L4-L5 left protrusion",
        "+disc_herniation L5-S1 right protrusion",
    },
    "Foraminal stenosis right L4-5.": {"+foraminal_stenosis L4-L5 right"},
    "Canal stenosis nil.": {"-canal_stenosis -"},
    "Foraminal stenosis: right mild, left none.": {
        "+foraminal_stenosis - right mild",
        "-foraminal_stenosis - left",
    },
    "Mild right foraminal stenosis, left patent.": {
        "+foraminal_stenosis - right mild",
        "-foraminal_stenosis - left",
    },
    "Right foraminal stenosis L4-5, none on the left.": {
        "+foraminal_stenosis L4-L5 right",
        "-foraminal_stenosis L4-L5 left",
    },
    "L4-5: Mild left and no right foraminal stenosis.": {
        "+foraminal_stenosis L4-L5 left mild",
        "-foraminal_stenosis L4-L5 right",
    },
    "L4-5: No left and mild right foraminal stenosis.": {
        "+foraminal_stenosis L4-L5 right mild",
        "-foraminal_stenosis L4-L5 left",
    },
    "No right, mild left foraminal stenosis at L4-5.": {
        "+foraminal_stenosis L4-L5 left mild",
        "-foraminal_stenosis L4-L5 right",
    },
    "Foraminal stenosis is absent on the left and severe on the right at L4-5.": {
        "+foraminal_stenosis L4-L5 right severe",
        "-foraminal_stenosis L4-L5 left",
    },
    "Canal stenosis - no.": {"-canal_stenosis -"},
    "Herniation - none.": {"-disc_herniation -"},
    "Disc herniation: N": {"-disc_herniation -"},
    "Canal stenosis: not seen.": {"-canal_stenosis -"},
    "Canal stenosis (-).": {"-canal_stenosis -"},
    "Modic type 0.": {"-modic -"},
    "L4-L5: Spondylolisthesis: 0.": {"-spondylolisthesis L4-L5"},
    "Canal stenosis: L2-3 none, L3-4 mild.": {
        "+canal_stenosis L3-L4 mild",
        "-canal_stenosis L2-L3",
    },
    "L4-5: canal stenosis none, foraminal stenosis moderate right.": {
        "+foraminal_stenosis L4-L5 right moderate",
        "-canal_stenosis L4-L5",
    },
    "Foraminal stenosis: L4-5 moderate right, severe left; L5-S1 none.": {
        "+foraminal_stenosis L4-L5 left severe",
        "+foraminal_stenosis L4-L5 right moderate",
        "-foraminal_stenosis L5-S1",
    },
    "Canal stenosis at L4-5 is moderate.": {"+canal_stenosis L4-L5 moderate"},
    "Canal stenosis is moderate at L4-5.": {"+canal_stenosis L4-L5 moderate"},
    "Right L5-S1 foraminal stenosis is severe.": {"+foraminal_stenosis L5-S1 right severe"},
    "L5-S1: left foraminal stenosis, severe.": {"+foraminal_stenosis L5-S1 left severe"},
    "L4-5: canal stenosis (mild).": {"+canal_stenosis L4-L5 mild"},
    "Foraminal stenosis: mild bilateral.": {"+foraminal_stenosis - bilateral mild"},
    "L4-5: bilateral foraminal stenosis, mild on the right and moderate on the left.": {
        "+foraminal_stenosis L4-L5 left moderate",
        "+foraminal_stenosis L4-L5 right mild",
    },
    "Central canal stenosis: L2-3 mild, L3-4 moderate.": {
        "+canal_stenosis L2-L3 mild",
        "+canal_stenosis L3-L4 moderate",
    },
    "Canal stenosis, mild at L3-4 and severe at L4-5.": {
        "+canal_stenosis L3-L4 mild",
        "+canal_stenosis L4-L5 severe",
    },
    "L4-5: bilateral facet hypertrophy (moderate) and ligamentum flavum thickening.": {
        "+facet_arthropathy L4-L5 bilateral moderate",
        "+ligamentum_flavum_hypertrophy L4-L5",
    },
    "Pfirrmann grade IV at L4-L5 and V at L5-S1.": {"+pfirrmann L4-L5 4", "+pfirrmann L5-S1 5"},
    "Pfirrmann: L4-5 IV, L5-S1 V": {"+pfirrmann L4-L5 4", "+pfirrmann L5-S1 5"},
    "Modic 1 at L4-5 and 2 at L5-S1.": {"+modic L4-L5 1", "+modic L5-S1 2"},
    "Modic changes: L4-5 type 1.": {"+modic L4-L5 1"},
    "L4-L5: Modic: 2.": {"+modic L4-L5 2"},
    "Spondylolisthesis L5/S1 grade I.": {"+spondylolisthesis L5-S1 1"},
    "Isthmic spondylolisthesis of L5 on S1, grade 2.": {"+spondylolisthesis L5-S1 2"},
    "Spondylolisthesis L4-5 (grade 1).": {"+spondylolisthesis L4-L5 1"},
    "L4-5: Left foramen: Severe.": {"+foraminal_stenosis L4-L5 left severe"},
    "L4-5: Canal: no stenosis. Foramina: no stenosis.": {
        "-canal_stenosis L4-L5",
        "-foraminal_stenosis L4-L5",
    },
    "Left foramen: No stenosis.": {"-foraminal_stenosis - left"},
    "L4-5: Central canal: none.": {"-canal_stenosis L4-L5"},
    "L5-S1: spinal canal - normal; neural foramina - severe left, moderate right.": {
        "+foraminal_stenosis L5-S1 left severe",
        "+foraminal_stenosis L5-S1 right moderate",
        "-canal_stenosis L5-S1",
    },
    "Facets: L3-4 normal; L4-5 moderate hypertrophy.": {
        "+facet_arthropathy L4-L5 moderate",
        "-facet_arthropathy L3-L4",
    },
    "Right neural foramen: L4-L5 moderate stenosis.": {"+foraminal_stenosis L4-L5 right moderate"},
    "L3-L4:\nDisc: bulge.\nCanal: patent.": {"+disc_bulging L3-L4", "-canal_stenosis L3-L4"},
    "Mild L3-4, moderate L4-5 and severe L5-S1 canal stenosis.": {
        "+canal_stenosis L3-L4 mild",
        "+canal_stenosis L4-L5 moderate",
        "+canal_stenosis L5-S1 severe",
    },
    "Disc bulges at L3-4 (mild) and L4-5 (moderate).": {
        "+disc_bulging L3-L4 mild",
        "+disc_bulging L4-L5 moderate",
    },
    "L4-5 canal stenosis, L5-S1 normal.": {"+canal_stenosis L4-L5"},
    "Disc bulge, mild canal stenosis.": {"+canal_stenosis - mild", "+disc_bulging -"},
    "Bulge at L4-5, mild canal stenosis.": {"+canal_stenosis L4-L5 mild", "+disc_bulging L4-L5"},
    "Mild left and right foraminal stenosis.": {"+foraminal_stenosis - bilateral mild"},
    "L3-4 mild canal stenosis, L4-5 severe.": {
        "+canal_stenosis L3-L4 mild",
        "+canal_stenosis L4-L5 severe",
    },
    "No canal stenosis at L3-4, severe at L4-5.": {
        "+canal_stenosis L4-L5 severe",
        "-canal_stenosis L3-L4",
    },
    "No disc herniation at L3-4, L4-5 or L5-S1.": {
        "-disc_herniation L3-L4",
        "-disc_herniation L4-L5",
        "-disc_herniation L5-S1",
    },
    "Mild canal stenosis at L4-5 and moderate right foraminal stenosis at L5-S1.": {
        "+canal_stenosis L4-L5 mild",
        "+foraminal_stenosis L5-S1 right moderate",
    },
    "Possible canal stenosis at L4-5, moderate.": {"?canal_stenosis L4-L5 moderate"},
    "L4-5: mild bulge, no canal stenosis, moderate left foraminal stenosis.": {
        "+disc_bulging L4-L5 mild",
        "+foraminal_stenosis L4-L5 left moderate",
        "-canal_stenosis L4-L5",
    },
}


@pytest.mark.parametrize("text", ENTRIES)
def test_entries_by_level_and_side(text):
    assert said(text, degrees=True) == ENTRIES[text]


WORDS = (
    *("foraminal stenosis", "canal stenosis", "pfirrmann", "modic", "facets", "bulge", "left"),
    *("right", "both", "mild", "moderate", "severe", "none", "no", "patent", "L4-5", "L5-S1"),
    *("IV", "2", ":", ",", ";", "and", "at", "on the", "(", ")", "is", "-", "."),
)


@given(st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join))
def test_no_entry_is_made_up(text):
    """Whatever the words, each finding's degree, side and level stand in the text."""
    for finding in findings_in(text):
        assert finding.severity is None or finding.severity in text
        assert finding.side is None or finding.side == "bilateral" or finding.side in text
        assert finding.level is None or finding.level.replace("L4-L5", "L4-5") in text
        assert 0 <= finding.span[0] < finding.span[1] <= len(text)
