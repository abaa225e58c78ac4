"""Invented sentences, each alone, for each thing that the reader of texts must know."""

import pytest
from said import said

from radixgpt.language.reader import findings_in
from radixgpt.terminology.table import kinds, terms

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
    "Anterolisthesis of L4 over L5, grade 2": {"+spondylolisthesis L4-L5 2"},
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


def test_every_kind_read_is_in_the_table():
    text = ". ".join([*PLAIN, *(word for term in terms() for word in term.synonyms)])
    assert {finding.kind for finding in findings_in(text)} <= set(kinds())
