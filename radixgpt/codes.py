"""The one reviewed table of codes: levels, qualifiers, exams, headings, findings and values.

A language model never writes a code; exports look it up here. Sources: SNOMED CT concepts as
DICOM lists them in PS3.16, LOINC for exams, document titles and section headings (PS3.16 context
group 7001), RadElement for named scales, DICOM's own concepts
(PS3.16 annex D) for what holds a structured report together. Kinds of findings and grades that no
public scheme was found to hold are coded in a scheme of the project's own; SNOMED CT codes of
kinds, and all levels, come from ``radixgpt.terminology``. ``radixgpt.check_digits`` verifies them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from radixgpt.check_digits import Scheme
from radixgpt.finding import ABSENT, KINDS, PRESENT
from radixgpt.level import DISCS, VERTEBRAE
from radixgpt.observation import Status
from radixgpt.prior import Verdict
from radixgpt.report import Section, StudyFacts
from radixgpt.terminology.table import anatomy, kinds, terms

OWN = "99RADIXGPT"
"""Designator of the project's own scheme; DICOM and HL7 keep names from 99 for local ones."""
OWN_UID = "2.25.172655098731264518263747096352215784091"
"""Identifier of the project's own scheme, from a random UUID (PS3.5 B.2)."""


@dataclass(frozen=True)
class Code:
    """One code, its meaning in our words, and where it was read.

    Attributes:
        scheme: coding scheme designator.
        value: the code itself.
        meaning: what it stands for.
        source: the table or catalogue it was taken from.
    """

    scheme: Scheme
    value: str
    meaning: str
    source: str


_CID_7001 = "DICOM PS3.16 CID 7001"
_SCT = "SNOMED CT"
_LOINC = "LOINC"
_IMAGING = "LOINC, imaging documents (value set 1.3.6.1.4.1.12009.10.2.5)"
_RADELEMENT = "RadElement"

QUALIFIERS: dict[str, Code] = {
    name: Code("SCT", value, name, _SCT)
    for name, value in (
        ("none", "260413007"),
        ("mild", "255604002"),
        ("moderate", "6736007"),
        ("severe", "24484000"),
        ("left", "7771000"),
        ("right", "24028007"),
        ("bilateral", "51440002"),
        ("present", "52101004"),
        ("absent", "272519000"),
    )
}
"""Degrees, sides, presence and absence by our word for them."""

EXAMS: dict[str, Code] = {
    name: Code("LN", value, meaning, _IMAGING if value.startswith("249") else _LOINC)
    for name, value, meaning in (
        ("mr-lumbar", "24968-0", "MR lumbar spine, contrast unspecified"),
        ("mr-lumbar-without", "30679-5", "MR lumbar spine without contrast"),
        ("mr-lumbar-with", "30678-7", "MR lumbar spine with contrast"),
        ("mr-lumbar-without-and-with", "24967-2", "MR lumbar spine without and with contrast"),
        ("mr-cervical-without", "30667-0", "MR cervical spine without contrast"),
        ("mr-cervical", "24935-9", "MR cervical spine, contrast unspecified"),
        ("mr-thoracic", "24980-5", "MR thoracic spine, contrast unspecified"),
        ("ct-cervical", "24932-6", "CT cervical spine, contrast unspecified"),
        ("ct-thoracic", "24978-9", "CT thoracic spine, contrast unspecified"),
        ("xr-cervical", "24946-6", "Radiographs of the cervical spine"),
        ("xr-thoracic", "24983-9", "Radiographs of the thoracic spine"),
        ("ct-lumbar", "24963-1", "CT lumbar spine, contrast unspecified"),
        ("ct-lumbar-without", "30620-9", "CT lumbar spine without contrast"),
        ("ct-lumbar-with", "24964-9", "CT lumbar spine with contrast"),
        ("xr-lumbar", "24972-2", "Radiographs of the lumbar spine"),
        ("xr-lumbar-ap-lateral", "24970-6", "Radiographs of the lumbar spine, AP and lateral"),
        (
            "xr-lumbar-flexion-extension",
            "24971-4",
            "Radiographs of the lumbar spine in flexion and extension",
        ),
    )
}
"""Examinations by our name for them."""

DOCUMENT_TITLES: dict[str, Code] = {
    modality: Code("LN", value, meaning, _LOINC)
    for modality, value, meaning in (
        ("MR", "18756-7", "MR spine study report"),
        ("CT", "25045-6", "CT study report"),
        ("DX", "43468-8", "X-ray study report"),
        ("CR", "43468-8", "X-ray study report"),
    )
}
"""Document titles by DICOM modality."""

SECTIONS: dict[Section, Code] = {
    "clinical_information": Code("LN", "55752-0", "Clinical information", _CID_7001),
    "comparison": Code("LN", "55114-3", "Prior imaging comparison", _CID_7001),
    "technique": Code("LN", "55111-9", "Current imaging procedure description", _CID_7001),
    "findings": Code("LN", "59776-5", "Findings", _CID_7001),
    "impression": Code("LN", "19005-8", "Impression", _CID_7001),
    "recommendations": Code("LN", "18783-1", "Recommendations", _CID_7001),
    "critical_communication": Code("LN", "73568-8", "Critical communication", _CID_7001),
}
"""Headings of the report's sections; exam and limitations have none in the context group."""

INDICATION = Code("LN", "18785-6", "Indication", _CID_7001)
PRIOR_STUDY = Code("LN", "18834-2", "Prior study", _CID_7001)

# --- findings and their values ------------------------------------------------------------------

_PS3_16 = "DICOM PS3.16 annex D"
_UCUM = "UCUM"

OWN_KINDS: dict[str, str] = {
    "pfirrmann": "pfirrmann",
    "disc_bulging": "disc-bulging",
    "modic": "modic",
    "endplate_upper": "endplate-upper",
    "endplate_lower": "endplate-lower",
    "disc_height_index": "height-index",
    "disc_height_mm": "height-mm",
    "canal_ratio": "canal-ratio",
    "canal_mm": "canal-mm",
    "slip_ratio": "slip-ratio",
    "slip_mm": "slip-mm",
    "scoliosis": "scoliosis",
    "curve_angle": "curve-angle",
    "alignment": "alignment",
    "vertebral_bodies": "vertebral-body",
    "marrow": "marrow",
    "cord": "cord",
    "conus": "conus",
    "disc_spaces": "disc-spaces",
    "spinal_canal": "spinal-canal",
    "lateral_recesses": "lateral-recess",
    "foramina": "foramina",
    "facet_joints": "facet-joints",
    "posterior_elements": "posterior-elem",
    "paraspinal": "paraspinal",
    "implants": "implants",
    "incidental": "incidental",
}
"""Kinds for which no public code was confirmed, with our own (DICOM allows 16 characters)."""

UNITS: dict[str, Code] = {
    "mm": Code("UCUM", "mm", "millimeter", _UCUM),
    "1": Code("UCUM", "1", "no units", _UCUM),
    "deg": Code("UCUM", "deg", "degree", _UCUM),
    "%": Code("UCUM", "%", "percent", _UCUM),
}
"""Units by our name for them."""

STATUSES: dict[Status, Code] = {
    "indeterminate": Code("SCT", "82334004", "Indeterminate", "DICOM PS3.16 CID 4220"),
    "not_assessable": Code("SCT", "373121007", "Not evaluated", "DICOM PS3.16 CID 3703"),
}
"""What stands in place of a value that there is none of."""

_DELTA = "HL7 FHIR DSTU 1, value set hspc-DeltaFlag"
CHANGES: dict[Verdict, Code] = {
    "unchanged": Code("SCT", "260388006", "No status change", _DELTA),
    "increased": Code("SCT", "35105006", "Increased", _DELTA),
    "decreased": Code("SCT", "1250004", "Decreased", _DELTA),
    "new": Code("SCT", "7147002", "New", "HL7 Lithuania, value set finding-evolution"),
    "resolved": Code("99RADIXGPT", "change-resolved", "No longer seen", "this project"),
    "other": Code("99RADIXGPT", "change-other", "Another type or direction", "this project"),
    "not_clear": Code("99RADIXGPT", "change-unclear", "Not clearly changed", "this project"),
}
"""What became of a finding since a prior study; what was not compared has none."""

GRADES: dict[tuple[str, int], Code] = {
    **{
        ("pfirrmann", grade): Code(
            "99RADIXGPT", f"pfirrmann-{grade}", f"Pfirrmann grade {roman}", "Pfirrmann 2001"
        )
        for grade, roman in enumerate(("I", "II", "III", "IV", "V"), start=1)
    },
    **{
        ("modic", kind): Code(
            "99RADIXGPT",
            f"modic-{kind}",
            f"Modic type {kind}" if kind else "No Modic change",
            "Modic 1988",
        )
        for kind in range(4)
    },
}
"""Grades by kind and value."""

STRUCTURE: dict[str, Code] = {
    name: Code("DCM", value, meaning, _PS3_16)
    for name, value, meaning in (
        ("language", "121049", "Language of Content Item and Descendants"),
        ("observer_type", "121005", "Observer Type"),
        ("device", "121007", "Device"),
        ("person", "121006", "Person"),
        ("person_name", "121008", "Person Observer Name"),
        ("device_uid", "121012", "Device Observer UID"),
        ("device_name", "121013", "Device Observer Name"),
        ("device_manufacturer", "121014", "Device Observer Manufacturer"),
        ("device_model", "121015", "Device Observer Model Name"),
        ("procedure", "121058", "Procedure reported"),
        ("finding", "121071", "Finding"),
        ("comment", "121106", "Comment"),
        ("tracking", "112039", "Tracking Identifier"),
        ("tracking_uid", "112040", "Tracking Unique Identifier"),
        ("group", "125007", "Measurement Group"),
        ("measurement_report", "126000", "Imaging Measurement Report"),
        ("measurements", "126010", "Imaging Measurements"),
        ("region", "111030", "Image Region"),
        ("algorithm", "111001", "Algorithm Name"),
        ("algorithm_version", "111003", "Algorithm Version"),
        ("source_of_measurement", "121112", "Source of Measurement"),
        ("certainty", "111012", "Certainty of Finding"),
        ("segmentation", "113076", "Segmentation"),
        ("processed_from", "121322", "Source image for image processing operation"),
    )
} | {
    "site": Code("SCT", "363698007", "Finding Site", "DICOM PS3.16 CID 9000"),
    "laterality": Code("SCT", "272741003", "Laterality", "DICOM PS3.16 CID 210"),
    "category": Code("SCT", "276214006", "Finding category", "DICOM PS3.16 TID 1501"),
    "anatomy": Code("SCT", "91723000", "Anatomical Structure", "DICOM PS3.16 CID 7150"),
    "source": Code("SCT", "260753009", "Source", "DICOM PS3.16 TID 1410"),
    "change": Code("99RADIXGPT", "change", "Change from prior study", "this project"),
}
"""Concepts that hold a structured report together, by our name for them."""

LANGUAGES: dict[str, Code] = {
    tag: Code("RFC5646", tag, meaning, "RFC 5646")
    for tag, meaning in (
        ("en-GB", "English (United Kingdom)"),
        ("en-US", "English (United States)"),
        ("de-DE", "German (Germany)"),
    )
}
"""Languages of a text by their tag."""

OWN_SECTIONS: dict[Section, Code] = {
    "exam": Code("99RADIXGPT", "section-exam", "Exam", "this project"),
    "limitations": Code("99RADIXGPT", "section-limits", "Limitations", "this project"),
}
"""Headings that the context group has no code for."""

REPORT_TITLE = Code("LN", "18748-4", "Diagnostic imaging report", "DICOM PS3.16 CID 7000")
"""Title of a report on a study of unknown modality."""

RADELEMENT: dict[str, Code] = {
    name: Code("RADELEMENT", value, meaning, _RADELEMENT)
    for name, value, meaning in (
        ("mr-lumbar-degeneration", "RDES300", "MR lumbar degenerative disc disease"),
        ("pfirrmann", "RDES281", "Pfirrmann grade"),
        ("compression-fracture", "RDES230", "Vertebral compression fracture"),
        ("escc", "RDES288", "Epidural spinal cord compression scale"),
        ("sins", "RDES21", "Spinal instability neoplastic score"),
    )
}
"""Named scales as RadElement sets."""


def all_codes() -> tuple[Code, ...]:
    """Every code of the table, in the table's order; document titles may repeat."""
    return (
        *_of_anatomy(),
        *_of_findings(),
        *QUALIFIERS.values(),
        *EXAMS.values(),
        *DOCUMENT_TITLES.values(),
        *SECTIONS.values(),
        INDICATION,
        PRIOR_STUDY,
        *RADELEMENT.values(),
        *(kind_code(kind) for kind in KINDS),
        *UNITS.values(),
        *STATUSES.values(),
        *GRADES.values(),
        *CHANGES.values(),
        *STRUCTURE.values(),
        *LANGUAGES.values(),
        *OWN_SECTIONS.values(),
        REPORT_TITLE,
    )


def distinct_codes() -> tuple[Code, ...]:
    """Every code once, by scheme."""
    found: dict[tuple[str, str], Code] = {}
    for code in all_codes():
        found.setdefault((code.scheme, code.value), code)
    return tuple(sorted(found.values(), key=lambda c: c.scheme))


def _of_anatomy() -> Iterator[Code]:
    return (Code("SCT", r.sct, r.title, r.sct_source) for r in anatomy() if r.sct)


def _of_findings() -> Iterator[Code]:
    """The findings of the table, a code with the most general finding that has it."""
    told: set[str] = set()
    for row in sorted(terms(), key=lambda term: bool(term.value) + bool(term.region)):
        if row.sct and row.sct not in told:
            told.add(row.sct)
            yield Code("SCT", row.sct, row.title, row.sct_source)


@cache
def kind_code(kind: str) -> Code:
    """The code of a kind of finding: SNOMED CT's where one was confirmed, else our own.

    Raises:
        KeyError: there is no such kind.
    """
    title = KINDS[kind].title
    if kind in OWN_KINDS:
        return Code("99RADIXGPT", OWN_KINDS[kind], title, "this project")
    term = kinds()[kind]
    return Code("SCT", term.sct, title, term.sct_source)


def value_code(kind: str, value: str | int) -> Code:
    """The code of a graded or binary value.

    Raises:
        KeyError: the kind has no such value.
    """
    if value in (PRESENT, ABSENT):
        return QUALIFIERS[str(value)]
    return GRADES[kind, int(value)]


@cache
def site_code(level: str | None, region: str = "lumbar") -> Code:
    """Where a finding is: a disc or vertebra, or for the whole study its region of the spine."""
    rows = {row.name: row for row in anatomy()}
    if level is None:
        row = rows.get(region if region in ("lumbar", "thoracic", "cervical") else "spine")
        assert row is not None, "the table has every region"
        return Code("SCT", row.sct, row.title, row.sct_source)
    row = rows.get(level)
    if row is not None and row.sct:
        return Code("SCT", row.sct, row.title, row.sct_source)
    what = "vertebra" if level in VERTEBRAE else "intervertebral disc"
    if level not in VERTEBRAE and level not in DISCS:
        raise KeyError(level)
    return Code("99RADIXGPT", f"{what.split()[-1]}-{level}", f"{level} {what}", "this project")


@cache
def part_code(name: str) -> Code:
    """A part of the spine, such as ``canal``.

    Raises:
        KeyError: the table has no code for it.
    """
    row = next((row for row in anatomy() if row.name == name and row.sct), None)
    if row is None:
        raise KeyError(name)
    return Code("SCT", row.sct, row.title, row.sct_source)


def exam_code(facts: StudyFacts) -> Code:
    """The examination as far as a report's facts tell it.

    Contrast is named only where none of the headers records an agent: that one is recorded does
    not tell whether images without it were made as well.
    """
    names = {"MR": "mr", "CT": "ct", "DX": "xr", "CR": "xr"}
    name = f"{names.get(facts.modality, '')}-{facts.region}"
    if facts.contrast is False and f"{name}-without" in EXAMS:
        name = f"{name}-without"
    return EXAMS.get(name) or title_code(facts.modality)


def title_code(modality: str) -> Code:
    """The title of a report on a study of this modality."""
    return DOCUMENT_TITLES.get(modality, REPORT_TITLE)


def section_code(section: Section) -> Code:
    """The heading of a section."""
    return SECTIONS.get(section) or OWN_SECTIONS[section]


def language_code(tag: str) -> Code:
    """The language of a text, by its RFC 5646 tag."""
    return LANGUAGES[tag]
