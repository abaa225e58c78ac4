"""Invented sentences of other styles: levels that begin a clause, causes, doubts, short forms."""

import pytest
from said import said

SENTENCES = {
    # advice and the heads of columns state nothing
    "Consider contrast MRI to exclude discitis.": set(),
    "MRI is recommended to rule out cord compression.": set(),
    "Evaluate for fracture. Bulge at L4-5.": {"+disc_bulging L4-L5"},
    "| Level | Canal stenosis |\n| L4-5 | bulge |": {"+disc_bulging L4-L5"},
    "Right greater than left foraminal stenosis at L5-S1, moderate.": {
        "+foraminal_stenosis L5-S1 bilateral"
    },
    "L4-L5: slip 0.9 mm anterior (ratio 0.03)": set(),
    "Measured: disc height, slip.": set(),
    "Spondylolisthesis at both levels, L3-4 and L4-5.": {
        "+spondylolisthesis L3-L4",
        "+spondylolisthesis L4-L5",
    },
    "Desiccation of the L3-4 and L4-5 discs with loss of height at L4-5.": {
        "+disc_degeneration L3-L4 desiccation",
        "+disc_degeneration L4-L5 desiccation",
        "+disc_narrowing L4-L5",
    },
    "L4-5: right protrusion; the right L5 root is compressed.": {
        "+disc_herniation L4-L5 right protrusion",
        "+nerve_root_compression L4-L5 right",
    },
    "L4-5: synovial cyst in the canal, possibly compressing the left root.": {
        "+canal_lesion L4-L5",
        "?nerve_root_compression L4-L5 left",
    },
    "Known extrusion at L4-5, unchanged.": {"+disc_herniation L4-L5 extrusion"},
    "Known extrusion at L4-5.": {"hdisc_herniation L4-L5 extrusion"},
    "The left lateral recess at L4-5 is obliterated.": {"+lateral_recess_stenosis L4-L5 left"},
    "Anterolisthesis of L5 on S1 (Meyerding 1).": {"+spondylolisthesis L5-S1 1"},
    "Gr I retrolisthesis of L5 on S1.": {"+spondylolisthesis L5-S1 1"},
    "All discs show normal signal.": {"-disc_degeneration -"},
    "Vertebral bodies show normal height.": {"-fracture -"},
    "b/l foraminal narrowing at L4-5, R>L.": {"+foraminal_stenosis L4-L5 bilateral"},
    "L4-5 bulge, L5-S1 normal.": {"+disc_bulging L4-L5"},
    "L3/4 and L4/5 bulges, L5/S1 normal.": {"+disc_bulging L3-L4", "+disc_bulging L4-L5"},
    "L4-5 protrusion, L5-S1 extrusion.": {
        "+disc_herniation L4-L5 protrusion",
        "+disc_herniation L5-S1 extrusion",
    },
    "L4-5 protrusion and L5-S1 extrusion.": {
        "+disc_herniation L4-L5 protrusion",
        "+disc_herniation L5-S1 extrusion",
    },
    "L4-5: protrusion, L5-S1: extrusion.": {
        "+disc_herniation L4-L5 protrusion",
        "+disc_herniation L5-S1 extrusion",
    },
    "L3-4 mild canal stenosis, L4-5 severe canal stenosis.": {
        "+canal_stenosis L3-L4",
        "+canal_stenosis L4-L5",
    },
    "L3-4 no canal stenosis, L4-5 moderate canal stenosis.": {
        "+canal_stenosis L4-L5",
        "-canal_stenosis L3-L4",
    },
    "L4-5 canal stenosis, L5-S1 foraminal stenosis.": {
        "+canal_stenosis L4-L5",
        "+foraminal_stenosis L5-S1",
    },
    "L4-5 shows a bulge, L5-S1 is normal.": {"+disc_bulging L4-L5"},
    "L4/L5 anterolisthesis and L5/S1 retrolisthesis.": {
        "+spondylolisthesis L4-L5",
        "+spondylolisthesis L5-S1",
    },
    "L4/5 anterolisthesis grade 1 and L5/S1 bulge.": {
        "+disc_bulging L5-S1",
        "+spondylolisthesis L4-L5 1",
    },
    "Anterolisthesis L4/5, L5/S1 normal.": {"+spondylolisthesis L4-L5"},
    "1. L4-5 protrusion, L5-S1 extrusion with left S1 root compression.": {
        "+disc_herniation L4-L5 protrusion",
        "+disc_herniation L5-S1 extrusion",
        "+nerve_root_compression L5-S1 left",
    },
    "L4-5 disc bulge with compression of L5 and S1 roots.": {
        "+disc_bulging L4-L5",
        "+nerve_root_compression L4-L5",
    },
    "L4-5 disc desiccated and L5-S1 disc narrowed.": {
        "+disc_degeneration L4-L5 desiccation",
        "+disc_narrowing L5-S1",
    },
    "Nil disc prolapse.": {"-disc_herniation -"},
    "Nil canal stenosis at L4/5.": {"-canal_stenosis L4-L5"},
    "Canal stenosis: nil.": {"-canal_stenosis -"},
    "Fracture is unlikely.": {"?fracture -"},
    "Unlikely discitis.": {"?infection -"},
    "Discitis is felt to be less likely.": {"?infection -"},
    "Findings argue against discitis.": {"?infection -"},
    "Cannot exclude a protrusion at L3-4.": {"?disc_herniation L3-L4 protrusion"},
    "May contact the left L5 root at L4-5.": {"?nerve_root_contact L4-L5 left"},
    "Potentially contacting the left L5 root.": {"?nerve_root_contact - left"},
    "Disc herniation should be considered.": {"?disc_herniation -"},
    "The L4-5 protrusion is no longer visible.": {"-disc_herniation L4-L5"},
    "Bulge rather than protrusion at L4-5.": {"+disc_bulging L4-L5", "-disc_herniation L4-L5"},
    "Insufficient to cause canal stenosis.": {"-canal_stenosis -"},
    "L3-4: Protrusion abutting, but not compressing, the left L3 root.": {
        "+disc_herniation L3-L4 protrusion",
        "+nerve_root_contact L3-L4 left",
        "-nerve_root_compression L3-L4 left",
    },
    "L3-4: Protrusion abutting but not compressing the left L3 root.": {
        "+disc_herniation L3-L4 protrusion",
        "+nerve_root_contact L3-L4 left",
        "-nerve_root_compression L3-L4 left",
    },
    "No root compression by the L4-5 protrusion.": {
        "+disc_herniation L4-L5 protrusion",
        "-nerve_root_compression L4-L5",
    },
    "No significant canal stenosis from the L4-5 bulge.": {
        "+disc_bulging L4-L5",
        "-canal_stenosis L4-L5",
    },
    "No canal stenosis related to the L4-5 spondylolisthesis.": {
        "+spondylolisthesis L4-L5",
        "-canal_stenosis L4-L5",
    },
    "No cord compression by osteophytes at C5-6.": {
        "+osteophytes C5-C6",
        "-cord_compression C5-C6",
    },
    "No retropulsion of the fracture fragment.": {"+fracture -", "-retropulsion -"},
    "No marrow oedema around the haemangioma in L2.": {"+haemangioma L2", "-marrow_oedema L2"},
    "No compression of the thecal sac or the nerve roots.": {
        "-nerve_root_compression -",
        "-thecal_sac_compression -",
    },
    "No stenosis of the canal, disc bulge or fracture.": {
        "-canal_stenosis -",
        "-disc_bulging -",
        "-fracture -",
    },
    "No evidence of the herniation.": {"-disc_herniation -"},
    "No worsening of L4-5 canal stenosis.": {"+canal_stenosis L4-L5"},
    "No progression of L4-5 spondylolisthesis.": {"+spondylolisthesis L4-L5"},
    "No further height loss of the L1 fracture.": {"+fracture L1"},
    "L4-5 protrusion, not seen on the prior study.": {"+disc_herniation L4-L5 protrusion"},
    "New L4-5 protrusion not present on the prior MRI.": {"+disc_herniation L4-L5 protrusion"},
    "L4-5: No canal stenosis and moderate right foraminal stenosis.": {
        "+foraminal_stenosis L4-L5 right",
        "-canal_stenosis L4-L5",
    },
    "L3-4 | bulge | no canal stenosis | moderate right foraminal stenosis": {
        "+disc_bulging L3-L4",
        "+foraminal_stenosis L3-L4 right",
        "-canal_stenosis L3-L4",
    },
    "No more than mild canal stenosis at L4-5.": {"+canal_stenosis L4-L5"},
    "Prior discectomy at L5-S1 and new protrusion at L4-5.": {
        "+disc_herniation L4-L5 protrusion",
        "hpostoperative L5-S1",
    },
    "History of L4-5 discectomy with recurrent protrusion.": {
        "+disc_herniation L4-L5 protrusion",
        "hpostoperative L4-L5",
    },
    "Status post fusion L4-5 with canal stenosis at L3-4.": {
        "hcanal_stenosis L3-L4",
        "hpostoperative L4-L5",
    },
    "Previously noted canal stenosis at L4-5 has progressed.": {"+canal_stenosis L4-L5"},
    "The previously noted L4-5 protrusion persists.": {"+disc_herniation L4-L5 protrusion"},
    "As previously seen, L4-5 protrusion.": {"+disc_herniation L4-L5 protrusion"},
    "The previously seen protrusion at L4-5 has resolved.": {"hdisc_herniation L4-L5 protrusion"},
    "L4-5: R paracentral protrusion.": {"+disc_herniation L4-L5 right protrusion"},
    "L4-5: L foraminal stenosis.": {"+foraminal_stenosis L4-L5 left"},
    "L4-5: protrusion impinging R L5 root.": {
        "+disc_herniation L4-L5 protrusion",
        "+nerve_root_compression L4-L5 right",
    },
    "L4-5: severe R and mild L foraminal stenosis.": {
        "+foraminal_stenosis L4-L5 left",
        "+foraminal_stenosis L4-L5 right",
    },
    "L4-5: bilat recess narrowing.": {"+lateral_recess_stenosis L4-L5 bilateral"},
    "MRI L spine shows L4-5 bulge.": {"+disc_bulging L4-L5"},
    "L4-5: left subarticular protrusion.": {"+disc_herniation L4-L5 left protrusion"},
    "L4-5 extrusion migrates behind the L5 vertebral body and compresses the left L5 root.": {
        "+disc_herniation L4-L5 extrusion",
        "+nerve_root_compression L4-L5 left",
    },
    "L4-5: Nerve roots: left L5 compressed.": {"+nerve_root_compression L4-L5 left"},
    "L4-5: moderate left foraminal and mild canal stenosis.": {
        "+canal_stenosis L4-L5",
        "+foraminal_stenosis L4-L5 left",
    },
    "L4-5: Moderate canal stenosis with compression of the left > right L5 roots.": {
        "+canal_stenosis L4-L5",
        "+nerve_root_compression L4-L5 bilateral",
    },
    "L4-5: bulge with bilateral (right > left) foraminal stenosis.": {
        "+disc_bulging L4-L5",
        "+foraminal_stenosis L4-L5 bilateral",
    },
    "No significant change in L4-5 bulge.": {"+disc_bulging L4-L5"},
    "No significant interval change in the L4-5 bulge.": {"+disc_bulging L4-L5"},
    "Chronic compression fracture of L1.": {"+fracture L1 old"},
    "Healed fracture of L4.": {"+fracture L4 old"},
    "Remote L1 fracture.": {"+fracture L1 old"},
    "Old L1 fracture.": {"+fracture L1 old"},
    "Dextroscoliosis.": {"+scoliosis - right"},
    "Mild dextroconvex scoliosis.": {"+scoliosis - right"},
    "The canal is not narrowed.": {"-canal_stenosis -"},
    "The left L5 root is not compressed at L4-5.": {"-nerve_root_compression L4-L5 left"},
    "Cord is not compressed.": {"-cord_compression -"},
    "Ligamentum flavum is not thickened.": {"-ligamentum_flavum_hypertrophy -"},
    "The thecal sac is not compressed.": {"-thecal_sac_compression -"},
    "Canal not stenosed.": {"-canal_stenosis -"},
    "No slip.": {"-spondylolisthesis -"},
    "No cord signal change.": {"-cord_signal_change -"},
    "No marrow lesion.": {"-marrow_lesion -"},
    "L4-5: No central, lateral recess or foraminal stenosis.": {
        "-canal_stenosis L4-L5",
        "-foraminal_stenosis L4-L5",
        "-lateral_recess_stenosis L4-L5",
    },
    "No nerve root contact or compression.": {"-nerve_root_compression -", "-nerve_root_contact -"},
    "L4-5: neither central nor foraminal stenosis.": {
        "-canal_stenosis L4-L5",
        "-foraminal_stenosis L4-L5",
    },
    "LF hypertrophy at L4-5.": {"+ligamentum_flavum_hypertrophy L4-L5"},
    "L4-5: moderate NFS on the left.": {"+foraminal_stenosis L4-L5 left"},
    "facet OA at L4-5": {"+facet_arthropathy L4-L5"},
    "L1 fx.": {"+fracture L1"},
    "Prior ACDF C5-6.": {"hpostoperative C5-C6"},
    "T2 hyperintensity in the cord at C5-6.": {"+cord_signal_change C5-C6"},
    "Myelomalacia at C5-6.": {"+cord_signal_change C5-C6"},
    "L5-S1: disc desiccation and height loss.": {
        "+disc_degeneration L5-S1 desiccation",
        "+disc_narrowing L5-S1",
    },
    "L4-5: moderate foraminal and lateral recess stenosis.": {
        "+foraminal_stenosis L4-L5",
        "+lateral_recess_stenosis L4-L5",
    },
    "L4-5: mild central and severe left lateral recess stenosis.": {
        "+canal_stenosis L4-L5",
        "+lateral_recess_stenosis L4-L5 left",
    },
    "Status post L4-L5 laminectomy and L5-S1 microdiscectomy.": {
        "hpostoperative L4-L5",
        "hpostoperative L5-S1",
    },
    "Left 10th rib fracture.": {"+extraspinal_finding - left"},
    "Bulging of the abdominal wall.": set(),
    "Protrusio acetabuli on the left.": set(),
    "[ ] Disc herniation": set(),
    "[x] Disc bulge at L4-5": {"+disc_bulging L4-L5"},
    "Interval resolution of the L4-5 protrusion.": {"hdisc_herniation L4-L5 protrusion"},
    "Not a true herniation but a bulge at L4-5.": {"+disc_bulging L4-L5", "-disc_herniation L4-L5"},
    "No fracture but mild wedging of T12.": {"+fracture T12", "-fracture -"},
    "No hardware loosening.": set(),
    "May be due to facet arthropathy.": {"?facet_arthropathy -"},
    "Absent disc herniation.": {"-disc_herniation -"},
    "ABSENT: canal stenosis.": {"-canal_stenosis -"},
}


@pytest.mark.parametrize("text", SENTENCES)
def test_one_sentence(text):
    assert said(text) == SENTENCES[text]
