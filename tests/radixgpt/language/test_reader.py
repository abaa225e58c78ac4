"""Invented sentences for each thing that the reader of texts must know."""

import pytest

from radixgpt.language.reader import findings_in, read
from radixgpt.terminology.table import kinds, terms

SIGN = {"present": "+", "absent": "-", "uncertain": "?", "historical": "h"}


def said(text, section="findings"):
    """Findings as short words: sign, kind, level, side, value."""
    words = set()
    for finding in findings_in(text, section):
        parts = [SIGN[finding.assertion] + finding.kind, finding.level or "-"]
        if finding.side:
            parts.append(finding.side)
        if finding.value is not None and finding.assertion != "absent":
            parts.append(str(finding.value))
        words.add(" ".join(parts))
    return words


PLAIN = {
    # what is left out of a denial is there
    "No herniation except at L5-S1.": {"+disc_herniation L5-S1"},
    "No herniation or bulge other than at L5-S1.": {
        "+disc_herniation L5-S1",
        "+disc_bulging L5-S1",
    },
    "No bulge with the exception of L3-L4 and L4-L5.": {
        "+disc_bulging L3-L4",
        "+disc_bulging L4-L5",
    },
    "No herniation at L3-L4 except a bulge.": {"-disc_herniation L3-L4", "+disc_bulging L3-L4"},
    "No disc herniation, but for a bulge at L3-L4.": {
        "-disc_herniation -",
        "+disc_bulging L3-L4",
    },
    # further denials and doubts
    "I cannot see a herniation at L4-L5.": {"-disc_herniation L4-L5"},
    "I can’t see a herniation at L4-L5.": {"-disc_herniation L4-L5"},
    "Canal stenosis cannot be seen at L4-L5.": {"-canal_stenosis L4-L5"},
    "We do not see any significant change in the herniation at L4-L5.": {"+disc_herniation L4-L5"},
    "They could not identify the exact level of the herniation at L4-L5.": {
        "+disc_herniation L4-L5"
    },
    "No nerve root compression despite disc herniation at L4-L5.": {
        "-nerve_root_compression L4-L5",
        "+disc_herniation L4-L5",
    },
    "No bulge except for mild bulging at L4-L5.": {"-disc_bulging -", "+disc_bulging L4-L5"},
    "Herniation is denied at L4-L5.": {"-disc_herniation L4-L5"},
    "Herniation excluded at L4-L5.": {"-disc_herniation L4-L5"},
    "A herniation at L4-L5 cannot be excluded.": {"?disc_herniation L4-L5"},
    "Hardly any bulging at L4-L5.": {"?disc_bulging L4-L5"},
    "Not quite a herniation at L4-L5.": {"?disc_herniation L4-L5"},
    "Excluding a herniation at L4-L5.": {"?disc_herniation L4-L5"},
    # levels
    "A bulge is seen at L4-5.": {"+disc_bulging L4-L5"},
    "Bulges at L3/4, L4/L5 and L5-S1": {
        "+disc_bulging L3-L4",
        "+disc_bulging L4-L5",
        "+disc_bulging L5-S1",
    },
    "Bulging discs at L4,5 and L5-S1.": {"+disc_bulging L4-L5", "+disc_bulging L5-S1"},
    "Desiccated discs L3-4 through L5-S1.": {
        "+disc_degeneration L3-L4 desiccation",
        "+disc_degeneration L4-L5 desiccation",
        "+disc_degeneration L5-S1 desiccation",
    },
    "Small protrusion at D12-L1": {"+disc_herniation T12-L1 protrusion"},
    "Extruded disc at LV5/SV1": {"+disc_herniation L5-S1 extrusion"},
    "The last mobile disc is dehydrated.": {"+disc_degeneration L5-S1 desiccation"},
    "Bulging of all lumbar discs": {
        f"+disc_bulging {disc}" for disc in ("L1-L2", "L2-L3", "L3-L4", "L4-L5", "L5-S1")
    },
    "Multilevel bulges, mainly at L2-3 and L3-4": {"+disc_bulging L2-L3", "+disc_bulging L3-L4"},
    "Multilevel disc bulges are noted.": {"+disc_bulging -"},
    "Anterolisthesis of L4 over L5, grade 2": {"+spondylolisthesis L4-L5"},
    "Grade II spondylolisthesis of L4 on L5": {"+spondylolisthesis L4-L5 2"},
    "Haemangiomas in L1 and L3": {"+haemangioma L1", "+haemangioma L3"},
    "Low signal on T1 and T2 weighted images": set(),
    "Bulge atL4/L5level": {"+disc_bulging L4-L5"},
    # sides
    "Left paracentral protrusion at L5-S1": {"+disc_herniation L5-S1 left protrusion"},
    "Central and to the Rt. protrusion at L5-S1": {"+disc_herniation L5-S1 right protrusion"},
    "Bulge at L4-5, more to the Lt side, indenting the sac": {
        "+disc_bulging L4-L5 left",
        "+thecal_sac_compression L4-L5",
    },
    "Bulge at L4-5 extending to the right lateral recess": {"+disc_bulging L4-L5 right"},
    "Protrusion at L4-5 compressing the sac and both exit canals": {
        "+disc_herniation L4-L5 protrusion",
        "+thecal_sac_compression L4-L5",
        "+foraminal_stenosis L4-L5 bilateral",
    },
    "Bulge at L4-5 compressing the right sac and nerve root": {
        "+disc_bulging L4-L5",
        "+thecal_sac_compression L4-L5 right",
        "+nerve_root_compression L4-L5 right",
    },
    "Bilateral foraminal narrowing at L5-S1": {"+foraminal_stenosis L5-S1 bilateral"},
    "Bulge at L5-S1 compressing the sac and the exit canals, more on the left": {
        "+disc_bulging L5-S1",
        "+thecal_sac_compression L5-S1",
        "+foraminal_stenosis L5-S1 left",
    },
    "Scoliosis convex to the right": {"+scoliosis - right"},
    # what is done to what
    "L4-5: sac and root compression": {
        "+thecal_sac_compression L4-L5",
        "+nerve_root_compression L4-L5",
    },
    "L4-5: the bulge abuts the thecal sac": {
        "+disc_bulging L4-L5",
        "+thecal_sac_contact L4-L5",
    },
    "L4-5: protrusion displacing the left L5 nerve root in the lateral recess": {
        "+disc_herniation L4-L5 protrusion",
        "+nerve_root_compression L4-L5 left",
    },
    "The spinal canal is narrow at L3-4": {"+canal_stenosis L3-L4"},
    "Facet and ligamentum flavum hypertrophy at L4-5, narrowing the canal": {
        "+facet_arthropathy L4-L5",
        "+ligamentum_flavum_hypertrophy L4-L5",
        "+canal_stenosis L4-L5",
    },
    "Degenerative endplate changes at L2-3": {"+endplate_change L2-L3"},
    "Degenerative changes": {"+spondylosis -"},
    "Narrowed L5-S1 with irregular endplates": {
        "+disc_narrowing L5-S1",
        "+endplate_change L5-S1",
    },
    "Desiccated L3-4 disc with loss of height": {
        "+disc_degeneration L3-L4 desiccation",
        "+disc_narrowing L3-L4",
    },
    "Disc desiccation with loss of height at L3-4": {
        "+disc_degeneration L3-L4 desiccation",
        "+disc_narrowing L3-L4",
    },
    "The L3-4 disc is degenerated and narrowed": {
        "+disc_degeneration L3-L4",
        "+disc_narrowing L3-L4",
    },
    "Degenerated disc and narrowed canal at L3-4": {
        "+disc_degeneration L3-L4",
        "+canal_stenosis L3-L4",
    },
    "L1 fracture with 30 % loss of height": {"+fracture L1"},
    "Intervertebral discs are normal in height": set(),
    "Retrolisthesis of L3 relative to L4": {"+spondylolisthesis L3-L4"},
    "Anterolisthesis of L5 on S1 due to bilateral spondylolysis": {
        "+spondylolisthesis L5-S1",
        "+spondylolysis L5 bilateral",
    },
    "Compared to the prior study, the L4-5 herniation is smaller": {"+disc_herniation L4-L5"},
    "Unchanged from prior, bulge at L4-5": {"+disc_bulging L4-L5"},
    "Deformity from prior herniation at L4-5": {"hdisc_herniation L4-L5"},
    "Prior herniation at L4-5": {"hdisc_herniation L4-L5"},
    "Loss of T2 signal in the L5-S1 disc": {"+disc_degeneration L5-S1"},
    "L4-5 and L5-S1 discs show reduced T2 signal": {
        "+disc_degeneration L4-L5",
        "+disc_degeneration L5-S1",
    },
    "Abnormal signals of the L5-S1 disc": set(),
    "Protrusion at L4-5 does not contact the left L4 root": {
        "+disc_herniation L4-L5 protrusion",
        "-nerve_root_contact L4-L5 left",
    },
    "Ruled out: cord compression": {"-cord_compression -"},
    "Loss of disc height at L3-4": {"+disc_narrowing L3-L4"},
    "Modic type II changes at L4-5": {"+modic L4-L5 2"},
    "Type 1 endplate changes at L4-5": {"+modic L4-L5 1"},
    "L4-L5: Moderate disc degeneration (Pfirrmann IV) with disc bulging.": {
        "+disc_degeneration L4-L5",
        "+pfirrmann L4-L5 4",
        "+disc_bulging L4-L5",
    },
    "Endplate changes above but not below the disc at L3-L4.": {"+endplate_upper L3-L4"},
    "Type 2 Modic changes with disc space narrowing at L5-S1.": {
        "+modic L5-S1 2",
        "+disc_narrowing L5-S1",
    },
    "Pfirrmann grade IV at L4-5": {"+pfirrmann L4-L5 4"},
    "Upper endplate changes at L4-5": {"+endplate_upper L4-L5"},
    "Endplate changes at L4-5": {"+endplate_change L4-L5"},
    "Loss of the normal lumbar lordosis": {"+loss_of_lordosis -"},
    "Straightening of the normal lordosis": {"+loss_of_lordosis -"},
    "Kyphoscoliosis": {"+kyphosis -", "+scoliosis -"},
    # assertion
    "No disc herniation.": {"-disc_herniation -"},
    "No thecal sac or nerve root compression is seen.": {
        "-thecal_sac_compression -",
        "-nerve_root_compression -",
    },
    "Spondylolisthesis is not seen.": {"-spondylolisthesis -"},
    "No fracture, subluxation or marrow edema.": {
        "-fracture -",
        "-spondylolisthesis -",
        "-marrow_oedema -",
    },
    "No disc herniation, Modic changes or spondylolisthesis seen at L4-L5.": {
        "-disc_herniation L4-L5",
        "-modic L4-L5",
        "-spondylolisthesis L4-L5",
    },
    "No herniation, Modic type 2 changes at L4-5.": {"-disc_herniation -", "+modic L4-L5 2"},
    "No fracture, mild bulge at L4-5": {"-fracture -", "+disc_bulging L4-L5"},
    "L4-5: bulge without foraminal stenosis": {
        "+disc_bulging L4-L5",
        "-foraminal_stenosis L4-L5",
    },
    "L4-5: no herniation but the canal is narrow": {
        "-disc_herniation L4-L5",
        "+canal_stenosis L4-L5",
    },
    "No disc narrowing, bulging or herniation seen at L1-L2 and L2-L3.": {
        f"-{kind} {level}"
        for kind in ("disc_narrowing", "disc_bulging", "disc_herniation")
        for level in ("L1-L2", "L2-L3")
    },
    "Disc herniation at L5-S1 was not assessed.": set(),
    "Not assessed: facet joint hypertrophy; canal stenosis.": set(),
    "Indeterminate: disc bulging at L4-L5.": set(),
    "Adequate spinal canal": {"-canal_stenosis -"},
    "The neural foramina are patent at L4-5": {"-foraminal_stenosis L4-L5"},
    "Normal vertebral alignment": {"-malalignment -"},
    "A protrusion at L5-S1 cannot be excluded": {"?disc_herniation L5-S1 protrusion"},
    "Possible annular tear at L4-5": {"?annular_fissure L4-L5"},
    "Straightening, probably due to muscle spasm": {"+loss_of_lordosis -", "?muscle_spasm -"},
    "Soft tissue mass at L2-3, ? sequestrated disc": {
        "+canal_lesion L2-L3",
        "?disc_herniation L2-L3 sequestration",
    },
    "Mostly granulation tissue at L4-5, compressing the sac": {
        "?epidural_fibrosis L4-L5",
        "+thecal_sac_compression L4-L5",
    },
    "Previous laminectomy at L4-5": {"hpostoperative L4-L5"},
    "Old wedge fracture of L1": {"+fracture L1 old"},
    "Resolved herniation at L4-5": {"hdisc_herniation L4-L5"},
    "The herniation at L4-5 has resolved": {"hdisc_herniation L4-L5"},
    "Status post discectomy": {"hpostoperative -"},
    # slips of dictation
    "Diffuse disc buldge noted at L4/5, mildy compresing the tehcal sac": {
        "+disc_bulging L4-L5",
        "+thecal_sac_compression L4-L5",
    },
    "Dissicating discal materail at L5/S1": {"+disc_degeneration L5-S1 desiccation"},
    "ligamnetum flavum hyperatrophy at L4/L5": {"+ligamentum_flavum_hypertrophy L4-L5"},
    "Grdae I spondylolithesis of L5 over S1": {"+spondylolisthesis L5-S1 1"},
}


@pytest.mark.parametrize("text", PLAIN)
def test_one_sentence(text):
    assert said(text) == PLAIN[text]


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


def test_every_kind_read_is_in_the_table():
    text = ". ".join([*PLAIN, *(word for term in terms() for word in term.synonyms)])
    assert {finding.kind for finding in findings_in(text)} <= set(kinds())


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
