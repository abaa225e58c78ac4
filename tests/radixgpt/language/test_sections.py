import pytest

from radixgpt.language.sections import split_sections
from radixgpt.language.sentences import split_sentences
from radixgpt.language.spelling import Plain


@pytest.mark.parametrize(
    ("text", "sections"),
    [
        ("Bulge at L4-5.", {"findings": "Bulge at L4-5."}),
        ("LSS MRI :\nBulge at L4-5.", {"exam": "LSS MRI", "findings": "Bulge at L4-5."}),
        (
            "MRI OF THE LUMBAR SPINE WITHOUT CONTRAST\n\nBulge.",
            {"exam": "MRI OF THE LUMBAR SPINE WITHOUT CONTRAST", "findings": "Bulge."},
        ),
        (
            "EXAM: MR lumbar spine\nHISTORY: Pain\nTECHNIQUE: T1, T2\nCOMPARISON: None\n"
            "FINDINGS:\nBulge.\n\nIMPRESSION:\n1. Bulge.\nRECOMMENDATION: none",
            {
                "exam": "MR lumbar spine",
                "clinical_information": "Pain",
                "technique": "T1, T2",
                "comparison": "None",
                "findings": "Bulge.",
                "impression": "1. Bulge.",
                "recommendations": "none",
            },
        ),
        # headings within a line, with the commas of some transcripts
        (
            "EXAM: , MRI of the spine.,FINDINGS: , L4-L5:  Bulge.,IMPRESSION: , Bulge.,",
            {"exam": "MRI of the spine.", "findings": "L4-L5:  Bulge.", "impression": "Bulge."},
        ),
        (
            "**Findings**\nBulge\n**Conclusion:** bulge",
            {"findings": "Bulge", "impression": "bulge"},
        ),
        ("Bulge.\nNB: cyst", {"findings": "Bulge.\ncyst"}),
        ("The findings: a bulge, as the impression said.", {"findings": None}),
        ("", {}),
        ("  \n ", {}),
    ],
)
def test_headings(text, sections):
    expected = {name: text if part is None else part for name, part in sections.items()}
    assert split_sections(text) == expected


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One here. Two here", ["one here", "two here"]),
        ("One.Two", ["one", "two"]),
        ("at L5-S1. Next one", ["at l5-s1", "next one"]),
        ("about 3.5 cm cyst", ["about 3.5 cm cyst"]),
        ("C.SPINE MRI", ["c.spine mri"]),
        ("one/// two // three; four", ["one", "two", "three", "four"]),
        ("- one\n- two\n\n* three", ["one", "two", "three"]),
        ("compressing the\nsac", ["compressing the sac"]),
        ("Lt. canal is narrow", ["left canal is narrow"]),
        ("...", []),
    ],
)
def test_sentences(text, sentences):
    plain = Plain(text).text
    assert [plain[one.start : one.end] for one in split_sentences(plain)] == sentences


def test_sentences_know_their_line():
    assert [one.line for one in split_sentences(Plain("one. two\nthree\n\nfour").text)] == [
        0,
        0,
        1,
        2,
    ]


def test_what_follows_clinical_details_without_a_heading_is_findings():
    sections = split_sections("Clinical details: sciatica ?disc. At L5/S1 there is a protrusion.")
    assert sections["clinical_information"] == "sciatica ?disc"
    assert sections["findings"] == "At L5/S1 there is a protrusion."
    sections = split_sections("History: pain. Known L4-5 herniation.\nImpression: Bulge at L3-4.")
    assert sections["clinical_information"] == "pain. Known L4-5 herniation."
    assert set(sections) == {"clinical_information", "impression"}
