"""The one reviewed table of codes: levels, qualifiers, exams, document titles and headings.

A language model never writes a code; exports look it up here. Sources: SNOMED CT concepts as
DICOM lists them in PS3.16 (context groups 7603 and 7604), LOINC for exams, document titles and
section headings (PS3.16 context group 7001), RadElement for named scales. Identifiers carry a
check digit, which :func:`check_digit_holds` verifies: LOINC uses the mod 10 scheme of Luhn,
SNOMED CT the dihedral scheme of Verhoeff (1969).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from radixgpt.level import parse_disc
from radixgpt.report import Section

Scheme = Literal["SCT", "LN", "RADELEMENT"]
"""Coding scheme designators: SNOMED CT, LOINC and RadElement."""


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


_CID_7604 = "DICOM PS3.16 CID 7604"
_CID_7603 = "DICOM PS3.16 CID 7603"
_CID_7001 = "DICOM PS3.16 CID 7001"
_SCT = "SNOMED CT"
_LOINC = "LOINC"
_RADELEMENT = "RadElement"

DISCS: dict[str, Code] = {
    level: Code("SCT", value, f"{level} intervertebral disc", _CID_7604)
    for level, value in (
        ("T12-L1", "76206002"),
        ("L1-L2", "80064006"),
        ("L2-L3", "67459009"),
        ("L3-L4", "62551000"),
        ("L4-L5", "84020006"),
        ("L5-S1", "715056000"),
    )
}
"""Discs by level."""

VERTEBRAE: dict[str, Code] = {
    level: Code("SCT", value, f"{level} vertebra", _CID_7603)
    for level, value in (
        ("L1", "66794005"),
        ("L2", "14293000"),
        ("L3", "36470004"),
        ("L4", "11994002"),
        ("L5", "49668003"),
    )
}
"""Vertebrae by level."""

LUMBAR_SPINE = Code("SCT", "122496007", "Lumbar spine", _CID_7603)
SPINAL_STENOSIS = Code("SCT", "76107001", "Spinal stenosis", _SCT)

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
    name: Code("LN", value, meaning, _LOINC)
    for name, value, meaning in (
        ("mr-lumbar", "24968-0", "MR lumbar spine, contrast unspecified"),
        ("mr-lumbar-without", "30679-5", "MR lumbar spine without contrast"),
        ("mr-lumbar-with", "30678-7", "MR lumbar spine with contrast"),
        ("mr-lumbar-without-and-with", "24967-2", "MR lumbar spine without and with contrast"),
        ("mr-cervical-without", "30667-0", "MR cervical spine without contrast"),
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
        *DISCS.values(),
        *VERTEBRAE.values(),
        LUMBAR_SPINE,
        SPINAL_STENOSIS,
        *QUALIFIERS.values(),
        *EXAMS.values(),
        *DOCUMENT_TITLES.values(),
        *SECTIONS.values(),
        INDICATION,
        PRIOR_STUDY,
        *RADELEMENT.values(),
    )


def level_code(level: str) -> Code | None:
    """The code of a vertebra or disc, None for a level the table does not hold.

    Raises:
        LevelError: ``level`` is neither a vertebra of the table nor a disc.
    """
    if level in VERTEBRAE:
        return VERTEBRAE[level]
    return DISCS.get(parse_disc(level))


def mr_lumbar_exam(*, without_contrast: bool | None, with_contrast: bool | None) -> Code:
    """The MR lumbar examination by what is recorded of contrast; None means not recorded."""
    if without_contrast and with_contrast:
        return EXAMS["mr-lumbar-without-and-with"]
    if with_contrast:
        return EXAMS["mr-lumbar-with"]
    if without_contrast and with_contrast is False:
        return EXAMS["mr-lumbar-without"]
    return EXAMS["mr-lumbar"]


_LOINC_FORM = re.compile(r"(\d{1,7})-(\d)")
_SCT_FORM = re.compile(r"[1-9]\d{5,17}")
_RADELEMENT_FORM = re.compile(r"RDES?\d+")

# Verhoeff's tables: the multiplication of the dihedral group D5 and its permutation, which is
# applied once more for every place to the left.
_MULTIPLY = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 2, 3, 4, 0, 6, 7, 8, 9, 5),
    (2, 3, 4, 0, 1, 7, 8, 9, 5, 6),
    (3, 4, 0, 1, 2, 8, 9, 5, 6, 7),
    (4, 0, 1, 2, 3, 9, 5, 6, 7, 8),
    (5, 9, 8, 7, 6, 0, 4, 3, 2, 1),
    (6, 5, 9, 8, 7, 1, 0, 4, 3, 2),
    (7, 6, 5, 9, 8, 2, 1, 0, 4, 3),
    (8, 7, 6, 5, 9, 3, 2, 1, 0, 4),
    (9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
)
_PERMUTE = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def check_digit_holds(scheme: Scheme, value: str) -> bool:
    """Whether a code is well formed and its check digit is right.

    RadElement identifiers have no check digit, only their form is looked at.
    """
    if scheme == "LN":
        match = _LOINC_FORM.fullmatch(value)
        return match is not None and _mod10(match[1]) == int(match[2])
    if scheme == "SCT":
        return _SCT_FORM.fullmatch(value) is not None and _verhoeff(value) == 0
    return _RADELEMENT_FORM.fullmatch(value) is not None


def _mod10(digits: str) -> int:
    """The LOINC check digit of the digits before the hyphen."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        number = int(digit)
        if place % 2 == 0:
            number *= 2
        total += number // 10 + number % 10
    return -total % 10


def _verhoeff(digits: str) -> int:
    """Verhoeff's check over all digits, check digit last; 0 when it holds."""
    check = 0
    for place, digit in enumerate(reversed(digits)):
        number = int(digit)
        for _ in range(place % 8):
            number = _PERMUTE[number]
        check = _MULTIPLY[check][number]
    return check
