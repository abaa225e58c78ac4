"""Invented texts of several sentences: what a heading or a sentence lends to the next."""

import pytest
from said import said

from radixgpt.language.reader import findings_in, read

CONTEXT = {
    # a heading holds for its line, denied or not, and lends to what follows
    "L4-5: Bulge. No stenosis of the canal.\nSpondylolisthesis is noted.\nNo root compression.": {
        "+disc_bulging L4-L5",
        "-canal_stenosis L4-L5",
        "+spondylolisthesis L4-L5",
        "-nerve_root_compression -",
    },
    "L3-4 level:\nbulge with annular tear\nL4-5 level:\nprotrusion\nMuscle spasm.": {
        "+disc_bulging L3-L4",
        "+annular_fissure L3-L4",
        "+disc_herniation L4-L5 protrusion",
        "+muscle_spasm -",
    },
    "L3-4, L4-5:\nBulges with facet hypertrophy, noticeably at L4-5, compressing the sac.": {
        f"+{kind} {level}"
        for kind in ("disc_bulging", "facet_arthropathy", "thecal_sac_compression")
        for level in ("L3-L4", "L4-L5")
    },
    # a sentence that goes on
    "Bulges at L4-5 and L5-S1\nCompressing the sac": {
        f"+{kind} {level}"
        for kind in ("disc_bulging", "thecal_sac_compression")
        for level in ("L4-L5", "L5-S1")
    },
    "Bulge at L4-5.\nDesiccation of the same disc.": {
        "+disc_bulging L4-L5",
        "+disc_degeneration L4-L5 desiccation",
    },
    # a new sentence has no level of its own
    "Bulge at L4-5.\nSmall protrusion is noted.": {
        "+disc_bulging L4-L5",
        "+disc_herniation - protrusion",
    },
    "Protrusion at L1-2. No herniation at other levels.": {
        "+disc_herniation L1-L2 protrusion",
        "-disc_herniation -",
    },
    "Bulge at L4-5 with flavum hypertrophy at L3-4": {
        "+disc_bulging L4-L5",
        "+ligamentum_flavum_hypertrophy L3-L4",
    },
    "A lesion with its own level: bulge at L4-5, and a protrusion at L5-S1 touching the root": {
        "+disc_bulging L4-L5",
        "+disc_herniation L5-S1 protrusion",
        "+nerve_root_contact L5-S1",
    },
    # a report in prose
    "At L5-S1 there is a bulge. Schmorl's node at the superior endplate of L3.": {
        "+disc_bulging L5-S1",
        "+schmorl_node L3",
    },
    "At L4-L5, there is a disc bulge. There is moderate canal stenosis. The foramina are patent.": {
        "+disc_bulging L4-L5",
        "+canal_stenosis L4-L5",
        "-foraminal_stenosis L4-L5",
    },
}


@pytest.mark.parametrize("text", CONTEXT)
def test_context(text):
    assert said(text) == CONTEXT[text]


@pytest.mark.parametrize(
    "text",
    [
        "The L4-L5 disc is not herniated.",
        "L4-L5 not herniated but bulging",
        "not herniation at L4-L5",
        "There is not any disc herniation at L4-L5.",
        "The disc at L4-L5 isn't herniated.",
        "Disc at L4-L5 doesn’t show herniation.",
        "The L4-L5 disc is non-herniated.",
        "L4-L5: free from herniation.",
        "L4-L5: bulging, herniation: none.",
        "L4-L5 disc herniation: no",
    ],
)
def test_a_lesion_is_denied_in_every_way(text: str) -> None:
    words = said(text)
    assert "-disc_herniation L4-L5" in words
    assert "-disc_bulging L4-L5" not in words


@pytest.mark.parametrize(
    "text",
    [
        "Not only herniation but bulging at L4-L5.",
        "Herniation at L4-L5, fracture: none.",
        "Comparison: none. Herniation at L4-L5.",
    ],
)
def test_a_denial_of_something_else_leaves_a_lesion(text: str) -> None:
    assert "+disc_herniation L4-L5" in said(text)


def test_two_sides_of_two_degrees():
    found = findings_in("L4-5: moderate right and mild left neural foraminal narrowing.")
    assert {(finding.side, finding.severity) for finding in found} == {
        ("right", "moderate"),
        ("left", "mild"),
    }


@pytest.mark.parametrize(
    ("text", "severity"),
    [
        ("Mild disc bulge at L4-5", "mild"),
        ("Small left paracentral protrusion at L4-5", "mild"),
        ("Mild to moderate stenosis of the canal at L4-5", "moderate"),
        ("Moderate loss of disc height at L4-5", "moderate"),
        ("Severe canal stenosis at L4-5", "severe"),
        ("Canal is severely narrowed at L4-5", "severe"),
        ("Bulge at L4-5", None),
        ("No significant canal stenosis", None),
    ],
)
def test_severity(text, severity):
    (finding,) = findings_in(text)
    assert finding.severity == severity


def test_the_state_of_a_sac_is_not_that_of_the_bulge():
    bulge, sac = findings_in("Mild bulge at L4-5, largely compressing the sac")
    assert (bulge.severity, sac.severity) == ("mild", "severe")


def test_the_more_serious_type_of_one_herniation_counts():
    (finding,) = findings_in("L4-5: protrusion with extrusion")
    assert finding.value == "extrusion"


def test_spans_are_in_the_text_as_it_was_written():
    text = "LSS MRI :\n  Diffuse   disc buldge at L4/5 , compressing  the Lt. exit canal"
    reading = read(text)
    words = [reading.sections["findings"][slice(*finding.span)] for finding in reading.findings]
    assert words == ["disc buldge", "compressing  the Lt. exit canal"]


def test_clinical_information_is_history_and_its_questions_stay_open():
    reading = read(
        "CLINICAL HISTORY: Known disc herniation. Rule out fracture.\n"
        "FINDINGS: L4-5: bulge.\nIMPRESSION: Bulge at L4-5."
    )
    stated = {(f.section, f.kind, f.assertion) for f in reading.findings}
    assert stated == {
        ("clinical_information", "disc_herniation", "historical"),
        ("clinical_information", "fracture", "uncertain"),
        ("findings", "disc_bulging", "present"),
        ("impression", "disc_bulging", "present"),
    }


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Severe stenosis at L4-L5.", "canal_stenosis"),
        ("No stenosis at L4-L5.", "canal_stenosis"),
        ("Severe narrowing at L4-L5.", "disc_narrowing"),
        ("Stenosed L4-L5 disc space.", "disc_narrowing"),
        ("Foraminal stenosis at L4-L5.", "foraminal_stenosis"),
    ],
)
def test_a_stenosis_of_nothing_named_is_the_canals(text: str, kind: str) -> None:
    (found,) = read(text).findings
    assert (found.kind, found.level) == (kind, "L4-L5")
